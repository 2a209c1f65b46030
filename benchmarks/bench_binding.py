# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of `VerilatedModel` on a counter: native loops, rows of an array, single steps."""

import numpy as np
import pytest

from alpine_cosim.binding import VerilatedModel

COUNTER = """
module counter(input clk, input rst, input [7:0] d, output reg [31:0] sum);
  always @(posedge clk) sum <= rst ? 0 : sum + d;
endmodule
"""
LONG, SHORT = 2_000_000, 100_000


@pytest.fixture(scope="module")
def model():
    with VerilatedModel.build(COUNTER, top="counter") as model:
        model.reset()
        yield model


def record(benchmark, name: str, amount: float) -> None:
    rate = amount / benchmark.stats["min"]
    benchmark.extra_info.update(rate=rate, unit="cycles/s", layer=f"binding: {name}")


def test_native_loop(benchmark, model: VerilatedModel):
    benchmark.pedantic(model.step, (LONG,), rounds=5)
    record(benchmark, "step(n)", LONG)


def test_waiting_loop(benchmark, model: VerilatedModel):
    def wait() -> None:
        model.reset()
        model.io.d = 1
        model.step_until("sum", LONG, LONG + 1)

    benchmark.pedantic(wait, rounds=5)
    record(benchmark, "step_until", LONG)


def test_drive(benchmark, model: VerilatedModel):
    inputs = np.zeros(LONG, [("d", "u1")])
    inputs["d"] = np.arange(LONG) % 256
    benchmark.pedantic(model.drive, (inputs,), {"read": ["sum"]}, rounds=5)
    record(benchmark, "drive, one port in, one out", LONG)


def test_single_steps(benchmark, model: VerilatedModel):
    io, step = model.io, model.step

    def loop() -> int:
        total = 0
        for _ in range(SHORT):
            io.d = 1
            step()
            total = io.sum
        return total

    benchmark.pedantic(loop, rounds=5)
    record(benchmark, "set, step, read", SHORT)
