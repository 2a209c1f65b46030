# SPDX-License-Identifier: Apache-2.0
"""What double buffering adds: DAC registers of their own, and answers that wait for an MVM."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.tile import TileConfig, pending_answers

from .typed import Component

__all__ = ["DacBank", "PendingAnswers"]


class DacBank(Component):
    """Hold the DAC codes of the running MVM, so that the input memory is free for the next vector.

    The bank has no reset of its own: hold ``clear`` in the cycle after one.

    Parameters
    ----------
    config : TileConfig
        Geometry; ``rows`` codes are held.

    Members
    -------
    load : In(1)
        Take all of ``i_codes`` at this clock edge.
    clear : In(1)
        Set every code to 0 at this clock edge, so that word lines rest between MVMs; wins over
        ``load``.
    i_codes : In(8 * rows), o_codes : Out(8 * rows)
        The codes, word line 0 in the lowest byte.
    """

    load: Signal
    clear: Signal
    i_codes: Signal
    o_codes: Signal

    def __init__(self, *, config: TileConfig):
        self._width = 8 * config.rows
        super().__init__(
            {
                "load": In(1),
                "clear": In(1),
                "i_codes": In(self._width),
                "o_codes": Out(self._width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bank = Signal(self._width, reset_less=True)
        m.d.comb += self.o_codes.eq(bank)
        with m.If(self.clear):
            m.d.sync += bank.eq(0)
        with m.Elif(self.load):
            m.d.sync += bank.eq(self.i_codes)
        return m


class PendingAnswers(Component):
    """Count the answers owed by a running MVM and by the queues accepted behind it.

    All of them are alike (status done, destination register 0), so their number is all there is to
    keep.

    Parameters
    ----------
    config : TileConfig
        Geometry; `pending_answers` tells how many can wait.

    Members
    -------
    add : In(1)
        One more answer is owed from the next cycle on. Must be low while ``full`` is high.
    take : In(1)
        One was given in this cycle. Must be low while ``any`` is low.
    any : Out(1)
        At least one answer is owed. From a register.
    full : Out(1)
        No room. From a register.
    """

    add: Signal
    take: Signal
    any: Signal
    full: Signal

    def __init__(self, *, config: TileConfig):
        self.capacity = pending_answers(config)
        super().__init__({"add": In(1), "take": In(1), "any": Out(1), "full": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        owed = Signal(range(self.capacity + 1))
        m.d.comb += [self.any.eq(owed != 0), self.full.eq(owed == self.capacity)]
        with m.If(self.add & ~self.take):
            m.d.sync += owed.eq(owed + 1)
        with m.If(self.take & ~self.add):
            m.d.sync += owed.eq(owed - 1)
        return m
