# SPDX-License-Identifier: Apache-2.0
"""The block diagram of a system as a tree, every number with its unit, meaning, range, source."""

from dataclasses import fields, is_dataclass
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from alpine_models.plurals import counted

from . import ClusterConfig, CoreComplexConfig, CoreConfig, CoreTypeConfig, SystemConfig
from .fields import Checked, range_text
from .quantities import shown, unit_of

__all__ = ["CLUSTER_TITLES", "TITLES", "describe", "describe_part", "parts_of"]

TITLES = {
    "core": "in-order pipeline, one per core",
    "l1": "L1 data cache, private to each core (instruction caches are taken as hitting)",
    "l2": "L2, shared, last level",
    "bus": "buses from L1 to L2, and to memory",
    "dram": "DRAM channel",
    "io": "I/O path to loosely coupled tiles",
    "sync": "synchronisation between cores",
    "tile_clock": "tiles, one port per core",
    "energy": "energy constants and what they count",
}

CLUSTER_TITLES = {
    "scratch_pad": "scratch-pad memory in banks, one cycle",
    "dma": "DMA between the two memories",
    "event_unit": "events and barriers, for which cores sleep",
    "memory": "memory behind the scratch-pad memory",
}


def parts_of(config: SystemConfig, name: str | None) -> list[Any]:
    """Return what has the fields of a part of a system with one complex; None: of the system."""
    first = config.complexes[0]
    if name is None:
        return [config, first]
    return [getattr(owner, name) for owner in (first, config) if name in names_of(owner)]


def names_of(part: Any) -> list[str]:
    """Names of a part's fields."""
    return [item.name for item in fields(part)]


def describe(config: SystemConfig) -> Tree:
    """Return a tree of the system; printing it with rich draws the diagram."""
    tree = Tree(f"[bold]{escape(config.name)}[/bold]: {counted(config.cores, 'core')}")
    numbers(tree, config)
    for each in config.complexes:
        add_complex(tree, config, each)
    for each in config.clusters:
        add_cluster(tree, each)
    if config.complexes:
        bus = add_part(tree, "bus", config.bus)
        for name in ("l2", "dram", "io"):
            add_part(bus, name, getattr(config, name))
    add_part(tree, "sync", config.sync)
    if config.energy is not None:
        add_part(tree, "energy", config.energy)
    return tree


def describe_part(heading: str, part: Checked) -> Tree:
    """Return a tree of one configuration without parts of its own."""
    tree = Tree(heading)
    numbers(tree, part)
    return tree


def add_part(tree: Tree, name: str, part: Any) -> Tree:
    """Add a part with its fields."""
    branch = tree.add(title(name, part))
    numbers(branch, part)
    return branch


def heading(each: CoreComplexConfig | ClusterConfig) -> str:
    """Heading of a complex or a cluster."""
    clock = shown(each.core.frequency_hz, "Hz")
    return (
        f"[bold]{escape(each.name)}[/bold] [dim]({type(each).__name__})[/dim]"
        f" {counted(each.cores, 'core')} at {clock}"
    )


def add_cluster(tree: Tree, each: ClusterConfig) -> None:
    """Add a cluster: its cores, and what they share."""
    cluster = tree.add(heading(each))
    numbers(cluster, each)
    add_part(cluster, "core", each.core)
    for name in CLUSTER_TITLES:
        add_part(cluster, name, getattr(each, name))
    if each.energy is not None:
        add_part(cluster, "energy", each.energy)


def add_complex(tree: Tree, config: SystemConfig, each: CoreComplexConfig) -> None:
    """Add a complex of cores with what every core has: pipeline, cache, tiles."""
    cores = tree.add(heading(each))
    numbers(cores, each)
    core = add_part(cores, "core", each.core)
    for name, part in (("tile_clock", config.tile_clock), ("l1", each.l1)):
        add_part(core, name, part)
    add_part(cores, "energy", each.energy)


def title(name: str, part: Any) -> str:
    """Heading of a part; core types of other packages say what they are in their documentation."""
    text = {**TITLES, **CLUSTER_TITLES}[name]
    if isinstance(part, CoreTypeConfig) and not isinstance(part, CoreConfig):
        text = escape((type(part).__doc__ or "").partition("\n")[0])
    return f"[bold]{name}[/bold] [dim]({type(part).__name__})[/dim] {text}"


def numbers(branch: Tree, part: Any) -> None:
    """Add a part's own fields."""
    for item in fields(part):
        if item.type is str or item.name in getattr(part, "absent", ()):
            continue
        value = getattr(part, item.name)
        if value is None or is_dataclass(value) or isinstance(value, tuple):
            continue
        text, source = item.metadata["text"], item.metadata["source"]
        branch.add(
            f"{item.name} = [cyan]{escape(shown(value, unit_of(item.name)))}[/cyan]"
            f"  {escape(text)} [dim]({range_text(item)}) <{escape(source)}>[/dim]"
        )
