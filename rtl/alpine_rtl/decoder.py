# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Decoding and checking of one CM instruction."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from alpine_models.isa import GROUP_BYTES, OPERATIONS, XZR, CmOperation, CmStatus
from alpine_models.tile import TileConfig

from .lanes import index_shape

__all__ = ["CmDecoder"]


class CmDecoder(wiring.Component):
    """Turn an instruction word and its operands into a checked command, combinationally.

    Every rule of the instruction set that can reject a command is decided here, so that a command
    with a non-zero ``status`` need not be looked at again.

    Parameters
    ----------
    config : TileConfig
        Geometry that indices are checked against.

    Members
    -------
    instr : In(32)
        Instruction word.
    rn, rm, ra : In(64)
        Values of the registers that the word names; read as 0 where it names XZR.
    input_counter, output_counter : In(range(rows + 1)), In(range(columns + 1))
        Where the next streaming CM_QUEUE and CM_DEQUEUE begin.
    operation : Out(CmOperation)
        What to do; ``UNKNOWN`` for a word that is no CM instruction.
    status : Out(4)
        `CmStatus`: the lowest code that applies.
    start : Out(range(max(rows, columns)))
        First index of a transfer. Valid when ``status`` is 0 and ``operation`` moves data.
    count : Out(range(5))
        Bytes to move, clipped to the array in the streaming form. Valid like ``start``.
    streaming : Out(1)
        The command uses, and therefore advances, the tile's own counter. Valid like ``start``.
    data : Out(32)
        Packed DAC codes of CM_QUEUE; weight, in the low byte, of CM_INITIALIZE.
    row, column : Out(range(rows)), Out(range(columns))
        Cell address. Valid when ``status`` is 0 and ``operation`` addresses a cell.
    """

    def __init__(self, *, config: TileConfig):
        self.config = config
        super().__init__(
            {
                "instr": In(32),
                "rn": In(64),
                "rm": In(64),
                "ra": In(64),
                "input_counter": In(range(config.rows + 1)),
                "output_counter": In(range(config.columns + 1)),
                "operation": Out(CmOperation),
                "status": Out(4),
                "start": Out(index_shape(max(config.rows, config.columns))),
                "count": Out(range(GROUP_BYTES + 1)),
                "streaming": Out(1),
                "data": Out(32),
                "row": Out(index_shape(config.rows)),
                "column": Out(index_shape(config.columns)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        rm_field, ra_field, rn_field = self.instr[16:21], self.instr[10:15], self.instr[5:10]
        rm, ra, rn = Signal(64), Signal(64), Signal(64)
        for operand, field, value in (
            (rm, rm_field, self.rm),
            (ra, ra_field, self.ra),
            (rn, rn_field, self.rn),
        ):
            m.d.comb += operand.eq(Mux(field == XZR, 0, value))

        # UNKNOWN is the reset value of the enumeration, hence what an unlisted pair leaves.
        with m.Switch(Cat(self.instr[15], self.instr[21:32])):
            for (opcode, rw), operation in OPERATIONS.items():
                with m.Case(opcode << 1 | rw):
                    m.d.comb += self.operation.eq(operation)

        m.d.comb += self.streaming.eq(rn_field == XZR)
        asked = Mux(ra_field == XZR, GROUP_BYTES, ra)
        self._check(m, rn=rn, rm=rm, ra=ra, queue_asks=asked)
        return m

    def _check(self, m, *, rn, rm, ra, queue_asks) -> None:
        """Check the operands by the rules of the operation, and name what is to be done."""
        unknown, bad_count, bad_index = Signal(), Signal(), Signal()
        with m.Switch(self.operation):
            with m.Case(CmOperation.QUEUE):
                self._check_transfer(
                    m,
                    asked=queue_asks,
                    counter=self.input_counter,
                    index=rn,
                    size=self.config.rows,
                    bad_count=bad_count,
                    bad_index=bad_index,
                )
                m.d.comb += self.data.eq(rm)
            with m.Case(CmOperation.DEQUEUE):
                self._check_transfer(
                    m,
                    asked=rm,
                    counter=self.output_counter,
                    index=rn,
                    size=self.config.columns,
                    bad_count=bad_count,
                    bad_index=bad_index,
                )
            with m.Case(CmOperation.PROCESS):
                pass
            with m.Case(CmOperation.INITIALIZE, CmOperation.PARAM_READ):
                m.d.comb += [
                    bad_index.eq((rn >= self.config.rows) | (rm >= self.config.columns)),
                    self.row.eq(rn),
                    self.column.eq(rm),
                    self.data.eq(ra),
                ]
            with m.Default():
                m.d.comb += unknown.eq(1)

        with m.If(unknown):
            m.d.comb += self.status.eq(CmStatus.UNKNOWN_INSTRUCTION)
        with m.Elif(bad_count):
            m.d.comb += self.status.eq(CmStatus.BAD_COUNT)
        with m.Elif(bad_index):
            m.d.comb += self.status.eq(CmStatus.INDEX_OUT_OF_RANGE)

    def _check_transfer(self, m, *, asked, counter, index, size, bad_count, bad_index):
        """Check one group against the array side it touches, in the form the word selects."""
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
        with m.If(self.streaming):
            m.d.comb += [
                bad_index.eq(counter >= size),
                self.start.eq(counter),
                self.count.eq(Mux(left < count, left, count)),
            ]
        with m.Else():
            m.d.comb += [
                bad_index.eq(index[low_bits:].any() | (end > size)),
                self.start.eq(index[:low_bits]),
                self.count.eq(count),
            ]
