# SPDX-License-Identifier: Apache-2.0
"""From a graph and its mapping to what a session runs: tiles and a program per core."""

from collections.abc import Callable
from collections.abc import Mapping as Table
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System
from alpine_sw.graph import Graph
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping import InputFormat, Mapping, split_graph

from .assembly import Parts, assemble, values_of
from .network_plan import NetworkPlan
from .planning import network_plan
from .run_memory import RunMemory, Writing

__all__ = ["Parts", "Writing", "mapped_workload"]


def mapped_workload(
    graph: Graph, mapping: Mapping, *, writing: Writing | None = None, parts: Parts | None = None
) -> Workload:
    """Return what runs a network as a mapping says.

    Parameters
    ----------
    graph : the network, with one input; its first output is what a run gives.
    mapping : where its nodes run.
    writing : where the network chooses its inputs itself; what is given in their place is ignored.
    parts : what programs are made with, where that is not the library's.

    Raises
    ------
    AlpineError
        The mapping does not fit the graph, or part of the graph has no program.
    """
    graph = split_graph(graph, mapping)
    plan = network_plan(graph, mapping)
    if writing is not None:
        _check_writing(plan)

    def programs(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[Any], Table[int, Program]]:
        if plan.cores > system.config.cores:
            raise AlpineError(
                f"mapping {mapping.name} of network {graph.name} takes {plan.cores} cores, but "
                f"{system.config.name} has {system.config.cores}: use a system with more"
            )
        run = _run_memory(plan, system, inputs, on_step, writing)
        outputs = run.outputs.data.reshape(run.count, run.size)
        return outputs, assemble(plan, run, system.config, parts or Parts())

    return Workload(hardware=plan.tiles.hardware, programs=programs)


def _check_writing(plan: NetworkPlan) -> None:
    """Whoever reads what the network chooses waits for it."""
    makers = {stage.core for stage in plan.makers(plan.output_name)}
    for stage in plan.stages:
        reads = plan.input_name in stage.node.operands
        if reads and {stage.core} != makers and plan.link_to(stage, plan.input_name) is None:
            raise AlpineError(
                f"node {stage.node.name} on core {stage.core} reads what the network chooses on "
                f"another core: add a buffer that carries {plan.input_name} to {stage.node.name}"
            )


def _run_memory(
    plan: NetworkPlan,
    system: System,
    inputs: NDArray[np.int8],
    on_step: Callable[[], None],
    writing: Writing | None,
) -> RunMemory:
    """Place a run's inputs, and room for its outputs, in a system's memory."""
    graph, space = plan.graph, system.memory
    codes = graph.inputs[plan.input_name].batch(inputs, name=plan.input_name).reshape(-1)
    if plan.mapping.inputs is InputFormat.FP32:
        codes = values_of(codes, plan.input_scale)
    count, result = len(inputs), plan.held(plan.output_name)
    return RunMemory(
        space=space,
        inputs=space.place("inputs", codes),
        outputs=space.allocate("outputs", count * result.elements, result.element.dtype),
        width=graph.inputs[plan.input_name].elements,
        size=result.elements,
        count=count,
        on_step=on_step,
        writing=writing,
    )
