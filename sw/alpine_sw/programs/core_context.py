# SPDX-License-Identifier: Apache-2.0
"""What the stages of one core share: its buffers, its tiles, its library."""

from dataclasses import dataclass, field

from alpine_platform.memory.address_space import Buffer
from alpine_sw.library.aimclib import Aimc
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.mapping import Mapping, Stage, Style

from .run_memory import RunMemory
from .tile_products import CoreTiles

__all__ = ["CoreContext"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CoreContext:
    """One core of a run.

    Members
    -------
    run : where inputs and outputs lie.
    mapping : of the network.
    buffers : tensors that lie in the core's own memory, by name.
    tiles : counters of its tiles.
    choice : buffer to the cores that read the network's input, where it chooses that itself; None
        where it is written in place.
    """

    run: RunMemory
    mapping: Mapping
    buffers: dict[str, Buffer] = field(default_factory=dict[str, Buffer])
    tiles: CoreTiles = field(default_factory=CoreTiles)
    choice: PingPong | None = None
    _libraries: dict[tuple[str, str], Aimc] = field(default_factory=dict[tuple[str, str], Aimc])

    def style(self, stage: Stage) -> Style:
        """Style of a stage's software."""
        return stage.style(self.mapping)

    def library(self, stage: Stage) -> Aimc:
        """The library as a stage's software calls it."""
        style = self.style(stage)
        key = style.operands, style.activations
        if key not in self._libraries:
            self._libraries[key] = Aimc(
                self.run.space, software=style.operands, activations=style.activations
            )
        return self._libraries[key]
