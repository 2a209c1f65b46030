# SPDX-License-Identifier: Apache-2.0
"""The library's own programs, run and counted as the reference's applications are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from alpine_platform.config import SystemConfig
from alpine_platform.config.placement import PackedAllocator
from alpine_platform.cores.operations import Begin, Channel, Compute, Operation, Program, Put, Take
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.systems.system import System, allocator_of
from alpine_sw.library.workloads import Workload

from .experiment import (
    MARKER_INSTRUCTIONS,
    Measured,
    ReferenceUnits,
    Regions,
    experiment,
    play,
    timed,
)
from .layout import Layout
from .micro import walk

__all__ = ["FLUSH", "Application", "enter_regions", "run_application"]

WARM = 1
"""Inferences before the measured ones, on inputs of their own."""
FLUSH = walk(3 << 20, 1 << 30)
"""What the reference reads to leave its inputs to DRAM."""

LAYERS_BEHIND_BYTES = 1294 * 1024
"""How far behind a program's small buffers those lie that its layers own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What the reference calls a program's parts, and what its counts hold besides.

    Members
    -------
    inputs : makes the inputs of so many inferences.
    regions : sections of the library's programs -> regions of the reference's.
    next_regions : (region before, section) -> region, where a section occurs more than once.
    extra : region -> instructions that the reference's counts hold at its start.
    heap_offset_bytes : where small buffers lie, each at the beginning of a line. The reference does
        not give it; its misses are the only sign.
    marker_instructions : of a region's markers.
    """

    inputs: Callable[[int], npt.NDArray[Any]]
    regions: Mapping[str, str]
    next_regions: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    extra: Mapping[str, Compute]
    heap_offset_bytes: int
    marker_instructions: int = MARKER_INSTRUCTIONS


def as_counted(
    program: Program, application: Application, regions: Regions | None, *, reads: bool
) -> Program:
    """Run a program with the instructions that the reference's counts hold besides.

    Begin the reference's regions where the program's sections begin, if they are measured. Only
    cores that read an application's inputs start an inference.
    """
    result, region = None, ""
    while True:
        try:
            operation = program.send(result)
        except StopIteration:
            break
        result = yield operation
        if not isinstance(operation, Begin):
            continue
        before, region = region, application.regions.get(operation.name, "")
        region = application.next_regions.get((before, operation.name), region)
        if regions is not None and region != before:
            yield from regions.begin(region)
        if region in application.extra and (reads or region != "input_load"):
            yield application.extra[region]
    if regions is not None:
        yield from regions.end()


def joined(program: Program, core: int, ended: Channel, others: int) -> Program:
    """Let the first core spin until every other core's program has ended."""
    yield from program
    if core:
        yield Put(ended)
    else:
        for _ in range(others):
            yield Take(ended)


def run_application(
    application: Application,
    workload: Callable[[], Workload],
    *,
    cores: int = 1,
    count: int,
    region: str | None = None,
    executions: float = 1,
    flush: Operation | None = None,
) -> Callable[[SystemConfig], Measured]:
    """So many inferences, after a warm-up; of one region only, if named.

    Parameters
    ----------
    application, workload : what is run.
    cores : of the workload.
    count : inferences.
    region : as the reference names it; it is one of `executions` per inference.
    flush : what evicts the inputs, or None.
    """

    def execute(config: SystemConfig) -> Measured:
        system = System(config, tile_ports={core: ReferenceUnits(config) for core in range(cores)})
        heap = application.heap_offset_bytes
        space = system.memory = Layout(
            AddressSpace(PackedAllocator(heap_offset_bytes=heap)),
            AddressSpace(allocator_of(config, heap_offset_bytes=heap + LAYERS_BEHIND_BYTES)),
        )
        regions = Regions(system, instructions=application.marker_instructions)
        programs = workload().programs

        def counted(inferences: int) -> Mapping[int, Program]:
            space.again()
            ended = Channel("ended", spinning=True, slots=cores)
            _, parts = programs(system, application.inputs(inferences), lambda: None)
            return {
                core: joined(
                    as_counted(
                        part,
                        application,
                        None if region is None else regions,
                        reads=core + 1 < cores or cores == 1,
                    ),
                    core,
                    ended,
                    cores - 1,
                )
                for core, part in parts.items()
            }

        measured = counted(count)
        inputs = space.named("inputs")
        system.run({0: play([walk(inputs.size_bytes, inputs.address, write=True)])})
        if flush is not None:
            system.run({0: play([flush])})
        system.run(counted(WARM))
        space.again()
        if region is None:
            return timed(system, measured, count)
        regions.forget()
        system.run(measured)
        return regions.measured(region, count * executions)

    return execute


def enter_regions(
    job: str,
    names: tuple[str, ...],
    run: Callable[[str], Callable[[SystemConfig], Measured]],
    bodies: Mapping[str, str],
    working_set_bytes: int,
) -> None:
    """Enter the regions of a job, with the loop bodies that some of them consist of."""
    for name in names:
        experiment(
            f"{job}:{name}",
            "application regions",
            run(name),
            body=bodies.get(name),
            working_set_bytes=working_set_bytes,
        )
