# SPDX-License-Identifier: Apache-2.0
"""Mappings as YAML files: written, edited by a person, read back.

A file holds what `records.Mapping` does, under the same names; what is left out has its default.
"""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alpine_models.files import write_text

from .records import InputFormat, LinkKind, Mapping, Software, SplitAxis, Style, TileAttachment
from .yaml_records import read_text, record_converter, record_from_yaml, record_to_yaml

if TYPE_CHECKING:
    from cattrs.preconf.pyyaml import PyyamlConverter

__all__ = ["mapping_from_yaml", "mapping_to_yaml", "read_mapping", "write_mapping"]


def write_mapping(mapping: Mapping, path: Path) -> None:
    """Write a mapping to a file; one that exists is replaced."""
    write_text(path, mapping_to_yaml(mapping))


def read_mapping(path: Path) -> Mapping:
    """Return the mapping in a file.

    Raises
    ------
    AlpineError
        The file cannot be read or does not hold a mapping; the message names file, place, value.
    """
    text = read_text(path, what="mapping")
    return mapping_from_yaml(text, origin=f"mapping file {path}")


def mapping_to_yaml(mapping: Mapping) -> str:
    """Return a mapping as YAML; members that have their default are left out."""
    return record_to_yaml(mapping, _converter())


def mapping_from_yaml(text: str, *, origin: str = "mapping") -> Mapping:
    """Return the mapping that a text holds.

    Parameters
    ----------
    text : YAML, as `mapping_to_yaml` writes it.
    origin : what to call it in messages.

    Raises
    ------
    AlpineError
        It is no YAML, or no mapping: the first mistake, in one line.
    """
    return record_from_yaml(text, Mapping, _converter(), what="mapping", origin=origin)


@cache
def _converter() -> "PyyamlConverter":
    """What turns mappings into plain data and back."""
    words: dict[type[StrEnum], str] = {
        Software: "software style",
        InputFormat: "format of inputs",
        TileAttachment: "attachment",
        LinkKind: "kind of buffer",
        SplitAxis: "axis of a split",
    }
    return record_converter(words, optional={Style | None: Style})
