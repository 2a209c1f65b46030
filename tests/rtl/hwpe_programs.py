# SPDX-License-Identifier: Apache-2.0
"""Programs that a core would run on an accelerator, and their run in Amaranth's simulator."""

from collections.abc import Iterable, Mapping, Sequence

from amaranth.sim import Simulator
from hwpe_bench import Engine, HwpeBench
from pysim import PERIOD, pins

from alpine_cosim.binding import VerilatedModel
from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS, context_registers
from alpine_models.register_map import RegisterMap

__all__ = [
    "COUNTERS",
    "DEPTHWISE",
    "IMA",
    "offsets",
    "one_engine",
    "run_bench",
    "run_jobs",
    "words_of",
]

COUNTERS = ("busy_cycles", "stalled_cycles", "products", "bytes_in", "bytes_out")


def offsets(registers: RegisterMap) -> dict[str, int]:
    """Return the offset of every register by name."""
    return {register.name: register.offset for register in registers.registers}


IMA = offsets(IMA_REGISTERS)
DEPTHWISE = offsets(DEPTHWISE_REGISTERS)


def words_of(registers: RegisterMap, job: Mapping[str, int]) -> dict[str, int]:
    """Return what to write for a job: the words of its registers by name."""
    words: dict[str, int] = {}
    for register in context_registers(registers):
        for field in register.fields:
            name = register.name if field.name == "value" else field.name
            if name in job:
                word = words.get(register.name, 0)
                words[register.name] = word | (job[name] & field.mask >> field.low) << field.low
    return words


def run_jobs(
    registers: RegisterMap,
    jobs: Sequence[Mapping[str, int]],
    seen: dict[str, int],
    *,
    before: Iterable[tuple[int, int]] = (),
):
    """Yield the accesses that run jobs, as many ahead as there are contexts.

    ``before`` are writes that come first; ``seen`` gets status and counters at the end.
    """
    at = offsets(registers)
    for address, word in before:
        yield address, word
    done = 0
    for job in jobs:
        while (yield at["acquire"], None) > 1:
            done += yield at["finished"], None
        for name, word in words_of(registers, job).items():
            yield at[name], word
        yield at["trigger"], 0
    while done < len(jobs):
        done += yield at["finished"], None
    for name in ("status", *COUNTERS):
        seen[name] = yield at[name], None


def run_bench(dut, bench: HwpeBench, *, cycles: int = 20_000) -> None:
    """Run a bench around a component in Amaranth's simulator, or around a verilated model."""
    if isinstance(dut, VerilatedModel):
        _run_verilated(dut, bench, cycles)
        return
    ports = vars(pins(dut))
    held: dict[str, int] = {}
    simulator = Simulator(dut)
    simulator.add_clock(PERIOD)

    async def testbench(ctx):
        def get(name):
            return ctx.get(ports[name])

        def put(name, value):
            if held.get(name) != value:
                held[name] = int(value)
                ctx.set(ports[name], value)

        while bench.cycle(get, put):
            await ctx.tick()
            assert bench.now < cycles, "the run does not end"

    simulator.add_testbench(testbench)
    simulator.run()


def _run_verilated(model: VerilatedModel, bench: HwpeBench, cycles: int) -> None:
    model.reset()
    io = model.io

    def get(name):
        value = getattr(io, name)
        return value if isinstance(value, int) else int.from_bytes(value.tobytes(), "little")

    def put(name, value):
        setattr(io, name, int(value))

    while bench.cycle(get, put):
        model.step()
        assert bench.now < cycles, "the run does not end"


def one_engine(program) -> Engine:
    """Return the only configuration port of a top, with its program."""
    return Engine("cfg", "event_done", program)
