# SPDX-License-Identifier: Apache-2.0
"""One top module: what it is, its ports, and where its analog macros sit."""

import inspect
from dataclasses import dataclass

from amaranth.hdl import Value

from alpine_models.tile import TileConfig

from .pins import ports_by_name
from .typed import Component

__all__ = ["Top"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Top:
    """One top module.

    Members
    -------
    name : str, of the module and, with ``.v``, of its file.
    component : the hardware.
    clocks : names of its clock ports; each has a reset beside it.
    macros : member at which each analog macro sits, with the tile's configuration.
    summary : str, one sentence.
    """

    name: str
    component: Component
    clocks: tuple[str, ...]
    macros: tuple[tuple[str, TileConfig], ...]
    summary: str

    @property
    def wrapper_name(self) -> str:
        """Name of the module that holds this one together with its crossbars."""
        return f"{self.name}_with_crossbar"

    def contract(self) -> str:
        """Return what the component's documentation says of its behaviour and its ports."""
        text = inspect.getdoc(type(self.component)) or ""
        what = text.partition("\n\nParameters\n")[0]
        members = text.partition("\nMembers\n-------\n")[2].partition("\n\nRaises\n")[0]
        return f"{what}\n\n{members}".strip()

    def ports(self) -> list[tuple[str, bool, int]]:
        """Every port as (name, is an input, width), clocks and resets first."""
        listed = [
            (name, True, 1)
            for clock in self.clocks
            for name in (clock, clock.replace("clk", "rst"))
        ]
        for pin in ports_by_name(self.component).values():
            width = len(Value.cast(pin.value))
            if width:
                listed.append((pin.name, pin.is_input, width))
        return listed
