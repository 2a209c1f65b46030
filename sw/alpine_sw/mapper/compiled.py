# SPDX-License-Identifier: Apache-2.0
"""A mapped network ready to run: data that can be inspected, printed and saved."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from alpine_models.files import make_folder, write_bytes, write_text
from alpine_sw.graph import Graph
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping import Mapping, split_graph
from alpine_sw.mapping.table import mapping_table
from alpine_sw.mapping.yaml_file import mapping_to_yaml
from alpine_sw.programs.generate import mapped_workload

__all__ = ["CompiledNetwork", "compile_network"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CompiledNetwork:
    """What runs.

    Members
    -------
    given : the network.
    graph : the same as it is mapped, nodes that are cut in pieces.
    mapping : where it runs.
    workload : contents of the tiles, and what makes the programs.
    """

    given: Graph
    graph: Graph
    mapping: Mapping
    workload: Workload

    def __str__(self) -> str:
        """Return what every core computes and the buffers between cores, in Markdown."""
        return mapping_table(self.given, self.mapping)

    def save(self, folder: Path) -> None:
        """Write `mapping.yaml`, `mapping.md` and, per tile, its cells and steps as `tile N.npz`.

        Raises
        ------
        AlpineError
            The folder cannot be made or written.
        """
        make_folder(folder)
        write_text(folder / "mapping.yaml", mapping_to_yaml(self.mapping))
        write_text(folder / "mapping.md", str(self))
        for number, plan in enumerate(self.workload.tiles):
            weights = np.zeros((plan.config.columns, plan.config.rows), np.int8)
            for placement in plan.placements:
                weights[placement.columns, placement.rows] = placement.weights
            file = BytesIO()
            np.savez_compressed(file, weights=weights, lsb=plan.lsb)
            write_bytes(folder / f"tile {number}.npz", file.getvalue())


def compile_network(graph: Graph, mapping: Mapping) -> CompiledNetwork:
    """Return what runs a network as a mapping says.

    Raises
    ------
    AlpineError
        The mapping does not fit the graph, or part of the graph has no program.
    """
    return CompiledNetwork(
        given=graph,
        graph=split_graph(graph, mapping),
        mapping=mapping,
        workload=mapped_workload(graph, mapping),
    )
