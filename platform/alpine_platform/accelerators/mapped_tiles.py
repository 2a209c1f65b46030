# SPDX-License-Identifier: Apache-2.0
"""Tiles behind one AXI4-Lite port: what is the same for hardware, simulation and timed model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from alpine_models.registers import TILE_REGISTERS, accelerator_bytes, tile_page
from alpine_models.tile import TileConfig

from .peripheral_port import IoBatch, IoResult, IoTimes, check_accesses, empty_accesses

__all__ = ["MappedTiles"]

AT_ONCE = IoTimes(request_fs=0, response_fs=0, taken_fs=0, posted_stores=False)


class MappedTiles(ABC):
    """The address space of an accelerator with its tiles' pages (`alpine_models.registers`).

    Parameters
    ----------
    configs : the tiles, first of the chain first.
    """

    def __init__(self, configs: Sequence[TileConfig]):
        self._configs = tuple(configs)
        self._register_accesses = 0

    @property
    def configs(self) -> tuple[TileConfig, ...]:
        """The tiles."""
        return self._configs

    @property
    def size_bytes(self) -> int:
        """Addresses that it answers to."""
        return accelerator_bytes(len(self._configs))

    @property
    def busy_cycles(self) -> int:
        """What the tiles' busy-cycle counters say in all, read past the core and the path to it."""
        offset, count = TILE_REGISTERS["busy_cycles"].offset, len(self._configs)
        batch = empty_accesses(count, write=False)
        batch["address"] = [tile_page(tile) + offset for tile in range(count)]
        counted = self._register_accesses
        result = self.execute(batch, start_fs=0, core_period_fs=1, times=AT_ONCE)
        self._register_accesses = counted
        return int(result.data.sum(dtype=np.int64))

    @property
    @abstractmethod
    def products(self) -> Sequence[int]:
        """Matrix-vector products that each tile has begun."""

    @property
    def counters(self) -> dict[str, int]:
        """Products of all tiles and programs' accesses; the tiles' registers count the rest."""
        return {"products": sum(self.products), "register_accesses": self._register_accesses}

    @abstractmethod
    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`."""

    def _begin(self, batch: IoBatch) -> IoResult:
        """Check and count a batch; return the result that is to be filled."""
        check_accesses(batch, size_bytes=self.size_bytes)
        self._register_accesses += len(batch)
        return IoResult.empty(len(batch))
