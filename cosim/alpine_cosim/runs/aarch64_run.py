# SPDX-License-Identifier: Apache-2.0
"""Running an AArch64 program on one core of a system, with its CM instructions in tiles.

Its instructions are executed by a process of their own and timed on the core's pipeline and caches
as they come; CM instructions go through the core's tile port.
"""

import sys
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from alpine_cosim.engines.verilated_hardware import trace_format, waveform_path
from alpine_cosim.hardware.rtl_tile import RtlTile
from alpine_cosim.spec.system_choice import SystemChoice
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import TileGroup
from alpine_platform.accelerators.timed_tile import TimedTile
from alpine_platform.binaries.aarch64.cm_program import (
    CmTiles,
    Executed,
    ExecutionOptions,
    Mark,
    ProgramExecution,
)
from alpine_platform.binaries.aarch64.linux import LinuxProcess
from alpine_platform.binaries.aarch64.processor import Processor
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.binaries.elf import Program as LoadedProgram
from alpine_platform.binaries.outcome import INTERRUPTED_STATUS, STOPPED_STATUS, Ending
from alpine_platform.config import CoreConfig
from alpine_platform.cores.operations import Operation, Program
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System

from .noted_interrupt import NotedInterrupt
from .recorder_library import recorder_library

__all__ = ["Aarch64Outcome", "Aarch64Run", "MeasuredExecution", "clock_of", "tile_configs_of"]

FS_PER_NS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Aarch64Outcome:
    """What came of a program.

    Members
    -------
    status : its exit status, 126, or 130. ended_by : see there. message : what went wrong, or "".
    cm_instructions : by operation. tile_cycles : busy clock cycles of each tile.
    period_fs : of the core's clock. measured : times, energies and counts from the beginning of
        `main` (of the program where that has no symbol) to its end, or of region `roi`; None where
        a person asked twice for the end. classes : instructions by class in that time.
    """

    status: int
    ended_by: Ending
    message: str
    cm_instructions: dict[str, int]
    tile_cycles: tuple[int, ...]
    period_fs: int
    measured: SystemResult | None = None
    classes: Mapping[str, int] = field(default_factory=dict[str, int])

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they are written to a file; without times, they are null."""
        measured = self.measured
        times: dict[str, Any] = dict.fromkeys(_MEASURED)
        if measured is not None:
            times = {
                "cycles": measured.time_fs // self.period_fs,
                "time_s": measured.time_s,
                "energy_j": measured.energy.total,
                "energy_parts_j": _parts(measured),
                "energy_memory_controller_io_j": measured.energy.memory_controller_io,
                "instructions": measured.instructions,
                "instructions_by_class": dict(sorted(self.classes.items())),
                "llc_misses_per_instruction": measured.llc_misses_per_instruction,
                "breakdown": measured.breakdown,
                "stats": measured.stats,
            }
        return {
            **times,
            "status": self.status,
            "ended_by": self.ended_by.value,
            "message": self.message or None,
            "cm_instructions": self.cm_instructions,
            "tile_busy_cycles": list(self.tile_cycles),
        }


_MEASURED = (
    "cycles", "time_s", "energy_j", "energy_parts_j", "energy_memory_controller_io_j",
    "instructions", "instructions_by_class", "llc_misses_per_instruction", "breakdown", "stats",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Aarch64Run:
    """A program and what it runs on.

    Members
    -------
    program, arguments, environment : what is started.
    system : name of the system whose clocks the core and its tiles have.
    tiles : of the core, possibly none. rtl : verilated, or the timed model.
    files, seed : see `LinuxProcess`. max_instructions : 0 for no limit.
    fast_forward : see `ExecutionOptions`.
    """

    program: Path
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    system: str
    tiles: Sequence[TileConfig]
    rtl: bool
    files: Path | None
    seed: int
    max_instructions: int
    fast_forward: str | None = None

    def run(
        self,
        *,
        output: Callable[[int, bytes], int],
        trace: Path | None,
        instructions: IO[bytes] | None = None,
    ) -> Aarch64Outcome:
        """Execute the program.

        ``trace`` is a folder for the tiles' waveforms, ``instructions`` a file for what is
        executed.

        Raises
        ------
        AlpineError
            The program cannot be read, or a tool is missing.
        """
        loaded = load_program(self.program, Architecture.AARCH64)
        config = SystemChoice.of(self.system).config
        core = config.complexes[0].core
        assert isinstance(core, CoreConfig)
        with ExitStack() as open_things:
            tiles = _Tiles(
                self.tiles,
                rtl=self.rtl,
                tile_period_fs=config.tile_clock.period_fs,
                trace=trace,
                open_things=open_things,
            )
            port = CmTiles(set_lsb=tiles.set_lsb, configs=self.tiles)
            processor = open_things.enter_context(Processor(recorder_library()))
            linux = self._linux(processor, loaded, output)
            system = System(config, tile_ports={0: tiles.group}, tile_configs={0: list(self.tiles)})
            interrupt = open_things.enter_context(NotedInterrupt())
            execution = ProgramExecution(
                processor,
                linux,
                loaded,
                port,
                core=core,
                clock_ns=clock_of(system),
                options=ExecutionOptions(
                    interrupted=interrupt.noted,
                    fast_forward=self.fast_forward,
                    instructions=instructions,
                ),
            )
            measuring = MeasuredExecution(system, execution)
            outcome = Aarch64Outcome(
                status=INTERRUPTED_STATUS,
                ended_by=Ending.INTERRUPT,
                message="interrupted",
                cm_instructions={},
                tile_cycles=(),
                period_fs=core.period_fs,
            )
            with suppress(KeyboardInterrupt):
                outcome = measuring.outcome(outcome, self.max_instructions)
            return replace(
                outcome,
                cm_instructions={
                    operation.name.lower(): port.counts[operation]
                    for operation in sorted(port.counts)
                },
                tile_cycles=tuple(tile.busy_cycles for tile in tiles.group.tiles),
            )

    def _linux(
        self,
        processor: Processor,
        loaded: LoadedProgram,
        output: Callable[[int, bytes], int],
    ) -> LinuxProcess:
        return LinuxProcess(
            processor,
            loaded,
            arguments=self.arguments,
            environment=self.environment,
            files=self.files,
            output=output,
            standard_input=sys.stdin.buffer,
            seed=self.seed,
        )


class MeasuredExecution:
    """Runs a program part by part, from mark to mark, and keeps the part that counts."""

    def __init__(self, system: System, execution: ProgramExecution) -> None:
        self._system, self._execution = system, execution
        self.result: SystemResult | None = None
        self.classes: Counter[str] = Counter()

    def outcome(self, outcome: Aarch64Outcome, max_instructions: int) -> Aarch64Outcome:
        """Run the program to its end and enter what came of it."""
        done = self.run(max_instructions)
        stopped = INTERRUPTED_STATUS if done.ended_by is Ending.INTERRUPT else STOPPED_STATUS
        return replace(
            outcome,
            status=stopped if done.status is None else done.status,
            ended_by=done.ended_by,
            message=done.message,
            measured=self.result if self._execution.timed else None,
            classes=self.classes,
        )

    def run(self, max_instructions: int = 0) -> Executed:
        """Run the program to its end."""
        steps = self._execution.run(max_instructions)
        executed = self._execution.executed
        has_region = False
        begun: Mark | None = None
        while True:
            before = executed.executions
            result = self._system.run({0: _until_mark(steps)})
            reached: Mark | Executed = result.returned[0]
            in_region = begun is Mark.REGION_BEGIN
            if not has_region:
                self.result, self.classes = result, executed.classes_since(before)
            has_region |= in_region
            if isinstance(reached, Executed):
                return reached
            begun = reached


def clock_of(system: System) -> Callable[[], int]:
    """Return what tells a system's time in nanoseconds."""
    return lambda: int(system.env.now) // FS_PER_NS


def _until_mark(steps: Generator[Operation | Mark, Any, Any]) -> Program:
    """Hand the operations up to the next mark on; return that, or what comes at the end."""
    value: Any = None
    while True:
        try:
            step = steps.send(value)
        except StopIteration as end:
            return end.value
        if isinstance(step, Mark):
            return step
        value = yield step


def _parts(measured: SystemResult) -> dict[str, float]:
    parts = measured.energy.as_dict()
    return {name: parts[name] for name in ("core", "cache", "dram", "tile")}


class _Tiles:
    """The core's tiles."""

    def __init__(
        self,
        configs: Sequence[TileConfig],
        *,
        rtl: bool,
        tile_period_fs: int,
        trace: Path | None,
        open_things: ExitStack,
    ) -> None:
        built: list[RtlTile | TimedTile] = []
        kind = trace_format() if trace is not None else None
        if trace is not None:
            make_folder(trace)
        for number, config in enumerate(configs):
            if not rtl:
                built.append(TimedTile(config=config, tile_period_fs=tile_period_fs))
                continue
            tile = RtlTile(config=config, tile_period_fs=tile_period_fs, trace=kind)
            open_things.callback(tile.close)
            if trace is not None and kind is not None:
                path = waveform_path(trace, f"tile{number}", kind)
                open_things.enter_context(tile.model.trace(path))
            built.append(tile)
        self.group = TileGroup(built, tile_period_fs=tile_period_fs)

    def set_lsb(self, number: int, first: int, lsb: npt.NDArray[np.float32]) -> None:
        """Set the dot product per ADC code of bit lines from ``first`` on.

        Raises
        ------
        AlpineError
            The tile has no such bit lines, or a size is not positive and finite.
        """
        macro = self.group.tiles[number].macro
        if first + len(lsb) > len(macro.lsb):
            raise AlpineError(
                f"ADC codes of bit lines {first} to {first + len(lsb) - 1}: tile {number} has "
                f"{len(macro.lsb)}"
            )
        if not (np.isfinite(lsb) & (lsb > 0)).all():
            raise AlpineError("an ADC code must be positive and finite")
        macro.lsb[first : first + len(lsb)] = lsb


def tile_configs_of(text: str | None) -> list[TileConfig]:
    """Read ROWSxCOLUMNS, several joined by +.

    Raises
    ------
    AlpineError
        The text is none of these, or a side is beyond what a tile has.
    """
    if text is None:
        return []
    configs: list[TileConfig] = []
    for part in text.split("+"):
        sides = part.split("x")
        if len(sides) != 2 or not all(side.isdecimal() for side in sides):
            raise AlpineError(f"--tile {text}: write ROWSxCOLUMNS, such as 64x32, joined by +")
        try:
            configs.append(TileConfig(rows=int(sides[0]), columns=int(sides[1])))
        except ValueError as error:
            raise AlpineError(f"--tile {part}: {error}") from error
    return configs
