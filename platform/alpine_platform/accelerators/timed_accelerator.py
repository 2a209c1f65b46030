# SPDX-License-Identifier: Apache-2.0
"""The timed accelerator: the loosely coupled hardware's times without the hardware.

Compiled code makes the accesses. Where a crossbar is an imperfect one it stops at every product,
which Python computes, and goes on.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alpine_models.crossbar import IdealCrossbar
from alpine_models.device import AnalogCrossbar
from alpine_models.registers import accelerator_bytes, link_bytes
from alpine_models.tile import TileConfig, pending_answers

from . import accelerator_tile_kernel as tile_kernel
from .accelerator_kernel import K_ACCESS, K_COMPLETION, K_NEW, K_STAGE, execute
from .peripheral_port import IoBatch, IoResult, IoTimes, check_accesses

__all__ = ["TimedAccelerator"]


class TimedAccelerator:
    """An accelerator that agrees with the RTL on data, responses and every edge of an access.

    Parameters
    ----------
    configs : the tiles, first of the chain first.
    period_fs : period of its clock.

    Members
    -------
    crossbars : the analog parts, one per tile.
    """

    def __init__(self, configs: Sequence[TileConfig], *, period_fs: int):
        self._configs = tuple(configs)
        self._period_fs = period_fs
        self.crossbars = tuple(
            IdealCrossbar(rows=config.rows, columns=config.columns) for config in self._configs
        )
        links = link_bytes(self._configs)
        self._config = np.array(
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
            np.int64,
        )
        count = len(self._configs)
        self._shared = np.zeros(tile_kernel.SHARED_FIELDS, np.int64)
        self._state = np.zeros((count, tile_kernel.STATE_FIELDS), np.int64)
        self._state[:, tile_kernel.S_PRECHARGE : tile_kernel.S_DIGITISE + 1] = self._config[:, 4:]
        # One row more than stages: nobody listens behind the last one.
        self._work = np.zeros((count + 1, tile_kernel.WORK_FIELDS), np.int64)
        self._clock = np.zeros(5, np.int64)
        self.restart_time()
        self._memories = (
            tuple(np.zeros(config.rows, np.int8) for config in self._configs),
            tuple(np.zeros(config.columns, np.int8) for config in self._configs),
            tuple(crossbar.weights for crossbar in self.crossbars),
            tuple(crossbar.lsb for crossbar in self.crossbars),
        )
        self._analog: list[AnalogCrossbar | None] = [None] * count
        self._multiplied = [0] * count
        self._found = [crossbar.weights for crossbar in self.crossbars]

    @property
    def configs(self) -> tuple[TileConfig, ...]:
        """The tiles."""
        return self._configs

    @property
    def size_bytes(self) -> int:
        """Addresses that it answers to."""
        return accelerator_bytes(len(self._configs))

    @property
    def products(self) -> list[int]:
        """Matrix-vector products that each tile has begun."""
        counts: npt.NDArray[np.int64] = self._state[:, tile_kernel.S_PRODUCTS]
        return counts.tolist()

    def install(self, tile: int, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        self._analog[tile] = analog
        self._multiplied[tile] = 0
        self._found[tile] = self.crossbars[tile].weights if analog is None else analog.read_back
        self._shared[tile_kernel.X_ANALOG] = sum(
            1 << number for number, each in enumerate(self._analog) if each is not None
        )

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`."""
        check_accesses(batch, size_bytes=self.size_bytes)
        result = IoResult.empty(len(batch))
        self._clock[K_ACCESS], self._clock[K_STAGE] = 0, K_NEW
        while self._clock[K_ACCESS] < len(batch):
            self._multiply()
            execute(
                batch,
                start_fs,
                core_period_fs,
                self._period_fs,
                times.request_fs,
                times.response_fs,
                times.taken_fs,
                times.posted_stores,
                self._clock,
                self._config,
                self._shared,
                self._state,
                self._work,
                *self._memories,
                tuple(self._found),
                result.data,
                result.response,
                result.issue_fs,
                result.accept_cycle,
                result.complete_cycle,
                result.response_fs,
            )
        self._multiply()
        return result

    def restart_time(self) -> None:
        """Count clock edges from 0 again; the next access may start at time 0. State stays."""
        self._clock[:] = 0
        self._clock[K_COMPLETION] = -1

    def _multiply(self) -> None:
        """Make the products that analog crossbars owe."""
        due = int(self._shared[tile_kernel.X_DUE])
        self._shared[tile_kernel.X_DUE] = 0
        inputs, outputs = self._memories[:2]
        for tile, analog in enumerate(self._analog):
            if due >> tile & 1 and analog is not None:
                outputs[tile][:] = analog.multiply(inputs[tile], product=self._multiplied[tile])
                inputs[tile][:] = 0
                self._multiplied[tile] += 1
