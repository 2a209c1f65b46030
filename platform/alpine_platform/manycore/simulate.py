# SPDX-License-Identifier: Apache-2.0
"""Event-driven simulation of stages on a many-core."""

from typing import Any

from alpine_models.errors import AlpineError

from .checks import check_graph
from .config import ManyCoreConfig
from .durations import accelerator_cycles, slowest
from .execution_kernel import execute
from .layout import StageLayout, lay_out
from .result import ClusterUse, LinkUse, ManyCoreResult
from .simulation_state import ManyCoreState
from .stages import StageGraph

__all__ = ["simulate"]

MOST_IMAGES = 4096


def simulate(graph: StageGraph, config: ManyCoreConfig, *, images: int) -> ManyCoreResult:
    """Execute a batch of images, self-timed chunk by chunk.

    Parameters
    ----------
    graph : stages and edges.
    config : the machine.
    images : of the batch, all of which lie in the HBM at the begin; 1 to 4096.

    Raises
    ------
    AlpineError
        The graph does not fit the machine, or stages wait for one another's room for ever.
    """
    if not 1 <= images <= MOST_IMAGES:
        raise AlpineError(f"a batch has 1 to {MOST_IMAGES} images, not {images}")
    check_graph(graph, config)
    layout = lay_out(graph, config, images=images)
    state = layout.state()
    execute(state)
    for record, (stage, _) in zip(state.units, layout.stages, strict=True):
        if record["step"] < record["steps"]:
            # Stages are in the order of the flow as a rule: the first one that stands still.
            raise AlpineError(
                f"stage {stage.name} stands still at its chunk {record['step']} for ever, as its"
                " consumers have no room: let edges that skip stages go through the HBM, or give"
                " their storage a larger capacity"
            )
    return ManyCoreResult(
        config=config,
        graph=graph,
        images=images,
        cycles=int(state.image_ends.max()),
        image_cycles=tuple(state.image_ends.tolist()),
        clusters=tuple(_cluster_uses(layout, state)),
        links=tuple(_link_uses(state)),
        bursts=int(state.machine[0]["bursts"]),
        events=int(state.machine[0]["handled"]),
        slowest=slowest(graph, config),
        starts=tuple(
            state.starts[first : first + steps]
            for first, steps in state.units[["first_start", "steps"]].tolist()
        ),
    )


def _cluster_uses(layout: StageLayout, state: ManyCoreState) -> list[ClusterUse]:
    found: list[ClusterUse] = []
    for record, (stage, index) in zip(state.units, layout.stages, strict=True):
        unit: Any = {name: int(record[name]) for name in record.dtype.names or ()}
        steps = unit["steps"]
        analog = accelerator_cycles(
            layout.config,
            jobs=stage.jobs,
            rows=stage.rows_of(index),
            columns=stage.columns_of(index),
            runs=stage.runs,
        )
        found.append(
            ClusterUse(
                cluster=unit["cluster"],
                stage=stage.name,
                layer=stage.layer,
                copy=unit["copy"],
                index=index,
                chunks=steps,
                jobs=steps * stage.jobs,
                analog=steps * analog,
                digital=steps * stage.digital_cycles_of(index),
                software=steps * layout.config.software_cycles,
                busy=steps * unit["duration"],
                waited_input=unit["waited_input"],
                waited_communication=unit["waited_communication"],
                waited_output=unit["waited_output"],
            )
        )
    return found


def _link_uses(state: ManyCoreState) -> list[LinkUse]:
    found: list[LinkUse] = []
    ends = [*state.offsets[1:].tolist(), len(state.wires) // 4]
    for wire, busy in enumerate(state.wires[:, 1].tolist()):
        if busy:
            node, way = divmod(wire, 4)
            level = next(number for number, end in enumerate(ends) if node < end)
            found.append(
                LinkUse(
                    level=level,
                    node=node - int(state.offsets[level]),
                    upwards=way < 2,
                    reads=bool(way & 1),
                    busy=busy,
                )
            )
    return found
