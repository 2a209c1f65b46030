# SPDX-License-Identifier: Apache-2.0
"""Verilated hardware in this process, with waveforms of some of its inferences."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
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

__all__ = [
    "TraceWindow",
    "VerilatedHardware",
    "first_and_last",
    "tile_configs",
    "trace_format",
    "waveform_path",
]

LAST = "-last"
"""Ends the name of the last inference's waveform."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TraceWindow:
    """Inferences of which a waveform is written, one after the other.

    Members
    -------
    suffix : ends the names of its files.
    first : begins when the inference before this one ends, with 0 as the run begins.
    last : ends with this inference.
    """

    suffix: str
    first: int
    last: int


def first_and_last(inferences: int) -> tuple[TraceWindow, ...]:
    """Return a window of the first inference and, where there are several, of the last one."""
    if inferences < 2:
        return (TraceWindow(suffix="", first=0, last=0),)
    last = inferences - 1
    return TraceWindow(suffix="", first=0, last=0), TraceWindow(suffix=LAST, first=last, last=last)


class VerilatedHardware:
    """Builds a workload's hardware and frees it when the ``with`` block ends.

    Parameters
    ----------
    workload : what runs.
    tile_period_fs : period of the hardware's clock.
    tile_verilog : design to simulate in place of the shipped tile, or None.
    trace : directory for the waveforms, one per piece and window, or None.
    windows : of which waveforms are written, in order and apart.

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
        windows: Sequence[TraceWindow] = first_and_last(1),
    ):
        own_tile = None
        if tile_verilog is not None:
            own_tile = read_own_tile(tile_verilog, tile_configs(workload))
        self._trace_directory = trace
        self._format = None if trace is None else trace_format()
        self._tracing = ExitStack()
        self._windows, self._ended = tuple(windows), 0
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
        self._evaluated, self._ended = self._total(), 0
        self._begin_traces()

    def _begin_traces(self) -> None:
        """Begin a waveform of every piece, if a window begins now."""
        directory, kind = self._trace_directory, self._format
        suffix = next((one.suffix for one in self._windows if one.first == self._ended), None)
        if directory is None or kind is None or suffix is None:
            return
        make_folder(directory)
        for piece, accelerator in zip(self.pieces, self._accelerators, strict=True):
            path = waveform_path(directory, f"{piece.plan.name}{suffix}", kind)
            self._tracing.enter_context(accelerator.model.trace(path))

    def trace_windows(self, on_step: Callable[[], None]) -> Callable[[], None]:
        """Return what is told of the end of every inference: it changes waveforms and tells on."""

        def step() -> None:
            if any(one.last == self._ended for one in self._windows):
                self._tracing.close()
            self._ended += 1
            self._begin_traces()
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
