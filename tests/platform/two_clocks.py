# SPDX-License-Identifier: Apache-2.0
"""A toy system of two complexes: in-order cores, and cores of another type on another clock."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import simpy

from alpine_platform.config import (
    CoreComplexConfig,
    CoreConfig,
    CoreEnergyConfig,
    CoreTypeConfig,
)
from alpine_platform.config.fields import described
from alpine_platform.cores.core_model import Batch, CorePlace, CoupledCost, LoopCost, Result
from alpine_platform.cores.core_models import core_model
from alpine_platform.cores.loop_body import Memory, OperationColumn, compile_body
from alpine_platform.cores.pipeline import Phase
from alpine_platform.systems.presets import HIGH_POWER

__all__ = ["TWO_CLOCKS", "SteadyCoreConfig", "complex_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SteadyCoreConfig(CoreTypeConfig):
    """A core that takes the same time for every operation, and waits for each load and store."""

    frequency_hz: float = described("core clock", source="a toy", minimum=1e6, maximum=1e10)
    operation_cycles: int = described(
        "cycles per operation", source="a toy", minimum=1, maximum=100, default=2
    )


class SteadyModel:
    """The core model of `SteadyCoreConfig`."""

    def __init__(self, config: SteadyCoreConfig, place: CorePlace) -> None:
        self.config, self.place = config, place

    def run_loop(
        self, phases: Sequence[Phase], repeats: int
    ) -> Generator[simpy.Event, Any, LoopCost]:
        env, period = self.place.env, self.place.period_fs
        waited = instructions = 0
        for repeat in range(repeats):
            for phase in phases:
                body = compile_body(phase.body)
                for iteration in range(phase.iterations):
                    instructions += body.instructions
                    for row in body.operations:
                        yield env.timeout(self.config.operation_cycles * period)
                        kind = Memory(int(row[OperationColumn.MEMORY]))
                        if kind is not Memory.NONE:
                            stream = phase.streams[body.streams[row[OperationColumn.STREAM]]]
                            offset = iteration * stream.stride + repeat * stream.repeat_stride
                            begun = int(env.now) // period
                            ended = self.place.memory.access(
                                stream.address + int(row[OperationColumn.OFFSET]) + offset,
                                write=kind is Memory.STORE,
                                cycle=begun,
                            )
                            waited += ended - begun
                            yield env.timeout((ended - begun) * period)
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
        raise ValueError("a steady core has no tiles")

    def stored_cycle(self) -> int:
        return 0


@core_model.register
def steady_model(config: SteadyCoreConfig, place: CorePlace) -> SteadyModel:
    return SteadyModel(config, place)


def complex_of(name: str, cores: int, core: CoreTypeConfig) -> CoreComplexConfig:
    """A complex that has the caches of the high-power system."""
    return CoreComplexConfig(
        name=name,
        cores=cores,
        core=core,
        l1=HIGH_POWER.l1,
        energy=CoreEnergyConfig(
            core_idle_pj_per_cycle=1, core_wait_pj_per_cycle=2, core_active_pj_per_cycle=3
        ),
    )


TWO_CLOCKS = replace(
    HIGH_POWER,
    name="two-clocks",
    complexes=(
        complex_of("big", 2, CoreConfig(frequency_hz=2e9)),
        complex_of("little", 2, SteadyCoreConfig(frequency_hz=0.8e9)),
    ),
)
"""Cores 0 and 1 at 2 GHz, cores 2 and 3 at 800 MHz."""
