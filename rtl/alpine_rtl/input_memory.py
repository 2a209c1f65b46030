# SPDX-License-Identifier: Apache-2.0
"""Input memory: the register bank whose bytes drive the word-line DACs."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.isa import GROUP_BYTES
from alpine_models.tile import TileConfig

from .lanes import index_shape, lane_bits, lane_offset, lane_word, lane_words
from .typed import Component

__all__ = ["InputMemory"]


class InputMemory(Component):
    """Hold one signed 8-bit DAC code per word line, all presented in parallel.

    The bank has no reset of its own: hold ``clear`` in the cycle after one.

    Parameters
    ----------
    config : TileConfig
        Geometry; ``rows`` bytes are held.
    group_bytes : int
        Most bytes of a transfer, a power of two.

    Members
    -------
    write : In(1)
        Store ``count`` bytes from ``start`` on at this clock edge.
    start : In(range(rows)), count : In(range(group_bytes + 1)), data : In(8 * group_bytes)
        First index, number of bytes and the bytes, lowest index in the lowest byte. Valid when
        ``write`` is high; ``start + count`` must not exceed ``rows``.
    clear : In(1)
        Set every code to 0 at this clock edge; wins over ``write``.
    codes : Out(8 * rows)
        The codes, word line 0 in the lowest byte.
    """

    write: Signal
    start: Signal
    count: Signal
    data: Signal
    clear: Signal
    codes: Signal

    def __init__(self, *, config: TileConfig, group_bytes: int = GROUP_BYTES):
        self.config = config
        self.group_bytes = group_bytes
        super().__init__(
            {
                "write": In(1),
                "start": In(index_shape(max(config.rows, config.columns))),
                "count": In(range(group_bytes + 1)),
                "data": In(8 * group_bytes),
                "clear": In(1),
                "codes": Out(8 * config.rows),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self.group_bytes
        bank = Signal(8 * self.config.rows, reset_less=True)
        m.d.comb += self.codes.eq(bank)
        incoming = Array(self.data.word_select(i, 8) for i in range(lanes))
        for lane in range(min(lanes, self.config.rows)):
            offset = Signal(lane_bits(lanes), name=f"lane{lane}_offset")
            # As wide as the sum and no wider: a constant top bit would hide a full case as a latch.
            address = lane_word(self.start, lane, lanes)
            word = Signal(len(address), name=f"lane{lane}_word")
            code = Signal(8, name=f"lane{lane}_code")
            m.d.comb += [
                offset.eq(lane_offset(self.start, lane, lanes)),
                word.eq(address),
                code.eq(incoming[offset]),
            ]
            with m.If(self.write & (offset < self.count)), m.Switch(word):
                for w in range(lane_words(self.config.rows, lane, lanes)):
                    with m.Case(w):
                        m.d.sync += bank.word_select(lanes * w + lane, 8).eq(code)
        with m.If(self.clear):
            m.d.sync += bank.eq(0)
        return m
