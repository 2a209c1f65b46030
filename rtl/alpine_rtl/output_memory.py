# SPDX-License-Identifier: Apache-2.0
"""Output memory: the register bank that takes the ADC codes of all bit lines at once."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.isa import GROUP_BYTES
from alpine_models.tile import TileConfig

from .lanes import index_shape, lane_bits, lane_word, lane_words
from .typed import Component

__all__ = ["OutputMemory"]


class OutputMemory(Component):
    """Hold one signed 8-bit ADC code per bit line; read consecutive ones, up to a group at a time.

    The bank has no reset of its own: hold ``clear`` in the cycle after one.

    Parameters
    ----------
    config : TileConfig
        Geometry; ``columns`` bytes are held.
    group_bytes : int
        Most bytes of a transfer, a power of two.

    Members
    -------
    sample : In(1)
        Take all of ``codes`` at this clock edge.
    clear : In(1)
        Set every code to 0 at this clock edge; wins over ``sample``.
    codes : In(8 * columns)
        ADC codes, bit line 0 in the lowest byte. Valid when ``sample`` is high.
    start : In(range(columns)), count : In(range(group_bytes + 1))
        First index and number of bytes to read; ``start + count`` must not exceed ``columns``.
    data : Out(8 * group_bytes)
        The bytes, lowest index in the lowest byte, zero above ``count``; combinational.
    """

    sample: Signal
    clear: Signal
    codes: Signal
    start: Signal
    count: Signal
    data: Signal

    def __init__(self, *, config: TileConfig, group_bytes: int = GROUP_BYTES):
        self.config = config
        self.group_bytes = group_bytes
        super().__init__(
            {
                "sample": In(1),
                "clear": In(1),
                "codes": In(8 * config.columns),
                "start": In(index_shape(max(config.rows, config.columns))),
                "count": In(range(group_bytes + 1)),
                "data": Out(8 * group_bytes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, bits = self.group_bytes, lane_bits(self.group_bytes)
        bank = Signal(8 * self.config.columns, reset_less=True)
        with m.If(self.clear):
            m.d.sync += bank.eq(0)
        with m.Elif(self.sample):
            m.d.sync += bank.eq(self.codes)

        codes: list[Value] = []
        for lane in range(lanes):
            if lane >= self.config.columns:
                codes.append(Const(0, 8))
                continue
            # As wide as the sum and no wider: a constant top bit would hide a full case as a latch.
            address = lane_word(self.start, lane, lanes)
            word = Signal(len(address), name=f"lane{lane}_word")
            code = Signal(8, name=f"lane{lane}_code")
            m.d.comb += word.eq(address)
            with m.Switch(word):
                for w in range(lane_words(self.config.columns, lane, lanes)):
                    with m.Case(w):
                        m.d.comb += code.eq(bank.word_select(lanes * w + lane, 8))
            codes.append(code)
        by_lane = Array(codes)
        # Signals of their own: the bytes are ports one by one, which take their names from these.
        read = [Signal(8, name=f"data_byte{i}") for i in range(lanes)]
        for i, byte in enumerate(read):
            m.d.comb += byte.eq(Mux(i < self.count, by_lane[(self.start[:bits] + i)[:bits]], 0))
        m.d.comb += self.data.eq(Cat(read))
        return m
