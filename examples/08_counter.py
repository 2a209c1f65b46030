# SPDX-License-Identifier: Apache-2.0
"""A counter in Verilog as a Python object: ports as attributes, steps, waiting for a value.

python examples/08_counter.py
"""

from alpine_cosim.binding import VerilatedModel

COUNTER = """
module counter #(parameter WIDTH = 8) (
  input clk, input rst, input enable, output reg [WIDTH-1:0] count
);
  always @(posedge clk)
    if (rst) count <= 0;
    else if (enable) count <= count + 1;
endmodule
"""

with VerilatedModel.build(COUNTER, top="counter", parameters={"WIDTH": 6}) as counter:
    counter.reset()
    counter.io.enable = 1
    counter.step(10)
    print(f"after 10 cycles the count is {counter.io.count}")
    print(f"it takes {counter.step_until('count', 0, max_cycles=100)} more to come round to 0")
    print(counter)
