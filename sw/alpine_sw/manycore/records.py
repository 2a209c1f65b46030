# SPDX-License-Identifier: Apache-2.0
"""Which clusters of a many-core have which layer of a network: plain data.

`checks` holds it against a network and a machine, `yaml_file` reads and writes it, `builders` makes
the published ones and a balanced one, `lowering` makes stages of it.
"""

from dataclasses import dataclass
from enum import StrEnum

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_sw.mapping.records import Range

__all__ = ["Allocation", "LayerAllocation", "ResidualPlace", "numbers_in"]


class ResidualPlace(StrEnum):
    """Where the operand of an addition that is there first waits for the other."""

    HBM = "hbm"
    """In the memory behind the tree of routers."""
    L1 = "l1"
    """In the L1 of clusters that do nothing else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerAllocation:
    """The clusters of one layer.

    Members
    -------
    layer : its name, which is that of the graph's node that it begins with.
    clusters : numbers, as ranges whose end is not in them. They count on copy after copy; in each
        first the crossbars, those of one column split together, then the tree, level by level, on
        each the clusters of one column split together.
    copies : of the layer, which take chunks in turn.
    rows, columns : parts into which its matrix is cut by inputs and by outputs, as equal as whole
        channels allow; 1 without a matrix.
    tree : clusters that add up the parts by inputs of one column split, level by level; the last
        level has one. Empty where there is one part.
    residual : of an addition, where the operand that is there first waits.

    Raises
    ------
    AlpineError
        A number is out of range.
    """

    layer: str
    clusters: tuple[Range, ...]
    copies: int = 1
    rows: int = 1
    columns: int = 1
    tree: tuple[int, ...] = ()
    residual: ResidualPlace | None = None

    def __post_init__(self) -> None:
        for name in ("copies", "rows", "columns"):
            whole_number(f"{name} of layer {self.layer}", getattr(self, name), least=1)
        for first, end in self.clusters:
            if not 0 <= first < end:
                raise AlpineError(
                    f"clusters of layer {self.layer} are [{first}, {end}]: give a first number "
                    "and a larger end"
                )
        partials = self.rows
        for level in self.tree:
            if not 1 <= level < partials:
                raise AlpineError(
                    f"tree of layer {self.layer} has a level of {level} clusters for {partials} "
                    f"partial sums: give 1 to {partials - 1}"
                )
            partials = level
        if partials != 1:
            raise AlpineError(
                f"tree of layer {self.layer} leaves {partials} partial sums: let its last level "
                "have 1 cluster"
            )

    @property
    def crossbars(self) -> int:
        """Clusters with crossbars of one copy; of a layer without a matrix, its clusters."""
        return self.rows * self.columns

    @property
    def needed(self) -> int:
        """Clusters of all copies."""
        return self.copies * self.columns * (self.rows + sum(self.tree))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the clusters in order."""
        return numbers_in(self.clusters)


@dataclass(frozen=True, kw_only=True, slots=True)
class Allocation:
    """The clusters of a network.

    Members
    -------
    name : of the allocation.
    network : name of the network.
    layers : one entry per layer.
    storage : clusters in whose L1 residuals wait, as ranges.
    """

    name: str
    network: str
    layers: tuple[LayerAllocation, ...]
    storage: tuple[Range, ...] = ()

    @property
    def clusters(self) -> int:
        """Clusters that are in use."""
        return sum(layer.needed for layer in self.layers) + len(numbers_in(self.storage))


def numbers_in(ranges: tuple[Range, ...]) -> tuple[int, ...]:
    """Return the numbers in ranges, in order."""
    return tuple(number for first, end in ranges for number in range(first, end))
