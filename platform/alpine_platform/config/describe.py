# SPDX-License-Identifier: Apache-2.0
"""The block diagram of a system as a tree, every number with its unit, meaning, range, source."""

from dataclasses import fields, is_dataclass
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from alpine_models.plurals import counted

from . import SystemConfig
from .fields import range_text
from .quantities import shown, unit_of

__all__ = ["TITLES", "describe"]

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


def describe(config: SystemConfig) -> Tree:
    """Return a tree of the system; printing it with rich draws the diagram."""
    tree = Tree(f"[bold]{escape(config.name)}[/bold]: {counted(config.cores, 'core')}")
    numbers(tree, config)
    core = tree.add(title("core", config.core))
    numbers(core, config.core)
    for name in ("tile_clock", "l1"):
        branch = core.add(title(name, getattr(config, name)))
        numbers(branch, getattr(config, name))
    bus = tree.add(title("bus", config.bus))
    numbers(bus, config.bus)
    for name in ("l2", "dram", "io"):
        branch = bus.add(title(name, getattr(config, name)))
        numbers(branch, getattr(config, name))
    for name in ("sync", "energy"):
        branch = tree.add(title(name, getattr(config, name)))
        numbers(branch, getattr(config, name))
    return tree


def title(name: str, part: Any) -> str:
    """Heading of a part."""
    return f"[bold]{name}[/bold] [dim]({type(part).__name__})[/dim] {TITLES[name]}"


def numbers(branch: Tree, part: Any) -> None:
    """Add a part's own fields."""
    for item in fields(part):
        value = getattr(part, item.name)
        if is_dataclass(value) or item.type is str:
            continue
        text, source = item.metadata["text"], item.metadata["source"]
        branch.add(
            f"{item.name} = [cyan]{escape(shown(value, unit_of(item.name)))}[/cyan]"
            f"  {escape(text)} [dim]({range_text(item)}) <{escape(source)}>[/dim]"
        )
