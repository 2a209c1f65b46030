# SPDX-License-Identifier: Apache-2.0
"""Helpers of the pysim tests."""

from types import SimpleNamespace

from amaranth.sim import Simulator

from alpine_models.reference_tile import ReferenceTile
from alpine_rtl.pins import ports_by_name

PERIOD = 1e-9
PATIENCE = 8_000


async def patience(ctx):
    """Process that ends a simulation in which a testbench waits for what never comes."""
    # Not repeat(): that cannot be abandoned without a warning.
    for _ in range(PATIENCE):
        await ctx.tick()
    raise AssertionError(f"still running after {PATIENCE} cycles")


def simulate(dut, *testbenches, processes=()):
    """Run testbenches until the last one ends; processes run beside them."""
    simulator = Simulator(dut)
    simulator.add_clock(PERIOD)
    simulator.add_testbench(patience, background=True)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for process in processes:
        simulator.add_testbench(process, background=True)
    simulator.run()


def pins(component):
    """Return a component's ports under the names that they have in its Verilog."""
    return SimpleNamespace(**{n: pin.value for n, pin in ports_by_name(component).items()})


def signed_bytes(value, count):
    """Split an integer into signed bytes, lowest first."""
    return [int.from_bytes(bytes([value >> 8 * i & 255]), "big", signed=True) for i in range(count)]


def packed(values):
    """Pack signed bytes into an integer, lowest first."""
    return sum((value & 255) << 8 * i for i, value in enumerate(values))


def crossbar(xb, config, *, seed=None):
    """Return a testbench that plays an analog macro at its port, and the model behind it."""
    import numpy as np

    macro = ReferenceTile(rows=config.rows, columns=config.columns).crossbar
    if seed is not None:
        shape = macro.weights.shape
        macro.weights[:] = np.random.default_rng(seed).integers(-8, 8, shape, np.int8)

    async def play(ctx):
        while True:
            if ctx.get(xb.start):
                codes = np.array(signed_bytes(ctx.get(xb.dac), config.rows), np.int8)
                ctx.set(xb.adc, packed(macro.multiply(codes).tolist()))
            if ctx.get(xb.prog.valid):
                row, column = ctx.get(xb.prog.row), ctx.get(xb.prog.col)
                macro.weights[column, row] = signed_bytes(ctx.get(xb.prog.weight), 1)[0]
            if ctx.get(xb.read.valid):
                weight = macro.weights[ctx.get(xb.read.col), ctx.get(xb.read.row)]
                ctx.set(xb.read.weight, int(weight) & 255)
            await ctx.tick()

    return play, macro
