# SPDX-License-Identifier: Apache-2.0
"""Names of the engines."""

from enum import StrEnum

__all__ = ["Engine"]


class Engine(StrEnum):
    """What stands behind the tile port."""

    RTL = "rtl"
    """The verilated tile, driven by the native transactor."""
    COCOTB = "cocotb"
    """The verilated tile, driven by cocotb; the platform runs inside the simulator's process."""
    MODEL = "model"
    """The timed Python tile."""
