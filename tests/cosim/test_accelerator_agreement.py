# SPDX-License-Identifier: Apache-2.0
"""The timed accelerator against the RTL: data, responses and every edge of every access."""

from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from tests.random_inputs import examples

from alpine_cosim.hardware.rtl_accelerator import RtlAccelerator
from alpine_models.registers import (
    ACCELERATOR_REGISTERS,
    PAGE_REGISTERS,
    PAGE_WINDOWS,
    TILE_PAGE_BYTES,
    TILE_REGISTERS,
)
from alpine_models.tile import TileConfig, pending_answers
from alpine_platform.accelerators.peripheral_port import IoTimes, empty_accesses
from alpine_platform.accelerators.timed_accelerator import TimedAccelerator

PERIOD_FS = 1_000_000
CORE_PERIODS_FS = (434_783, 1_000_000, 1_250_000)
PHASES = {"precharge_cycles": 1, "integrate_cycles": 11, "digitise_cycles": 2}
PATHS = (
    IoTimes(request_fs=0, response_fs=0, taken_fs=0, posted_stores=False),
    IoTimes(request_fs=4_000_000, response_fs=3_500_000, taken_fs=0, posted_stores=False),
    IoTimes(request_fs=9_000_000, response_fs=2_000_000, taken_fs=1_000_000, posted_stores=True),
)


def chain(*, double_buffer: bool) -> list[TileConfig]:
    """Three tiles; links as long as the shorter side, sides of every remainder."""
    shapes = ((6, 9), (7, 5), (5, 6))
    return [
        TileConfig(rows=rows, columns=columns, **PHASES, double_buffer=double_buffer)
        for rows, columns in shapes
    ]


@dataclass
class Pair:
    """Both accelerators with the same history, and a third one that simulates idle cycles too."""

    rtl: RtlAccelerator
    unskipped: RtlAccelerator
    timed: TimedAccelerator
    start_fs: int = 0


@pytest.fixture(params=[False, True], ids=["single", "double"])
def pair(request):
    configs = chain(double_buffer=request.param)
    rtl = RtlAccelerator(configs, period_fs=PERIOD_FS)
    unskipped = RtlAccelerator(configs, period_fs=PERIOD_FS, skip_idle=False)
    yield Pair(rtl, unskipped, TimedAccelerator(configs, period_fs=PERIOD_FS))
    rtl.close()
    unskipped.close()


OWN = {register.name: register.offset for register in ACCELERATOR_REGISTERS.registers}
INPUT, OUTPUT = (window.offset for window in PAGE_WINDOWS)
PAGE_OFFSETS = [register.offset for register in PAGE_REGISTERS.registers]
TILE_OFFSETS = [register.offset for register in TILE_REGISTERS.registers]
GAPS = st.sampled_from([0, 0, 0, 1, 2, 30, 400])
WORDS = st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 12), st.sampled_from([1 << 31]))
STROBES = st.one_of(st.just(15), st.just(15), st.integers(0, 15))


@st.composite
def accesses(draw):
    """One access: mostly what drivers do, sometimes what they must not."""
    page = draw(st.integers(0, 2)) + 1
    kind = draw(st.integers(0, 19))
    write, data, strobes = draw(st.booleans()), draw(WORDS), draw(STROBES)
    if kind < 5:
        offset, write = INPUT + 4 * draw(st.integers(0, 2)), draw(st.integers(0, 9)) > 0
    elif kind < 8:
        offset, write = OUTPUT + 4 * draw(st.integers(0, 3)), draw(st.integers(0, 9)) == 0
    elif kind < 11:
        page, offset, data, write = 0, OWN["start"], draw(st.integers(0, 8)), True
        strobes = 15
    elif kind < 13:
        page, offset, data, write = 0, OWN["result"], draw(st.integers(0, 7)), True
    elif kind < 15:
        page, offset = 0, draw(st.sampled_from([OWN["chain"], OWN["relu"]]))
        data = draw(st.integers(0, 4))
    elif kind == 15:
        page, offset = 0, draw(st.sampled_from(sorted(OWN.values())))
    elif kind == 16:
        offset, data = draw(st.sampled_from(PAGE_OFFSETS)), draw(st.integers(0, 255))
        data = data if offset == PAGE_OFFSETS[2] else data % 8
    elif kind == 17:
        offset, data = PAGE_OFFSETS[2], draw(st.integers(0, 255))
    elif kind == 18:
        offset = draw(st.sampled_from(TILE_OFFSETS))
        data = draw(st.sampled_from([0, 1, 3, 17, 1 << 31, 1 << 31 | 1]))
    else:
        offset = draw(st.sampled_from([0x3C, 0x28, 0xFC, 0x10C, 0x1000C, 0x30000, 0x200FC]))
        page = draw(st.integers(0, 3))
    address = page * TILE_PAGE_BYTES + offset + draw(st.sampled_from([0, 0, 0, 1, 3]))
    waits = draw(st.integers(0, 3)) == 0
    return address, data, write, strobes, draw(GAPS), draw(GAPS) if waits else None


def as_batch(program, core_period_fs):
    batch = empty_accesses(len(program), write=False)
    for record, (address, data, write, strobes, gap, response_gap) in zip(
        batch, program, strict=True
    ):
        record["address"], record["data"] = address, data
        record["write"], record["strobes"] = write, strobes
        record["gap_fs"] = gap * core_period_fs
        if response_gap is not None:
            record["response_gap_fs"] = response_gap * core_period_fs
    return batch


def check(pair, program, core_period_fs=PERIOD_FS, times=PATHS[0]):
    batch = as_batch(program, core_period_fs)
    start = -(-pair.start_fs // core_period_fs) * core_period_fs
    arguments = {"start_fs": start, "core_period_fs": core_period_fs, "times": times}
    want = pair.timed.execute(batch, **arguments)
    for hardware in (pair.rtl, pair.unskipped):
        have = hardware.execute(batch, **arguments)
        for name in (
            "issue_fs", "accept_cycle", "response", "data", "complete_cycle", "response_fs",
        ):  # fmt: skip
            np.testing.assert_array_equal(getattr(have, name), getattr(want, name), err_msg=name)
        assert hardware.products == pair.timed.products
    if len(program):
        pair.start_fs = int(want.response_fs[-1])
    return want


@settings(max_examples=examples(300))
@given(
    st.lists(accesses(), min_size=1, max_size=60),
    st.sampled_from(CORE_PERIODS_FS),
    st.sampled_from(PATHS),
)
def test_random_programs_agree_to_the_cycle(pair, program, core_period_fs, times):
    check(pair, program, core_period_fs, times)


def write(address, data, gap=0):
    return address, data, True, 15, gap, None


def read(address, gap=0):
    return address, 0, False, 15, gap, None


def page(tile, offset):
    return (tile + 1) * TILE_PAGE_BYTES + offset


def inference(number, *, clear):
    """Feed a vector of a chain of three; read what came of an earlier one."""
    program = [write(page(0, INPUT), 0x01020304 * (number + 1) & 0xFFFFFFFF, gap=200)]
    program += [write(OWN["start"], 1)]
    if clear:
        program += [read(page(2, OUTPUT), gap=5), read(page(2, OUTPUT + 4))]
        program += [write(OWN["result"], 0b100)]
    return program


def test_chained_vectors_agree_while_they_fill_the_chain_and_wait_for_the_host(pair):
    everything = [write(OWN["chain"], 0b011, gap=500), write(OWN["relu"], 0b001)]
    for number in range(8):
        everything += inference(number, clear=number > 2)
        everything += [read(OWN["busy"]), read(OWN["input_free"]), read(OWN["result"], gap=3)]
    # Drain what is under way, so that the chain can be undone.
    for _ in range(4):
        everything += [read(OWN["busy"], gap=200), write(OWN["result"], 0b100)]
    counters = [read(page(tile, offset)) for tile in range(3) for offset in TILE_OFFSETS]
    result = check(pair, [*everything, *counters])
    assert pair.timed.products == [8, 8, 8]
    assert not result.response.any()


@pytest.mark.parametrize("gap", range(14, 20))
def test_a_result_that_comes_in_the_cycle_of_its_clear_is_kept(pair, gap):
    """Clear a result around the cycle in which it comes; afterwards it is there, or was cleared."""
    check(pair, [write(OWN["start"], 1, gap=200), write(OWN["result"], 1, gap=gap)])
    check(pair, [read(OWN["result"], gap=100), read(OWN["busy"])])


def test_addresses_outside_are_refused(pair):
    for accelerator in (pair.rtl, pair.timed):
        batch = empty_accesses(1, write=False)
        batch["address"] = accelerator.size_bytes
        with pytest.raises(ValueError, match="address 0x100000 lies outside"):
            accelerator.execute(batch, start_fs=0, core_period_fs=1, times=PATHS[0])


def test_more_writes_during_a_product_than_answers_can_wait(pair):
    """Every write is two queues, as its byte lanes form two runs; the product lasts for 100."""
    program = [
        write(page(0, TILE_REGISTERS["integrate_cycles"].offset), 97),
        write(page(0, TILE_REGISTERS["control"].offset), 1),
        write(OWN["start"], 1),
        *((page(0, INPUT), 0x05000700, True, 0b1010, 0, None) for _ in range(12)),
        read(page(0, OUTPUT), gap=300),
    ]
    result = check(pair, program)
    assert not result.response.any()
    # With one buffer all of them wait for the product. With two, as many queues get in as answers
    # can wait, CM_PROCESS's among them, and one more into the command register.
    began, ends = result.complete_cycle[2], result.complete_cycle[3:15]
    before_the_end = int(np.count_nonzero(ends < began + 100))
    room = pending_answers(pair.timed.configs[0])
    assert before_the_end == (room // 2 if room else 0)
