# SPDX-License-Identifier: Apache-2.0
"""The backend without RTL: every piece of hardware is its timed twin."""

from alpine_cosim.hardware.hardware_kind import Piece
from alpine_platform.config import SystemConfig
from alpine_sw.library.workloads import Workload

from .hardware_kinds import kind_of

__all__ = ["timed_pieces"]


def timed_pieces(workload: Workload, system: SystemConfig) -> list[Piece]:
    """Return the timed twins of a workload's hardware; their cells are empty."""
    period_fs = system.tile_clock.period_fs
    pieces: list[Piece] = []
    for plan in workload.hardware:
        kind = kind_of(plan)
        twin = kind.timed(plan.configuration, period_fs)
        pieces.append(Piece(plan=plan, kind=kind, accelerator=twin))
    return pieces
