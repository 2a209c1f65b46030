// SPDX-License-Identifier: Apache-2.0
`include "widths.svh"
module counter(input logic clk, input logic clear, output logic [`COUNT_WIDTH-1:0] count);
  always_ff @(posedge clk) count <= clear ? 0 : count + 1;
endmodule
