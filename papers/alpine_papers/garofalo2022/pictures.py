# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Matplotlib types its keyword arguments only in part; what crosses this border is annotated.
"""Pictures of the page on the IMC cluster."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from alpine_models.files import write_with

from .bottleneck import BlockPart, BottleneckCase, BottleneckResult
from .layer_runs import LayerRun
from .layers import LayerKind, PublishedLayer
from .packing import PlacedBlock
from .rules import FREQUENCY_HZ, SIDE

__all__ = ["draw_bottleneck", "draw_layers", "draw_packing"]

STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "alpine",
}
ACROSS = 9
"""Crossbars side by side."""
GAP = 24
"""Between them, in cells."""
COLOURS = {
    LayerKind.CROSSBAR: "#1f5f99",
    LayerKind.DEPTHWISE: "#e08a2b",
    LayerKind.RESIDUAL: "#9a9a9a",
}


def draw_packing(placed: Sequence[PlacedBlock], path: Path) -> None:
    """Draw every crossbar with its blocks, word lines down; a block bears its row of the table."""
    count = 1 + max(each.crossbar for each in placed)
    down = -(-count // ACROSS)
    colours = plt.get_cmap("tab20")
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 1.18 * down))
        for number in range(count):
            corner = _corner(number)
            axis.add_patch(Rectangle(corner, SIDE, SIDE, facecolor="white", edgecolor="black"))
        for each in placed:
            left, top = _corner(each.crossbar)
            left, top, block = left + each.column, top + each.row, each.block
            axis.add_patch(
                Rectangle(
                    (left, top), block.columns, block.rows, facecolor=colours(block.layer % 20),
                    edgecolor="white", lw=0.5,
                )
            )  # fmt: skip
            if min(block.columns, block.rows) >= 48:
                axis.text(
                    left + block.columns / 2, top + block.rows / 2, str(block.layer),
                    ha="center", va="center", fontsize=6,
                )  # fmt: skip
        axis.set_xlim(-GAP, ACROSS * (SIDE + GAP))
        axis.set_ylim(down * (SIDE + GAP), -GAP)
        axis.set_aspect("equal")
        axis.set_axis_off()
        picture.subplots_adjust(0, 0, 1, 1)
        _save(picture, path)


def _corner(crossbar: int) -> tuple[int, int]:
    down, across = divmod(crossbar, ACROSS)
    return across * (SIDE + GAP), down * (SIDE + GAP)


def draw_layers(layers: Sequence[PublishedLayer], runs: Mapping[int, LayerRun], path: Path) -> None:
    """Draw the simulated time and the energy by rule of all rows: bars under the printed marks."""
    with plt.rc_context(STYLE):
        picture, (times, energies) = plt.subplots(
            2, 1, figsize=(10.5, 4.6), layout="constrained", sharex=True
        )
        for kind, colour in COLOURS.items():
            own = [layer for layer in layers if layer.kind is kind]
            at = [layer.row for layer in own]
            cycles = [runs[layer.row].cycles for layer in own]
            milliseconds = [each / FREQUENCY_HZ * 1e3 for each in cycles]
            times.bar(at, milliseconds, color=colour, label=kind)
            energies.bar(at, [layer.rule_energy_j() * 1e6 for layer in own], color=colour)
        at = [layer.row for layer in layers]
        times.plot(at, [layer.printed_ms for layer in layers], "k_", ms=7, label="printed")
        energies.plot(
            at, [layer.macs / layer.printed_gmac_per_s_per_w * 1e-3 for layer in layers], "k_", ms=7
        )
        times.set_ylabel("ms, simulated")
        energies.set_ylabel("uJ, by rule")
        energies.set_xlabel("row of the table")
        for axis in (times, energies):
            axis.set_yscale("log")
            axis.grid(axis="y", alpha=0.25)
            axis.set_axisbelow(True)
        picture.legend(loc="outside upper center", ncols=4, frameon=False)
        _save(picture, path)


def draw_bottleneck(results: Mapping[BottleneckCase, BottleneckResult], path: Path) -> None:
    """Draw the cycles of every mapping, part by part."""
    colours = plt.get_cmap("tab10")
    names = [case.value for case in results]
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 2.6), layout="constrained")
        left = [0.0] * len(names)
        for number, phase in enumerate(BlockPart):
            widths = [each.phases.get(phase, 0) / 1e3 for each in results.values()]
            axis.barh(names, widths, left=left, color=colours(number), label=phase.value)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axis.invert_yaxis()
        axis.set_xlabel("thousand cycles")
        picture.legend(loc="outside upper center", ncols=len(BlockPart), frameon=False)
        _save(picture, path)


def _save(picture, path: Path) -> None:
    write_with(
        path,
        lambda file: picture.savefig(file, format=path.suffix[1:], metadata={"Date": None}),
    )
    plt.close(picture)
