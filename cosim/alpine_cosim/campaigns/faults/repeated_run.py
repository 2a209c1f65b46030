# SPDX-License-Identifier: Apache-2.0
"""One workload, run again and again: once without a fault, then with one fault each time."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.engines.hardware_kinds import kind_of
from alpine_cosim.engines.verilated_hardware import trace_format, waveform_path
from alpine_cosim.hardware.hardware_kind import Piece
from alpine_cosim.hardware.native_macro import NativeMacro
from alpine_cosim.hardware.rtl_tile import TileFault, TileFaultError
from alpine_cosim.measurement.analog_tiles import ChipSeries, analog_crossbar
from alpine_cosim.measurement.bench import Bench
from alpine_cosim.spec.network import Task
from alpine_models.device import AnalogCrossbar, AnalogDevice, Polarity, StuckAt, StuckDevice
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_platform.config import SystemConfig
from alpine_sw.kernels.cm import CmStatusError
from alpine_sw.kernels.io import IoResponseError
from alpine_sw.library.hardware_plan import AIMC_AXI, HardwarePlan
from alpine_sw.library.tile_plan import TilePlan

from .fault_controls import FaultyHardware
from .faulty_accelerator import FaultyAccelerator
from .faulty_tile import FaultyTile
from .kinds import DeadAdc, Fault, Flip, OpenColumn, StuckCell, fault_text
from .sites import register_sites

__all__ = ["FaultResult", "FaultSession", "Golden", "Outcome"]


class Outcome(StrEnum):
    """What a fault did to a run; the first of detected, hang, sdc that applies, else masked."""

    MASKED = "masked"
    """Every output is the one of the run without faults."""
    SDC = "sdc"
    """Silent data corruption: an output differs and nothing told."""
    DETECTED = "detected"
    """A command was refused, the sticky error is set, or a response came that was not asked for."""
    HANG = "hang"
    """The tile did not answer within `PATIENCE_CYCLES`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultResult:
    """What one fault did.

    Members
    -------
    outcome : Outcome.
    reason : what told, of a detected error: ``status``, ``sticky error`` or ``response``; else "".
    wrong_outputs : share of outputs that differ, or None where the run did not end.
    score_loss : accuracy lost, or bits per character added, against the run without faults, or
        None where the run did not end or the network has no score.
    time_change_s : simulated time added, or None.
    latent : whether a tile's registers ended in another state than without the fault, or None.
    codes_moved : whether DAC codes changed while a crossbar integrated.
    """

    outcome: Outcome
    reason: str
    wrong_outputs: float | None
    score_loss: float | None
    time_change_s: float | None
    latent: bool | None
    codes_moved: bool

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "FaultResult":
        """Return the result whose members a JSON object holds."""
        members: dict[str, Any] = {**values, "outcome": Outcome(values["outcome"])}
        return cls(**members)


@dataclass(frozen=True, kw_only=True, slots=True)
class Golden:
    """The run without faults.

    Members
    -------
    outputs : [inferences, outputs], of the same chip. score : accuracy or bits per character, or
        None.
    time_s : simulated time.
    busy : busy stretches by place, as `FaultControls.busy_stretches`.
    busy_cycles : over all pieces of hardware.
    states : registers at the end, a piece each.
    """

    outputs: NDArray[Any]
    score: float | None
    time_s: float
    busy: dict[str, NDArray[np.int64]]
    busy_cycles: int
    states: list[bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tile:
    """A tile of a session.

    Members
    -------
    hardware : the piece that it is part of. macro : its number there.
    plan : what lies in it. index : its number among all.
    """

    hardware: FaultyHardware
    macro: int
    plan: TilePlan
    index: int

    @property
    def array(self) -> NativeMacro:
        """Its analog part."""
        return self.hardware.macros[self.macro]


class FaultSession:
    """Tiles with their weights, programmed once through the back door.

    Parameters
    ----------
    task : what runs.
    system : the system.
    device : what the tiles are made of, of which chip 0 is used; None for ideal ones.
    trace : directory for a waveform of every run and tile, or None.

    Members
    -------
    golden : Golden.
    """

    def __init__(
        self,
        task: Task,
        system: SystemConfig,
        *,
        device: ChipSeries | None = None,
        trace: Path | None = None,
    ):
        self._task, self._device, self._trace = task, device, trace
        self._wave = None if trace is None else trace_format()
        period = system.tile_clock.period_fs
        self.hardware: list[FaultyHardware] = []
        self._pieces: list[Piece] = []
        self._registers: dict[tuple[str, str], tuple[FaultyHardware, int]] = {}
        self._tiles: dict[str, _Tile] = {}
        for plan in task.workload.hardware:
            self._add(plan, _faulty(plan, period_fs=period, trace=self._wave))
        self._bench = Bench(system=system, pieces=self._pieces)
        self._configure()
        self._weights = {key: tile.array.weights.copy() for key, tile in self._tiles.items()}
        self._chip: dict[str, AnalogCrossbar] = {}
        if device is not None:
            self._chip = {key: self._crossbar(key, device) for key in self._tiles}
        for key, crossbar in self._chip.items():
            self._tiles[key].array.install(crossbar)
        self._defective: str | None = None
        self._restart()
        outputs, time_s = self._execute("without_fault")
        stretches = [each.controls.busy_stretches for each in self.hardware]
        self.golden = Golden(
            outputs=outputs,
            score=self._score(outputs),
            time_s=time_s,
            busy={
                place: stretches[self.hardware.index(hardware)]
                for (place, _), (hardware, _) in self._registers.items()
            },
            busy_cycles=sum(int(each[:, 1].sum()) for each in stretches),
            states=[each.controls.state for each in self.hardware],
        )

    def _add(self, plan: HardwarePlan, hardware: FaultyAccelerator | FaultyTile) -> None:
        self.hardware.append(hardware)
        self._pieces.append(Piece(plan=plan, kind=kind_of(plan), accelerator=hardware))
        for number, (place, name, _) in enumerate(register_sites(plan)):
            self._registers[place, name] = hardware, number
        for number, (place, contents) in enumerate(zip(plan.places, plan.macros, strict=True)):
            tile = _Tile(hardware=hardware, macro=number, plan=contents, index=len(self._tiles))
            contents.fill(tile.array)
            self._tiles[place] = tile

    def _configure(self) -> None:
        """Apply the settings of every piece once: a restart comes back to them."""
        for piece, hardware in zip(self._pieces, self.hardware, strict=True):
            if piece.kind.configure is not None:
                self._bench.machine().run({piece.plan.core: piece.kind.configure(piece.plan)})
            if isinstance(hardware, FaultyAccelerator):
                hardware.keep()

    def check(self, fault: Fault) -> None:
        """Refuse a flip that comes after the run.

        Raises
        ------
        AlpineError
            The run without faults, and so the one with it, ends before the flip's cycle.
        """
        if not isinstance(fault, Flip):
            return
        first, length = self.golden.busy[fault.place][-1].tolist()
        if fault.cycle >= first + length:
            raise AlpineError(
                f"fault {fault_text(fault)} never happens: the tile's last busy cycle is "
                f"{first + length - 1}"
            )

    def run(self, fault: Fault, *, name: str = "fault") -> FaultResult:
        """Run the workload with one fault, which `check` accepts, and say what it did.

        Parameters
        ----------
        name : first part of the names of its waveforms.
        """
        self._restart()
        self._insert(fault)
        try:
            outputs, time_s = self._execute(name)
            states = [each.controls.state for each in self.hardware]
            sticky = any(each.sticky_error for each in self.hardware)
        except (CmStatusError, IoResponseError):
            return self._unfinished(Outcome.DETECTED, "status")
        except TileFaultError as error:
            if error.fault is TileFault.HANG:
                return self._unfinished(Outcome.HANG, "")
            return self._unfinished(Outcome.DETECTED, "response")
        if isinstance(fault, Flip) and not self._flipped:
            raise RuntimeError(f"fault {fault_text(fault)} did not happen")
        golden = self.golden
        outcome, reason = Outcome.MASKED, ""
        if sticky:
            outcome, reason = Outcome.DETECTED, "sticky error"
        elif not np.array_equal(outputs, golden.outputs):
            outcome = Outcome.SDC
        score = self._score(outputs)
        return FaultResult(
            outcome=outcome,
            reason=reason,
            wrong_outputs=np.count_nonzero(outputs != golden.outputs) / outputs.size,
            score_loss=self._loss(score),
            time_change_s=time_s - golden.time_s,
            latent=states != golden.states,
            codes_moved=self._codes_moved,
        )

    def outputs(self, fault: Fault) -> NDArray[Any]:
        """Return the outputs [inferences, outputs] of a run with one fault, which ends.

        Raises
        ------
        AlpineError
            It does not end.
        """
        self._restart()
        self._insert(fault)
        return self._execute("fault")[0]

    def close(self) -> None:
        """Free the models."""
        for each in self.hardware:
            each.close()

    def __enter__(self) -> "FaultSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _codes_moved(self) -> bool:
        return any(each.controls.codes_moved for each in self.hardware)

    @property
    def _flipped(self) -> bool:
        return any(each.controls.flipped for each in self.hardware)

    def _unfinished(self, outcome: Outcome, reason: str) -> FaultResult:
        return FaultResult(
            outcome=outcome,
            reason=reason,
            wrong_outputs=None,
            score_loss=None,
            time_change_s=None,
            latent=None,
            codes_moved=self._codes_moved,
        )

    def _crossbar(self, place: str, series: ChipSeries) -> AnalogCrossbar:
        tile = self._tiles[place]
        return analog_crossbar(
            tile.plan,
            weights=self._weights[place],
            lsb=tile.array.lsb,
            series=series,
            chip=0,
            tile=tile.index,
        )

    def _restart(self) -> None:
        for each in self.hardware:
            each.restart()
        for place, tile in self._tiles.items():
            tile.array.weights[:] = self._weights[place]
            tile.array.recount()
        if self._defective is not None:
            self._tiles[self._defective].array.install(self._chip[self._defective])
            self._defective = None

    def _insert(self, fault: Fault) -> None:
        if isinstance(fault, Flip):
            hardware, number = self._registers[fault.place, fault.register]
            hardware.controls.flip(number, fault.bit, cycle=fault.cycle)
            return
        tile = self._tiles[fault.place]
        if isinstance(fault, DeadAdc):
            tile.hardware.controls.stick_adc(tile.macro, fault.column, fault.code)
        elif self._device is not None:
            self._defective = fault.place
            device = defective(self._device.device, fault)
            crossbar = self._crossbar(fault.place, replace(self._device, device=device))
            tile.array.install(crossbar)
        elif isinstance(fault, OpenColumn):
            tile.array.weights[fault.column] = 0
        else:
            weights = tile.array.weights
            weights[fault.column, fault.row] = stuck_weight(
                int(weights[fault.column, fault.row]), fault
            )

    def _execute(self, name: str) -> tuple[NDArray[Any], float]:
        workload = self._task.workload
        machine = self._bench.machine()
        outputs, programs = workload.programs(machine, self._task.inputs, lambda: None)
        with ExitStack() as waveforms:
            if self._trace is not None and self._wave is not None:
                make_folder(self._trace)
                for piece, hardware in zip(self._pieces, self.hardware, strict=True):
                    path = waveform_path(self._trace, f"{name}_{piece.plan.name}", self._wave)
                    waveforms.enter_context(hardware.model.trace(path))
            return outputs, machine.run(programs).time_s

    def _score(self, outputs: NDArray[Any]) -> float | None:
        score = self._task.accuracy or self._task.bits_per_character
        return None if score is None else float(score(outputs))

    def _loss(self, score: float | None) -> float | None:
        if score is None or self.golden.score is None:
            return None
        if self._task.accuracy is None:
            return score - self.golden.score
        return self.golden.score - score


def _faulty(
    plan: HardwarePlan, *, period_fs: int, trace: TraceFormat | None
) -> FaultyAccelerator | FaultyTile:
    if plan.hardware == AIMC_AXI:
        return FaultyAccelerator(plan.configuration, period_fs=period_fs, trace=trace)
    return FaultyTile(config=plan.configuration, tile_period_fs=period_fs, trace=trace)


def defective(device: AnalogDevice, fault: OpenColumn | StuckCell) -> AnalogDevice:
    """Return a device with a broken bit line or cell in its arrays."""
    if isinstance(fault, OpenColumn):
        return device.with_defects(open_columns=[fault.column])
    stuck = StuckDevice(row=fault.row, column=fault.column, polarity=fault.polarity, at=fault.at)
    return device.with_defects(devices=[stuck])


def stuck_weight(weight: int, fault: StuckCell) -> int:
    """Return what a cell of an otherwise ideal array holds when one of its devices is stuck.

    A weight w > 0 is a positive device at w/127 of the range over a negative one at 0, and the
    other way round below 0; a device stuck at SET conducts like weight 127, one at RESET nothing
    (`alpine_models.device.PcmConfig`, `StuckAt`).
    """
    devices = {Polarity.POSITIVE: max(weight, 0), Polarity.NEGATIVE: max(-weight, 0)}
    devices[fault.polarity] = 127 if fault.at is StuckAt.SET else 0
    return devices[Polarity.POSITIVE] - devices[Polarity.NEGATIVE]
