# SPDX-License-Identifier: Apache-2.0
"""Arithmetic of the depthwise engine: weights, a window of pixels, 36 multipliers."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.imc_cluster import CHANNELS_PER_BLOCK
from alpine_rtl.typed import Component

__all__ = ["LANES", "PIXEL_BITS", "WINDOW_ROWS", "DepthwiseArray"]

PIXEL_BITS = 8 * CHANNELS_PER_BLOCK
"""What one block of channels has of a pixel."""

LANES = 4
"""Channels multiplied in a cycle, nine taps each: 36 multipliers (Garofalo et al. 2022)."""

WINDOW_ROWS = 4
"""Rows of the window: those of the filter, and one that is filled meanwhile."""


class DepthwiseArray(Component):
    """Hold weights and window of one block of 16 channels, and compute its outputs.

    Parameters
    ----------
    beat_bytes : int
        Bytes of a pixel that arrive at once, at most 16.

    Members
    -------
    write : In(1), to_weights : In(1), row : In(2), column : In(2), beat : In(2), data : In
        Bytes arrive: those of a tap's weights or of a pixel of the window, and which of them.
    multiply : In(1), group : In(2)
        The products of four channels are taken at this clock edge; after group 3 the output is
        complete.
    move : In(1), by_two : In(1)
        The window moves down by a row, or two, at this clock edge.
    shift : In(5), relu : In(1)
        From sum to code. Hold still.
    output : Out(128)
        Codes of the output completed last.
    """

    write: Signal
    to_weights: Signal
    row: Signal
    column: Signal
    beat: Signal
    data: Signal
    multiply: Signal
    group: Signal
    move: Signal
    by_two: Signal
    shift: Signal
    relu: Signal
    output: Signal

    def __init__(self, *, beat_bytes: int):
        self._beat_bits = 8 * beat_bytes
        super().__init__(
            {
                "write": In(1),
                "to_weights": In(1),
                "row": In(2),
                "column": In(2),
                "beat": In(2),
                "data": In(self._beat_bits),
                "multiply": In(1),
                "group": In(2),
                "move": In(1),
                "by_two": In(1),
                "shift": In(5),
                "relu": In(1),
                "output": Out(PIXEL_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        window = [
            [Signal(PIXEL_BITS, name=f"pixel{row}{column}") for column in range(3)]
            for row in range(WINDOW_ROWS)
        ]
        weights = [
            [Signal(PIXEL_BITS, name=f"weight{row}{column}") for column in range(3)]
            for row in range(3)
        ]
        with m.If(self.move):
            for column in range(3):
                for row in range(3):
                    after_two = window[min(row + 2, WINDOW_ROWS - 1)][column]
                    m.d.sync += window[row][column].eq(
                        Mux(self.by_two, after_two, window[row + 1][column])
                    )
        for chosen, registers in ((~self.to_weights, window), (self.to_weights, weights)):
            for row, pixels in enumerate(registers):
                for column, pixel in enumerate(pixels):
                    here = (self.row == row) & (self.column == column)
                    with m.If(self.write & chosen & here):
                        m.d.sync += pixel.word_select(self.beat, self._beat_bits).eq(self.data)
        self._compute(m, window, weights)
        return m

    def _compute(self, m: Module, window: list[list[Signal]], weights: list[list[Signal]]) -> None:
        codes: list[Value] = []
        for lane in range(LANES):
            channel = Signal(4, name=f"channel{lane}")
            m.d.comb += channel.eq(self.group * LANES + lane)
            total: Value | None = None
            for row in range(3):
                for column in range(3):
                    weight = weights[row][column].word_select(channel, 8).as_signed()
                    product = weight * window[row][column].word_select(channel, 8).as_signed()
                    total = product if total is None else total + product
            assert total is not None
            shifted = Signal(32, name=f"shifted{lane}")
            m.d.comb += shifted.eq(_signed(m, total, f"sum{lane}") >> self.shift)
            codes.append(self._code(shifted.as_signed()))
        # The first twelve codes wait for the last four; the output holds still meanwhile.
        gathered = Signal(PIXEL_BITS)
        four = Cat(codes)
        with m.If(self.multiply):
            m.d.sync += gathered.word_select(self.group, 8 * LANES).eq(four)
            with m.If(self.group == LANES - 1):
                m.d.sync += self.output.eq(Cat(gathered[: -8 * LANES], four))

    def _code(self, value: Value) -> Value:
        """Return a value after ReLU and clipping to 8 bits."""
        low = Mux(self.relu, 0, -128)
        return Mux(value < low, low, Mux(value > 127, 127, value))[:8]


def _signed(m: Module, value: Value, name: str) -> Value:
    """Return a sum in the 32 bits in which it is shifted."""
    total = Signal(32, name=name)
    m.d.comb += total.eq(value)
    return total.as_signed()
