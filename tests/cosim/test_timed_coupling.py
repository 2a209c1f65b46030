# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The timed tile behind a clock crossing and behind CV-X-IF, against the RTL, edge by edge."""

from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
import pytest
from amaranth.lib.wiring import Component
from coupled_rtl import CoupledRtl, CrossingRtl, CvxifRtl
from hypothesis import example, given, settings
from tests.random_inputs import examples
from timed_programs import GEOMETRY, as_batch, instructions

from alpine_cosim.binding import Port, PortDirection, VerilatedModel, ports_of
from alpine_models.errors import AlpineError
from alpine_models.isa import CmOperation, dequeue, encode, process, queue
from alpine_models.registers import TILE_REGISTERS
from alpine_models.tile import CROSSING_DEPTH, TileConfig
from alpine_platform.accelerators.tile_coupling import ClockCrossing, CvxifAdapter
from alpine_platform.accelerators.timed_tile import TimedTile
from alpine_rtl.crossing import AimcTileCdc
from alpine_rtl.cvxif import AimcTileCvxif
from alpine_rtl.verilog import emit

TILE_PERIOD_FS = 1_000_000
WEIGHTS = np.random.default_rng(5).integers(-8, 8, (GEOMETRY["columns"], GEOMETRY["rows"]), np.int8)


@dataclass
class Top:
    """A verilated top and the configuration of its tile."""

    model: VerilatedModel
    config: TileConfig


def build(component: Component, name: str, config: TileConfig, *, second_clock: str = "") -> Top:
    ports = ports_of(component)
    if second_clock:
        names = (second_clock, second_clock.replace("clk", "rst"))
        ports += [Port(name=n, width=1, direction=PortDirection.INPUT) for n in names]
    return Top(VerilatedModel.build(emit(component, name=name), top=name, ports=ports), config)


@pytest.fixture(scope="module", params=[False, True], ids=["single", "double"])
def crossing(request):
    config = TileConfig(**GEOMETRY, double_buffer=request.param)
    top = build(AimcTileCdc(config=config), "aimc_tile_cdc", config, second_clock="cpu_clk")
    yield top
    top.model.close()


@pytest.fixture(scope="module", params=[False, True], ids=["single", "double"])
def cvxif(request):
    config = TileConfig(**GEOMETRY, double_buffer=request.param)
    top = build(AimcTileCvxif(config=config), "aimc_tile_cvxif", config)
    yield top
    top.model.close()


def compare(rtl: CoupledRtl, timed: TimedTile, programs, core_period_fs: int, *, names) -> None:
    """Run batches one after the other on both."""
    rtl.analog.crossbar.weights[:] = WEIGHTS
    timed.macro.weights[:] = WEIGHTS
    start = 100 * core_period_fs
    for program in programs:
        batch = as_batch(program, core_period_fs)
        want = timed.execute(batch, start_fs=start, core_period_fs=core_period_fs)
        have = rtl.execute(batch, start_fs=start, core_period_fs=core_period_fs)
        for name in names:
            np.testing.assert_array_equal(getattr(have, name), getattr(want, name), err_msg=name)
        if program:
            start = int(have.response_fs[-1])
    np.testing.assert_array_equal(rtl.analog.crossbar.weights, timed.macro.weights)
    # A response queue that is full shows in the tile's counters alone: the core takes no longer.
    for name in ("busy_cycles", "stall_cycles", "mvms", "bytes_in", "bytes_out", "error"):
        have, want = rtl.read_register(name), timed.read_register(TILE_REGISTERS[name].offset)
        assert have == want, f"{name}: {have} in hardware, {want} timed"


SHORT, LONG = st.integers(1, 20), st.integers(1, 150)
PHASES = st.one_of(st.none(), st.tuples(SHORT, st.one_of(SHORT, LONG), SHORT))
TIMES = ("issue_fs", "accept_cycle", "complete_cycle", "response_fs")

FLOOD = [(process(), 0, 0, 0, 0, None)] + [(queue(ra=5, rn=5), 2, 7, 1, 0, None)] * 40
READS = [(dequeue(rm=5, rn=5), 2, 4, 0, 0, None)] * 40


def run_crossing(top: Top, programs, cpu_period_fs: int, phases) -> None:
    coupling = ClockCrossing(cpu_period_fs=cpu_period_fs)
    timed = TimedTile(config=top.config, tile_period_fs=TILE_PERIOD_FS, coupling=coupling)
    rtl = CrossingRtl(
        top.model, top.config, tile_period_fs=TILE_PERIOD_FS, port_period_fs=cpu_period_fs
    )
    if phases:
        names = ("precharge_cycles", "integrate_cycles", "digitise_cycles")
        for name, value in zip(names, phases, strict=True):
            timed.registers.write(name, value)
        timed.registers.write("control", override=1)
        rtl.override(phases)
    compare(rtl, timed, programs, cpu_period_fs, names=("rd", "status", *TIMES))


@settings(max_examples=examples(60))
@given(
    programs=st.lists(st.lists(instructions(), max_size=40), min_size=1, max_size=3),
    cpu_period_fs=st.one_of(
        st.sampled_from([434_783, 1_000_000, 1_250_000, 2_000_000]),
        st.integers(150_000, 7_000_000),
    ),
    phases=PHASES,
)
# Queues that fill on either side: a CPU much slower, much faster, and as fast as the tile.
@example(programs=[FLOOD, READS], cpu_period_fs=6_700_001, phases=(1, 150, 1))
@example(programs=[FLOOD, FLOOD], cpu_period_fs=3_000_000, phases=(1, 99, 1))
@example(programs=[FLOOD, READS], cpu_period_fs=170_003, phases=(1, 1, 1))
@example(programs=[READS, FLOOD], cpu_period_fs=1_000_000, phases=(1, 90, 1))
def test_random_programs_cross_to_the_cycle(crossing, programs, cpu_period_fs, phases):
    run_crossing(crossing, programs, cpu_period_fs, phases)


def test_a_crossing_costs_its_synchronisers_and_no_throughput():
    # Request: the tile sees it at the first of its edges after the transfer and two later, here 3
    # cycles of 1 ns; the answer takes one; back again three cycles of the CPU, on common edges.
    config = TileConfig(**GEOMETRY)
    timed = TimedTile(
        config=config,
        tile_period_fs=TILE_PERIOD_FS,
        coupling=ClockCrossing(cpu_period_fs=TILE_PERIOD_FS),
    )
    batch = as_batch(READS, TILE_PERIOD_FS)
    result = timed.execute(batch, start_fs=0, core_period_fs=TILE_PERIOD_FS)
    assert result.accept_cycle.tolist() == list(range(40))
    assert (result.complete_cycle - result.accept_cycle).tolist() == [3 + 1 + 3] * 40


def test_a_process_fills_the_request_queue_and_no_more():
    config = TileConfig(**GEOMETRY)
    timed = TimedTile(
        config=config,
        tile_period_fs=TILE_PERIOD_FS,
        coupling=ClockCrossing(cpu_period_fs=TILE_PERIOD_FS),
    )
    program = [(process(), 0, 0, 0, 0, None), *READS]
    result = timed.execute(
        as_batch(program, TILE_PERIOD_FS), start_fs=0, core_period_fs=TILE_PERIOD_FS
    )
    # The MVM of 14 cycles ends with the answer at tile edge 3 + 15, at which the tile takes the
    # next request; its entry is free for the CPU three edges later.
    waiting = int((result.accept_cycle < 3 + 15 + 3).sum())
    assert waiting == 1 + CROSSING_DEPTH


@settings(max_examples=examples(60))
@given(
    programs=st.lists(st.lists(instructions(unknown=False), max_size=40), min_size=1, max_size=3),
    commit_cycles=st.integers(0, 6),
    phases=PHASES,
    core_period_fs=st.sampled_from([TILE_PERIOD_FS, 2 * TILE_PERIOD_FS]),
)
@example(programs=[FLOOD, READS], commit_cycles=0, phases=(1, 90, 1), core_period_fs=TILE_PERIOD_FS)
def test_random_programs_agree_behind_cvxif(cvxif, programs, commit_cycles, phases, core_period_fs):
    coupling = CvxifAdapter(commit_cycles=commit_cycles)
    timed = TimedTile(config=cvxif.config, tile_period_fs=TILE_PERIOD_FS, coupling=coupling)
    rtl = CvxifRtl(
        cvxif.model, cvxif.config, tile_period_fs=TILE_PERIOD_FS, port_period_fs=TILE_PERIOD_FS
    )
    rtl.commit_cycles = commit_cycles
    if phases:
        names = ("precharge_cycles", "integrate_cycles", "digitise_cycles")
        for name, value in zip(names, phases, strict=True):
            timed.registers.write(name, value)
        timed.registers.write("control", override=1)
        rtl.override(phases)
    compare(rtl, timed, programs, core_period_fs, names=("rd", *TIMES))


def test_a_result_comes_two_cycles_after_its_commit():
    config = TileConfig(**GEOMETRY)
    for commit_cycles in (0, 3):
        timed = TimedTile(
            config=config,
            tile_period_fs=TILE_PERIOD_FS,
            coupling=CvxifAdapter(commit_cycles=commit_cycles),
        )
        batch = as_batch(READS[:1], TILE_PERIOD_FS)
        result = timed.execute(batch, start_fs=0, core_period_fs=TILE_PERIOD_FS)
        assert result.complete_cycle[0] - result.accept_cycle[0] == commit_cycles + 2


def test_words_without_a_riscv_form_are_refused():
    timed = TimedTile(
        config=TileConfig(**GEOMETRY), tile_period_fs=TILE_PERIOD_FS, coupling=CvxifAdapter()
    )
    word = encode(CmOperation.PROCESS) | 1 << 15
    batch = as_batch([(word, 0, 0, 0, 0, None)], TILE_PERIOD_FS)
    with pytest.raises(AlpineError, match=r"^word 0x\w+ is no CM instruction and has no RISC-V"):
        timed.execute(batch, start_fs=0, core_period_fs=TILE_PERIOD_FS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ClockCrossing(cpu_period_fs=0), r"^cpu_period_fs must be positive, not 0$"),
        (lambda: CvxifAdapter(xlen=16), r"^xlen must be 32 or 64, not 16$"),
        (lambda: CvxifAdapter(commit_cycles=-1), r"^commit_cycles must not be negative, not -1$"),
    ],
)
def test_couplings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
