# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Verilog of any Amaranth design, with every clock that it uses as a port."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from amaranth.back import verilog
from amaranth.hdl import (
    ClockDomain,
    Elaboratable,
    Fragment,
    Instance,
    Signal,
    Value,
    ValueCastable,
)
from amaranth.hdl._ast import SignalSet
from amaranth.hdl._ir import PortDirection
from amaranth.hdl._xfrm import DomainCollector
from amaranth.lib import wiring

from alpine_models.children import held_interrupts
from alpine_models.errors import AlpineError

__all__ = ["Emission", "EmittedDomain", "emission", "flattened_members"]

_DIRECTIONS = {wiring.In: PortDirection.Input, wiring.Out: PortDirection.Output}
_Port = tuple[Value, PortDirection | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class EmittedDomain:
    """A clock domain of a design.

    Members
    -------
    name : str, as the design calls it.
    clock : str, name of its clock's port.
    reset : str or None, name of its reset's port; active high.
    rising : bool, whether its registers act at the rising edge.
    """

    name: str
    clock: str
    reset: str | None
    rising: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Emission:
    """Verilog of a design.

    Members
    -------
    text : str, self-contained; the same design gives the same text.
    domains : every clock domain whose clock comes from outside, ``sync`` first, the others by
        name.
    shapes : what each port other than a domain's is in Amaranth, by the port's name.
    inferred : whether Amaranth chose the directions of ports, so that only ``text`` tells them.
    """

    text: str
    domains: tuple[EmittedDomain, ...]
    shapes: Mapping[str, Any]
    inferred: bool


def emission(design: Elaboratable, *, name: str, signals: Iterable[Any] | None = None) -> Emission:
    """Return self-contained Verilog of a design; the same input gives the same text.

    Parameters
    ----------
    design : what to convert. The members of a `Component` become ports; so do clock and reset of
        every domain that the design uses, ``clk`` and ``rst`` for ``sync``, ``NAME_clk`` and
        ``NAME_rst`` for another one or where a member has that name already. A domain whose clock
        the design drives itself has none.
    name : name of the top module; submodules are named ``<name>.<submodule>``.
    signals : for a design without a signature, the signals that become ports.

    Raises
    ------
    AlpineError
        Two ports would have the same name.
    """
    fragment = Fragment.get(design, None)
    domains, own = _domains(fragment)
    members = flattened_members(design) if signals is None else _named(signals)
    ports = {key: (Value.cast(value), side) for key, (value, side) in members.items()}
    # The first preparation takes domains to where they are used; it happens once to a fragment.
    lowered = fragment.prepare(_as_list(ports), hierarchy=(name,)).fragment
    driven = _driven(lowered) if own else SignalSet()
    emitted = [_add_domain(ports, domain, driven) for domain in domains if domain.clk not in driven]
    prepared = fragment.prepare(_as_list(ports), hierarchy=(name,), propagate_domains=False)
    # Yosys runs in a child of Amaranth's, which would tell of Ctrl-C at length.
    with held_interrupts():
        text, _ = verilog.convert_fragment(
            prepared, name=name, emit_src=False, strip_internal_attrs=True
        )
    return Emission(
        text=str(text),
        domains=tuple(emitted),
        shapes={key: value.shape() for key, (value, _) in members.items()},
        inferred=signals is not None,
    )


def flattened_members(component: Any) -> dict[str, tuple[Any, PortDirection]]:
    """Return the members of a component with their directions, by the name of their port.

    Raises
    ------
    AlpineError
        Two members have the same name once nested ones are written with ``__``.
    """
    members: dict[str, tuple[Any, PortDirection]] = {}
    for path, member, value in component.signature.flatten(component):
        name = "__".join(map(str, path))
        if name in members:
            raise AlpineError(
                f"two members of {type(component).__name__} would both be the port {name}: "
                f"rename one of them"
            )
        members[name] = (value, _DIRECTIONS[member.flow])
    return members


def _named(signals: Iterable[Any]) -> dict[str, tuple[Any, None]]:
    named: dict[str, tuple[Any, None]] = {}
    for signal in signals:
        value = Value.cast(signal)
        if not isinstance(value, Signal):
            raise AlpineError(f"{signal!r} cannot be a port: ports=[...] takes Amaranth signals")
        if value.name in named:
            raise AlpineError(
                f"two signals of ports=[...] are called {value.name}: give one another name"
            )
        named[str(value.name)] = (signal if isinstance(signal, ValueCastable) else value, None)
    return named


def _domains(fragment: Fragment) -> tuple[list[ClockDomain], set[str]]:
    """Domains of a design, and the names of those that it brings; adds those that it leaves open.

    Amaranth would create open domains itself, in an order that changes from run to run.
    """
    brought: dict[str, ClockDomain] = {}

    def collect(part: Fragment) -> None:
        for domain in part.domains.values():
            if not domain.local:
                brought.setdefault(domain.name, domain)
        for child, *_ in part.subfragments:
            collect(child)

    collect(fragment)
    collector = DomainCollector()
    collector(fragment)
    used = set(collector.used_domains) - set(collector.defined_domains) - {"comb"}
    added = [ClockDomain(name) for name in sorted((used | {"sync"}) - set(brought))]
    fragment.add_domains(*added)
    every = [*brought.values(), *added]
    return sorted(every, key=lambda domain: (domain.name != "sync", domain.name)), set(brought)


def _as_list(ports: dict[str, _Port]) -> list[tuple[str, Value, PortDirection | None]]:
    return [(key, value, side) for key, (value, side) in ports.items()]


def _driven(fragment: Fragment) -> SignalSet:
    """Signals that something inside a fragment drives."""
    driven = SignalSet()
    for statements in fragment.statements.values():
        driven.update(statements._lhs_signals())
    if isinstance(fragment, Instance):
        for value, kind in fragment.ports.values():
            if kind == "o":
                driven.update(value._lhs_signals())
    for child, *_ in fragment.subfragments:
        driven.update(_driven(child))
    return driven


def _add_domain(ports: dict[str, _Port], domain: ClockDomain, driven: SignalSet) -> EmittedDomain:
    def add(signal: Any, what: str) -> str:
        for name, (value, _) in ports.items():
            if value is signal:
                return name
        default = what if domain.name == "sync" else f"{domain.name}_{what}"
        for name in (default, f"{domain.name}_{what}"):
            if name not in ports:
                ports[name] = (signal, PortDirection.Input)
                return name
        raise AlpineError(
            f"the {what} of clock domain {domain.name} has no name left: a port is called "
            f"{domain.name}_{what} already; rename that port"
        )

    clock = add(domain.clk, "clk")
    inside = domain.rst is None or domain.rst in driven
    reset = None if inside else add(domain.rst, "rst")
    return EmittedDomain(
        name=str(domain.name), clock=clock, reset=reset, rising=domain.clk_edge == "pos"
    )
