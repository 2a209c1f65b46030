// SPDX-License-Identifier: Apache-2.0
module controller import pulse_types::*; (
  input logic clk, input logic rst, input logic start,
  input logic period_over, input logic width_over, output state_t state, output logic clear
);
  always_ff @(posedge clk)
    if (rst) state <= WAITING;
    else
      case (state)
        WAITING: if (start) state <= COUNTING;
        COUNTING: if (period_over) state <= PULSING;
        default: if (width_over) state <= WAITING;
      endcase
  assign clear = state == WAITING || (state == COUNTING && period_over);
endmodule
