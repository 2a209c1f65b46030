# SPDX-License-Identifier: Apache-2.0
"""Where a program's cycles go, as tables."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from alpine_platform.binaries.riscv.observer import ProfileRow

__all__ = ["print_profile"]

MOST_ROWS = 20


def print_profile(title: str, rows: Sequence[ProfileRow], console: Console) -> None:
    """Print the longest rows of a profile, with their shares of all."""
    total = sum(row.cycles for row in rows)
    table = Table("", "cycles", "share", "instructions", title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows[:MOST_ROWS]:
        share = row.cycles / total if total else 0.0
        table.add_row(row.name, str(row.cycles), f"{share:.1%}", str(row.instructions))
    if len(rows) > MOST_ROWS:
        rest = sum(row.cycles for row in rows[MOST_ROWS:])
        table.add_row(f"{len(rows) - MOST_ROWS} more", str(rest), f"{rest / total:.1%}", "")
    console.print(table)
