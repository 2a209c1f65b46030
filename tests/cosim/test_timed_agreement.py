"""The timed Python tile against the RTL: data, statuses and every accept and completion edge."""

from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from alpine_cosim.rtl_tile import RtlTile
from alpine_models.isa import XZR, CmOperation, encode, queue
from alpine_models.tile import TileConfig
from alpine_platform.tile_port import NO_DEPENDENCY, empty_batch
from alpine_platform.timed_tile import TimedTile

TILE_PERIOD_FS = 1_000_000

# One side that is a multiple of four and one that is not, phases short enough that a program sees
# many multiplications and long enough that a byte-wise vector overtakes the room for answers.
GEOMETRY = {
    "rows": 6,
    "columns": 9,
    "precharge_cycles": 1,
    "integrate_cycles": 11,
    "digitise_cycles": 2,
}
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


REGISTERS = st.sampled_from([0, 5, XZR])
NEAR = st.one_of(st.integers(0, 10), st.sampled_from([2**32, 2**63, 2**64 - 1]))
GAPS = st.sampled_from([0, 0, 0, 1, 2, 30])


@st.composite
def instructions(draw):
    operation = draw(
        st.sampled_from(
            [CmOperation.QUEUE] * 5
            + [CmOperation.DEQUEUE] * 2
            + [CmOperation.PROCESS] * 2
            + [CmOperation.INITIALIZE, CmOperation.PARAM_READ]
        )
    )
    word = encode(operation, rm=draw(REGISTERS), ra=draw(REGISTERS), rn=draw(REGISTERS))
    if draw(st.integers(0, 19)) == 0:
        word ^= 1 << draw(st.integers(15, 31))
    rm = draw(NEAR if operation is not CmOperation.QUEUE else st.integers(0, 2**64 - 1))
    ra = draw(st.integers(0, 5) if operation is CmOperation.QUEUE else st.integers(0, 255))
    waits = draw(st.integers(0, 9)) == 0
    return word, draw(NEAR), rm, ra, draw(GAPS), draw(GAPS) if waits else None


def as_batch(program, core_period_fs):
    batch = empty_batch(len(program))
    for record, (word, rn, rm, ra, gap, response_gap) in zip(batch, program, strict=True):
        record["word"], record["rn"], record["rm"], record["ra"] = word, rn, rm, ra
        record["gap_fs"] = gap * core_period_fs
        record["response_gap_fs"] = (
            NO_DEPENDENCY if response_gap is None else response_gap * core_period_fs
        )
    return batch


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


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(instructions(), min_size=1, max_size=60), st.sampled_from(CORE_PERIODS_FS))
def test_random_programs_agree_to_the_cycle(pair, program, core_period_fs):
    check(pair, program, core_period_fs)


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
