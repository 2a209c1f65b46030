# SPDX-License-Identifier: Apache-2.0
"""What AXI4-Lite leaves to agree on between hardware, its model and whoever drives it."""

from enum import IntEnum

__all__ = ["AxiResponse"]


class AxiResponse(IntEnum):
    """Codes of BRESP and RRESP (AMBA AXI, section A3.4.4)."""

    OKAY = 0
    """Done."""
    SLVERR = 2
    """Refused; nothing changed."""
    DECERR = 3
    """Nothing lives at that address."""
