# SPDX-License-Identifier: Apache-2.0
"""Amaranth hardware of the analog in-memory computing tile, and the Verilog made from it.

`AimcTile` is the tile with its CM port. Around it stand `AimcTileCdc` for a port in another clock
domain, `AimcTileCvxif` for a RISC-V core and `AimcAxi` for the I/O bus. `write_tops` writes the
Verilog of all of them.
"""

from alpine_models.lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .accelerator import AimcAxi
    from .crossing import AimcTileCdc
    from .cvxif import AimcTileCvxif
    from .tile import AimcTile
    from .verilog import write_tops

__all__ = ["AimcAxi", "AimcTile", "AimcTileCdc", "AimcTileCvxif", "write_tops"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "accelerator": ["AimcAxi"],
        "crossing": ["AimcTileCdc"],
        "cvxif": ["AimcTileCvxif"],
        "tile": ["AimcTile"],
        "verilog": ["write_tops"],
    },
)
