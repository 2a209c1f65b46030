# SPDX-License-Identifier: Apache-2.0
"""What a stage's product with its matrix is, whatever computes it.

Every product has the same three steps, between which a stage waits for buffers: `feed` hands the
vector over, `multiply` computes, `convert` gives codes or values. Several stages may feed one tile
before the core lets it multiply once for all of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw.library.aimclib import section
from alpine_sw.mapping import Style

__all__ = ["CoreProduct", "CoreProducts", "Product", "ProductSpec", "Section", "run_sections"]

Section = tuple[str, Program]
"""Name in the breakdown, and what runs under it."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ProductSpec:
    """What a stage multiplies with, and in which form its vectors are.

    Members
    -------
    name : of the stage, for messages.
    weights : int8 [outputs, inputs].
    steps : float32 [outputs], dot product per code.
    source_scale : codes per unit of the vectors' values; None where they are codes.
    result_scale : value per code of the results; None where they are codes.
    relu : whether negative results become 0.
    label : beginning of the sections' names, or empty.
    style : of the software.
    """

    name: str
    weights: NDArray[np.int8]
    steps: NDArray[np.float32]
    source_scale: float | None = None
    result_scale: float | None = None
    relu: bool = False
    label: str
    style: Style

    def section(self, name: str, *, unlabelled: str) -> str:
        """Name of a section: with the label in front, or another one where there is none."""
        return f"{self.label} {name}" if self.label else unlabelled


class Product(Protocol):
    """The product of a stage."""

    def start(self, space: AddressSpace) -> None:
        """Lay out what was not laid out before the programs."""
        ...

    def feed(self, source: Buffer) -> Program:
        """Hand a vector over."""
        ...

    def multiply(self, source: Buffer) -> Program:
        """Compute what the core itself computes."""
        ...

    def convert(self, target: Buffer) -> Sequence[Section]:
        """Return what fetches the results, or makes them of sums."""
        ...


class CoreProduct(Product, Protocol):
    """A product that the core computes by itself, from weights in memory."""

    def place_weights(self, space: AddressSpace) -> None:
        """Lay out what does not change."""
        ...

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out what a product needs while it runs."""
        ...


CoreProducts = Callable[[ProductSpec], CoreProduct]
"""Makes the product of a stage without a tile."""


def run_sections(sections: Iterable[Section]) -> Program:
    """Run programs one after the other, those under the same name as one part of the breakdown."""
    for name, group in groupby(sections, key=lambda named: named[0]):
        yield from section(name, *(program for _, program in group))
