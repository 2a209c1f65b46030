# SPDX-License-Identifier: Apache-2.0
"""Flips of register bits: the same cycle and the same consequences as in Amaranth's simulator."""

from dataclasses import dataclass
from types import SimpleNamespace

import hypothesis.strategies as st
import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator
from hypothesis import Phase, given, settings
from tests.random_inputs import examples

from alpine_cosim.campaigns.faults.faulty_tile import FaultyTile
from alpine_cosim.hardware.rtl_tile import RtlTile, TileFaultError
from alpine_models.isa import dequeue, initialize, process, queue
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import empty_batch
from alpine_rtl.formal.state import elaborate_with_registers
from alpine_rtl.pins import ports_by_name
from alpine_rtl.tile import AimcTile

PERIOD_FS = 1_000_000
CONFIG = TileConfig(rows=6, columns=9, precharge_cycles=1, integrate_cycles=11, digitise_cycles=2)

# Yosys names a register after a port that shows it.
AMARANTH_NAMES = {
    "top.clear": "after_reset",
    "input_memory.codes": "input_memory.bank",
    "registers.error_code": "registers.code",
}
CYCLES, LSB = 300, 8.0
IDLE, PRECHARGE, INTEGRATE, DIGITISE = range(4)
WEIGHTS = (
    np.random.default_rng(5).integers(-128, 128, (CONFIG.columns, CONFIG.rows)).astype(np.int8)
)


def program(values: list[int], gaps: list[int]):
    """Return a batch: the vector queued, multiplied, read back, and a cell programmed.

    The core's clock is the tile's; gaps count its cycles.
    """
    batch = empty_batch(9)
    packed = np.array(values, np.int8).tobytes()
    batch["word"] = [
        queue(), queue(), process(), dequeue(), dequeue(), dequeue(), initialize(), process(),
        dequeue(),
    ]  # fmt: skip
    batch["rm"][:2] = [int.from_bytes(packed[:4], "little"), int.from_bytes(packed[4:6], "little")]
    batch["rm"][3:6] = [4, 4, 1]
    batch["rm"][6], batch["rn"][6], batch["ra"][6] = 2, 1, 77
    batch["rm"][8] = 4
    batch["gap_fs"] = np.array(gaps) * PERIOD_FS
    return batch


@dataclass
class Observed:
    """What a port showed and what was left inside."""

    answers: list[tuple[int, int, int]]
    accepts: list[int]
    registers: dict[str, int]


@pytest.fixture(scope="module")
def tile():
    tile = FaultyTile(config=CONFIG, tile_period_fs=PERIOD_FS)
    tile.macro.lsb[:] = LSB
    yield tile
    tile.close()


def registers_of(tile: FaultyTile) -> dict[str, int]:
    state, values = tile.controls.state, {}
    for probe in tile.probes:
        size = next((s for s in (1, 2, 4, 8) if probe.width <= 8 * s), -(-probe.width // 32) * 4)
        values[probe.name] = int.from_bytes(state[:size], "little")
        state = state[size:]
    assert not state
    return values


def observe_verilated(tile: FaultyTile, batch, flip) -> Observed | None:
    tile.restart()
    tile.macro.weights[:] = WEIGHTS
    if flip is not None:
        name, bit, cycle = flip
        number = next(n for n, probe in enumerate(tile.probes) if probe.name == name)
        tile.controls.flip(number, bit, cycle=cycle)
    try:
        result = tile.execute(batch, start_fs=0, core_period_fs=PERIOD_FS)
    except TileFaultError:
        return None
    columns = (result.complete_cycle, result.rd, result.status)
    return Observed(
        answers=list(zip(*(column.tolist() for column in columns), strict=True)),
        accepts=result.accept_cycle.tolist(),
        registers=registers_of(tile),
    )


def pins(tile: AimcTile) -> SimpleNamespace:
    return SimpleNamespace(**{name: pin.value for name, pin in ports_by_name(tile).items()})


class Macro:
    """The analog part beside pysim's tile: pulses summed cycle by cycle."""

    def __init__(self, tile: AimcTile):
        self.ports, self.weights = pins(tile), WEIGHTS.copy()
        self.drives, self.position, self.last_phase = np.zeros(CONFIG.rows), 0, IDLE

    def react(self, ctx) -> None:
        """Do what a cycle asks for, as its beginning shows the ports."""
        ports, phase = self.ports, ctx.get(Value.cast(self.ports.xb_phase))
        if phase == INTEGRATE:
            self.drives += pulses(ctx.get(ports.xb_dac), self.position)
            self.position += 1
        elif phase != DIGITISE:
            self.drives[:], self.position = 0, 0
        elif self.last_phase != DIGITISE:
            codes = np.clip(np.rint(self.drives), -128, 127)
            adc = np.clip(np.rint(self.weights.astype(int) @ codes / LSB), -128, 127)
            ctx.set(ports.xb_adc, int.from_bytes(adc.astype(np.int8).tobytes(), "little"))
        self.last_phase = phase
        if ctx.get(ports.xb_prog_valid):
            at = ctx.get(ports.xb_prog_col), ctx.get(ports.xb_prog_row)
            self.weights[at] = np.int64(ctx.get(ports.xb_prog_weight)).astype(np.int8)


def pulses(dac: int, position: int):
    """Return how much of each word line's pulse falls into a cycle of the integration."""
    codes = np.frombuffer(dac.to_bytes(CONFIG.rows, "little"), np.int8).astype(float)
    share = 128 / CONFIG.integrate_cycles
    return np.sign(codes) * np.clip(np.abs(codes) - position * share, 0, share)


class PysimTile:
    """The same tile in Amaranth's simulator, its commands driven cycle by cycle."""

    def __init__(self, names: list[str]):
        self.tile = AimcTile(config=CONFIG)
        self.ports = pins(self.tile)
        fragment, registers = elaborate_with_registers(self.tile)
        self.registers = {
            name: Value.cast(registers[AMARANTH_NAMES.get(name, name)]) for name in names
        }
        self.simulator = Simulator(fragment)
        self.simulator.add_clock(1e-9)
        self.simulator.add_testbench(self.bench)
        self.used = False

    def observe(self, batch, flip) -> Observed | None:
        """Return what happened, or None when not all commands are answered in `CYCLES`."""
        self.batch, self.flip, self.observed = batch, flip, None
        if self.used:
            self.simulator.reset()
        self.used = True
        self.simulator.run()
        return self.observed

    def begin_cycle(self, ctx, cycle: int) -> None:
        if self.flip is not None and self.flip[2] == cycle:
            register = self.registers[self.flip[0]]
            ctx.set(register, ctx.get(register) ^ 1 << self.flip[1])

    def request(self, ctx, number: int) -> None:
        ctx.set(self.ports.cm_req_valid, number >= 0)
        if number >= 0:
            record = self.batch[number]
            ctx.set(self.ports.cm_req_instr, int(record["word"]))
            for name in ("rn", "rm", "ra"):
                ctx.set(getattr(self.ports, f"cm_req_{name}"), int(record[name]))

    async def bench(self, ctx):
        ports, count, macro = self.ports, len(self.batch), Macro(self.tile)
        answers, accepts = [], []
        gaps = (self.batch["gap_fs"] // PERIOD_FS).tolist()
        issued = earliest = gaps[0]
        ctx.set(ports.cm_rsp_ready, 1)
        await ctx.tick()  # the cycle that clears the memories
        for cycle in range(CYCLES):
            self.begin_cycle(ctx, cycle)
            if len(answers) == count:
                state = {name: ctx.get(value) for name, value in self.registers.items()}
                self.observed = Observed(answers=answers, accepts=accepts, registers=state)
                return
            macro.react(ctx)
            requesting = len(accepts) < count and cycle >= earliest
            self.request(ctx, len(accepts) if requesting else -1)
            if ctx.get(ports.cm_rsp_valid):
                if len(answers) >= len(accepts):
                    return  # a response that nobody asked for
                answers.append((cycle, ctx.get(ports.cm_rsp_rd), ctx.get(ports.cm_rsp_status)))
            if requesting and ctx.get(ports.cm_req_ready):
                accepts.append(cycle)
                if len(accepts) < count:
                    issued = max(issued + gaps[len(accepts)], cycle)
                    earliest = max(issued, cycle + 1)
            await ctx.tick()


def test_a_tile_without_faults_does_what_the_checked_tile_does(tile):
    batch = program([3, -4, 127, -128, 99, 1], [0, 3, 0, 0, 9, 0, 0, 0, 2])
    checked = RtlTile(config=CONFIG, tile_period_fs=PERIOD_FS)
    checked.macro.lsb[:] = LSB
    checked.macro.weights[:] = WEIGHTS
    tile.restart()
    tile.macro.weights[:] = WEIGHTS
    expected = checked.execute(batch, start_fs=PERIOD_FS, core_period_fs=PERIOD_FS)
    found = tile.execute(batch, start_fs=PERIOD_FS, core_period_fs=PERIOD_FS)
    for name in ("rd", "status", "accept_cycle", "complete_cycle", "response_fs"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    checked.close()


@pytest.fixture(scope="module")
def pysim(tile):
    return PysimTile([probe.name for probe in tile.probes])


@given(data=st.data())
@settings(max_examples=examples(80), phases=[Phase.generate])
def test_flips_have_the_consequences_that_they_have_in_pysim(tile, pysim, data):
    values = data.draw(st.lists(st.integers(-128, 127), min_size=6, max_size=6))
    gaps = data.draw(st.lists(st.sampled_from([0, 0, 1, 5, 20]), min_size=9, max_size=9))
    batch = program(values, gaps)
    probe = data.draw(st.sampled_from(tile.probes))
    flip = probe.name, data.draw(st.integers(0, probe.width - 1)), data.draw(st.integers(0, 80))
    verilated, simulated = observe_verilated(tile, batch, flip), pysim.observe(batch, flip)
    if simulated is None:
        # Answers after a phase that a flip made very long are not waited for.
        assert verilated is None or verilated.answers[-1][0] >= CYCLES
    else:
        assert verilated == simulated


@pytest.mark.parametrize(
    ("flip", "answered"),
    [
        # Between the product's answer and the first CM_DEQUEUE the tile is idle, and a flip wakes
        # it: a phase that nobody began counts down, an answer goes out that nobody asked for.
        (("sequencer.phase", 1, 30), True),
        (("command.valid", 0, 30), False),
        # Word line 5's code loses bit 6 in the middle of its pulse.
        (("input_memory.codes", 46, 9), True),
        # An answer that is due is dropped.
        (("command.valid", 0, 8), False),
    ],
)
def test_chosen_flips(tile, pysim, flip, answered):
    batch = program([100, 80, 90, 100, 110, 120], [0, 0, 0, 40, 0, 0, 0, 0, 0])[:6]
    verilated, simulated = observe_verilated(tile, batch, flip), pysim.observe(batch, flip)
    assert (simulated is not None) == answered
    assert verilated == simulated
    unharmed = observe_verilated(tile, batch, None)
    assert verilated != unharmed


def test_an_answer_in_the_cycle_of_the_first_request_answers_none(tile, pysim):
    # The gaps leave no cycle with nothing outstanding, so that nothing else is noticed later.
    batch = program([-34, -34, -107, -47, -80, 0], [0, 0, 0, 1, 0, 0, 0, 1, 1])
    flip = "responses.held", 0, 0
    assert pysim.observe(batch, flip) is None
    assert observe_verilated(tile, batch, flip) is None
    assert observe_verilated(tile, batch, None) == pysim.observe(batch, None)
