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

from . import accelerator_tile_kernel as tile_kernel
from .accelerator_kernel import K_ACCESS, K_COMPLETION, K_NEW, K_STAGE, execute
from .macro import TimedMacro
from .mapped_tiles import MappedTiles
from .peripheral_port import IoBatch, IoResult, IoTimes, check_accesses

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
            tuple(macro.weights for macro in self.macros),
            tuple(macro.lsb for macro in self.macros),
        )

    @property
    def products(self) -> list[int]:
        """Matrix-vector products that each tile has begun."""
        counts: npt.NDArray[np.int64] = self._state[:, tile_kernel.S_PRODUCTS]
        return counts.tolist()

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`."""
        check_accesses(batch, size_bytes=self.size_bytes)
        result = IoResult.empty(len(batch))
        self._shared[tile_kernel.X_ANALOG] = sum(
            1 << tile for tile, macro in enumerate(self.macros) if macro.analog is not None
        )
        read_back = tuple(macro.read_back for macro in self.macros)
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
                read_back,
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
        for tile, macro in enumerate(self.macros):
            if due >> tile & 1:
                outputs[tile][:] = macro.multiply(inputs[tile])
                inputs[tile][:] = 0
