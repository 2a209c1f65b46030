# SPDX-License-Identifier: Apache-2.0
"""What every piece of hardware behind a core's port is to a run, whatever form its work takes.

`tile_port` says how a core hands over CM instructions, `peripheral_port` how it hands over loads
and stores; both come in batches with times. What a run does besides is the same for all: it sets up
the analog macros, counts busy cycles and begins time anew.
"""

from collections.abc import Sequence
from typing import Protocol

from .macro import Macro

__all__ = ["Accelerator"]


class Accelerator(Protocol):
    """Hardware that a core uses: a tile, chained tiles, any other engine."""

    @property
    def macros(self) -> Sequence[Macro]:
        """Its analog parts, numbered from 0; none where it is all digital."""
        ...

    @property
    def busy_cycles(self) -> int:
        """Cycles of its clock in which it was not idle, so far.

        Where a register counts them, reading it takes an access between two batches.
        """
        ...

    def restart_time(self) -> None:
        """Count clock edges from 0 again: the next batch may start at time 0. It must be at rest.

        State and counters stay.
        """
        ...
