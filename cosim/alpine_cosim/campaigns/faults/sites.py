# SPDX-License-Identifier: Apache-2.0
"""Where faults can happen: every register of a workload's tiles, its cells, bit lines and ADCs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.hardware.rtl_tile import tile_verilog
from alpine_models.choices import choose
from alpine_models.device import Polarity, StuckAt
from alpine_models.errors import AlpineError
from alpine_rtl.probe_points import ProbePoint, probe_points
from alpine_sw.library.hardware_plan import AIMC_AXI
from alpine_sw.library.tile_plan import TilePlan
from alpine_sw.library.workloads import Workload

from .kinds import ADC, CELL, COLUMN, DeadAdc, Fault, Flip, OpenColumn, StuckCell

__all__ = ["BLOCKS", "RTL", "Group", "Site", "check_fault", "draw_fault", "groups", "sites_of"]

RTL = "rtl"
"""Name of the group of all registers."""

BLOCKS: Mapping[str, str] = {
    "top": "flag that clears the memories after a reset",
    "cells": "cell access: programming and read-back",
    "command": "command register: the decoded command being carried out",
    "input_memory": "input memory: the codes of the word lines' DACs",
    "dac_bank": "second input buffer: the codes of the word lines' DACs",
    "output_memory": "output memory: the codes taken from the ADCs",
    "pending": "answers owed behind a running product",
    "registers": "configuration, sticky error, performance counters",
    "responses": "response buffer",
    "sequencer": "phases of a product",
    "streams": "counters of the streaming commands",
    RTL: "every register of the tile",
    CELL: "devices of the cells that hold weights, stuck at RESET or SET",
    COLUMN: "bit lines that hold weights, open",
    ADC: "ADCs of those bit lines, stuck at code 0, 127 or -128",
}
"""What each block is."""

DEAD_CODES = (0, 127, -128)
"""A dead ADC's code: no count at all, or one end of its range. This project's choice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A register, or one kind of defect, of one tile.

    Members
    -------
    core, tile : int, which tile. name : str, as in faults' texts.
    size : int, places where the fault can be: bits, devices or bit lines.
    """

    core: int
    tile: int
    name: str
    size: int

    @property
    def block(self) -> str:
        """Block of the RTL, or the name itself where the site lies outside."""
        return self.name if self.outside else self.name.split(".")[0]

    @property
    def outside(self) -> bool:
        """Whether it lies in the analog part."""
        return self.name in (CELL, COLUMN, ADC)

    @property
    def names(self) -> list[str]:
        """Every name that it answers to: itself, what encloses it, and `RTL` for a register."""
        parts = self.name.split(".")
        enclosing = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        return enclosing if self.outside else [*enclosing, RTL]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Sites that share a row of the campaign's table.

    Members
    -------
    name : str. sites : faults are drawn uniformly over all their places.
    bit : int or None, the only bit that is flipped.
    """

    name: str
    sites: Sequence[Site]
    bit: int | None = None

    @property
    def size(self) -> int:
        """Places where a fault can be."""
        return len(self.sites) if self.bit is not None else sum(site.size for site in self.sites)


def sites_of(workload: Workload) -> list[Site]:
    """Return every site of a workload's tiles.

    Raises
    ------
    AlpineError
        No tile's registers can be written: there is none, or they are parts of an accelerator.
    """
    if any(piece.hardware == AIMC_AXI for piece in workload.hardware):
        raise AlpineError(
            "no faults can be injected into the tiles of an accelerator, whose model keeps its "
            "registers where they cannot be written: choose a case with tiles in the cores"
        )
    if not workload.plans:
        raise AlpineError("a mapping without tiles has no place for a fault: choose another case")
    sites: list[Site] = []
    for core, plans in workload.plans.items():
        for tile, plan in enumerate(plans):
            sizes = {point.name: point.width for point in _probes(plan)}
            sizes |= {
                CELL: 2 * plan.cells,
                COLUMN: len(_columns(plan)),
                ADC: len(_columns(plan)),
            }
            sites += [
                Site(core=core, tile=tile, name=name, size=size) for name, size in sizes.items()
            ]
    return sites


def groups(sites: Sequence[Site], asked: Sequence[str], *, by_register: bool) -> list[Group]:
    """Return the groups that a campaign compares.

    Parameters
    ----------
    asked : blocks, registers, or single bits as in ``sequencer.phase[1]``; each becomes a group.
        When empty, every block is one, and all registers
        together.
    by_register : split groups into registers.

    Raises
    ------
    AlpineError
        A name is unknown or a bit does not exist.
    """
    inside = dict.fromkeys(site.block for site in sites if not site.outside)
    outside = dict.fromkeys(site.block for site in sites if site.outside)
    made = [_group(sites, name) for name in asked or (*inside, RTL, *outside)]
    if not by_register:
        return made
    if not asked:
        made = [group for group in made if group.name != RTL]
    return [
        Group(name=name, sites=[s for s in group.sites if s.name == name], bit=group.bit)
        for group in made
        for name in dict.fromkeys(site.name for site in group.sites)
    ]


def _group(sites: Sequence[Site], asked: str) -> Group:
    name, bracket, bit = asked.partition("[")
    choose("fault site", name, dict.fromkeys(known for site in sites for known in site.names))
    chosen = [site for site in sites if name in site.names]
    if not bracket:
        return Group(name=name, sites=chosen)
    if any(site.name != name or site.outside for site in chosen):
        raise AlpineError(f"fault site {asked!r}: only a register has bits, {name} is none")
    if not bit.removesuffix("]").isdigit() or not asked.endswith("]"):
        raise AlpineError(f"fault site {asked!r} cannot be read: write a bit as {name}[0]")
    number = int(bit.removesuffix("]"))
    if number >= min(site.size for site in chosen):
        raise AlpineError(
            f"fault site {asked!r} does not exist: {name} has bits 0 to {chosen[0].size - 1}"
        )
    return Group(name=asked, sites=chosen, bit=number)


def draw_fault(
    group: Group,
    workload: Workload,
    busy: Mapping[tuple[int, int], NDArray[np.int64]],
    random: np.random.Generator,
) -> Fault:
    """Draw one fault of a group: its place uniformly, a flip's cycle over the busy ones.

    Parameters
    ----------
    busy : int64 [stretches, (first cycle, length)] by core and tile, of a run without faults.
    """
    sizes = [1 if group.bit is not None else site.size for site in group.sites]
    place = int(random.integers(sum(sizes)))
    number = 0
    while place >= sizes[number]:
        place -= sizes[number]
        number += 1
    site = group.sites[number]
    plan = workload.plans[site.core][site.tile]
    if site.name == CELL:
        return _stuck_cell(site, plan, place, random)
    if site.name == COLUMN:
        return OpenColumn(core=site.core, tile=site.tile, column=_columns(plan)[place])
    if site.name == ADC:
        code = DEAD_CODES[int(random.integers(len(DEAD_CODES)))]
        return DeadAdc(core=site.core, tile=site.tile, column=_columns(plan)[place], code=code)
    return Flip(
        core=site.core,
        tile=site.tile,
        register=site.name,
        bit=place if group.bit is None else group.bit,
        cycle=_cycle(busy[site.core, site.tile], random),
    )


def _stuck_cell(site: Site, plan: TilePlan, place: int, random: np.random.Generator) -> StuckCell:
    cell, polarity = divmod(place, 2)
    for placement in plan.placements:
        if cell < placement.weights.size:
            column, row = divmod(cell, placement.weights.shape[1])
            return StuckCell(
                core=site.core,
                tile=site.tile,
                row=placement.row + row,
                column=placement.column + column,
                polarity=Polarity(polarity),
                at=list(StuckAt)[int(random.integers(len(StuckAt)))],
            )
        cell -= placement.weights.size
    raise AssertionError("a place beyond the plan's cells was drawn")


def _cycle(busy: NDArray[np.int64], random: np.random.Generator) -> int:
    number = int(random.integers(int(busy[:, 1].sum())))
    for first, length in busy.tolist():
        if number < length:
            return first + number
        number -= length
    raise AssertionError("a cycle beyond the busy ones was drawn")


def check_fault(fault: Fault, sites: Iterable[Site], workload: Workload) -> None:
    """Refuse a fault whose site does not exist.

    Raises
    ------
    AlpineError
        The tile, the register, the bit, the row or the column does not exist.
    """
    plans = workload.plans.get(fault.core, ())
    if fault.tile >= len(plans):
        known = ", ".join(
            f"core{c}.tile{t}" for c, ps in workload.plans.items() for t in range(len(ps))
        )
        raise AlpineError(
            f"core{fault.core}.tile{fault.tile} does not exist: this mapping has {known}"
        )
    config = plans[fault.tile].config
    if isinstance(fault, Flip):
        sizes = {s.name: s.size for s in sites if (s.core, s.tile) == (fault.core, fault.tile)}
        registers = [name for name in sizes if name not in (CELL, COLUMN, ADC)]
        choose("fault site", fault.register, registers)
        _below("bit", fault.bit, sizes[fault.register], fault.register)
        return
    _below("column", fault.column, config.columns, "the tile")
    if isinstance(fault, StuckCell):
        _below("row", fault.row, config.rows, "the tile")


def _below(what: str, value: int, end: int, owner: str) -> None:
    if value >= end:
        raise AlpineError(f"{what} {value} does not exist: {owner} has {what}s 0 to {end - 1}")


def _probes(plan: TilePlan) -> tuple[ProbePoint, ...]:
    return probe_points(tile_verilog(plan.config))


def _columns(plan: TilePlan) -> list[int]:
    return [
        column
        for placement in plan.placements
        for column in range(placement.columns.start, placement.columns.stop)
    ]
