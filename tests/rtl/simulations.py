# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Running a `TileBench` on pysim and on a verilated model."""

from amaranth.sim import Simulator
from pysim import pins
from tile_bench import TileBench

from alpine_cosim.binding import VerilatedModel

PERIOD = 1e-9


def run_in_pysim(component, bench: TileBench, *, watch: bool = False) -> None:
    """Simulate a tile, or with ``watch`` a harness whose properties must hold."""
    ports = vars(pins(component))
    names = set(ports)
    simulator = Simulator(component)
    simulator.add_clock(PERIOD)

    async def testbench(ctx):
        def get(name):
            return ctx.get(ports[name])

        def put(name, value):
            if name in names:
                ctx.set(ports[name], value)

        going = True
        while going:
            try:
                going = bench.cycle(get, put)
            finally:
                # Where both object, the property says more.
                if watch:
                    check_properties(get, names)
            await ctx.tick()

    simulator.add_testbench(testbench)
    simulator.run()


def run_verilated(model: VerilatedModel, bench: TileBench, *, cycles: int = 1 << 30) -> None:
    """Simulate a harness, whose properties must hold in every cycle, for so many at most."""
    model.reset()
    io, names = model.io, {port.name for port in model.ports}

    def get(name):
        value = getattr(io, name)
        return value if isinstance(value, int) else int.from_bytes(value.tobytes(), "little")

    def put(name, value):
        setattr(io, name, value)

    while cycles and bench.cycle(get, put):
        model.eval()
        check_properties(get, names)
        model.step()
        cycles -= 1


def check_properties(get, names) -> None:
    """Raise `AssertionError` with the names of the properties violated in this cycle."""
    if get("violated"):
        broken = sorted(n for n in names if n.startswith("violated_") and get(n))
        raise AssertionError(f"properties violated: {broken}")
