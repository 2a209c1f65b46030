# SPDX-License-Identifier: Apache-2.0
"""A FIFO between two clocks: everything written at one comes out, in order, at the other.

python examples/10_two_clocks.py
"""

from pathlib import Path

from alpine_cosim.binding import Clock, VerilatedModel

SOURCE = Path(__file__).parent / "verilog" / "two_clock_fifo.v"
# `step` counts cycles of the first clock; the other one's edges come where its period puts them.
CLOCKS = [
    Clock(name="write_clk", period_fs=10_000_000),
    Clock(name="read_clk", period_fs=7_000_000, phase_fs=1_000_000),
]
VALUES = 50

with VerilatedModel.build(SOURCE, top="two_clock_fifo", clock=CLOCKS, public=["*_gray"]) as fifo:
    fifo.reset(cycles=4)
    io = fifo.io
    # With nothing popped the FIFO fills up.
    io.push = 1
    while not io.full:
        io.data = fifo.cycles
        fifo.step()
    print(f"full, addresses in Gray code: {fifo.signals}")
    io.push = 0
    # The reader pops at each of its own edges: `run` goes from one to the next.
    received = []
    fifo.run(CLOCKS[1].period_fs - fifo.time_fs % CLOCKS[1].period_fs)
    io.pop = 1
    while not io.empty:
        received.append(io.front)
        fifo.run(CLOCKS[1].period_fs)
    print(f"received {received}")
