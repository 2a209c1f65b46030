# SPDX-License-Identifier: Apache-2.0
"""Rows as a Parquet file, which pandas and other programs read."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alpine_models.files import write_with

from .rows import SweepRows

__all__ = ["parquet_is_there", "write_parquet"]


def parquet_is_there() -> bool:
    """Whether Arrow is installed, which the extra ``sweep`` brings."""
    return find_spec("pyarrow") is not None


def write_parquet(rows: SweepRows, path: Path) -> None:
    """Write rows to a file, with the same bytes for the same rows.

    A column holds numbers, truth values or texts; where its values are mixed, texts.

    Raises
    ------
    AlpineError
        The file cannot be written.
    """
    import pyarrow
    from pyarrow import parquet

    # Arrow brings no types.
    tables: Any = pyarrow
    files: Any = parquet
    table = tables.table({name: _uniform(values) for name, values in rows.columns.items()})
    write_with(path, lambda file: files.write_table(table, file, compression="zstd"))


def _uniform(values: list[Any]) -> list[Any]:
    given: list[object] = values
    kinds = {type(value) for value in given} - {type(None)}
    if len(kinds) <= 1:
        return values
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]
