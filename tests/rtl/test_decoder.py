# SPDX-License-Identifier: Apache-2.0
"""The decoder against the reference, over forms, counts and boundary indices."""

import itertools

import pytest
from pysim import simulate

from alpine_models.isa import CmOperation, CmStatus, dequeue, encode, initialize, param_read, queue
from alpine_models.tile import TileConfig
from alpine_rtl.decoder import CmDecoder

ROWS, COLUMNS = 6, 9
FAR = (2**31, 2**32, 2**32 + 1, 2**63, 2**64 - 1)


def decode_all(cases):
    """Return the decoder's outputs for (word, rn, rm, ra, input counter, output counter)."""
    dut = CmDecoder(config=TileConfig(rows=ROWS, columns=COLUMNS))
    results = []

    async def testbench(ctx):
        for case in cases:
            request = dut.request
            ports = (request.instr, request.rn, request.rm, request.ra)
            counters = (dut.input_counter, dut.output_counter)
            for port, value in zip(ports + counters, case, strict=True):
                ctx.set(port, value)
            outputs = ("operation", "status", "start", "count", "streaming", "data")
            results.append({name: ctx.get(dut.decoded[name]) for name in outputs})

    dut_with_clock = _clocked(dut)
    simulate(dut_with_clock, testbench)
    return results


def _clocked(dut):
    """The decoder is combinational; a simulation with a clock needs something to clock."""
    from amaranth.hdl import Module, Signal

    m = Module()
    m.submodules.dut = dut
    ticking = Signal()
    m.d.sync += ticking.eq(~ticking)
    return m


def expected_transfer(count, index, size):
    if not 1 <= count <= 4:
        return CmStatus.BAD_COUNT
    return CmStatus.DONE if index + count <= size else CmStatus.INDEX_OUT_OF_RANGE


@pytest.mark.parametrize("operation", [CmOperation.QUEUE, CmOperation.DEQUEUE])
def test_indexed_transfers(operation):
    size = ROWS if operation is CmOperation.QUEUE else COLUMNS
    pairs = list(itertools.product((*range(6), *FAR), (*range(size + 2), *FAR)))
    if operation is CmOperation.QUEUE:
        cases = [(queue(ra=1, rn=2), index, 5, count, 3, 3) for count, index in pairs]
    else:
        cases = [(dequeue(rm=1, rn=2), index, count, 5, 3, 3) for count, index in pairs]
    for (count, index), got in zip(pairs, decode_all(cases), strict=True):
        want = expected_transfer(count, index, size)
        assert got["status"] == want, (count, index)
        if not want:
            assert (got["start"], got["count"], got["streaming"]) == (index, count, 0)


@pytest.mark.parametrize("operation", [CmOperation.QUEUE, CmOperation.DEQUEUE])
def test_streaming_transfers_are_clipped(operation):
    size = ROWS if operation is CmOperation.QUEUE else COLUMNS
    pairs = list(itertools.product(range(6), range(size + 1)))
    if operation is CmOperation.QUEUE:
        cases = [(queue(ra=1), 77, 5, count, at, 0) for count, at in pairs]
    else:
        cases = [(dequeue(rm=1), 77, count, 5, 0, at) for count, at in pairs]
    for (count, at), got in zip(pairs, decode_all(cases), strict=True):
        if not 1 <= count <= 4:
            assert got["status"] == CmStatus.BAD_COUNT
        elif at == size:
            assert got["status"] == CmStatus.INDEX_OUT_OF_RANGE
        else:
            assert got["status"] == CmStatus.DONE
            moved = min(count, size - at)
            assert (got["start"], got["count"], got["streaming"]) == (at, moved, 1)


def test_cells():
    pairs = [(r, c) for r in (0, ROWS - 1, ROWS, *FAR) for c in (0, COLUMNS - 1, COLUMNS, *FAR)]
    for word in (initialize(), param_read()):
        got = decode_all([(word, r, c, 200, 0, 0) for r, c in pairs])
        for (row, column), result in zip(pairs, got, strict=True):
            good = row < ROWS and column < COLUMNS
            assert result["status"] == (0 if good else CmStatus.INDEX_OUT_OF_RANGE)


def test_xzr_reads_zero_where_it_selects_no_form():
    (got,) = decode_all([(dequeue(rm=31), 0, 4, 0, 0, 0)])
    assert got["status"] == CmStatus.BAD_COUNT
    (got,) = decode_all([(queue(rm=31), 0, 0xFFFF, 0, 0, 0)])
    assert (got["status"], got["data"], got["count"]) == (0, 0, 4)
    (got,) = decode_all([(initialize(rm=31, rn=31), 99, 99, 1, 0, 0)])
    assert got["status"] == 0


def test_every_other_opcode_is_unknown():
    known = {encode(operation) >> 15 & ~0x3E for operation in CmOperation if operation}
    selectors = [(opcode, rw) for opcode in range(2048) for rw in (0, 1)]
    got = decode_all([(opcode << 21 | rw << 15, 0, 1, 1, 0, 0) for opcode, rw in selectors])
    unknown = 0
    for (opcode, rw), result in zip(selectors, got, strict=True):
        is_known = opcode << 6 | rw in known
        assert (result["operation"] == CmOperation.UNKNOWN) is not is_known
        unknown += result["status"] == CmStatus.UNKNOWN_INSTRUCTION
    assert unknown == len(selectors) - 5
