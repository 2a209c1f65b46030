# SPDX-License-Identifier: Apache-2.0
"""A network's run on a cluster as tables on screen."""

from rich import box
from rich.console import Console
from rich.table import Table

from .description import ClusterNetworkResult

__all__ = ["print_cluster_network"]


def print_cluster_network(result: ClusterNetworkResult, console: Console, *, host_s: float) -> None:
    """Print what a network took, layer by layer."""
    console.print(_layers(result))
    console.print(_summary(result, host_s))
    for note in result.notes:
        console.print(note, style="dim")


def _layers(result: ClusterNetworkResult) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("layer", no_wrap=True)
    table.add_column("computed by", no_wrap=True)
    for name in ("us", "with DMA", "MAC/cycle", "parts"):
        table.add_column(name, justify="right")
    for each in result.layers:
        table.add_row(
            each.name,
            each.unit,
            f"{result.seconds(each.cycles) * 1e6:,.1f}",
            f"{result.seconds(each.total_cycles) * 1e6:,.1f}",
            f"{each.macs / max(each.cycles, 1):,.1f}",
            f"{each.parts}",
        )
    return table


def _summary(result: ClusterNetworkResult, host_s: float) -> Table:
    request = result.request
    table = Table(
        title=f"{result.network} on {request.system}, case {request.case}, engine {request.engine}",
        title_justify="left",
        show_header=False,
    )
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_column("note", style="dim")
    work, total = result.seconds(result.cycles), result.seconds(result.total_cycles)
    table.add_row("time", f"{total * 1e3:,.3f} ms", "simulated, with waits for the DMA")
    table.add_row("without these waits", f"{work * 1e3:,.3f} ms", "what computes has work")
    macs = sum(each.macs for each in result.layers)
    table.add_row("throughput", f"{2 * macs / total / 1e9:,.1f} GOPS", f"{macs / 1e6:,.2f} MMAC")
    energy = result.energy_j
    table.add_row(
        "energy",
        "not published" if energy is None else f"{energy * 1e6:,.1f} uJ",
        "at this voltage" if energy is None else "by the layers' rules, fitted and derived",
    )
    counts = result.counts
    table.add_row("contexts of accelerators", f"{counts.jobs:,}", f"{counts.products:,} products")
    table.add_row("stalled cycles", f"{counts.stalled_cycles:,}", "of accelerators")
    table.add_row("bytes of the DMA", f"{counts.dma_bytes:,}", "between L2 and TCDM")
    verdict = "[green]yes[/]" if not result.wrong else "[bold red]NO[/]"
    table.add_row("outputs equal golden", verdict, ", ".join(result.wrong) or "every layer")
    table.add_row("host", f"{host_s:.1f} s", "")
    return table
