# SPDX-License-Identifier: Apache-2.0
"""Loop nest of the depthwise engine: which pixel is loaded or stored in which slot."""

from enum import IntEnum

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.imc_cluster import CHANNELS_PER_BLOCK
from alpine_rtl.typed import Component

from .depthwise_context import DEPTHWISE_CONTEXT, SIZE_BITS, DepthwiseContext, outputs
from .ports import ADDRESS_BITS

__all__ = ["DepthwiseNest", "NestState"]

STORE_SLOT = 3
"""Slot of an output row that belongs to the store: behind the loads of a row of pixels."""


class NestState(IntEnum):
    """What the slots are for."""

    IDLE = 0
    """No context has begun."""
    PREPARE = 1
    """Bytes from row to row are computed, a bit per cycle."""
    WEIGHTS = 2
    """The block's nine taps are loaded."""
    WINDOW = 3
    """A column's first nine pixels are loaded."""
    ROWS = 4
    """For each output, a row of pixels is loaded, two with stride 2, and an output stored."""
    DRAIN = 5
    """The block's last output is computed and stored."""


class DepthwiseNest(Component):
    """Go through blocks of 16 channels, output columns and output rows, slot by slot.

    A block takes nine slots for its weights; for each output column nine for the window and for
    each output row four, seven with stride 2; and two at its end. Loads of padding and of rows
    that no output needs keep their slots and go without the memory. A row's store slot stores the
    output before, as the row's own is complete four slots behind its first.

    Members
    -------
    begin : In(1), context : In(DepthwiseContext)
        Begin with a context, which holds still until ``ended``. Must be low but in ``IDLE``.
    state : Out(NestState)
        From a register.
    step : In(1)
        The slot ends with this cycle. Must be low in ``IDLE`` and ``PREPARE``.
    load, pad, store : Out(1)
        The slot loads from memory, loads zeros, stores. From registers.
    to_weights, row, column : Out
        What a load is for; the rows of the window as they are when its data arrive.
    load_address, store_address : Out(32)
        From registers.
    first_of_row : Out(1)
        The first slot of an output row: its window is complete in the next one.
    has_output : In(1)
        An output waits to be stored.
    ended : Out(1)
        With ``step``: the context's last slot.
    """

    begin: Signal
    context: DepthwiseContext
    state: Signal
    step: Signal
    load: Signal
    pad: Signal
    store: Signal
    to_weights: Signal
    row: Signal
    column: Signal
    load_address: Signal
    store_address: Signal
    first_of_row: Signal
    has_output: Signal
    ended: Signal

    def __init__(self) -> None:
        flags = ("load", "pad", "store", "to_weights", "first_of_row", "ended")
        super().__init__(
            {
                "begin": In(1),
                "context": In(DEPTHWISE_CONTEXT),
                "state": Out(NestState),
                "step": In(1),
                **{name: Out(1) for name in flags},
                "row": Out(2),
                "column": Out(2),
                "load_address": Out(ADDRESS_BITS),
                "store_address": Out(ADDRESS_BITS),
                "has_output": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        context = self.context
        # Position in the nest; pixels of a column are counted with its padding.
        self._slot = Signal(3)
        self._line = Signal(SIZE_BITS + 1)
        self._x = Signal(SIZE_BITS)
        self._y = Signal(SIZE_BITS)
        self._left_edge = Signal(SIZE_BITS + 1)
        self._stored = Signal(SIZE_BITS + 1)
        self._pitch = Signal(ADDRESS_BITS)
        self._two = Signal()
        self._rows = Signal(SIZE_BITS + 1)
        self._columns = Signal(SIZE_BITS + 1)
        self._row_bytes = Signal(ADDRESS_BITS)
        self._out_row_bytes = Signal(ADDRESS_BITS)
        m.d.comb += [
            self._two.eq(context.mode_stride == 2),
            self._pitch.eq(Mux(context.pitch == 0, context.channels, context.pitch)),
            self._rows.eq(
                outputs(context.height, context.mode_top, context.mode_bottom, context.mode_stride)
            ),
            self._columns.eq(
                outputs(context.width, context.mode_left, context.mode_right, context.mode_stride)
            ),
        ]
        self._say_what_slots_do(m)
        self._prepare(m)
        self._move_on(m)
        return m

    def _say_what_slots_do(self, m: Module) -> None:
        context = self.context
        state, slot = self.state, self._slot
        loads = Signal()
        inside = Signal()
        across = Signal(SIZE_BITS + 2)
        in_rows = state == NestState.ROWS
        last_row = self._y == self._rows - 1
        m.d.comb += [
            self.to_weights.eq(state == NestState.WEIGHTS),
            across.eq(self._left_edge + self.column),
            inside.eq(
                (self._line >= context.mode_top)
                & (self._line < context.height[:SIZE_BITS] + context.mode_top)
                & (across >= context.mode_left)
                & (across < context.width[:SIZE_BITS] + context.mode_left)
            ),
            loads.eq((state == NestState.WINDOW) | (in_rows & (slot != STORE_SLOT) & ~last_row)),
            self.load.eq(self.to_weights | (loads & inside)),
            self.pad.eq(loads & ~inside),
            self.store.eq(
                ((in_rows & (slot == STORE_SLOT)) | ((state == NestState.DRAIN) & (slot == 1)))
                & self.has_output
            ),
            self.first_of_row.eq(in_rows & (slot == 0)),
        ]

    def _prepare(self, m: Module) -> None:
        """Multiply both widths by the pitch, then stand at the first block's weights."""
        context, state = self.context, self.state
        bits_left = Signal(range(SIZE_BITS + 1))
        factor = Signal(ADDRESS_BITS)
        width = Signal(SIZE_BITS)
        out_width = Signal(SIZE_BITS)
        self._source = Signal(ADDRESS_BITS)
        self._destination = Signal(ADDRESS_BITS)
        self._weights = Signal(ADDRESS_BITS)
        self._channels_left = Signal(ADDRESS_BITS)
        with m.If(self.begin):
            m.d.sync += [
                state.eq(NestState.PREPARE),
                bits_left.eq(SIZE_BITS),
                factor.eq(self._pitch),
                width.eq(context.width),
                out_width.eq(self._columns),
                self._row_bytes.eq(0),
                self._out_row_bytes.eq(0),
            ]
        with m.If((state == NestState.PREPARE) & (bits_left != 0)):
            m.d.sync += [
                bits_left.eq(bits_left - 1),
                factor.eq(factor << 1),
                width.eq(width >> 1),
                out_width.eq(out_width >> 1),
                self._row_bytes.eq(self._row_bytes + Mux(width[0], factor, 0)),
                self._out_row_bytes.eq(self._out_row_bytes + Mux(out_width[0], factor, 0)),
            ]
        with m.Elif(state == NestState.PREPARE):
            corner = Mux(context.mode_left, self._pitch, 0) + Mux(
                context.mode_top, self._row_bytes, 0
            )
            m.d.sync += [
                self._source.eq(context.source - corner),
                self._destination.eq(context.destination),
                self._weights.eq(context.weights),
                self._channels_left.eq(context.channels),
                self.load_address.eq(context.weights),
                state.eq(NestState.WEIGHTS),
                self.row.eq(0),
                self.column.eq(0),
            ]

    def _move_on(self, m: Module) -> None:
        """Go from slot to slot."""
        state, slot = self.state, self._slot
        nine = (self.row == 2) & (self.column == 2)
        self._row_start = Signal(ADDRESS_BITS)
        self._column_start = Signal(ADDRESS_BITS)
        self._out_column = Signal(ADDRESS_BITS)
        with m.If(self.step):
            with m.If(self.store):
                self._next_store(m)
            with m.Switch(state):
                with m.Case(NestState.WEIGHTS):
                    m.d.sync += self.load_address.eq(self.load_address + self.context.channels)
                    self._next_of_nine(m)
                    with m.If(nine):
                        self._begin_block(m)
                with m.Case(NestState.WINDOW):
                    self._next_pixel(m)
                    self._next_of_nine(m)
                    with m.If(nine):
                        m.d.sync += [state.eq(NestState.ROWS), slot.eq(0), self._y.eq(0)]
                        m.d.sync += self.row.eq(3)
                with m.Case(NestState.ROWS):
                    with m.If(slot != STORE_SLOT):
                        self._next_pixel(m)
                    with m.Else():
                        # With stride 2 the second row comes when the window has moved by two.
                        m.d.sync += self.row.eq(2)
                    m.d.sync += slot.eq(slot + 1)
                    with m.If(slot == Mux(self._two, 2 * STORE_SLOT, STORE_SLOT)):
                        self._end_row(m)
                with m.Case(NestState.DRAIN):
                    m.d.sync += slot.eq(1)
                    with m.If(slot == 1):
                        self._end_block(m)

    def _next_of_nine(self, m: Module) -> None:
        with m.If(self.column == 2):
            m.d.sync += [self.column.eq(0), self.row.eq(self.row + 1)]
        with m.Else():
            m.d.sync += self.column.eq(self.column + 1)

    def _next_pixel(self, m: Module) -> None:
        """Go to the next pixel of three, then to the row below."""
        with m.If(self.column == 2):
            below = self._row_start + self._row_bytes
            m.d.sync += [
                self.column.eq(0),
                self._line.eq(self._line + 1),
                self._row_start.eq(below),
                self.load_address.eq(below),
            ]
        with m.Else():
            m.d.sync += [
                self.column.eq(self.column + 1),
                self.load_address.eq(self.load_address + self._pitch),
            ]

    def _begin_block(self, m: Module) -> None:
        m.d.sync += [
            self._x.eq(0),
            self._left_edge.eq(0),
            self._out_column.eq(self._destination),
            self.store_address.eq(self._destination),
            self._stored.eq(0),
        ]
        self._begin_column(m, self._source)

    def _begin_column(self, m: Module, address: Signal) -> None:
        m.d.sync += [
            self.state.eq(NestState.WINDOW),
            self.row.eq(0),
            self.column.eq(0),
            self._line.eq(0),
            self._column_start.eq(address),
            self._row_start.eq(address),
            self.load_address.eq(address),
        ]

    def _end_row(self, m: Module) -> None:
        m.d.sync += [self._slot.eq(0), self._y.eq(self._y + 1), self.row.eq(3)]
        with m.If(self._y == self._rows - 1):
            following = Signal(ADDRESS_BITS)
            m.d.comb += following.eq(
                self._column_start + Mux(self._two, self._pitch << 1, self._pitch)
            )
            m.d.sync += [
                self._x.eq(self._x + 1),
                self._left_edge.eq(self._left_edge + self.context.mode_stride),
            ]
            self._begin_column(m, following)
            with m.If(self._x == self._columns - 1):
                m.d.sync += self.state.eq(NestState.DRAIN)

    def _next_store(self, m: Module) -> None:
        """Outputs are stored column by column."""
        with m.If(self._stored == self._rows - 1):
            m.d.sync += [
                self._stored.eq(0),
                self._out_column.eq(self._out_column + self._pitch),
                self.store_address.eq(self._out_column + self._pitch),
            ]
        with m.Else():
            m.d.sync += [
                self._stored.eq(self._stored + 1),
                self.store_address.eq(self.store_address + self._out_row_bytes),
            ]

    def _end_block(self, m: Module) -> None:
        """Go to the next 16 channels."""
        last = self._channels_left == CHANNELS_PER_BLOCK
        weights = Signal(ADDRESS_BITS)
        m.d.comb += [
            self.ended.eq(last),
            weights.eq(self._weights + CHANNELS_PER_BLOCK),
        ]
        m.d.sync += [
            self._source.eq(self._source + CHANNELS_PER_BLOCK),
            self._destination.eq(self._destination + CHANNELS_PER_BLOCK),
            self._weights.eq(weights),
            self._channels_left.eq(self._channels_left - CHANNELS_PER_BLOCK),
            self.load_address.eq(weights),
            self.state.eq(Mux(last, NestState.IDLE, NestState.WEIGHTS)),
            self._slot.eq(0),
            self.row.eq(0),
            self.column.eq(0),
        ]
