# SPDX-License-Identifier: Apache-2.0
"""Counters of the streaming forms: where the next CM_QUEUE and CM_DEQUEUE begin."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.isa import GROUP_BYTES, CmOperation
from alpine_models.tile import TileConfig

from .typed import Component

__all__ = ["StreamCounters"]


class StreamCounters(Component):
    """Advance by the bytes that streaming commands move; return to 0 with every CM_PROCESS.

    Both follow the accepted commands, so that the next command is checked against them although
    the one before has not been carried out.

    Parameters
    ----------
    config : TileConfig
        Geometry.

    Members
    -------
    execute : In(CmOperation)
        Operation accepted at this clock edge, ``UNKNOWN`` for none.
    streaming : In(1), count : In(range(5))
        As `CmDecoder` gives them. Valid with a transfer.
    input, output : Out
        Index of the next byte, up to and including the size of the memory.
    """

    execute: Signal
    streaming: Signal
    count: Signal
    input: Signal
    output: Signal

    def __init__(self, *, config: TileConfig):
        super().__init__(
            {
                "execute": In(CmOperation),
                "streaming": In(1),
                "count": In(range(GROUP_BYTES + 1)),
                "input": Out(range(config.rows + 1)),
                "output": Out(range(config.columns + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for counter, operation in (
            (self.input, CmOperation.QUEUE),
            (self.output, CmOperation.DEQUEUE),
        ):
            with m.If((self.execute == operation) & self.streaming):
                m.d.sync += counter.eq(counter + self.count)
            with m.If(self.execute == CmOperation.PROCESS):
                m.d.sync += counter.eq(0)
        return m
