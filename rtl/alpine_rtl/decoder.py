# SPDX-License-Identifier: Apache-2.0
"""Decoding and checking of one CM instruction."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from alpine_models.isa import GROUP_BYTES, OPERATIONS, XZR, CmOperation, CmStatus
from alpine_models.tile import TileConfig

from .interfaces import CM_REQUEST, CmRequestRecord, Command, command_layout
from .typed import Component, RecordLayout

__all__ = ["CmDecoder"]


class CmDecoder(Component):
    """Turn an instruction word and its operands into a checked command, combinationally.

    Every rule of the instruction set that can reject a command is decided here, so that a command
    with a non-zero ``status`` need not be looked at again.

    Parameters
    ----------
    config : TileConfig
        Geometry that indices are checked against.

    Members
    -------
    request : In(CmRequestRecord)
        What the CM port asks; operands read as 0 where the word names XZR.
    input_counter, output_counter : In(range(rows + 1)), In(range(columns + 1))
        Where the next streaming CM_QUEUE and CM_DEQUEUE begin.
    decoded : Out(Command)
        What to do, or why not.
    """

    request: CmRequestRecord
    input_counter: Signal
    output_counter: Signal
    decoded: Command

    def __init__(self, *, config: TileConfig):
        self.config = config
        self._layout = command_layout(config)
        super().__init__(
            {
                "request": In(CM_REQUEST),
                "input_counter": In(range(config.rows + 1)),
                "output_counter": In(range(config.columns + 1)),
                "decoded": Out(self._layout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()

        instr = self.request.instr
        rm_field, ra_field, rn_field = instr[16:21], instr[10:15], instr[5:10]
        rm, ra, rn = Signal(64), Signal(64), Signal(64)
        for operand, field, value in (
            (rm, rm_field, self.request.rm),
            (ra, ra_field, self.request.ra),
            (rn, rn_field, self.request.rn),
        ):
            m.d.comb += operand.eq(Mux(field == XZR, 0, value))

        # Signals of their own, as a field that decides about others must not be one with them.
        made = _Fields(self._layout)
        m.d.comb += self.decoded.eq(self._layout.pack(**made.signals))
        # UNKNOWN is the reset value of the enumeration, hence what an unlisted pair leaves.
        with m.Switch(Cat(instr[15], instr[21:32])):
            for (opcode, rw), operation in OPERATIONS.items():
                with m.Case(opcode << 1 | rw):
                    m.d.comb += made.operation.eq(operation)

        m.d.comb += made.streaming.eq(rn_field == XZR)
        asked = Mux(ra_field == XZR, GROUP_BYTES, ra)
        self._check(m, made, _Operands(rn=rn, rm=rm, ra=ra, queue_asks=asked))
        return m

    def _check(self, m: Module, made: "_Fields", given: "_Operands") -> None:
        """Check the operands by the rules of the operation, and name what is to be done."""
        rn, rm = given.rn, given.rm
        unknown, bad_count, bad_index = Signal(), Signal(), Signal()
        with m.Switch(made.operation):
            with m.Case(CmOperation.QUEUE):
                transfer = _Transfer(given.queue_asks, self.input_counter, rn, self.config.rows)
                _check_transfer(m, made, transfer, bad_count=bad_count, bad_index=bad_index)
                m.d.comb += made.data.eq(rm)
            with m.Case(CmOperation.DEQUEUE):
                transfer = _Transfer(rm, self.output_counter, rn, self.config.columns)
                _check_transfer(m, made, transfer, bad_count=bad_count, bad_index=bad_index)
            with m.Case(CmOperation.PROCESS):
                pass
            with m.Case(CmOperation.INITIALIZE, CmOperation.PARAM_READ):
                m.d.comb += [
                    bad_index.eq((rn >= self.config.rows) | (rm >= self.config.columns)),
                    made.row.eq(rn),
                    made.column.eq(rm),
                    made.data.eq(given.ra),
                ]
            with m.Default():
                m.d.comb += unknown.eq(1)

        with m.If(unknown):
            m.d.comb += made.status.eq(CmStatus.UNKNOWN_INSTRUCTION)
        with m.Elif(bad_count):
            m.d.comb += made.status.eq(CmStatus.BAD_COUNT)
        with m.Elif(bad_index):
            m.d.comb += made.status.eq(CmStatus.INDEX_OUT_OF_RANGE)


class _Operands(NamedTuple):
    rn: Value
    rm: Value
    ra: Value
    queue_asks: Value


class _Transfer(NamedTuple):
    """Bytes asked for, the tile's own counter, the index named, and the size of the memory."""

    asked: Value
    counter: Value
    line: Value
    size: int


class _Fields:
    """A signal for each field of a command."""

    operation: Signal
    status: Signal
    start: Signal
    count: Signal
    streaming: Signal
    data: Signal
    row: Signal
    column: Signal

    def __init__(self, layout: RecordLayout[Command]):
        self.signals = {n: Signal(shape, name=n) for n, shape in layout.shapes.items()}
        self.__dict__.update(self.signals)


def _check_transfer(
    m: Module, made: _Fields, transfer: _Transfer, *, bad_count: Signal, bad_index: Signal
) -> None:
    """Check one group against the array side it touches, in the form the word selects."""
    asked, counter, index, size = transfer
    low_bits = bits_for(size)
    count = Signal(unsigned(3), name="asked_count")
    end = Signal(max(low_bits, len(count)) + 1, name="indexed_end")
    left = Signal(low_bits, name="left_of_array")
    m.d.comb += [
        bad_count.eq((asked == 0) | (asked > GROUP_BYTES)),
        count.eq(asked[:3]),
        end.eq(index[:low_bits] + count),
        left.eq(size - counter),
    ]
    with m.If(made.streaming):
        m.d.comb += [
            bad_index.eq(counter >= size),
            made.start.eq(counter),
            made.count.eq(Mux(left < count, left, count)),
        ]
    with m.Else():
        m.d.comb += [
            bad_index.eq(index[low_bits:].any() | (end > size)),
            made.start.eq(index[:low_bits]),
            made.count.eq(count),
        ]
