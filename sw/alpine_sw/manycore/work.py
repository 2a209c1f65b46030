# SPDX-License-Identifier: Apache-2.0
"""What a chunk of a layer costs the clusters that work on it, in cycles."""

from math import ceil

from alpine_platform.manycore import ManyCoreConfig, accelerator_cycles

from .chunked_layers import ChunkedLayer, LayerWork
from .parts import column_parts, row_parts, tree_parts

__all__ = [
    "addition_cycles",
    "core_cycles",
    "crossbar_cycles",
    "job_rows",
    "job_runs",
    "tree_cycles",
]

SIMD_LANES = 4
"""Codes in a word, on which one instruction of a core works (RISC-V with Xpulp)."""


def job_rows(layer: ChunkedLayer, rows: int) -> tuple[int, ...]:
    """Word lines that a job takes in every row split of a layer."""
    whole = rows <= layer.inputs // layer.area
    return tuple(
        (end - first) * (layer.area if whole else 1) for first, end in row_parts(layer, rows)
    )


def job_runs(layer: ChunkedLayer, rows: int) -> int:
    """Contiguous runs in L1 from which a job reads its inputs, one per column of a window.

    Where channels are cut the cores unfold windows, and there is one run.
    """
    return layer.window_columns if rows <= layer.inputs // layer.area else 1


def crossbar_cycles(layer: ChunkedLayer, rows: int, columns: int, config: ManyCoreConfig) -> int:
    """Cycles of the slowest cluster with a crossbar per chunk: one job per row of the image."""
    outputs = max(end - first for first, end in column_parts(layer, columns))
    return config.software_cycles + accelerator_cycles(
        config,
        jobs=layer.rows,
        rows=max(job_rows(layer, rows)),
        columns=outputs,
        runs=job_runs(layer, rows),
    )


def addition_cycles(parts: int, elements: int, config: ManyCoreConfig) -> int:
    """Cycles of a cluster's cores to add up so many partial sums of a chunk's elements.

    Source of the cycles per element: `ManyCoreConfig.partial_sum_cycles_per_element`.
    """
    return ceil((parts - 1) * elements * config.partial_sum_cycles_per_element)


def tree_cycles(
    layer: ChunkedLayer, rows: int, columns: int, tree: tuple[int, ...], config: ManyCoreConfig
) -> int:
    """Cycles of the slowest cluster of a layer's trees per chunk; 0 without any."""
    if not tree:
        return 0
    outputs = max(end - first for first, end in column_parts(layer, columns))
    parts = max(max(level) for level in tree_parts(rows, tree))
    return config.software_cycles + addition_cycles(parts, layer.rows * outputs, config)


def core_cycles(layer: ChunkedLayer, config: ManyCoreConfig) -> int:
    """Cycles of a cluster's cores for a chunk of a layer without a matrix.

    Additions: `ManyCoreConfig.residual_cycles_per_element`. Pooling is assumed to take two
    instructions per word and position of a window, a load and one that combines, in words that the
    cores share evenly.
    """
    if layer.kind is LayerWork.ADDITION:
        return ceil(layer.column_elements * config.residual_cycles_per_element)
    words = layer.column_elements / SIMD_LANES
    return ceil(words * 2 * layer.area / config.cores)
