# SPDX-License-Identifier: Apache-2.0
"""What an elaborated design drives and which clocks it leaves open.

This is the one module that looks behind Amaranth's public face: there is no public list of what a
fragment drives, and what its own back ends look at has no types.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from amaranth.hdl import ClockDomain, Elaboratable, Fragment, Instance, Signal
from amaranth.lib import wiring

__all__ = [
    "Driven",
    "OpenDomain",
    "assign",
    "components_inside",
    "driven_signals",
    "elaborated",
    "open_domains",
]


def elaborated(design: Elaboratable) -> Fragment:
    """Return the fragment that a design elaborates to."""
    language: Any = Fragment
    return language.get(design, None)


def assign(fragment: Fragment, *statements: Any) -> None:
    """Add combinational assignments to an elaborated design or a part of it, in its own module."""
    whole: Any = fragment
    whole.add_statements("comb", *statements)


def components_inside(fragment: Fragment) -> Iterator[tuple[Fragment, Any]]:
    """Every submodule, at any depth, that a component was elaborated to, with the component."""
    whole: Any = fragment
    for part, _, _ in whole.subfragments:
        for origin in part.origins or ():
            if isinstance(origin, wiring.Component):
                yield part, origin
        yield from components_inside(part)


class Driven(NamedTuple):
    """A signal that a design drives.

    Members
    -------
    path : names of the submodules on the way to where it is driven.
    domain : of its register, ``comb`` where it is none.
    signal : the signal.
    """

    path: tuple[str, ...]
    domain: str
    signal: Signal


class OpenDomain(NamedTuple):
    """A clock domain whose clock comes from outside.

    Members
    -------
    name : str.
    clock : its clock.
    reset : its reset, or None where it has none or the design drives it.
    rising : whether its registers act at the rising edge.
    """

    name: str
    clock: Signal
    reset: Signal | None
    rising: bool


def driven_signals(fragment: Fragment) -> Iterator[Driven]:
    """Every signal that something inside a fragment drives, outputs of instances among them."""
    yield from _driven(fragment, ())


def _driven(part: Any, path: tuple[str, ...]) -> Iterator[Driven]:
    for domain, statements in part.statements.items():
        for signal in statements._lhs_signals():
            yield Driven(path, domain, signal)
    if _is_instance(part):
        for value, kind in part.ports.values():
            if kind == "o":
                for signal in value._lhs_signals():
                    yield Driven(path, "comb", signal)
    for index, (child, name, _) in enumerate(part.subfragments):
        yield from _driven(child, (*path, name or str(index)))


def _is_instance(part: Any) -> bool:
    return isinstance(part, Instance)


def open_domains(fragment: Fragment) -> list[OpenDomain]:
    """Return the clock domains whose clock comes from outside, ``sync`` first, the others by name.

    Takes every domain to where it is used, which can happen once to a fragment, and adds those that
    the design leaves open, ``sync`` always among them: Amaranth would add them itself, in an order
    that changes from run to run.
    """
    added: list[str] = []

    def missing(name: str) -> ClockDomain:
        added.append(name)
        return ClockDomain(name)

    whole: Any = fragment
    # Preparing resolves the clock signals that a design drives to those of their domains.
    resolved = whole.prepare(missing_domain=missing).fragment
    if "sync" not in whole.domains:
        added.append("sync")
        whole.add_domains(ClockDomain("sync"))
    brings_own = set(whole.domains) - set(added)
    driven = {id(each.signal) for each in driven_signals(resolved)} if brings_own else set[int]()
    found = [
        OpenDomain(
            name=domain.name,
            clock=domain.clk,
            reset=None if domain.rst is None or id(domain.rst) in driven else domain.rst,
            rising=domain.clk_edge == "pos",
        )
        for domain in whole.domains.values()
        if not domain.local and id(domain.clk) not in driven
    ]
    return sorted(found, key=lambda domain: (domain.name != "sync", domain.name))
