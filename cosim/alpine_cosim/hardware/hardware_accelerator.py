# SPDX-License-Identifier: Apache-2.0
"""What every simulation of the accelerator's hardware has, whatever clocks it."""

from collections.abc import Sequence

from alpine_models.tile import TileConfig
from alpine_platform.accelerators.mapped_tiles import MappedTiles

from .native_macro import NativeMacro

__all__ = ["HardwareAccelerator"]


class HardwareAccelerator(MappedTiles):
    """An accelerator's tiles with their macros.

    Parameters
    ----------
    configs : the tiles, first of the chain first.

    Members
    -------
    macros : NativeMacro, one per tile.
    """

    def __init__(self, configs: Sequence[TileConfig]):
        super().__init__(configs)
        self.macros = tuple(
            NativeMacro(rows=config.rows, columns=config.columns) for config in self._configs
        )
