# SPDX-License-Identifier: Apache-2.0
"""Where a stage's results go: to other cores, or to the network's outputs."""

from dataclasses import dataclass

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw import kernels
from alpine_sw.library.aimclib import section
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.mapping import Stage

from .core_context import CoreContext

__all__ = ["BufferResult", "OutputResult"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BufferResult:
    """Results for other cores.

    Members
    -------
    tensor : name.
    channel : between the cores.
    maker : number of this one among those that fill a slot.
    early : whether a slot is claimed before the product.
    copied : whether the core keeps the results in memory of its own and copies them to others.
    """

    tensor: str
    channel: PingPong
    maker: int
    early: bool = False
    copied: bool = False

    def claim(self) -> Program:
        """Wait for a slot and return the share of it to fill."""
        return (yield from section("synchronisation", self.channel.free_part(self.maker)))

    def put(self) -> Program:
        """Hand the share over."""
        yield from section("synchronisation", self.channel.put(self.maker))

    def copy(self, results: Buffer) -> Program:
        """Wait for a slot, copy results of the core's own into it, hand the share over."""
        place: Buffer = yield from self.claim()
        yield from section("state writeback", kernels.copy(place, results))
        yield from self.put()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OutputResult:
    """Results that are the network's.

    Members
    -------
    tensor : name.
    stage : that makes them, or a share of them.
    context : of the core.
    """

    tensor: str
    stage: Stage
    context: CoreContext

    def write(self, inference: int, results: Buffer) -> Program:
        """Copy results to where they belong; choose what the network reads next, if it does."""
        run = self.context.run
        first, end = self.stage.outputs if self.stage.count > 1 else (0, len(results.data))
        target = run.output(inference, first, end)
        inline = self.context.style(self.stage).inline_copies
        style = "inline" if inline else "memcpy"
        yield from section("output writeback", kernels.copy(target, results, style=style))
        if run.chosen(inference + 1):
            yield from self._choose(inference + 1, results)
        if self.stage.number == 0:
            run.on_step()

    def _choose(self, inference: int, results: Buffer) -> Program:
        """Choose what an inference reads and write it where that finds it; the last is not read."""
        run, channel = self.context.run, self.context.choice
        assert run.writing is not None
        draws = run.writing.draws
        draw = None if draws is None else float(draws[inference - run.writing.given])
        symbols = results.part(0, run.writing.symbols)
        symbol = yield from section("symbol choice", kernels.choose(symbols, draw=draw))
        if inference == run.count:
            return
        if channel is None:
            yield from section("symbol choice", kernels.one_hot(symbol, run.input(inference)))
            return
        place = yield from section("synchronisation", channel.free_part())
        yield from section("symbol choice", kernels.one_hot(symbol, place))
        yield from section("synchronisation", channel.put())
