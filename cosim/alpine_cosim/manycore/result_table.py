# SPDX-License-Identifier: Apache-2.0
"""A run on a many-core as tables on screen."""

from math import floor, log10

from rich import box
from rich.console import Console
from rich.table import Table

from alpine_models.plurals import counted
from alpine_platform.manycore import LinkUse, ManyCoreConfig
from alpine_platform.time import FS_PER_S

from .rtl_check import RtlCheck
from .run import ManyCoreOutcome

__all__ = ["print_outcome"]

BUSIEST = 5
"""Links that are listed."""


def print_outcome(outcome: ManyCoreOutcome, console: Console) -> None:
    """Print what a batch took, and where clusters and links were busy."""
    console.print(_summary(outcome))
    console.print(_layers(outcome))
    console.print(_links(outcome))
    if outcome.rtl is not None:
        console.print(_rtl(outcome.rtl))
        if missing := outcome.rtl.missing:
            kinds = "; ".join(map(str, missing))
            console.print(
                f"[yellow]{counted(len(missing), 'kind')} of cluster not in RTL:[/] {kinds}"
            )


def _summary(outcome: ManyCoreOutcome) -> Table:
    found = outcome.simulated
    table = Table(
        title=f"{outcome.spec.network} on {found.config.name}, allocation"
        f" {outcome.allocation.name}, batch of {counted(found.images, 'image')}, engine model",
        title_justify="left",
        show_header=False,
    )
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_column("note", style="dim")
    cycle_s = found.config.period_fs / FS_PER_S
    table.add_row("time of the batch", _with_unit(found.time_fs / FS_PER_S, "s"), "simulated")
    table.add_row("throughput", f"{found.images_per_s:,.0f} images/s", "filling and draining")
    table.add_row(
        "first image",
        _with_unit(found.image_cycles[0] * cycle_s, "s"),
        f"then one every {_with_unit(found.steady_cycles * cycle_s, 's')}",
    )
    table.add_row(
        "slowest stage",
        _with_unit(found.slowest.cycles * cycle_s, "s"),
        f"{found.slowest.stage}, per image, where no link is contended",
    )
    table.add_row(
        "operations",
        _with_unit(outcome.operations_per_s, "op/s"),
        f"{_with_unit(outcome.macs, 'MAC')} an image, two operations each",
    )
    table.add_row(
        "clusters", f"{found.used_clusters}", f"of {found.config.clusters}, storage included"
    )
    table.add_row(
        "energy of the jobs",
        _with_unit(outcome.energy_j / found.images, "J/image"),
        f"{outcome.jobs:,} jobs in 22 nm (formula fitted to Garofalo et al.); nothing else",
    )
    verdict = "[green]yes[/]"
    if outcome.unequal is not None:
        verdict = f"[bold red]NO[/], from {outcome.unequal} on"
    table.add_row("outputs equal golden", verdict, "every layer, bit for bit")
    host = ", ".join(f"{name} {value:.1f} s" for name, value in outcome.host_s.items())
    table.add_row("host", f"{sum(outcome.host_s.values()):.1f} s", host)
    return table


def _with_unit(value: float, unit: str) -> str:
    """Four digits of a value, and its unit with the prefix that suits it."""
    prefixes = {1e12: "T", 1e9: "G", 1e6: "M", 1e3: "k", 1.0: "", 1e-3: "m", 1e-6: "u"}
    factor = next((each for each in prefixes if value >= each), 1e-9)
    digits = max(0, 3 - floor(log10(value / factor))) if value else 0
    return f"{value / factor:.{digits}f} {prefixes.get(factor, 'n')}{unit}"


def _layers(outcome: ManyCoreOutcome) -> Table:
    table = Table(
        title="shares of the batch's time, mean over a layer's clusters; the rest is after their"
        " last chunk",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("layer", no_wrap=True)
    for name in ("clusters", "crossbar", "cores", "software", "input", "bytes", "room"):
        table.add_column(name, justify="right")
    for each in outcome.simulated.layers():
        shares = (
            each.analog,
            each.digital,
            each.software,
            each.waited_input,
            each.waited_communication,
            each.waited_output,
        )
        table.add_row(each.layer, str(each.clusters), *(f"{share:.0%}" for share in shares))
    table.caption = "input, bytes, room: waiting for producers, for transfers, for consumers"
    return table


def _links(outcome: ManyCoreOutcome) -> Table:
    found = outcome.simulated
    table = Table(title="busiest links", title_justify="left", show_header=False)
    table.add_column("link")
    table.add_column("taken", justify="right")
    for link in sorted(found.links, key=lambda link: -link.busy)[:BUSIEST]:
        table.add_row(_link_name(link, found.config), f"{link.busy / found.cycles:.1%}")
    return table


def _rtl(check: RtlCheck) -> Table:
    table = Table(title="clusters in RTL, first image", title_justify="left")
    for name in ("cluster", "stage", "kind"):
        table.add_column(name)
    for name in ("chunks", "bytes", "unequal", "cycles", "model's"):
        table.add_column(name, justify="right")
    for each in check.clusters:
        table.add_row(
            str(each.cluster),
            each.stage,
            str(each.kind),
            str(each.chunks),
            f"{each.compared:,}",
            f"{each.unequal:,}" if not each.unequal else f"[bold red]{each.unequal:,}[/]",
            f"{each.rtl_cycles:,}",
            f"{each.model_cycles:,}",
        )
    return table


def _link_name(link: LinkUse, config: ManyCoreConfig) -> str:
    levels = len(config.tree_factors)
    what = "writes" if not link.reads else "reads"
    way = "up" if link.upwards else "down"
    if link.level == levels:
        return f"HBM, {what}, {'to' if link.upwards else 'from'} it"
    below = (
        f"cluster {link.node}" if link.level == 0 else f"router {link.node} of level {link.level}"
    )
    return f"{below}, {what}, {way}"
