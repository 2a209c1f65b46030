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

from alpine_cosim.engines.verilated_hardware import trace_format, waveform_path
from alpine_cosim.hardware.rtl_tile import TileFault, TileFaultError
from alpine_cosim.measurement.analog_tiles import ChipSeries, analog_crossbar
from alpine_cosim.spec.network import Task
from alpine_models.device import AnalogCrossbar, AnalogDevice, Polarity, StuckAt, StuckDevice
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_platform.accelerators.tile_port import TileGroup
from alpine_platform.config import SystemConfig
from alpine_platform.systems.system import System
from alpine_sw.kernels.cm import CmStatusError

from .faulty_tile import FaultyTile
from .kinds import DeadAdc, Fault, Flip, OpenColumn, StuckCell, fault_text

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
    busy : busy stretches by core and tile, as `FaultyTile.busy_stretches`.
    states : registers at the end, by core and tile.
    """

    outputs: NDArray[Any]
    score: float | None
    time_s: float
    busy: dict[tuple[int, int], NDArray[np.int64]]
    states: dict[tuple[int, int], bytes]


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
        self._task, self._system, self._device, self._trace = task, system, device, trace
        self._wave = None if trace is None else trace_format()
        period = system.tile_clock.period_fs
        self.ports: dict[int, TileGroup[FaultyTile]] = {}
        self._tiles: dict[tuple[int, int], FaultyTile] = {}
        for core, plans in task.workload.plans.items():
            tiles = [
                FaultyTile(config=plan.config, tile_period_fs=period, trace=self._wave)
                for plan in plans
            ]
            self.ports[core] = TileGroup(tiles, tile_period_fs=period)
            for number, (tile, plan) in enumerate(zip(tiles, plans, strict=True)):
                self._tiles[core, number] = tile
                plan.fill(tile.macro)
        self._weights = {key: tile.macro.weights.copy() for key, tile in self._tiles.items()}
        self._chip: dict[tuple[int, int], AnalogCrossbar] = {}
        if device is not None:
            self._chip = {key: self._crossbar(key, device) for key in self._tiles}
        for key, crossbar in self._chip.items():
            self._tiles[key].macro.install(crossbar)
        self._defective: tuple[int, int] | None = None
        self._restart()
        outputs, time_s = self._execute("without_fault")
        self.golden = Golden(
            outputs=outputs,
            score=self._score(outputs),
            time_s=time_s,
            busy={key: tile.busy_stretches for key, tile in self._tiles.items()},
            states={key: tile.state() for key, tile in self._tiles.items()},
        )

    def check(self, fault: Fault) -> None:
        """Refuse a flip that comes after the run.

        Raises
        ------
        AlpineError
            The run without faults, and so the one with it, ends before the flip's cycle.
        """
        if not isinstance(fault, Flip):
            return
        first, length = self.golden.busy[fault.core, fault.tile][-1].tolist()
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
        except CmStatusError:
            return self._unfinished(Outcome.DETECTED, "status")
        except TileFaultError as error:
            if error.fault is TileFault.HANG:
                return self._unfinished(Outcome.HANG, "")
            return self._unfinished(Outcome.DETECTED, "response")
        if isinstance(fault, Flip) and not self._tiles[fault.core, fault.tile].flipped:
            raise RuntimeError(f"fault {fault_text(fault)} did not happen")
        golden = self.golden
        latent = any(tile.state() != golden.states[key] for key, tile in self._tiles.items())
        outcome, reason = Outcome.MASKED, ""
        if any(tile.sticky_error for tile in self._tiles.values()):
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
            latent=latent,
            codes_moved=self._codes_moved,
        )

    def close(self) -> None:
        """Free the models."""
        for tile in self._tiles.values():
            tile.close()

    def __enter__(self) -> "FaultSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _codes_moved(self) -> bool:
        return any(tile.codes_moved for tile in self._tiles.values())

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

    def _crossbar(self, key: tuple[int, int], series: ChipSeries) -> AnalogCrossbar:
        core, number = key
        return analog_crossbar(
            self._task.workload.plans[core][number],
            weights=self._weights[key],
            lsb=self._tiles[key].macro.lsb,
            series=series,
            chip=0,
            tile=list(self._tiles).index(key),
        )

    def _restart(self) -> None:
        for key, tile in self._tiles.items():
            tile.restart()
            tile.macro.weights[:] = self._weights[key]
            tile.macro.recount()
        if self._defective is not None:
            self._tiles[self._defective].macro.install(self._chip[self._defective])
            self._defective = None

    def _insert(self, fault: Fault) -> None:
        tile = self._tiles[fault.core, fault.tile]
        if isinstance(fault, Flip):
            number = next(n for n, p in enumerate(tile.probes) if p.name == fault.register)
            tile.flip(number, fault.bit, cycle=fault.cycle)
        elif isinstance(fault, DeadAdc):
            tile.stick_adc(fault.column, fault.code)
        elif self._device is not None:
            self._defective = key = (fault.core, fault.tile)
            device = defective(self._device.device, fault)
            tile.macro.install(self._crossbar(key, replace(self._device, device=device)))
        elif isinstance(fault, OpenColumn):
            tile.macro.weights[fault.column] = 0
        else:
            weights = tile.macro.weights
            weights[fault.column, fault.row] = stuck_weight(
                int(weights[fault.column, fault.row]), fault
            )

    def _execute(self, name: str) -> tuple[NDArray[Any], float]:
        workload = self._task.workload
        machine = System(
            self._system,
            tile_ports=self.ports,
            tile_configs={core: [p.config for p in ps] for core, ps in workload.plans.items()},
        )
        outputs, programs = workload.programs(machine, self._task.inputs, lambda: None)
        with ExitStack() as waveforms:
            if self._trace is not None and self._wave is not None:
                make_folder(self._trace)
                for (core, number), tile in self._tiles.items():
                    piece = f"{name}_core{core}_tile{number}"
                    path = waveform_path(self._trace, piece, self._wave)
                    waveforms.enter_context(tile.model.trace(path))
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
