# SPDX-License-Identifier: Apache-2.0
"""Verilog or RTLIL of any Amaranth design, with every clock that it uses as a port."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from amaranth import back
from amaranth.back import verilog
from amaranth.hdl import Cat, Elaboratable, Fragment, Signal, Value, ValueCastable
from amaranth.lib import wiring

from alpine_models.children import held_interrupts
from alpine_models.errors import AlpineError

from .fragments import OpenDomain, assign, elaborated, open_domains
from .inner_ports import name_inner_ports
from .pins import Pin, ports_by_name

__all__ = ["Emission", "EmittedDomain", "emission", "rtlil_text"]


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
    fragment = elaborated(design)
    name_inner_ports(fragment)
    pins = ports_by_name(design) if signals is None else _named(signals)
    ports = _with_records(fragment, pins)
    emitted = [_add_domain(ports, domain) for domain in open_domains(fragment)]
    if signals is None:
        converted, listed = _Flat(fragment, ports), None
    else:
        converted, listed = fragment, {key: (port.signal, None) for key, port in ports.items()}
    back_end: Any = verilog
    # Yosys runs in a child of Amaranth's, which would tell of Ctrl-C at length.
    with held_interrupts():
        text = back_end.convert(
            converted,
            name=name,
            ports=listed,
            emit_src=False,
            strip_internal_attrs=True,
            propagate_domains=False,
        )
    return Emission(
        text=text,
        domains=tuple(emitted),
        shapes={key: pin.shape for key, pin in pins.items()},
        inferred=signals is not None,
    )


def rtlil_text(component: Elaboratable, *, name: str) -> str:
    """Return a component in RTLIL, the language of Yosys, with the ports that its Verilog has."""
    fragment = elaborated(component)
    name_inner_ports(fragment)
    ports = _with_records(fragment, ports_by_name(component))
    for domain in open_domains(fragment):
        _add_domain(ports, domain)
    back_ends: Any = back
    return back_ends.rtlil.convert(_Flat(fragment, ports), name=name, propagate_domains=False)


@dataclass(frozen=True, slots=True)
class _Port:
    signal: Signal
    is_input: bool


@dataclass(frozen=True, slots=True)
class _Record:
    whole: Value
    is_input: bool
    fields: list[Signal]


class _Flat(Elaboratable):
    """A fragment with these ports, for Amaranth to convert: their names are members' names."""

    def __init__(self, fragment: Fragment, ports: Mapping[str, _Port]):
        self._fragment = fragment
        self.signature = wiring.Signature(
            {
                name: (wiring.In if port.is_input else wiring.Out)(len(port.signal))
                for name, port in ports.items()
            }
        )
        self.__dict__.update({name: port.signal for name, port in ports.items()})

    def elaborate(self, platform: object) -> Fragment:
        return self._fragment


def _named(signals: Iterable[Any]) -> dict[str, Pin]:
    named: dict[str, Pin] = {}
    for signal in signals:
        value = Value.cast(signal)
        if not isinstance(value, Signal):
            raise AlpineError(f"{signal!r} cannot be a port: ports=[...] takes Amaranth signals")
        if value.name in named:
            raise AlpineError(
                f"two signals of ports=[...] are called {value.name}: give one another name"
            )
        shaped: Any = signal if isinstance(signal, ValueCastable) else value
        # Amaranth finds out which of them are inputs.
        named[value.name] = Pin(name=value.name, value=value, shape=shaped.shape(), is_input=True)
    return named


def _with_records(fragment: Fragment, pins: Mapping[str, Pin]) -> dict[str, _Port]:
    """Signals of the ports; a record's get signals of their own, which the top module connects."""
    ports: dict[str, _Port] = {}
    records: dict[int, _Record] = {}
    for name, pin in pins.items():
        value = Value.cast(pin.value)
        if pin.record is not None:
            value = Signal(len(value), name=name)
            records.setdefault(id(pin.record), _Record(Value.cast(pin.record), pin.is_input, []))
            records[id(pin.record)].fields.append(value)
        assert isinstance(value, Signal)
        ports[name] = _Port(value, pin.is_input)
    for record in records.values():
        # In one assignment, so that the record is another name for the ports and costs nothing.
        fields = Cat(*record.fields)
        whole = record.whole
        assign(fragment, whole.eq(fields) if record.is_input else fields.eq(whole))
    return ports


def _add_domain(ports: dict[str, _Port], domain: OpenDomain) -> EmittedDomain:
    def add(signal: Signal, what: str) -> str:
        for name, port in ports.items():
            if port.signal is signal:
                return name
        default = what if domain.name == "sync" else f"{domain.name}_{what}"
        for name in (default, f"{domain.name}_{what}"):
            if name not in ports:
                ports[name] = _Port(signal, is_input=True)
                return name
        raise AlpineError(
            f"the {what} of clock domain {domain.name} has no name left: a port is called "
            f"{domain.name}_{what} already; rename that port"
        )

    return EmittedDomain(
        name=domain.name,
        clock=add(domain.clock, "clk"),
        reset=None if domain.reset is None else add(domain.reset, "rst"),
        rising=domain.rising,
    )
