# SPDX-License-Identifier: Apache-2.0
"""Geometry and options of the IMC cluster's accelerators (Garofalo et al., JETCAS 2022)."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from .tile import TileConfig

__all__ = [
    "CHANNELS_PER_BLOCK",
    "MAX_CROSSBARS",
    "MAX_PRODUCT_CYCLES",
    "MIN_PRODUCT_CYCLES",
    "PORT_BYTES",
    "ClusterError",
    "Execution",
    "ImcConfig",
]

PORT_BYTES = (4, 8, 16, 32, 64)
"""Widths of the accelerators' memory port; the published one is 16 bytes (128 bit)."""

MAX_CROSSBARS = 64
"""Crossbars that six bits of selection reach."""

MAX_SIDE = 1024
"""Longest side of a crossbar that the geometry register can tell."""

MIN_PRODUCT_CYCLES = 4
"""The DACs load in one cycle, and each of the sequencer's three phases takes one at least."""

MAX_PRODUCT_CYCLES = (1 << 16) - 1
"""What 16 bits hold."""

CHANNELS_PER_BLOCK = 16
"""Channels that the depthwise engine works on at a time (Garofalo et al. 2022, Sec. IV-B)."""


class Execution(Enum):
    """Whether the stages of consecutive jobs overlap."""

    PIPELINED = "pipelined"
    """Job i + 1 streams in and job i - 1 streams out while the crossbar works on job i."""
    SEQUENTIAL = "sequential"
    """A job streams in, is multiplied and streams out before the next one begins."""


class ClusterError(IntEnum):
    """Why an accelerator refuses a context or an access; the lowest code that applies."""

    NONE = 0
    WINDOW = 1
    """Window beyond the crossbar, or no such crossbar."""
    SIZE = 2
    """A length, size, stride field or product length that is not allowed."""
    ROWS = 3
    """Rows differ from runs times run bytes."""
    CHANNELS = 4
    """Channels are no multiple of 16, or none."""
    ADDRESS = 5
    """Unknown or misaligned address, or wrong direction."""
    BUSY = 6
    """Access to a cell while busy."""
    NOT_ACQUIRED = 7
    """No acquired context that is not triggered."""
    WEIGHT = 8
    """Weight out of range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImcConfig:
    """The cluster's accelerators.

    Members
    -------
    rows, columns : int, 1 to 1024, word and bit lines of one crossbar.
    port_bytes : int, bytes that a memory access moves: 4, 8, 16, 32 or 64.
    crossbars : int, 1 to 64, of which one works at a time.
    cell_bits : int, 4 for weights from -7 to 7 (two devices to a cell, as published), 8 for all of
        -128 to 127.
    execution : Execution.
    memory_ports : int, 1 for a port that reads and writes, 2 for one of each.

    Raises
    ------
    ValueError
        A member is not one of these.
    """

    rows: int = 256
    columns: int = 256
    port_bytes: int = 16
    crossbars: int = 64
    cell_bits: int = 4
    execution: Execution = Execution.PIPELINED
    memory_ports: int = 1

    def __post_init__(self) -> None:
        for name, largest in (
            ("rows", MAX_SIDE),
            ("columns", MAX_SIDE),
            ("crossbars", MAX_CROSSBARS),
        ):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= largest:
                raise ValueError(f"{name} must be an integer from 1 to {largest}, not {value!r}")
        for name, allowed in (
            ("port_bytes", PORT_BYTES),
            ("cell_bits", (4, 8)),
            ("memory_ports", (1, 2)),
        ):
            value = getattr(self, name)
            if type(value) is not int or value not in allowed:
                listed = ", ".join(map(str, allowed))
                raise ValueError(f"{name} must be one of {listed}, not {value!r}")

    @property
    def crossbar(self) -> TileConfig:
        """Geometry of one crossbar, as blocks that a tile has as well take it."""
        return TileConfig(rows=self.rows, columns=self.columns)

    @property
    def weight_range(self) -> tuple[int, int]:
        """Lowest and highest weight that a cell holds."""
        return (-7, 7) if self.cell_bits == 4 else (-128, 127)
