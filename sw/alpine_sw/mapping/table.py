# SPDX-License-Identifier: Apache-2.0
"""A mapping as text."""

from collections.abc import Sequence

from alpine_sw.graph import Graph, LstmCell

from .records import Mapping, Part
from .splits import split_graph
from .stages import Stage, stages_of

__all__ = ["mapping_table"]

PARTS = ("core", "turn", "node", "results", "tile", "word lines", "bit lines", "behind", "software")
LINKS = ("buffer", "carries", "from cores", "to", "slots")


def mapping_table(graph: Graph, mapping: Mapping) -> str:
    """Return two tables in Markdown: what every core computes, and the buffers between cores.

    Raises
    ------
    AlpineError
        The mapping does not fit the graph.
    """
    stages = stages_of(split_graph(graph, mapping), mapping)
    ordered = sorted(stages, key=lambda stage: (stage.core, stage.turn))
    text = _table(PARTS, [_row(mapping, stage, part) for stage in ordered for part in stage.parts])
    if not mapping.links:
        return text
    rows: list[tuple[str, ...]] = []
    for link in mapping.links:
        makers = [str(stage.core) for stage in stages if link.value in stage.makes]
        rows.append(
            (
                link.kind,
                link.value,
                ", ".join(makers) or "network's own choice",
                ", ".join(link.to),
                str(link.slots),
            )
        )
    return f"{text}\n{_table(LINKS, rows)}"


def _row(mapping: Mapping, stage: Stage, part: Part) -> tuple[str, ...]:
    style = stage.style(mapping)
    # Outputs of a cell's matrix are gates; its results are the units that they belong to.
    units = isinstance(stage.node.operator, LstmCell)
    ranges = (stage.outputs,) if units or not part.outputs else part.outputs
    where = [part.tile or "none", "", ""]
    if part.tile is not None:
        outputs, inputs = len(stage.rows_of(part)), stage.product.weights.shape[1]
        where[1] = f"{part.row} to {part.row + inputs - 1}"
        where[2] = f"{part.column} to {part.column + outputs - 1}"
    return (
        str(stage.core),
        str(stage.turn),
        stage.node.name,
        ", ".join(f"{first} to {end - 1}" for first, end in ranges),
        *where,
        str(stage.behind),
        style.product if part.tile is None else style.operands,
    )


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
