# SPDX-License-Identifier: Apache-2.0
"""What the instruction set says about one request, written down a second time.

It shares neither code nor structure with `CmDecoder`: opcodes are the published numbers, indices
and counts are added and compared at full width, and memories are described byte by byte. It may be
as slow and as large as clarity wants, as nobody builds it.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig
from alpine_rtl.typed import Component

__all__ = ["CmSpecification", "bytes_of", "read_group", "write_group"]

COUNTER_BITS = 17
"""Holds any number of lines, and one more."""


class CmSpecification(Component):
    """Tell what a request must do, given the streaming counters; combinational.

    Parameters
    ----------
    config : TileConfig
        Geometry.

    Members
    -------
    instr : In(32), rn, rm, ra : In(64)
        The request, as at the CM port.
    input_counter, output_counter : In(17)
        Where the next streaming transfer begins.
    operation : Out(CmOperation)
        What the word asks for, honoured or not.
    status : Out(4)
        Lowest code that applies.
    start, moved : Out(17), Out(3)
        First index and number of bytes of an honoured transfer.
    streaming : Out(1)
        The transfer uses the tile's own counter.
    row, column : Out(17)
        Cell of an honoured cell access.
    data : Out(32)
        Bytes of a queue; weight, in the low byte, of a cell to program.
    """

    instr: Signal
    rn: Signal
    rm: Signal
    ra: Signal
    input_counter: Signal
    output_counter: Signal
    operation: Signal
    status: Signal
    start: Signal
    moved: Signal
    streaming: Signal
    row: Signal
    column: Signal
    data: Signal

    def __init__(self, *, config: TileConfig):
        self._config = config
        super().__init__(
            {
                "instr": In(32),
                "rn": In(64),
                "rm": In(64),
                "ra": In(64),
                "input_counter": In(COUNTER_BITS),
                "output_counter": In(COUNTER_BITS),
                "operation": Out(CmOperation),
                "status": Out(4),
                "start": Out(COUNTER_BITS),
                "moved": Out(3),
                "streaming": Out(1),
                "row": Out(COUNTER_BITS),
                "column": Out(COUNTER_BITS),
                "data": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        opcode, rw = self.instr >> 21, self.instr[15]
        rm_zero, ra_zero, rn_zero = (((self.instr >> low) & 0x1F) == 0x1F for low in (16, 10, 5))
        rm = Signal(64)
        ra = Signal(64)
        rn = Signal(64)
        transfer, queue = opcode == 0x108, rw
        m.d.comb += [
            rm.eq(Mux(rm_zero, 0, self.rm)),
            ra.eq(Mux(ra_zero, 0, self.ra)),
            rn.eq(Mux(rn_zero, 0, self.rn)),
            self.streaming.eq(rn_zero),
            self.row.eq(rn),
            self.column.eq(rm),
            self.data.eq(Mux(transfer, rm, ra)),
        ]
        with m.If(transfer & queue):
            m.d.comb += self.operation.eq(CmOperation.QUEUE)
            self._transfer(m, Mux(ra_zero, 4, ra), rn, self.input_counter, self._config.rows)
        with m.Elif(transfer):
            m.d.comb += self.operation.eq(CmOperation.DEQUEUE)
            self._transfer(m, rm, rn, self.output_counter, self._config.columns)
        with m.Elif((opcode == 0x008) & ~rw):
            m.d.comb += self.operation.eq(CmOperation.PROCESS)
        with m.Elif(opcode == 0x208):
            m.d.comb += self.operation.eq(Mux(rw, CmOperation.PARAM_READ, CmOperation.INITIALIZE))
            with m.If((rn >= self._config.rows) | (rm >= self._config.columns)):
                m.d.comb += self.status.eq(3)
        with m.Else():
            m.d.comb += self.status.eq(1)
        return m

    def _transfer(self, m: Module, count: Value, index: Value, counter: Value, size: int) -> None:
        with m.If((count < 1) | (count > 4)):
            m.d.comb += self.status.eq(2)
        with m.Elif(self.streaming):
            with m.If(counter >= size):
                m.d.comb += self.status.eq(3)
            with m.Else():
                m.d.comb += [
                    self.start.eq(counter),
                    self.moved.eq(Mux(counter + count > size, size - counter, count)),
                ]
        with m.Else():
            with m.If(index + count > size):
                m.d.comb += self.status.eq(3)
            with m.Else():
                m.d.comb += [self.start.eq(index), self.moved.eq(count)]


def bytes_of(memory: Value) -> list[Value]:
    """Split a memory into its bytes, lowest first."""
    return [memory[low : low + 8] for low in range(0, len(memory), 8)]


def write_group(memory: Value, *, start: Value, moved: Value, data: Value) -> Value:
    """Return a memory after the low ``moved`` bytes of ``data`` were written from ``start`` on."""
    after: list[Value] = []
    for index, before in enumerate(bytes_of(memory)):
        byte = before
        for position in range(4):
            hit = (start + position == index) & (position < moved)
            byte = Mux(hit, data[8 * position : 8 * position + 8], byte)
        after.append(byte)
    return Cat(after)


def read_group(memory: Value, *, start: Value, moved: Value) -> Value:
    """Return the ``moved`` bytes of a memory from ``start`` on, zero-extended to four bytes."""
    group: list[Value] = []
    for position in range(4):
        byte: Value = Const(0, 8)
        for index, candidate in enumerate(bytes_of(memory)):
            byte = Mux((start + position == index) & (position < moved), candidate, byte)
        group.append(byte)
    return Cat(group)
