# SPDX-License-Identifier: Apache-2.0
"""Running an AArch64 program with its CM instructions in tiles, for what it computes.

The program has no times: its instructions are executed functionally, and a tile gets each batch of
CM instructions when it is done with the one before. The clock cycles that the tile's RTL takes are
those of its design; what the processor would do between them is not there.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_cosim.engines.verilated_hardware import trace_format, waveform_path
from alpine_cosim.hardware.rtl_tile import RtlTile
from alpine_cosim.spec.system_choice import SystemChoice
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import CmBatch, CmResult
from alpine_platform.accelerators.timed_tile import TimedTile
from alpine_platform.binaries.aarch64.cm_program import CmTiles, execute
from alpine_platform.binaries.aarch64.linux import LinuxProcess
from alpine_platform.binaries.aarch64.processor import Processor
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.binaries.outcome import STOPPED_STATUS, Ending

__all__ = ["Aarch64Outcome", "Aarch64Run", "tile_configs_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Aarch64Outcome:
    """What came of a program.

    Members
    -------
    status : its exit status, or 126. ended_by : see there. message : what went wrong, or "".
    cm_instructions : by operation. tile_cycles : busy clock cycles of each tile.
    """

    status: int
    ended_by: Ending
    message: str
    cm_instructions: dict[str, int]
    tile_cycles: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they are written to a file; times are null."""
        return {
            "cycles": None,
            "time_s": None,
            "status": self.status,
            "ended_by": self.ended_by.value,
            "message": self.message or None,
            "cm_instructions": self.cm_instructions,
            "tile_busy_cycles": list(self.tile_cycles),
        }


@dataclass(frozen=True, kw_only=True)
class Aarch64Run:
    """A program and what it runs on.

    Members
    -------
    program, arguments, environment : what is started.
    system : name of the system whose clocks the core and its tiles have.
    tiles : of the core, possibly none. rtl : verilated, or the timed model.
    files, seed : see `LinuxProcess`. max_instructions : 0 for no limit.
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

    def run(self, *, output: Callable[[int, bytes], int], trace: Path | None) -> Aarch64Outcome:
        """Execute the program; ``trace`` is a folder for the tiles' waveforms.

        Raises
        ------
        AlpineError
            The program cannot be read, or a tool is missing.
        """
        loaded = load_program(self.program, Architecture.AARCH64)
        config = SystemChoice.of(self.system).config
        with ExitStack() as open_things:
            tiles = _Tiles(
                self.tiles,
                rtl=self.rtl,
                tile_period_fs=config.tile_clock.period_fs,
                core_period_fs=config.complexes[0].core.period_fs,
                trace=trace,
                open_things=open_things,
            )
            port = CmTiles(execute=tiles.execute, set_lsb=tiles.set_lsb, count=len(self.tiles))
            processor = open_things.enter_context(Processor())
            linux = LinuxProcess(
                processor,
                loaded,
                arguments=self.arguments,
                environment=self.environment,
                files=self.files,
                output=output,
                standard_input=sys.stdin.buffer,
                seed=self.seed,
            )
            try:
                done = execute(
                    processor, linux, loaded, port, max_instructions=self.max_instructions
                )
            except KeyboardInterrupt:
                return self._outcome(port, tiles, ended_by=Ending.INTERRUPT, message="interrupted")
            if done.status is None:
                ending = Ending.LIMIT if done.limited else Ending.ERROR
                return self._outcome(port, tiles, ended_by=ending, message=done.message)
            return self._outcome(port, tiles, ended_by=Ending.EXIT, status=done.status)

    def _outcome(
        self,
        port: CmTiles,
        tiles: "_Tiles",
        *,
        ended_by: Ending,
        message: str = "",
        status: int = STOPPED_STATUS,
    ) -> Aarch64Outcome:
        return Aarch64Outcome(
            status=status,
            ended_by=ended_by,
            message=message,
            cm_instructions={
                operation.name.lower(): port.counts[operation] for operation in sorted(port.counts)
            },
            tile_cycles=tuple(tile.busy_cycles for tile in tiles.tiles),
        )


class _Tiles:
    """The core's tiles and the time of each."""

    def __init__(
        self,
        configs: Sequence[TileConfig],
        *,
        rtl: bool,
        tile_period_fs: int,
        core_period_fs: int,
        trace: Path | None,
        open_things: ExitStack,
    ) -> None:
        self._core_period_fs = core_period_fs
        self.tiles: list[RtlTile | TimedTile] = []
        self._free_fs = [0] * len(configs)
        kind = trace_format() if trace is not None else None
        if trace is not None:
            make_folder(trace)
        for number, config in enumerate(configs):
            if not rtl:
                self.tiles.append(TimedTile(config=config, tile_period_fs=tile_period_fs))
                continue
            tile = RtlTile(config=config, tile_period_fs=tile_period_fs, trace=kind)
            open_things.callback(tile.close)
            if trace is not None and kind is not None:
                path = waveform_path(trace, f"tile{number}", kind)
                open_things.enter_context(tile.model.trace(path))
            self.tiles.append(tile)

    def execute(self, batch: CmBatch, number: int) -> CmResult:
        """Run a batch when the tile is done with the one before."""
        result = self.tiles[number].execute(
            batch, start_fs=self._free_fs[number], core_period_fs=self._core_period_fs
        )
        self._free_fs[number] = int(result.response_fs[-1])
        return result

    def set_lsb(self, number: int, first: int, lsb: npt.NDArray[np.float32]) -> None:
        """Set the dot product per ADC code of bit lines from ``first`` on.

        Raises
        ------
        AlpineError
            The tile has no such bit lines, or a size is not positive and finite.
        """
        macro = self.tiles[number].macro
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
