// SPDX-License-Identifier: Apache-2.0
module statistics(input logic clk, input logic rst, input logic pulse, output logic [15:0] pulses);
  logic rose;
  edge_detector u_edge(.clk, .level(pulse), .rose);
  always_ff @(posedge clk) pulses <= rst ? 0 : pulses + 16'(rose);
endmodule
