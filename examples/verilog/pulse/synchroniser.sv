// SPDX-License-Identifier: Apache-2.0
module synchroniser(input logic clk, input logic level, output logic seen);
  logic first;
  always_ff @(posedge clk) {seen, first} <= {first, level};
endmodule
