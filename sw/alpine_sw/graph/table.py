# SPDX-License-Identifier: Apache-2.0
"""A graph as text."""

from .graph import Graph
from .operator import MatrixOperator

__all__ = ["graph_table"]

HEADERS = ("node", "operator", "operands", "result", "weights", "MACs")
NUMBERS = ("weights", "MACs")


def graph_table(graph: Graph) -> str:
    """Return a table in Markdown: every node, its operator, what it reads and gives, its size."""
    rows = [HEADERS, tuple("---:" if name in NUMBERS else "---" for name in HEADERS)]
    rows += [(name, "input", "", str(kind), "", "") for name, kind in graph.inputs.items()]
    for node in graph.nodes:
        operator, macs = node.operator, graph.macs(node)
        weights = operator.weight_count if isinstance(operator, MatrixOperator) else 0
        rows.append(
            (
                node.name,
                operator.kind,
                ", ".join(node.operands),
                str(graph.types[node.name]),
                f"{weights:,}" if weights else "",
                f"{macs:,}" if macs else "",
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
