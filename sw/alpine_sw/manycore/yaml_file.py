# SPDX-License-Identifier: Apache-2.0
"""Allocations as YAML files: written, edited by a person, read back."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alpine_models.files import write_text
from alpine_sw.mapping.yaml_records import (
    read_text,
    record_converter,
    record_from_yaml,
    record_to_yaml,
)

from .records import Allocation, ResidualPlace

if TYPE_CHECKING:
    from cattrs.preconf.pyyaml import PyyamlConverter

__all__ = ["allocation_from_yaml", "allocation_to_yaml", "read_allocation", "write_allocation"]


def write_allocation(allocation: Allocation, path: Path) -> None:
    """Write an allocation to a file; one that exists is replaced."""
    write_text(path, allocation_to_yaml(allocation))


def read_allocation(path: Path) -> Allocation:
    """Return the allocation in a file.

    Raises
    ------
    AlpineError
        The file cannot be read or holds no allocation; the message names file, place, value.
    """
    text = read_text(path, what="allocation")
    return allocation_from_yaml(text, origin=f"allocation file {path}")


def allocation_to_yaml(allocation: Allocation) -> str:
    """Return an allocation as YAML; members that have their default are left out."""
    return record_to_yaml(allocation, _converter())


def allocation_from_yaml(text: str, *, origin: str = "allocation") -> Allocation:
    """Return the allocation that a text holds, as `allocation_to_yaml` writes it.

    Raises
    ------
    AlpineError
        It is no YAML, or no allocation: the first mistake, in one line.
    """
    return record_from_yaml(text, Allocation, _converter(), what="allocation", origin=origin)


@cache
def _converter() -> "PyyamlConverter":
    """What turns allocations into plain data and back."""
    return record_converter(
        {ResidualPlace: "place of a residual"}, optional={ResidualPlace | None: ResidualPlace}
    )
