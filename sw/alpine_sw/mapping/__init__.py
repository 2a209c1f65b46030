# SPDX-License-Identifier: Apache-2.0
"""Where the nodes of a network run: mappings as data, checked, printed, saved and read."""

from .records import (
    InputFormat,
    Link,
    LinkKind,
    MappedTile,
    Mapping,
    NodeSplit,
    Part,
    Software,
    SplitAxis,
    Style,
    TileAttachment,
)
from .splits import split_graph
from .stages import Stage, stages_of

__all__ = [
    "InputFormat",
    "Link",
    "LinkKind",
    "MappedTile",
    "Mapping",
    "NodeSplit",
    "Part",
    "Software",
    "SplitAxis",
    "Stage",
    "Style",
    "TileAttachment",
    "split_graph",
    "stages_of",
]
