# SPDX-License-Identifier: Apache-2.0
"""What has no time: instruction set, tile geometry, crossbar arithmetic, golden references.

`TileConfig` is the geometry of a tile, `CmInstruction` is an instruction of it, and `ReferenceTile`
carries instructions out. `IdealCrossbar` multiplies exactly, and `AnalogCrossbar` as a chip of one
of the devices that `analog_device` knows by name. What a person can get wrong raises `AlpineError`,
in every package.
"""

from .lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .crossbar import IdealCrossbar
    from .device import AnalogConfig, AnalogCrossbar, AnalogDevice, analog_device
    from .errors import AlpineError
    from .isa import CmInstruction, CmOperation, CmStatus
    from .reference_tile import ReferenceTile
    from .tile import TileConfig

__all__ = [
    "AlpineError",
    "AnalogConfig",
    "AnalogCrossbar",
    "AnalogDevice",
    "CmInstruction",
    "CmOperation",
    "CmStatus",
    "IdealCrossbar",
    "ReferenceTile",
    "TileConfig",
    "analog_device",
]

__version__ = "0.2.0.dev0"

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossbar": ["IdealCrossbar"],
        "device": ["AnalogConfig", "AnalogCrossbar", "AnalogDevice", "analog_device"],
        "errors": ["AlpineError"],
        "isa": ["CmInstruction", "CmOperation", "CmStatus"],
        "reference_tile": ["ReferenceTile"],
        "tile": ["TileConfig"],
    },
)
