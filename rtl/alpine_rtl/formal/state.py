# SPDX-License-Identifier: Apache-2.0
"""The registers of an elaborated design, by name."""

from typing import Any

from amaranth.hdl import Elaboratable, Fragment, MemoryInstance, Signal

from alpine_rtl.fragments import driven_signals, elaborated

__all__ = ["elaborate_with_registers", "memories_inside"]


def elaborate_with_registers(
    component: Elaboratable, *, domains: tuple[str, ...] = ("sync",)
) -> tuple[Fragment, dict[str, Signal]]:
    """Elaborate a component and return it with every register of its clock domains.

    The fragment stands in for the component as a submodule, and the registers can be read from
    the outside, by properties that speak of state rather than of ports.

    Returns
    -------
    fragment, registers : registers by hierarchical name, as ``"submodule.signal"``.

    Raises
    ------
    ValueError
        Two registers have the same name, so that one would hide the other.
    """
    fragment = elaborated(component)
    registers: dict[str, Signal] = {}
    for driven in driven_signals(fragment):
        if driven.domain not in domains:
            continue
        name = ".".join((*driven.path, driven.signal.name))
        if name in registers:
            raise ValueError(f"registers must have names of their own, unlike {name}")
        registers[name] = driven.signal
    return fragment, registers


def memories_inside(fragment: Any) -> list[Any]:
    """Return the memories of a fragment and of those within it, in their order."""
    found: list[Any] = [fragment] if _is_memory(fragment) else []
    return found + [m for child, _, _ in fragment.subfragments for m in memories_inside(child)]


def _is_memory(fragment: Any) -> bool:
    return isinstance(fragment, MemoryInstance)
