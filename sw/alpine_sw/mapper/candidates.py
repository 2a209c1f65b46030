# SPDX-License-Identifier: Apache-2.0
"""Mappings beside the solver's that may be faster, and the time that a mapping really takes.

Estimates leave out caches and waiting, so that the last word has a simulation of a few inferences
on timed tiles. The published mappings are among the candidates where the hardware has room for
them: what is chosen is never slower than they are.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Table
from dataclasses import replace
from functools import partial

import numpy as np

from alpine_models.errors import AlpineError
from alpine_platform.config import SystemConfig
from alpine_platform.systems.system import System
from alpine_sw.graph import Graph
from alpine_sw.library.timed_ports import timed_ports
from alpine_sw.mapping import Mapping, Style, split_graph, stages_of
from alpine_sw.mapping.published_cnn import analog_cnn
from alpine_sw.mapping.published_lstm import LSTM_CASES, analog_lstm
from alpine_sw.mapping.published_mlp import MLP_CASES, analog_mlp
from alpine_sw.programs.generate import mapped_workload

from .hardware import Hardware

__all__ = ["MEASURED", "candidates", "simulated_fs", "vectors_of"]

MEASURED = 8
"""Inferences that are simulated to compare mappings."""


def candidates(
    graph: Graph, mapping: Mapping, hardware: Hardware, style: Style | None
) -> Iterator[Mapping]:
    """Return further mappings onto the same hardware, each of which fits it.

    Parameters
    ----------
    graph : the network.
    mapping : the solver's.
    hardware : what they may use.
    style : of their software, or None for the one that each was published with.
    """
    diagonal = _pipelined(graph, mapping, hardware)
    if diagonal is not None:
        yield diagonal
    if not hardware.tiles_per_core:
        return
    builders = {
        **{f"mlp {case}": partial(analog_mlp, case=case) for case in MLP_CASES},
        **{f"lstm {case}": partial(analog_lstm, case=case) for case in LSTM_CASES},
        "cnn 1": analog_cnn,
    }
    for build in builders.values():
        try:
            made = build(graph)
            found = _on(made, hardware)
            if found is not None:
                found = found if style is None else replace(found, style=style)
                mapped_workload(graph, found)
                yield found
        except AlpineError:
            # It is for another network, or its tiles are too small here.
            continue


def _on(mapping: Mapping, hardware: Hardware) -> Mapping | None:
    """A mapping with its tiles as large as the hardware's, or None where it has others."""
    per_core: dict[int, int] = {}
    for tile in mapping.tiles:
        per_core[tile.core] = per_core.get(tile.core, 0) + 1
    cores = 1 + max(part.core for part in mapping.parts)
    most = max(per_core.values(), default=0)
    if cores > hardware.cores or most > hardware.tiles_per_core:
        return None
    tiles = tuple(
        replace(tile, rows=hardware.rows, columns=hardware.columns) for tile in mapping.tiles
    )
    return replace(mapping, tiles=tiles)


def _pipelined(graph: Graph, mapping: Mapping, hardware: Hardware) -> Mapping | None:
    """The nodes of every core on the block diagonal of one tile, with one product for all of them.

    Each works one inference behind the one before it. None where no core can do so.
    """
    stages = stages_of(split_graph(graph, mapping), mapping)
    changed: dict[tuple[str, int], Table[str, int]] = {}
    for core in {stage.core for stage in stages}:
        own = sorted((one for one in stages if one.core == core), key=lambda one: one.turn)
        rows = sum(one.product.weights.shape[1] for one in own)
        columns = sum(len(one.product.weights) for one in own)
        fits = rows <= hardware.rows and columns <= hardware.columns
        alone = all(len(one.parts) == 1 and one.parts[0].tile and one.count == 1 for one in own)
        if len(own) < 2 or not fits or not alone:
            continue
        row = column = 0
        for behind, one in enumerate(own):
            changed[one.node.name, core] = {
                "row": row, "column": column, "turn": 0, "behind": behind
            }  # fmt: skip
            row += one.product.weights.shape[1]
            column += len(one.product.weights)
    if not changed:
        return None
    parts = tuple(
        replace(part, tile=f"tile {part.core}.0", **changed[part.node, part.core])
        if (part.node, part.core) in changed
        else part
        for part in mapping.parts
    )
    found = replace(mapping, name=f"{mapping.name}, pipelined in tiles", parts=parts)
    try:
        mapped_workload(graph, found)
    except AlpineError:
        return None
    return found


def simulated_fs(graph: Graph, mapping: Mapping, system: SystemConfig) -> int:
    """Return the simulated time of `MEASURED` inferences of random codes on timed tiles.

    Raises
    ------
    AlpineError
        The mapping has no programs.
    """
    workload = mapped_workload(graph, mapping)
    workload = workload.with_product_cycles(system.tile_clock.product_cycles)
    ports = timed_ports(workload.plans, tile_period_fs=system.tile_clock.period_fs)
    machine = System(system, tile_ports=ports)
    (kind,) = graph.inputs.values()
    rng = np.random.default_rng(0)
    inputs = rng.integers(-128, 128, (MEASURED, kind.elements)).astype(kind.element.dtype)
    _, programs = workload.programs(machine, inputs, lambda: None)
    return machine.run(programs).time_fs


def vectors_of(graph: Graph, mapping: Mapping) -> int:
    """Return how many vectors a network multiplies per inference: what a simulation takes."""
    cut = split_graph(graph, mapping)
    return sum(stage.product.vectors for stage in stages_of(cut, mapping))
