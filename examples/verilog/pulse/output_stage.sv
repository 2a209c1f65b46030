// SPDX-License-Identifier: Apache-2.0
module output_stage import pulse_types::*; (
  input logic clk, input state_t state, output logic pulse
);
  always_ff @(posedge clk) pulse <= state == PULSING;
endmodule
