"""The published multi-layer perceptron as programs: single-core analog mappings.

Source of the mappings and of the order of steps: Klein et al., ALPINE, IEEE TC 2022, Fig. 6 and
Sec. VII; the reference programs of the gem5 runs measure the same structure.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from alpine_models.tile import TileConfig
from alpine_platform.address_space import Buffer
from alpine_platform.operations import Begin, End, Operation, Program
from alpine_platform.system import System
from numpy.typing import NDArray

from alpine_sw import kernels
from alpine_sw.mapping import Placement, TilePlan
from alpine_sw.networks import MlpNetwork
from alpine_sw.workloads import Programs, Software, Workload

__all__ = ["MLP_CASES", "analog_mlp"]

MLP_CASES = (1, 2)
"""Published single-core mappings."""

PACKING: dict[Software, kernels.Packing] = {Software.RELEASED: "bytes", Software.TUNED: "word"}


def analog_mlp(
    network: MlpNetwork, *, case: int, software: Software, config: TileConfig | None = None
) -> Workload:
    """Map a two-layer perceptron onto one tile of one core.

    Case 1: one tile holds both layers on its block diagonal; one CM_PROCESS works on the first
    layer of one inference and the second layer of the one before. Case 2: the layers lie side by
    side, and each inference takes two CM_PROCESS.

    Parameters
    ----------
    network : two layers without bias.
    case : 1 or 2.
    software : how operands are packed.
    config : the tile; just large enough when None (2048 x 2048 and 1024 x 2048 for the published
        network, as in the paper).

    Raises
    ------
    AlpineError
        The matrices do not fit the tile.
    """
    hidden, inputs = network.weights[0].shape
    outputs = network.weights[1].shape[0]
    if case == 1:
        rows, second_row = inputs + hidden, inputs
    else:
        rows, second_row = max(inputs, hidden), 0
    config = config or TileConfig(rows=rows, columns=hidden + outputs)
    layers = (
        Placement(name="layer 1", weights=network.weights[0], lsb=network.lsb[0]),
        Placement(
            name="layer 2",
            weights=network.weights[1],
            lsb=network.lsb[1],
            row=second_row,
            column=hidden,
        ),
    )
    programs = _case_1 if case == 1 else _case_2
    return Workload(
        plans={0: [TilePlan(config=config, placements=layers)]},
        programs=_single_core(programs, hidden, outputs, PACKING[software]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Memory:
    """Buffers of a single-core run; ``inputs`` and ``outputs`` hold one part per inference."""

    inputs: Buffer
    outputs: Buffer
    x: Buffer
    hidden: Buffer
    y: Buffer
    packing: kernels.Packing

    def input(self, inference: int) -> Buffer:
        """The fresh input of an inference."""
        size = len(self.x.data)
        return self.inputs.part(inference * size, (inference + 1) * size)

    def output(self, inference: int) -> Buffer:
        """Where the output of an inference goes."""
        size = len(self.y.data)
        return self.outputs.part(inference * size, (inference + 1) * size)


def _single_core(
    body: Callable[[_Memory, int, Callable[[], None]], Program],
    hidden: int,
    outputs: int,
    packing: kernels.Packing,
) -> Programs:
    def programs(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[np.int8], dict[int, Program]]:
        count, width = inputs.shape
        space = system.memory
        memory = _Memory(
            inputs=space.place("inputs", inputs.reshape(-1)),
            outputs=space.allocate("outputs", count * outputs),
            x=space.allocate("x", width),
            hidden=space.allocate("hidden", hidden),
            y=space.allocate("y", outputs),
            packing=packing,
        )
        results = memory.outputs.data.reshape(count, outputs)
        return results, {0: body(memory, count, on_step)}

    return programs


def _section(name: str, program: Program) -> Generator[Operation, Any, None]:
    """Run a kernel as a named part of the breakdown."""
    yield Begin(name)
    yield from program
    yield End()


def _case_1(memory: _Memory, count: int, on_step: Callable[[], None]) -> Program:
    """Software pipeline: step k queues input k and hidden vector k - 1, then processes once."""
    packing, width, hidden = memory.packing, len(memory.x.data), len(memory.hidden.data)
    for step in range(count + 1):
        first, second = step < count, step > 0  # which layers have work in this step
        if first:
            yield from _section("input load", kernels.copy(memory.x, memory.input(step)))
            yield from _section(
                "analog queue", kernels.queue_vector(memory.x, packing=packing)
            )
        if second:
            index = None if first else width
            yield from _section(
                "analog queue",
                kernels.queue_vector(memory.hidden, packing=packing, index=index),
            )
        yield from _section("analog process", kernels.process())
        if first:
            yield from _section(
                "analog dequeue", kernels.dequeue_vector(memory.hidden, packing=packing)
            )
            yield from _section("activation", kernels.relu8(memory.hidden))
        if second:
            index = None if first else hidden
            yield from _section(
                "analog dequeue",
                kernels.dequeue_vector(memory.y, packing=packing, index=index),
            )
            yield from _section("activation", kernels.relu8(memory.y))
            yield from _section("output writeback", kernels.copy(memory.output(step - 1), memory.y))
            on_step()


def _case_2(memory: _Memory, count: int, on_step: Callable[[], None]) -> Program:
    """One layer after the other, each through a CM_PROCESS of its own."""
    packing, hidden = memory.packing, len(memory.hidden.data)
    for inference in range(count):
        yield from _section("input load", kernels.copy(memory.x, memory.input(inference)))
        yield from _section("analog queue", kernels.queue_vector(memory.x, packing=packing))
        yield from _section("analog process", kernels.process())
        yield from _section(
            "analog dequeue", kernels.dequeue_vector(memory.hidden, packing=packing)
        )
        yield from _section("activation", kernels.relu8(memory.hidden))
        yield from _section("analog queue", kernels.queue_vector(memory.hidden, packing=packing))
        yield from _section("analog process", kernels.process())
        yield from _section(
            "analog dequeue",
            kernels.dequeue_vector(memory.y, packing=packing, index=hidden),
        )
        yield from _section("activation", kernels.relu8(memory.y))
        yield from _section("output writeback", kernels.copy(memory.output(inference), memory.y))
        on_step()
