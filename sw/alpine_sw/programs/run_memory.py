# SPDX-License-Identifier: Apache-2.0
"""Where the data of a run lies, and what a network that writes reads next."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_platform.memory.address_space import AddressSpace, Buffer

__all__ = ["RunMemory", "Writing"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Writing:
    """A run in which the network chooses what it reads once the given symbols end.

    Members
    -------
    given : symbols to read before it chooses the next, 1 or more.
    draws : float64, one per chosen symbol, 0 to 1; None to take the likeliest every time.
    symbols : how many of the network's outputs stand for one.
    """

    given: int
    draws: NDArray[np.float64] | None
    symbols: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunMemory:
    """Where a run's inputs and outputs lie.

    Members
    -------
    space : where programs allocate their own buffers.
    inputs, outputs : one part per inference.
    width, size : elements of an input and of an output.
    count : inferences.
    on_step : called after each inference.
    writing : or None where all inputs are given.
    """

    space: AddressSpace
    inputs: Buffer
    outputs: Buffer
    width: int
    size: int
    count: int
    on_step: Callable[[], None]
    writing: Writing | None = None

    def input(self, inference: int) -> Buffer:
        """Where the input of an inference lies."""
        return self.inputs.part(inference * self.width, (inference + 1) * self.width)

    def output(self, inference: int, first: int, end: int) -> Buffer:
        """Where some elements of the output of an inference go."""
        start = inference * self.size
        return self.outputs.part(start + first, start + end)

    def chosen(self, inference: int) -> bool:
        """Whether the inference before chooses what an inference reads."""
        return self.writing is not None and inference >= self.writing.given
