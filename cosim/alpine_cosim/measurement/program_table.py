# SPDX-License-Identifier: Apache-2.0
"""What a compiled program took, as tables that people read."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table

__all__ = ["print_program"]


def print_program(title: str, figures: Mapping[str, Any], console: Console) -> None:
    """Print the figures of `alpine exec --json` as two compact tables.

    Parameters
    ----------
    figures : of an AArch64 program, with times.
    """
    table = Table(title=escape(title), title_justify="left", show_header=False)
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_column("note", style="dim")
    table.add_row("time", f"{figures['time_s'] * 1e6:,.2f} us", f"{figures['cycles']:,} cycles")
    parts = ", ".join(
        # All of the system's energies may be set to 0.
        f"{name} {joules / (figures['energy_j'] or 1.0):.0%}"
        for name, joules in figures["energy_parts_j"].items()
    )
    table.add_row("energy", f"{figures['energy_j'] * 1e6:,.2f} uJ", parts)
    count, cycles = figures["instructions"], figures["cycles"]
    each = f"{count / cycles:.2f} per cycle" if cycles else ""
    table.add_row("instructions", f"{count:,}", each)
    for name, number in figures["instructions_by_class"].items():
        shown = name.replace("cm_", "CM ")
        table.add_row(f"  {shown}", f"{number:,}", f"{number / (count or 1):.1%}")
    misses = figures["llc_misses_per_instruction"]
    table.add_row("LLC misses per instruction", f"{misses:.5f}", "")
    for number, busy in enumerate(figures["tile_busy_cycles"]):
        table.add_row(
            f"tile {number}", f"{busy:,}", "busy cycles of its clock, programming included"
        )
    console.print(Group(table, _breakdown(figures["breakdown"])))


def _breakdown(shares: Mapping[str, float]) -> Table:
    table = Table(title="Where the time goes", title_justify="left", show_header=False)
    table.add_column("part")
    table.add_column("share", justify="right")
    table.add_column("bar")
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        # A region that holds others may take no time of its own.
        if share:
            table.add_row(escape(name), f"{share:.1%}", "#" * round(40 * share))
    return table
