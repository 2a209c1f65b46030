# SPDX-License-Identifier: Apache-2.0
"""Where the nodes of a network run: mappings as data, checked, printed, saved and read."""

from .records import (
    InputFormat,
    Link,
    LinkKind,
    MappedTile,
    Mapping,
    Part,
    Software,
    Style,
    TileAttachment,
)
from .stages import Stage, stages_of

__all__ = [
    "InputFormat",
    "Link",
    "LinkKind",
    "MappedTile",
    "Mapping",
    "Part",
    "Software",
    "Stage",
    "Style",
    "TileAttachment",
    "stages_of",
]
