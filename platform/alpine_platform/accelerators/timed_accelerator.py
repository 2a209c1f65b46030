# SPDX-License-Identifier: Apache-2.0
"""The timed accelerator: the loosely coupled hardware's times without the hardware.

Compiled code makes the accesses. Where a crossbar is an imperfect one it stops at every product,
which Python computes, and goes on.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alpine_models.crossbar import IdealCrossbar
from alpine_models.registers import link_bytes
from alpine_models.tile import TileConfig, pending_answers

from .accelerator_kernel import NEW, execute
from .accelerator_records import (
    BUS,
    CLOCK,
    CONFIG,
    STAGE,
    WORK,
    AcceleratorArrays,
    AccessArrays,
    Timing,
)
from .macro import TimedMacro
from .mapped_tiles import MappedTiles
from .peripheral_port import IoBatch, IoResult, IoTimes

__all__ = ["TimedAccelerator"]


class TimedAccelerator(MappedTiles):
    """An accelerator that agrees with the RTL on data, responses and every edge of an access.

    Parameters
    ----------
    configs : the tiles, first of the chain first.
    period_fs : period of its clock.

    Members
    -------
    macros : TimedMacro, one per tile.
    """

    def __init__(self, configs: Sequence[TileConfig], *, period_fs: int):
        super().__init__(configs)
        self._period_fs = period_fs
        self.macros = tuple(
            TimedMacro(IdealCrossbar(rows=config.rows, columns=config.columns))
            for config in self._configs
        )
        links = link_bytes(self._configs)
        config = np.array(
            [
                (
                    config.rows,
                    config.columns,
                    link,
                    pending_answers(config),
                    config.precharge_cycles,
                    config.integrate_cycles,
                    config.digitise_cycles,
                )
                for config, link in zip(self._configs, links, strict=True)
            ],
            CONFIG,
        )
        count = len(self._configs)
        self._state = np.zeros(count, STAGE)
        for phase in ("precharge", "integrate", "digitise"):
            self._state[phase] = config[phase]
        self._bus, self._clock = np.zeros(1, BUS), np.zeros(1, CLOCK)
        self.restart_time()
        self._inputs = tuple(np.zeros(config.rows, np.int8) for config in self._configs)
        self._outputs = tuple(np.zeros(config.columns, np.int8) for config in self._configs)
        self._hardware = AcceleratorArrays(
            config=config,
            state=self._state,
            bus=self._bus,
            work=np.zeros(count + 1, WORK),
            clock=self._clock,
            inputs=self._inputs,
            outputs=self._outputs,
            cells=tuple(macro.weights for macro in self.macros),
            lsb=tuple(macro.lsb for macro in self.macros),
            found=tuple(macro.read_back for macro in self.macros),
        )

    @property
    def products(self) -> list[int]:
        """Matrix-vector products that each tile has begun."""
        counts: npt.NDArray[np.int64] = self._state["products"]
        return counts.tolist()

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`."""
        result = self._begin(batch)
        self._bus["analog"] = sum(
            1 << tile for tile, macro in enumerate(self.macros) if macro.analog is not None
        )
        # What cells read as changes with the crossbar that is installed.
        found = tuple(macro.read_back for macro in self.macros)
        hardware = self._hardware._replace(found=found)
        timing = Timing(
            start_fs=start_fs,
            core_period_fs=core_period_fs,
            period_fs=self._period_fs,
            request_fs=times.request_fs,
            response_fs=times.response_fs,
            taken_fs=times.taken_fs,
            posted_stores=times.posted_stores,
        )
        answers = AccessArrays(
            data=result.data,
            response=result.response,
            issue_fs=result.issue_fs,
            accept_cycle=result.accept_cycle,
            complete_cycle=result.complete_cycle,
            response_fs=result.response_fs,
        )
        self._clock["access"], self._clock["stage"] = 0, NEW
        while self._clock["access"][0] < len(batch):
            self._multiply()
            execute(batch, timing, hardware, answers)
        self._multiply()
        return result

    def restart_time(self) -> None:
        """Count clock edges from 0 again; the next access may start at time 0. State stays."""
        self._clock[:] = 0
        self._clock["completion"] = -1

    def _multiply(self) -> None:
        """Make the products that analog crossbars owe."""
        due = int(self._bus["due"][0])
        self._bus["due"] = 0
        for tile, macro in enumerate(self.macros):
            if due >> tile & 1:
                self._outputs[tile][:] = macro.multiply(self._inputs[tile])
                self._inputs[tile][:] = 0
