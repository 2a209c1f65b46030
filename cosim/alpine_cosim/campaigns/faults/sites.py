# SPDX-License-Identifier: Apache-2.0
"""Where faults can happen: every register of a workload's tiles, its cells, bit lines and ADCs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.hardware.rtl_tile import tile_verilog
from alpine_models.choices import choose
from alpine_models.device import Polarity, StuckAt
from alpine_models.errors import AlpineError
from alpine_rtl.probe_points import ProbePoint, probe_points
from alpine_sw.library.hardware_plan import AIMC_AXI, AIMC_TILE, HardwarePlan
from alpine_sw.library.tile_plan import TilePlan
from alpine_sw.library.workloads import Workload

from .faulty_accelerator import accelerator_probes
from .kinds import ACCELERATOR, ADC, CELL, COLUMN, DeadAdc, Fault, Flip, OpenColumn, StuckCell

__all__ = [
    "BLOCKS",
    "RTL",
    "Group",
    "Site",
    "check_fault",
    "draw_fault",
    "groups",
    "register_sites",
    "sites_of",
]

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
    "stage": "way of vectors into and out of a loose tile, and its commands",
    "port": "AXI4-Lite port of an accelerator",
    "bank": "registers of an accelerator: chain, ReLU, interrupts",
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
    """A register, or one kind of defect, of one tile or of what loose tiles share.

    Members
    -------
    place : str, which tile, or `ACCELERATOR`. name : str, as in faults' texts.
    size : int, bits, devices or bit lines, of which one is faulty.
    """

    place: str
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
    """Return every site of a workload's tiles, and of the accelerator that has some of them.

    Raises
    ------
    AlpineError
        There is no tile, or hardware of another kind beside them.
    """
    if not workload.tiles:
        raise AlpineError("a mapping without tiles has no place for a fault: choose another case")
    for piece in workload.hardware:
        if piece.hardware not in (AIMC_TILE, AIMC_AXI):
            raise AlpineError(
                f"hardware {piece.hardware} cannot be made to fail: choose a case with tiles alone"
            )
    sites: list[Site] = []
    for piece in workload.hardware:
        registers = [Site(place=p, name=n, size=size) for p, n, size in register_sites(piece)]
        for place, plan in zip(piece.places, piece.macros, strict=True):
            columns = len(_columns(plan))
            outside = {CELL: 2 * plan.cells, COLUMN: columns, ADC: columns}
            sites += [site for site in registers if site.place == place]
            sites += [Site(place=place, name=name, size=size) for name, size in outside.items()]
        sites += [site for site in registers if site.place == ACCELERATOR]
    return sites


def register_sites(piece: HardwarePlan) -> list[tuple[str, str, int]]:
    """Return place, name and width of every register of a piece, in the order of its probes."""
    if piece.hardware == AIMC_AXI:
        probes = accelerator_probes(piece.configuration)
        return [(*_in_accelerator(probe), probe.width) for probe in probes]
    probes = probe_points(tile_verilog(piece.configuration))
    return [(piece.places[0], probe.name, probe.width) for probe in probes]


def _in_accelerator(probe: ProbePoint) -> tuple[str, str]:
    """Place and name of an accelerator's register; a tile's are called as in a core."""
    stage = re.fullmatch(r"stage(\d+)(\.tile)?(?:\.(.*))?", probe.block)
    if stage is None:
        return ACCELERATOR, probe.name
    blocks = [] if stage[2] else ["stage"]
    blocks += [stage[3]] if stage[3] else []
    return f"loose{stage[1]}", ".".join([*(blocks or ["top"]), probe.register])


def _tiles(workload: Workload) -> dict[str, TilePlan]:
    """Contents of every tile by its place."""
    return {
        place: plan
        for piece in workload.hardware
        for place, plan in zip(piece.places, piece.macros, strict=True)
    }


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
    busy: Mapping[str, NDArray[np.int64]],
    random: np.random.Generator,
) -> Fault:
    """Draw one fault of a group: its place uniformly, a flip's cycle over the busy ones.

    Parameters
    ----------
    busy : int64 [stretches, (first cycle, length)] by place, of a run without faults.
    """
    sizes = [1 if group.bit is not None else site.size for site in group.sites]
    place = int(random.integers(sum(sizes)))
    number = 0
    while place >= sizes[number]:
        place -= sizes[number]
        number += 1
    site = group.sites[number]
    if site.outside:
        return _defect(site, _tiles(workload)[site.place], place, random)
    return Flip(
        place=site.place,
        register=site.name,
        bit=place if group.bit is None else group.bit,
        cycle=_cycle(busy[site.place], random),
    )


def _defect(site: Site, plan: TilePlan, number: int, random: np.random.Generator) -> Fault:
    if site.name == CELL:
        return _stuck_cell(site, plan, number, random)
    column = _columns(plan)[number]
    if site.name == COLUMN:
        return OpenColumn(place=site.place, column=column)
    code = DEAD_CODES[int(random.integers(len(DEAD_CODES)))]
    return DeadAdc(place=site.place, column=column, code=code)


def _stuck_cell(site: Site, plan: TilePlan, place: int, random: np.random.Generator) -> StuckCell:
    cell, polarity = divmod(place, 2)
    for placement in plan.placements:
        if cell < placement.weights.size:
            column, row = divmod(cell, placement.weights.shape[1])
            return StuckCell(
                place=site.place,
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
    tiles = _tiles(workload)
    known = list(dict.fromkeys(site.place for site in sites))
    if fault.place not in known:
        raise AlpineError(f"{fault.place} does not exist: this mapping has {', '.join(known)}")
    if isinstance(fault, Flip):
        sizes = {s.name: s.size for s in sites if s.place == fault.place and not s.outside}
        choose("fault site", fault.register, sizes)
        _below("bit", fault.bit, sizes[fault.register], fault.register)
        return
    if fault.place not in tiles:
        raise AlpineError(f"{fault.place} has no array: name one of {', '.join(tiles)}")
    config = tiles[fault.place].config
    _below("column", fault.column, config.columns, "the tile")
    if isinstance(fault, StuckCell):
        _below("row", fault.row, config.rows, "the tile")


def _below(what: str, value: int, end: int, owner: str) -> None:
    if value >= end:
        raise AlpineError(f"{what} {value} does not exist: {owner} has {what}s 0 to {end - 1}")


def _columns(plan: TilePlan) -> list[int]:
    return [
        column
        for placement in plan.placements
        for column in range(placement.columns.start, placement.columns.stop)
    ]
