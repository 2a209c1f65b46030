# SPDX-License-Identifier: Apache-2.0
"""Running a RISC-V program on a core whose tiles hang on CV-X-IF."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from alpine_cosim.engines.verilated_hardware import trace_format, waveform_path
from alpine_cosim.hardware.rtl_cvxif_tile import RtlCvxifTile
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_models.isa import RISCV_CUSTOM_0
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.off_load import OffLoadTile, TimedOffLoadTile
from alpine_platform.binaries.elf import Architecture, Program, load_program
from alpine_platform.binaries.riscv.bare_metal import BareMetalRun
from alpine_platform.binaries.riscv.observer import ExecutionObserver
from alpine_platform.binaries.riscv.tile_coprocessor import TileCoprocessor, TileCoreOutcome
from alpine_platform.binaries.riscv.tile_system import TILE_SYSTEMS, tile_at_frequency
from alpine_platform.config.cluster import ClusterConfig

from .core_library import core_library

__all__ = ["TileProgramRun", "refuse_cm_instructions"]


@dataclass(frozen=True, kw_only=True)
class TileProgramRun:
    """A program and what it runs on.

    Members
    -------
    program, arguments : what is started.
    system : one of `TILE_SYSTEMS`, by name. tiles : of the core, possibly none; on the core's
        clock, with multiplications of the published 100 ns.
    rtl : verilated, or the timed model. opcode : major opcode of CM instructions.
    max_cycles : after which the program is stopped.
    """

    program: Path
    arguments: Sequence[str] = ()
    system: str = "riscv-tile"
    tiles: Sequence[TileConfig] = ()
    rtl: bool = True
    opcode: int = RISCV_CUSTOM_0
    max_cycles: int | None = None

    def run(
        self,
        *,
        output: Callable[[int, bytes], int],
        trace: Path | None = None,
        observer: ExecutionObserver | None = None,
    ) -> TileCoreOutcome:
        """Execute the program; ``trace`` is a folder for the tiles' waveforms.

        Raises
        ------
        AlpineError
            The program cannot be read or was compiled for another opcode, or a tool is missing.
        """
        loaded = load_program(self.program, Architecture.RV32)
        self._check_opcode(loaded)
        (cluster,) = TILE_SYSTEMS[self.system].clusters
        with ExitStack() as opened:
            run = BareMetalRun(
                loaded,
                arguments=self.arguments,
                config=cluster,
                library=core_library(),
                output=output,
                coprocessor=TileCoprocessor(
                    self._tiles(cluster, trace, opened), opcode=self.opcode
                ),
                observer=observer,
            )
            outcome = run.run(max_cycles=self.max_cycles)
        assert isinstance(outcome, TileCoreOutcome)
        return outcome

    def _check_opcode(self, loaded: Program) -> None:
        for address in loaded.cm_addresses:
            word = loaded.word(address)
            if word is not None and word & 0x7F != self.opcode:
                raise AlpineError(
                    f"program {self.program} has CM instructions of opcode {word & 0x7F:#04x}, and "
                    f"the core has those of {self.opcode:#04x}: give --cm-opcode {word & 0x7F:#04x}"
                )

    def _tiles(
        self, cluster: ClusterConfig, trace: Path | None, opened: ExitStack
    ) -> list[OffLoadTile]:
        built: list[OffLoadTile] = []
        kind = trace_format() if trace is not None else None
        if trace is not None:
            make_folder(trace)
        for number, given in enumerate(self.tiles):
            config = tile_at_frequency(given, cluster.core.frequency_hz)
            if not self.rtl:
                built.append(TimedOffLoadTile(config, opcode=self.opcode))
                continue
            tile = RtlCvxifTile(config, opcode=self.opcode, trace=kind)
            opened.callback(tile.close)
            if trace is not None and kind is not None:
                path = waveform_path(trace, f"tile{number}", kind)
                opened.enter_context(tile.model.trace(path))
            built.append(tile)
        return built


def refuse_cm_instructions(loaded: Program, system: str) -> None:
    """Raise an error for a program with CM instructions on cores that have no tile."""
    if not loaded.cm_addresses:
        return
    first = loaded.cm_addresses[0]
    raise AlpineError(
        f"program {loaded.path} has CM instructions, the first at {loaded.place(first)}, and cores "
        f"of {system} have no tile: run it on --system riscv-tile"
    )
