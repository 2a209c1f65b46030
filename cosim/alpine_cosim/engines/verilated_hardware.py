# SPDX-License-Identifier: Apache-2.0
"""Verilated hardware in this process, with waveforms of the first and the last inference."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from alpine_cosim.binding.doctor import fst_requirement
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.hardware.hardware_kind import Piece, VerilatedAccelerator
from alpine_cosim.hardware.own_tile import read_own_tile
from alpine_models.files import make_folder
from alpine_models.tile import TileConfig
from alpine_sw.library.hardware_plan import AIMC_TILE
from alpine_sw.library.workloads import Workload

from .hardware_kinds import kind_of

__all__ = ["VerilatedHardware", "tile_configs", "trace_format", "waveform_path"]

LAST = "-last"
"""Ends the name of the last inference's waveform."""


class VerilatedHardware:
    """Builds a workload's hardware and frees it when the ``with`` block ends.

    Parameters
    ----------
    workload : what runs.
    tile_period_fs : period of the hardware's clock.
    tile_verilog : design to simulate in place of the shipped tile, or None.
    trace : directory for the waveforms, one per piece and window, or None: what happens until the
        first inference ends and, where there are several, from the end of the last but one.
    inferences : of the run.

    Members
    -------
    pieces : the hardware.
    """

    def __init__(
        self,
        workload: Workload,
        *,
        tile_period_fs: int,
        tile_verilog: Path | None = None,
        trace: Path | None = None,
        inferences: int = 1,
    ):
        own_tile = None
        if tile_verilog is not None:
            own_tile = read_own_tile(tile_verilog, tile_configs(workload))
        self._trace_directory = trace
        self._format = None if trace is None else trace_format()
        self._tracing = ExitStack()
        self._inferences, self._left = inferences, 0
        self._evaluated = 0
        self._accelerators: list[VerilatedAccelerator] = []
        self.pieces: list[Piece] = []
        for plan in workload.hardware:
            kind = kind_of(plan)
            verilog = own_tile if plan.hardware == AIMC_TILE else None
            model = kind.build(plan.configuration, trace=self._format, verilog=verilog)
            accelerator = kind.verilated(plan.configuration, model, tile_period_fs)
            self._accelerators.append(accelerator)
            self.pieces.append(Piece(plan=plan, kind=kind, accelerator=accelerator))

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles that were really simulated since `begin_inferences`."""
        return self._total() - self._evaluated

    def begin_inferences(self) -> None:
        """Start counting cycles, and the waveforms if they were asked for."""
        self._evaluated, self._left = self._total(), self._inferences
        self._begin_trace("")

    def _begin_trace(self, suffix: str) -> None:
        """Begin a waveform of every piece, whose file's name ends so."""
        directory, kind = self._trace_directory, self._format
        if directory is None or kind is None:
            return
        make_folder(directory)
        for piece, accelerator in zip(self.pieces, self._accelerators, strict=True):
            path = waveform_path(directory, f"{piece.plan.name}{suffix}", kind)
            self._tracing.enter_context(accelerator.model.trace(path))

    def trace_windows(self, on_step: Callable[[], None]) -> Callable[[], None]:
        """Return what is told of the end of every inference: it changes waveforms and tells on."""

        def step() -> None:
            self._left -= 1
            if self._left == self._inferences - 1 or not self._left:
                self._tracing.close()
            if self._left == 1:
                self._begin_trace(LAST)
            on_step()

        return step

    def close(self) -> None:
        """Finish the waveforms and free the models."""
        self._tracing.close()
        for accelerator in self._accelerators:
            accelerator.close()

    def __enter__(self) -> "VerilatedHardware":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _total(self) -> int:
        return sum(accelerator.evaluated_cycles for accelerator in self._accelerators)


def tile_configs(workload: Workload) -> list[TileConfig]:
    """Return the tiles in cores, which a design of a user's own can stand for."""
    return [
        tile.config
        for plan in workload.hardware
        if plan.hardware == AIMC_TILE
        for tile in plan.macros
    ]


def waveform_path(directory: Path, name: str, kind: TraceFormat) -> Path:
    """Return where the waveform of a piece of hardware goes."""
    return directory / f"{name}.{kind.value}"


def trace_format() -> TraceFormat:
    """Compressed waveforms where they can be built, text where not."""
    return TraceFormat.FST if fst_requirement().found else TraceFormat.VCD
