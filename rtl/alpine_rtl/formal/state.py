# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""The registers of an elaborated design, by name."""

from amaranth.hdl import Fragment, Signal
from amaranth.lib import wiring

__all__ = ["elaborate_with_registers"]


def elaborate_with_registers(
    component: wiring.Component, *, domains: tuple[str, ...] = ("sync",)
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
    fragment = Fragment.get(component, None)
    registers: dict[str, Signal] = {}
    for domain in domains:
        _collect(fragment, domain, (), registers)
    return fragment, registers


def _collect(
    fragment: Fragment, domain: str, path: tuple[str, ...], registers: dict[str, Signal]
) -> None:
    # Amaranth has no public list of what a fragment drives; this is what its back ends look at.
    driven = fragment.statements.get(domain)
    if driven is not None:
        for signal in driven._lhs_signals():
            name = ".".join((*path, signal.name))
            if name in registers:
                raise ValueError(f"registers must have names of their own, unlike {name}")
            registers[name] = signal
    for index, (child, name, _) in enumerate(fragment.subfragments):
        _collect(child, domain, (*path, name or str(index)), registers)
