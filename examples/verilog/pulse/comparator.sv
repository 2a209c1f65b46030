// SPDX-License-Identifier: Apache-2.0
`include "widths.svh"
module comparator(input logic [`COUNT_WIDTH-1:0] a, input logic [`COUNT_WIDTH-1:0] b,
                  output logic reached);
  assign reached = a >= b;
endmodule
