# SPDX-License-Identifier: Apache-2.0
"""Where a stage's vectors come from and where its results go."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw import kernels
from alpine_sw.library.aimclib import PACKING, section
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.mapping import Style

from .core_context import CoreContext
from .run_memory import RunMemory

__all__ = ["BufferSource", "ChosenSource", "InputSource", "OwnSource", "VectorSource", "load"]


class VectorSource(Protocol):
    """Vectors that a stage reads."""

    @property
    def own(self) -> bool:
        """Whether they lie in the core's own memory, where the stage reads them in place."""
        ...

    def wait(self, inference: int) -> Program:
        """Wait for the vector of an inference and return it."""
        ...

    def release(self, inference: int) -> Program:
        """Declare it read."""
        ...


@dataclass(frozen=True, slots=True)
class OwnSource:
    """Results of an earlier stage on the same core.

    Members
    -------
    context : of the core.
    tensor : name.
    """

    context: CoreContext
    tensor: str
    own = True

    def wait(self, inference: int) -> Program:
        """Return them; they are there."""
        return self.context.buffers[self.tensor]
        yield

    def release(self, inference: int) -> Program:
        """Nothing: they stay."""
        yield from ()


@dataclass(frozen=True, slots=True)
class InputSource:
    """The network's inputs.

    Members
    -------
    run : where they lie.
    """

    run: RunMemory
    own = False

    def wait(self, inference: int) -> Program:
        """Return the input of an inference; it is there."""
        return self.run.input(inference)
        yield

    def release(self, inference: int) -> Program:
        """Nothing: inputs stay."""
        yield from ()


@dataclass(frozen=True, slots=True)
class BufferSource:
    """Vectors that other cores make.

    Members
    -------
    channel : between the cores.
    reader : number of this one among those that read it.
    """

    channel: PingPong
    reader: int
    own = False

    def wait(self, inference: int) -> Program:
        """Wait for the next vector."""
        return (yield from section("synchronisation", self.channel.full_slot(self.reader)))

    def release(self, inference: int) -> Program:
        """Let its slot be filled again."""
        yield from section("synchronisation", self.channel.take(self.reader))


@dataclass(frozen=True, slots=True)
class ChosenSource:
    """The network's inputs, which another core chooses from some inference on.

    Members
    -------
    run : where the given ones lie.
    chosen : where the others come from.
    """

    run: RunMemory
    chosen: BufferSource
    own = False

    def wait(self, inference: int) -> Program:
        """Return what is given, or wait for what is chosen."""
        if self.run.chosen(inference):
            return (yield from self.chosen.wait(inference))
        return self.run.input(inference)

    def release(self, inference: int) -> Program:
        """Let a slot be filled again."""
        if self.run.chosen(inference):
            yield from self.chosen.release(inference)


def load(target: Buffer, source: Buffer, *, style: Style, inline: bool) -> Program:
    """Copy a vector into memory of the core's own.

    Values of 1 per code are turned into codes on the way, where the target holds codes: one at a
    time where operands are packed so.
    """
    if target.data.dtype == source.data.dtype:
        return kernels.copy(target, source, style="inline" if inline else "memcpy")
    assert target.data.dtype == np.int8
    width = "scalar" if PACKING[style.operands] == "bytes" else "vec"
    return kernels.quantise(source, target, scale=1.0, style=width)
