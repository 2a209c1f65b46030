# SPDX-License-Identifier: Apache-2.0
"""The block diagram of a system as a tree, every number with its unit, meaning, range, source."""

from dataclasses import fields, is_dataclass
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from alpine_models.plurals import counted

from . import CoreComplexConfig, CoreConfig, CoreTypeConfig, SystemConfig
from .fields import range_text
from .quantities import shown, unit_of

__all__ = ["TITLES", "describe", "parts_of"]

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
    bus = tree.add(title("bus", config.bus))
    numbers(bus, config.bus)
    for name in ("l2", "dram", "io"):
        branch = bus.add(title(name, getattr(config, name)))
        numbers(branch, getattr(config, name))
    for name in ("sync", "energy"):
        branch = tree.add(title(name, getattr(config, name)))
        numbers(branch, getattr(config, name))
    return tree


def add_complex(tree: Tree, config: SystemConfig, each: CoreComplexConfig) -> None:
    """Add a complex of cores with what every core has: pipeline, cache, tiles."""
    clock = shown(each.core.frequency_hz, "Hz")
    cores = tree.add(
        f"[bold]{escape(each.name)}[/bold] [dim]({type(each).__name__})[/dim]"
        f" {counted(each.cores, 'core')} at {clock}"
    )
    numbers(cores, each)
    core = cores.add(title("core", each.core))
    numbers(core, each.core)
    for name, part in (("tile_clock", config.tile_clock), ("l1", each.l1)):
        branch = core.add(title(name, part))
        numbers(branch, part)
    energy = cores.add(title("energy", each.energy))
    numbers(energy, each.energy)


def title(name: str, part: Any) -> str:
    """Heading of a part; core types of other packages say what they are in their documentation."""
    text = TITLES[name]
    if isinstance(part, CoreTypeConfig) and not isinstance(part, CoreConfig):
        text = escape((type(part).__doc__ or "").partition("\n")[0])
    return f"[bold]{name}[/bold] [dim]({type(part).__name__})[/dim] {text}"


def numbers(branch: Tree, part: Any) -> None:
    """Add a part's own fields."""
    for item in fields(part):
        value = getattr(part, item.name)
        if is_dataclass(value) or isinstance(value, tuple) or item.type is str:
            continue
        text, source = item.metadata["text"], item.metadata["source"]
        branch.add(
            f"{item.name} = [cyan]{escape(shown(value, unit_of(item.name)))}[/cyan]"
            f"  {escape(text)} [dim]({range_text(item)}) <{escape(source)}>[/dim]"
        )
