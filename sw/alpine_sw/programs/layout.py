# SPDX-License-Identifier: Apache-2.0
"""Memory that is laid out before the programs start, block by block.

Which sets of a cache and which banks of the DRAM buffers share depends on the order in which they
are allocated, so a mapping may name the blocks in an order of its own. Blocks are called

- `weights NODE`: weights and steps of a product without a tile;
- `scratch NODE`: what such a product, or a convolution, passes through while it runs;
- `buffer TENSOR`: slots of the buffer between cores that carries a tensor;
- `map TENSOR`: an image that stays on one core between two convolutions, or a vector behind one;
- `padding NODE`: rows of zeros around a convolution's input, with the rows of a padded image;
- `rows NODE`: rows between a convolution, its pooling and its normalisation;

where NODE is followed by `on core N` if several cores share the node. A mapping that names blocks
names all, but for scratch: what it leaves out, a core allocates when its program starts.
"""

from collections.abc import Callable

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_sw.mapping import Mapping

__all__ = ["lay_out"]

DEFERRED = "scratch "
"""Beginning of the names of blocks that may be left to the programs."""


def lay_out(mapping: Mapping, blocks: dict[str, Callable[[], None]]) -> None:
    """Allocate blocks in a mapping's order, or in the order in which they are given.

    Parameters
    ----------
    mapping : whose order counts.
    blocks : what allocates each, by name.

    Raises
    ------
    AlpineError
        The mapping names a block that there is not, one twice, or leaves one out.
    """
    order = list(mapping.memory) or list(blocks)
    for name in order:
        choose(f"block in the memory of mapping {mapping.name}", name, blocks)
        if order.count(name) > 1:
            raise AlpineError(
                f"memory of mapping {mapping.name} names block {name!r} twice: name it once"
            )
    for name in blocks:
        if name not in order and not name.startswith(DEFERRED):
            raise AlpineError(
                f"memory of mapping {mapping.name} leaves out block {name!r}: add it, or leave "
                "memory out"
            )
    for name in order:
        blocks[name]()
