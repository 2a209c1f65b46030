# SPDX-License-Identifier: Apache-2.0
"""What every simulation of the accelerator's hardware has, whatever clocks it."""

from collections.abc import Sequence

from alpine_models.device import AnalogCrossbar
from alpine_models.registers import accelerator_bytes
from alpine_models.tile import TileConfig

from .crossbar import NativeCrossbar

__all__ = ["HardwareAccelerator"]


class HardwareAccelerator:
    """An accelerator's tiles with their crossbars.

    Parameters
    ----------
    configs : the tiles, first of the chain first.

    Members
    -------
    crossbars : NativeCrossbar, one per tile.
    """

    def __init__(self, configs: Sequence[TileConfig]):
        self._configs = tuple(configs)
        self.crossbars = tuple(
            NativeCrossbar(rows=config.rows, columns=config.columns) for config in self._configs
        )

    @property
    def configs(self) -> tuple[TileConfig, ...]:
        """The tiles."""
        return self._configs

    @property
    def size_bytes(self) -> int:
        """Addresses that it answers to."""
        return accelerator_bytes(len(self._configs))

    def install(self, tile: int, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        self.crossbars[tile].install(analog)
