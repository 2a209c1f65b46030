# SPDX-License-Identifier: Apache-2.0
"""Watching an interface without taking part: every port of it seen as an input."""

from typing import Any

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

__all__ = ["observe", "observed"]


def observed(signature: Any) -> wiring.Signature:
    """Return the signature of an interface that shows the ports of another one, all of them."""
    return wiring.Signature(
        {
            name: Out(observed(member.signature) if member.is_signature else member.shape)
            for name, member in signature.members.items()
        }
    )


def observe(m: Module, seen: Any, actual: Any) -> None:
    """Show the ports of an interface at the ones that `observed` made for it."""
    shown = (value for _, _, value in seen.signature.flatten(seen))
    ports = (value for _, _, value in actual.signature.flatten(actual))
    for target, source in zip(shown, ports, strict=True):
        m.d.comb += Value.cast(target).eq(Value.cast(source))
