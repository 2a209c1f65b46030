# SPDX-License-Identifier: Apache-2.0
"""What executes on a core, apart from what it costs to reach memory.

A core (`core.Core`) runs a program, accounts its cycles and owns its tiles. What the loops of the
program take it asks of a core model, which asks the memory in turn (`MemoryPort`).
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
import simpy

from alpine_platform.accelerators.peripheral_port import IoResult
from alpine_platform.accelerators.tile_port import CmResult
from alpine_platform.cluster.cluster import Cluster
from alpine_platform.memory.memory_system import MemoryPort

from .loop_service import LoopService
from .operations import RunTrace
from .pipeline import Phase
from .pipelines import Pipelines

__all__ = [
    "Batch",
    "ClusterPlace",
    "CoreModel",
    "CorePlace",
    "CoupledCost",
    "LoopCost",
    "Result",
    "TraceModel",
]

Batch = npt.NDArray[np.void]
"""CM instructions or accesses: what leaves a core in batches, with gaps."""
Result = TypeVar("Result", CmResult, IoResult)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopCost:
    """What loops took besides their time.

    Members
    -------
    wait_cycles : cycles in which the core waited for memory.
    instructions : committed.
    """

    wait_cycles: int
    instructions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CoupledCost(Generic[Result]):
    """What loops took that talk to something coupled to the core.

    Members
    -------
    loop : as of loops that do not.
    parts : what the coupled thing returned, batch by batch.
    late_cycles : cycles by which it delayed the core.
    """

    loop: LoopCost
    parts: list[Result]
    late_cycles: int


class CoreModel(Protocol):
    """Executes loops on one core: simulated time passes while it does.

    A model is a source of simulation processes: what it returns is driven with ``yield from`` from
    a clock edge of the core on and ends at one.
    """

    def run_loop(
        self, phases: Sequence[Phase], repeats: int
    ) -> Generator[simpy.Event, Any, LoopCost]:
        """Run a nest of loops: the phases one after another, all of it so often."""
        ...

    def run_coupled_loop(
        self,
        phases: Sequence[Phase],
        repeats: int,
        batch: Batch,
        execute: Callable[[Batch, int], Result],
        *,
        wait: bool,
    ) -> Generator[simpy.Event, Any, CoupledCost[Result]]:
        """Run loops that hold CM instructions, or accesses for which these stand.

        Parameters
        ----------
        batch : the instructions in program order; their gaps are overwritten.
        execute : takes some of them, and the time from which the first gap counts.
        wait : whether the instruction after each needs its response.

        Raises
        ------
        ValueError
            The loops do not hold as many instructions as the batch.
        """
        ...

    def stored_cycle(self) -> int:
        """Cycle in which the last of the core's stores so far has its line."""
        ...


@runtime_checkable
class TraceModel(Protocol):
    """A core model that also takes the time of machine code."""

    def run_trace(
        self, operation: RunTrace, execute: Callable[[Batch, int], CmResult]
    ) -> Generator[simpy.Event, Any, CoupledCost[CmResult]]:
        """Go on with the time of a trace; ``execute`` is as in `CoreModel.run_coupled_loop`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class CorePlace:
    """Where in a system a core model stands.

    Members
    -------
    env : the discrete-event kernel.
    number : of the core.
    period_fs : of its clock.
    memory : its way to memory.
    pipelines, loops : compiled pipelines of all in-order cores, and what advances their loops.
    """

    env: simpy.Environment
    number: int
    period_fs: int
    memory: MemoryPort
    pipelines: Pipelines
    loops: LoopService


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterPlace:
    """Where in a cluster a core model stands.

    Members
    -------
    env : the discrete-event kernel.
    number : of the core in the system.
    master : its number in the cluster, under which it reaches the memories.
    period_fs : of its clock, which is the cluster's.
    cluster : with the memories.
    """

    env: simpy.Environment
    number: int
    master: int
    period_fs: int
    cluster: Cluster
