// SPDX-License-Identifier: Apache-2.0
module edge_detector(input logic clk, input logic level, output logic rose);
  logic last;
  always_ff @(posedge clk) last <= level;
  assign rose = level && !last;
endmodule
