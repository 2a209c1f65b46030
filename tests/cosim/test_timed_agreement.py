# SPDX-License-Identifier: Apache-2.0
"""The timed Python tile against the RTL: data, statuses and every accept and completion edge."""

from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from tests.random_inputs import examples
from timed_programs import GEOMETRY, as_batch, instructions

from alpine_cosim.hardware.rtl_tile import RtlTile
from alpine_models.device import NoiseKey, analog_device
from alpine_models.errors import AlpineError
from alpine_models.isa import CmOperation, encode, param_read, queue
from alpine_models.registers import TILE_REGISTERS
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.timed_tile import TimedTile

TILE_PERIOD_FS = 1_000_000

CORE_PERIODS_FS = (434_783, 1_000_000, 1_250_000)


@dataclass
class Pair:
    """Both tiles with the same history."""

    rtl: RtlTile
    timed: TimedTile
    start_fs: int = 0


@pytest.fixture(scope="module", params=[False, True], ids=["single", "double"])
def pair(request):
    config = TileConfig(**GEOMETRY, double_buffer=request.param)
    rtl = RtlTile(config=config, tile_period_fs=TILE_PERIOD_FS)
    yield Pair(rtl, TimedTile(config=config, tile_period_fs=TILE_PERIOD_FS))
    rtl.close()


def check(pair, program, core_period_fs):
    batch = as_batch(program, core_period_fs)
    start = -(-pair.start_fs // core_period_fs) * core_period_fs
    want = pair.timed.execute(batch, start_fs=start, core_period_fs=core_period_fs)
    have = pair.rtl.execute(batch, start_fs=start, core_period_fs=core_period_fs)
    for name in ("status", "rd", "issue_fs", "accept_cycle", "complete_cycle", "response_fs"):
        np.testing.assert_array_equal(getattr(have, name), getattr(want, name), err_msg=name)
    assert pair.rtl.busy_cycles == pair.timed.busy_cycles
    if len(program):
        pair.start_fs = int(have.response_fs[-1])
    return have


@settings(max_examples=examples(300))
@given(st.lists(instructions(), min_size=1, max_size=60), st.sampled_from(CORE_PERIODS_FS))
def test_random_programs_agree_to_the_cycle(pair, program, core_period_fs):
    check(pair, program, core_period_fs)


@pytest.fixture
def analog_pair(pair):
    rng = np.random.default_rng(5)
    analog = analog_device("hermes-1", after_s=3600.0).crossbar(
        weights=rng.integers(-127, 128, (9, 6)).astype(np.int8),
        programmed=rng.random((9, 6)) < 0.9,
        lsb=np.full(9, 200.0),
        key=NoiseKey(seed=11, tile=3),
    )
    for tile in (pair.rtl, pair.timed):
        tile.macro.install(analog)
    yield pair
    for tile in (pair.rtl, pair.timed):
        tile.macro.install(None)


@settings(max_examples=examples(100))
@given(st.lists(instructions(), min_size=1, max_size=60), st.sampled_from(CORE_PERIODS_FS))
def test_tiles_with_imperfect_crossbars_agree_as_well(analog_pair, program, core_period_fs):
    check(analog_pair, program, core_period_fs)


def test_reading_a_cell_of_an_imperfect_crossbar_finds_its_conductance(analog_pair):
    analog = analog_pair.timed.macro.analog
    program = [(param_read(), row, column, 0, 0, None) for column in range(9) for row in range(6)]
    found = check(analog_pair, program, TILE_PERIOD_FS).rd.astype(np.int64).reshape(9, 6)
    error = found - analog.array.at(3600.0).conductances / analog.reading.steps_per_weight
    # Rounding to whole weights moves a weight by half of one at most; int8 holds them all but 128.
    assert (np.abs(error) <= 0.5).mean() > 0.9
    assert (found == analog.read_back).all()


def test_more_queues_than_answers_can_wait(pair):
    process = (encode(CmOperation.PROCESS), 0, 0, 0, 0, None)
    one_byte = (queue(ra=5, rn=5), 2, 7, 1, 0, None)
    result = check(pair, [process, *[one_byte] * 40, process], TILE_PERIOD_FS)
    assert not result.status.any()


def test_queueing_during_a_process_is_accepted_only_with_two_buffers(pair):
    process = (encode(CmOperation.PROCESS), 0, 0, 0, 0, None)
    group = (queue(), 0, 0x01020304, 0, 0, None)
    result = check(pair, [process, group], TILE_PERIOD_FS)
    overlap = int(result.complete_cycle[0] - result.accept_cycle[1])
    assert (overlap > 0) is pair.rtl.config.double_buffer


def test_overhead_beyond_the_phases_is_at_most_two_cycles(pair):
    process = (encode(CmOperation.PROCESS), 0, 0, 0, 0, None)
    result = check(pair, [process], TILE_PERIOD_FS)
    latency = int(result.complete_cycle[0] - result.accept_cycle[0])
    assert latency == pair.rtl.config.mvm_cycles + (2 if pair.rtl.config.double_buffer else 1)


PHASE = st.one_of(st.integers(1, 4), st.integers(5, 20))
SETTINGS = st.one_of(
    st.just({"control": {"override": 0}}),
    st.builds(
        lambda p, i, d: {
            "precharge_cycles": {"value": p},
            "integrate_cycles": {"value": i},
            "digitise_cycles": {"value": d},
            "control": {"override": 1},
        },
        PHASE,
        PHASE,
        PHASE,
    ),
    st.builds(lambda i: {"integrate_cycles": {"value": i}}, PHASE),
)


@settings(max_examples=examples(100))
@given(
    st.lists(st.tuples(SETTINGS, st.lists(instructions(), max_size=20)), min_size=1, max_size=4),
    st.sampled_from(CORE_PERIODS_FS),
)
def test_overridden_phases_and_all_registers_agree(pair, parts, core_period_fs):
    for tile in (pair.rtl, pair.timed):
        tile.registers.write("control", override=0, clear_counters=1)
        tile.registers.write("error", clear=1)
    for choice, program in parts:
        for name, fields in choice.items():
            pair.rtl.registers.write(name, **fields)
            pair.timed.registers.write(name, **fields)
        check(pair, program, core_period_fs)
        for register in TILE_REGISTERS.registers:
            have, want = (t.registers.read_all(register.name) for t in (pair.rtl, pair.timed))
            assert have == want, register.name
    for tile in (pair.rtl, pair.timed):
        tile.registers.write("control", override=0)


def test_an_override_is_as_long_as_its_phases(pair):
    process = (encode(CmOperation.PROCESS), 0, 0, 0, 0, None)
    lengths = {"precharge_cycles": 3, "integrate_cycles": 40, "digitise_cycles": 2}
    for tile in (pair.rtl, pair.timed):
        for name, cycles in lengths.items():
            tile.registers.write(name, cycles)
        tile.registers.write("control", override=1)
    result = check(pair, [process], TILE_PERIOD_FS)
    overhead = 2 if pair.rtl.config.double_buffer else 1
    assert result.complete_cycle[0] - result.accept_cycle[0] == 45 + overhead
    for tile in (pair.rtl, pair.timed):
        tile.registers.write("control", override=0)


def test_refused_register_accesses_are_told_and_change_nothing(pair):
    offset = TILE_REGISTERS["integrate_cycles"].offset
    for tile in (pair.rtl, pair.timed):
        before = tile.registers.read("integrate_cycles")
        with pytest.raises(AlpineError, match=r"^the tile refuses 0x0 at register address 0x20$"):
            tile.write_register(offset, 0)
        with pytest.raises(AlpineError, match=r"^the tile has no register at 0x21$"):
            tile.read_register(0x21)
        with pytest.raises(AlpineError, match=r"^the tile refuses 0x1 at register address 0x8$"):
            tile.write_register(TILE_REGISTERS["rows"].offset, 1)
        assert tile.registers.read("integrate_cycles") == before
