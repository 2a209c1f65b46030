# SPDX-License-Identifier: Apache-2.0
"""How the programs around a network's products are written."""

from enum import StrEnum

__all__ = ["InputFormat", "Software"]


class Software(StrEnum):
    """How well the programs around the tile are written."""

    RELEASED = "released"
    """As the released AIMClib: operands packed and unpacked byte by byte."""
    TUNED = "tuned"
    """Operands moved as 32-bit words."""


class InputFormat(StrEnum):
    """What a network's inputs are in memory."""

    INT8 = "int8"
    """Codes."""
    FP32 = "fp32"
    """Values, which the program turns into codes."""
