# SPDX-License-Identifier: Apache-2.0
"""Which tiles stand behind the ports of a run, and how their cells are written."""

from dataclasses import dataclass
from pathlib import Path

from alpine_models.checked_fields import check_fields, checked, flag, optional, path

__all__ = ["TileChoice"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TileChoice:
    """Hardware of the tiles.

    Members
    -------
    back_door : write the weights into the crossbar directly; None programs them through the port,
        except with cocotb.
    verilog : file with an ``aimc_tile`` to simulate in place of the shipped tile, or None.
    """

    back_door: bool | None = checked(optional(flag), default=None)
    verilog: Path | None = checked(
        optional(lambda _name, value: path("tile verilog", value)), default=None
    )

    def __post_init__(self) -> None:
        check_fields(self)
