# SPDX-License-Identifier: Apache-2.0
"""How a tile hangs on its core: what stands between the core's port and the tile's."""

from dataclasses import dataclass

__all__ = ["XLENS", "ClockCrossing", "CvxifAdapter", "TileCoupling"]

XLENS = (32, 64)
"""Register widths of RISC-V cores."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockCrossing:
    """Asynchronous queues between a CPU's clock and the tile's (`alpine_rtl.crossing`).

    The port's edges, in which acceptances and completions are counted, are then those of the CPU's
    clock, at multiples of its period. Where edges of both clocks coincide, each side sees what the
    other one showed before.

    Members
    -------
    cpu_period_fs : int, period of the CPU's clock.

    Raises
    ------
    ValueError
        The period is not positive.
    """

    cpu_period_fs: int

    def __post_init__(self) -> None:
        if self.cpu_period_fs < 1:
            raise ValueError(f"cpu_period_fs must be positive, not {self.cpu_period_fs!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CvxifAdapter:
    """A RISC-V core's extension interface in the tile's clock domain (`alpine_rtl.cvxif`).

    An instruction is accepted when its issue request is, and completed when its result is taken.
    Operands are there when it is issued; nothing is killed. As the interface carries no status,
    that of the result is what the tile answered.

    Members
    -------
    xlen : int, register width: operands and results are cut to it.
    commit_cycles : int, from the issue of an instruction to its commit.

    Raises
    ------
    ValueError
        The width is neither 32 nor 64, or the distance is negative.
    """

    xlen: int = 32
    commit_cycles: int = 0

    def __post_init__(self) -> None:
        if self.xlen not in XLENS:
            raise ValueError(f"xlen must be 32 or 64, not {self.xlen!r}")
        if self.commit_cycles < 0:
            raise ValueError(f"commit_cycles must not be negative, not {self.commit_cycles!r}")


TileCoupling = ClockCrossing | CvxifAdapter
"""What can stand there; nothing does with the bare tile."""
