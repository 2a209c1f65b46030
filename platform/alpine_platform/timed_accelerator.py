"""The timed accelerator: the loosely coupled hardware's times without the hardware."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alpine_models.crossbar import IdealCrossbar
from alpine_models.registers import accelerator_bytes, link_bytes
from alpine_models.tile import TileConfig, pending_answers

from . import accelerator_tile_kernel as tile_kernel
from .accelerator_kernel import execute
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
        self._clock = np.array([0, -1, 0], np.int64)
        self._memories = (
            tuple(np.zeros(config.rows, np.int8) for config in self._configs),
            tuple(np.zeros(config.columns, np.int8) for config in self._configs),
            tuple(crossbar.weights for crossbar in self.crossbars),
            tuple(crossbar.lsb for crossbar in self.crossbars),
        )

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

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`."""
        check_accesses(batch, size_bytes=self.size_bytes)
        result = IoResult.empty(len(batch))
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
            result.data,
            result.response,
            result.issue_fs,
            result.accept_cycle,
            result.complete_cycle,
            result.response_fs,
        )
        return result
