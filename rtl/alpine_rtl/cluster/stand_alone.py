# SPDX-License-Identifier: Apache-2.0
"""An accelerator that has its memory ports to itself."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import wiring

from alpine_rtl.pins import PinSignature
from alpine_rtl.typed import Component, pass_on

__all__ = ["StandAlone"]


class StandAlone(Component):
    """Show an accelerator's ports but for those that serve sharing, which are tied.

    Parameters
    ----------
    accelerator : Component with members ``allowed`` and ``busy``.
    """

    def __init__(self, accelerator: Component):
        self.accelerator: Any = accelerator
        signature: Any = accelerator.signature
        self._shown = {
            name: member
            for name, member in signature.members.items()
            if name not in ("allowed", "busy")
        }
        super().__init__(PinSignature(self._shown))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.accelerator = accelerator = self.accelerator
        m.d.comb += accelerator.allowed.eq(1)
        for name, member in self._shown.items():
            inner, outer = getattr(accelerator, name), getattr(self, name)
            if member.is_signature:
                pass_on(m, inner=inner, outer=outer)
            elif member.flow is wiring.In:
                m.d.comb += inner.eq(outer)
            else:
                m.d.comb += outer.eq(inner)
        return m
