# SPDX-License-Identifier: Apache-2.0
"""A matrix cut to the size of crossbars, and trees that add up the parts."""

from itertools import accumulate, pairwise

from alpine_platform.manycore import ManyCoreConfig
from alpine_sw.mapping.records import Range

from .chunked_layers import ChunkedLayer

__all__ = ["column_parts", "even_ranges", "fewest_parts", "row_parts", "tree_of", "tree_parts"]


def even_ranges(total: int, parts: int) -> tuple[Range, ...]:
    """Cut 0 to ``total`` into parts that differ by one at most, larger ones first."""
    sizes = [total // parts + (part < total % parts) for part in range(parts)]
    return tuple(pairwise(accumulate(sizes, initial=0)))


def column_parts(layer: ChunkedLayer, columns: int) -> tuple[Range, ...]:
    """Channels of a layer's result that each column split makes."""
    return even_ranges(layer.channels, columns)


def row_parts(layer: ChunkedLayer, rows: int) -> tuple[Range, ...]:
    """Channels that each row split of a matrix reads; inputs, where these have to be cut.

    A channel has `layer.area` inputs, and is cut where there are more parts than channels.
    """
    channels = layer.inputs // layer.area
    return even_ranges(channels if rows <= channels else layer.inputs, rows)


def fewest_parts(layer: ChunkedLayer, config: ManyCoreConfig) -> tuple[int, int]:
    """Return the fewest row and column splits of a matrix, whole channels in one crossbar.

    Channels are cut only where one alone has more inputs than a crossbar has rows.
    """
    together = config.crossbar_rows // layer.area
    channels = layer.inputs // layer.area
    rows = -(-channels // together) if together else -(-layer.inputs // config.crossbar_rows)
    return rows, -(-layer.channels // config.crossbar_columns)


def tree_parts(partials: int, tree: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return, level by level, how many partial sums every cluster of a tree adds up."""
    levels: list[tuple[int, ...]] = []
    for clusters in tree:
        targets = [source * clusters // partials for source in range(partials)]
        levels.append(tuple(map(targets.count, range(clusters))))
        partials = clusters
    return levels


def tree_of(partials: int, fan_in: int) -> tuple[int, ...]:
    """Return the tree with the fewest clusters of which none adds up more than ``fan_in`` parts.

    No level can have fewer clusters than its parts divided by the fan-in, and fewer clusters on a
    level leave fewer parts to the next.
    """
    levels: list[int] = []
    while partials > 1:
        partials = -(-partials // fan_in)
        levels.append(partials)
    return tuple(levels)
