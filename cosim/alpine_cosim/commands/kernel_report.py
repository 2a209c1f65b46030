# SPDX-License-Identifier: Apache-2.0
"""The tables of `alpine kernel`."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alpine_sw.kernels import KernelEntry, KernelTiming

__all__ = ["print_kernels", "print_timing"]


def print_kernels(kernels: Mapping[str, KernelEntry], console: Console) -> None:
    """Print the kernels that can be timed, with their sizes and styles."""
    table = Table(title="kernels; the first style is the default", title_justify="left")
    for heading in ("kernel", "size", "styles"):
        table.add_column(heading)
    for name, entry in kernels.items():
        table.add_row(name, "x".join(entry.dimensions), ", ".join(entry.styles))
    console.print(table)


def print_timing(timing: KernelTiming, console: Console) -> None:
    """Print what one warm execution of a kernel took."""
    size = "x".join(map(str, timing.size))
    style = f", {timing.style}" if timing.style else ""
    table = Table(
        title=f"{timing.kernel} {size}{style} on {timing.system}, one warm execution",
        title_justify="left",
        show_header=False,
    )
    table.add_column("quantity")
    table.add_column("value", justify="right")
    memory = timing.memory
    for name, value in (
        ("cycles", f"{timing.cycles:,}"),
        ("of them waiting for memory", f"{timing.wait_cycles:,}"),
        ("time", f"{timing.time_s * 1e6:.3f} us"),
        ("instructions", f"{timing.instructions:,}"),
        ("instructions per cycle", f"{timing.instructions / max(timing.cycles, 1):.3f}"),
        ("L1 misses", f"{memory.l1_misses:,} of {memory.l1_accesses:,}"),
        ("L2 misses", f"{memory.l2_misses:,} of {memory.l2_accesses:,}"),
        ("DRAM reads, writes", f"{memory.dram_reads:,}, {memory.dram_writes:,} lines"),
        ("DRAM row hits", f"{memory.dram_row_hits:,} of {memory.dram_reads:,} reads"),
    ):
        table.add_row(name, value)
    console.print(table)
    if timing.warning:
        console.print(f"[yellow]beyond the calibration:[/] {escape(timing.warning)}")
