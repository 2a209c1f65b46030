# SPDX-License-Identifier: Apache-2.0
"""A small cluster: four cores of a type of its own on four banks."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import simpy

from alpine_platform.config import (
    ClusterConfig,
    ClusterMemoryConfig,
    CoreTypeConfig,
    DmaConfig,
    EventUnitConfig,
    ScratchPadConfig,
    SystemConfig,
)
from alpine_platform.config.fields import described
from alpine_platform.cores.core_model import Batch, ClusterPlace, CoupledCost, LoopCost, Result
from alpine_platform.cores.core_models import core_model
from alpine_platform.cores.loop_body import Memory, OperationColumn, compile_body
from alpine_platform.cores.pipeline import Phase

__all__ = ["CLUSTER", "SMALL", "StepCoreConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class StepCoreConfig(CoreTypeConfig):
    """A core that does an operation per cycle, and waits for each load and store."""

    frequency_hz: float = described(
        "core clock", source="a test", minimum=1e6, maximum=1e10, default=500e6
    )


class StepModel:
    """The core model of `StepCoreConfig`, on scratch-pad memory."""

    def __init__(self, place: ClusterPlace) -> None:
        self.place = place

    def run_loop(
        self, phases: Sequence[Phase], repeats: int
    ) -> Generator[simpy.Event, Any, LoopCost]:
        env, place = self.place.env, self.place
        waited = instructions = 0
        for repeat in range(repeats):
            for phase in phases:
                body = compile_body(phase.body)
                for iteration in range(phase.iterations):
                    instructions += body.instructions
                    for row in body.operations:
                        kind = Memory(int(row[OperationColumn.MEMORY]))
                        if kind is Memory.NONE:
                            yield env.timeout(place.period_fs)
                            continue
                        stream = phase.streams[body.streams[row[OperationColumn.STREAM]]]
                        offset = iteration * stream.stride + repeat * stream.repeat_stride
                        address = stream.address + int(row[OperationColumn.OFFSET]) + offset
                        begun = env.now
                        yield from place.cluster.access(
                            place.master, address, 4, write=kind is Memory.STORE
                        )
                        waited += int(env.now - begun) // place.period_fs - 1
        return LoopCost(wait_cycles=waited, instructions=instructions)

    def run_coupled_loop(
        self,
        phases: Sequence[Phase],
        repeats: int,
        batch: Batch,
        execute: Callable[[Batch, int], Result],
        *,
        wait: bool,
    ) -> Generator[simpy.Event, Any, CoupledCost[Result]]:
        raise ValueError("a step core has no tiles")

    def stored_cycle(self) -> int:
        return 0


@core_model.register
def step_model(_config: StepCoreConfig, place: ClusterPlace) -> StepModel:
    return StepModel(place)


CLUSTER = ClusterConfig(
    cores=4,
    accelerators=2,
    core=StepCoreConfig(),
    scratch_pad=ScratchPadConfig(size_bytes=1024, banks=4),
    dma=DmaConfig(queued=3),
    event_unit=EventUnitConfig(),
    memory=ClusterMemoryConfig(size_bytes=4096),
)
SMALL = SystemConfig(name="small", clusters=(CLUSTER,))
