# SPDX-License-Identifier: Apache-2.0
"""Helpers of the pysim tests."""

from amaranth.sim import Simulator

from alpine_models.reference_tile import ReferenceTile

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


def signed_bytes(value, count):
    """Split an integer into signed bytes, lowest first."""
    return [int.from_bytes(bytes([value >> 8 * i & 255]), "big", signed=True) for i in range(count)]


def packed(values):
    """Pack signed bytes into an integer, lowest first."""
    return sum((value & 255) << 8 * i for i, value in enumerate(values))


def crossbar(dut, config, *, prefix="xb_", seed=None):
    """Return a testbench that plays a tile's crossbar, and the model behind it."""
    import numpy as np

    macro = ReferenceTile(rows=config.rows, columns=config.columns).crossbar
    if seed is not None:
        shape = macro.weights.shape
        macro.weights[:] = np.random.default_rng(seed).integers(-8, 8, shape, np.int8)

    def port(name):
        return getattr(dut, prefix + name)

    async def play(ctx):
        while True:
            if ctx.get(port("start")):
                codes = np.array(signed_bytes(ctx.get(port("dac")), config.rows), np.int8)
                ctx.set(port("adc"), packed(macro.multiply(codes).tolist()))
            if ctx.get(port("prog_valid")):
                row, column = ctx.get(port("prog_row")), ctx.get(port("prog_col"))
                macro.weights[column, row] = signed_bytes(ctx.get(port("prog_weight")), 1)[0]
            if ctx.get(port("read_valid")):
                weight = macro.weights[ctx.get(port("read_col")), ctx.get(port("read_row"))]
                ctx.set(port("read_weight"), int(weight) & 255)
            await ctx.tick()

    return play, macro
