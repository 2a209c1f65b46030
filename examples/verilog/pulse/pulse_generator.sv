// SPDX-License-Identifier: Apache-2.0
// Answers each start with one pulse: `setting.period` cycles later, `setting.width` cycles long.
module pulse_generator import pulse_types::*; (
  input logic clk, input logic rst, input logic start, input setting_t setting,
  output state_t state, output logic pulse, output logic [15:0] pulses
);
  logic seen, rose, clear, period_over, width_over;
  logic [7:0] count;
  synchroniser u_synchroniser(.clk, .level(start), .seen);
  edge_detector u_start(.clk, .level(seen), .rose);
  counter u_counter(.clk, .clear, .count);
  comparator u_period(.a(count), .b(setting.period), .reached(period_over));
  comparator u_width(.a(count), .b(setting.width), .reached(width_over));
  controller u_controller(.clk, .rst, .start(rose), .period_over, .width_over, .state, .clear);
  output_stage u_output(.clk, .state, .pulse);
  statistics u_statistics(.clk, .rst, .pulse, .pulses);
endmodule
