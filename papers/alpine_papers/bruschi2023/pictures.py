# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Matplotlib types its keyword arguments only in part; what crosses this border is annotated.
"""Pictures of the page on the many-core."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from alpine_models.files import write_with
from alpine_platform.manycore import ClusterUse, ManyCoreResult

from .arithmetic import Chain
from .published import CHAIN
from .runs import MachinePoint, TimedBatch

__all__ = [
    "busy_shares",
    "draw_batches",
    "draw_chain",
    "draw_clusters",
    "draw_machines",
    "draw_timeline",
]

STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "alpine",
}
OURS, THEIRS = "#1f5f99", "#e08a2b"
BINS = 240
"""Of the timeline, across the batch."""


def busy_shares(result: ManyCoreResult) -> tuple[list[str], NDArray[np.float64]]:
    """Return layers, and the share of every slice of the batch in which their clusters work.

    Returns
    -------
    names of the layers, and shares [layers, `BINS`], means over a layer's clusters.
    """
    layers = list(dict.fromkeys(use.layer for use in result.clusters))
    shares, counts = np.zeros((len(layers), BINS)), np.zeros(len(layers))
    width = result.cycles / BINS
    edges = np.linspace(0.0, result.cycles, BINS + 1)
    for use, starts in zip(result.clusters, result.starts, strict=True):
        row = layers.index(use.layer)
        counts[row] += 1
        shares[row] += _working(use, starts, edges) / width
    return layers, shares / counts[:, None]


def _working(
    use: ClusterUse, starts: NDArray[np.int64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cycles between edges in which a cluster works: its chunks take equally long each."""
    duration = use.busy / use.chunks
    # Work done until an edge: all of the chunks before, and a part of the one that has begun.
    begun = np.searchsorted(starts, edges, side="right")
    last = np.where(begun > 0, edges - starts[np.maximum(begun - 1, 0)], 0)
    return np.diff(np.maximum(begun - 1, 0) * duration + np.minimum(last, duration))


def draw_timeline(result: ManyCoreResult, path: Path) -> None:
    """Draw how busy every layer's clusters are, and when images are finished."""
    layers, shares = busy_shares(result)
    end_ms = result.time_fs / 1e12
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 4.6), layout="constrained")
        shown = axis.imshow(
            shares, aspect="auto", cmap="magma_r", vmin=0, vmax=1,
            extent=(0, end_ms, len(layers) - 0.5, -0.5), interpolation="nearest",
        )  # fmt: skip
        axis.set_yticks(range(len(layers)), layers)
        for ended in result.image_cycles:
            axis.axvline(ended * result.config.period_fs / 1e12, color=OURS, lw=0.6)
        axis.set_xlabel("ms; lines: images are finished")
        picture.colorbar(shown, label="share of the time in which clusters work", pad=0.01)
        _save(picture, path)


def draw_clusters(result: ManyCoreResult, path: Path) -> None:
    """Draw every cluster of the machine in its quadrants, coloured by how long it worked."""
    config = result.config
    low = config.l1_children * config.l2_children
    across = config.l3_children * 2
    groups = config.clusters // low
    side = int(np.ceil(np.sqrt(low)))
    down = -(-groups // across)
    grid = np.full((down * (side + 1), across * (side + 1)), np.nan)
    kinds = np.full_like(grid, np.nan)
    busy = {use.cluster: use.busy / result.cycles for use in result.clusters}
    for cluster in range(config.clusters):
        group, place = divmod(cluster, low)
        row, column = divmod(group, across)
        at = row * (side + 1) + place // side, column * (side + 1) + place % side
        kinds[at], grid[at] = 1.0, busy.get(cluster, np.nan)
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 4.6), layout="constrained")
        axis.imshow(kinds, cmap="Greys", vmin=0, vmax=8)
        shown = axis.imshow(grid, cmap="magma_r", vmin=0, vmax=1)
        axis.set_axis_off()
        picture.colorbar(shown, label="share of the batch in which a cluster works", pad=0.01)
        _save(picture, path)


def draw_chain(chain: Chain, path: Path) -> None:
    """Draw the throughputs from the ideal down, beside those of the printed factors."""
    names = ("ideal", "clusters in use", "cells with weights", "slowest layer", "batch")
    ours = [chain.ideal / each for each in (1.0, *chain.factors)]
    theirs = [chain.ideal / each for each in (1.0, *CHAIN)]
    at = np.arange(len(names))
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 2.6), layout="constrained")
        axis.bar(at - 0.2, ours, 0.4, color=OURS, label="ours")
        axis.bar(at + 0.2, theirs, 0.4, color=THEIRS, label="our ideal over the printed factors")
        axis.set_yscale("log")
        axis.set_xticks(at, names)
        axis.set_ylabel("TOPS")
        axis.legend(frameon=False)
        _save(picture, path)


def draw_machines(points: Sequence[MachinePoint], path: Path) -> None:
    """Draw the throughput over the number of clusters, a line per side of the crossbars."""
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 3.2), layout="constrained")
        for side in sorted({point.side for point in points}):
            own = [point for point in points if point.side == side and point.batch is not None]
            rates = [point.batch.result.images_per_s for point in own if point.batch is not None]
            axis.plot([point.clusters for point in own], rates, "o-", label=f"{side} x {side}")
        _powers(axis, sorted({point.clusters for point in points}))
        axis.set_xlabel("clusters of the machine, all of them to be used")
        axis.set_ylabel("images/s, batch of 16")
        axis.grid(alpha=0.25)
        axis.legend(title="crossbars", frameon=False)
        _save(picture, path)


def draw_batches(batches: Mapping[tuple[str, int], TimedBatch], path: Path) -> None:
    """Draw the throughput over the images of a batch."""
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 2.6), layout="constrained")
        for name in dict.fromkeys(name for name, _ in batches):
            own = sorted(count for other, count in batches if other == name)
            axis.plot(own, [batches[name, each].result.images_per_s for each in own], "o-",
                      label=name)  # fmt: skip
        _powers(axis, sorted({count for _, count in batches}))
        axis.set_xlabel("images of a batch")
        axis.set_ylabel("images/s")
        axis.grid(alpha=0.25)
        axis.legend(frameon=False)
        _save(picture, path)


def _powers(axis, values: Sequence[int]) -> None:
    """Powers of two across, by their numbers, and decades upwards."""
    axis.set_xscale("log", base=2)
    axis.set_xticks(values, [str(each) for each in values])
    axis.set_yscale("log")


def _save(picture, path: Path) -> None:
    write_with(
        path,
        lambda file: picture.savefig(file, format=path.suffix[1:], metadata={"Date": None}),
    )
    plt.close(picture)
