# SPDX-License-Identifier: Apache-2.0
"""Ports of a top module."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from amaranth.hdl import Elaboratable, Shape

from alpine_rtl.emission import Emission
from alpine_rtl.pins import ports_by_name

from .scalar_types import AmaranthType, Integer
from .types import DataType

__all__ = ["Port", "PortDirection", "emitted_ports", "find_port", "ports_of", "with_shapes"]


class PortDirection(Enum):
    """Which side drives a port."""

    INPUT = "input"
    OUTPUT = "output"
    INOUT = "inout"


@dataclass(frozen=True, kw_only=True, slots=True)
class Port:
    """One port of a top module.

    Members
    -------
    name : str, as in the Verilog.
    width : int, bits.
    direction : PortDirection, seen from the module.
    signed : bool, whether its value reads as two's complement.
    type : DataType, when it is more than a vector of bits; None otherwise.
    """

    name: str
    width: int
    direction: PortDirection
    signed: bool = False
    type: DataType | None = None

    @property
    def data_type(self) -> DataType:
        """Type of its values."""
        return self.type or Integer(self.width, self.signed)


def ports_of(component: Elaboratable) -> list[Port]:
    """Return the ports of a component's Verilog, its clock and reset first.

    Signedness comes from the component's signature, since Verilog written by Amaranth does not
    carry it.
    """
    members = ports_by_name(component)
    ports = [
        Port(name=name, width=1, direction=PortDirection.INPUT)
        for name in ("clk", "rst")
        if name not in members
    ]
    for name, pin in members.items():
        width, signed, kind = _amaranth(pin.shape)
        if width:
            ports.append(
                Port(
                    name=name,
                    width=width,
                    direction=PortDirection.INPUT if pin.is_input else PortDirection.OUTPUT,
                    signed=signed,
                    type=kind,
                )
            )
    return ports


def emitted_ports(component: Elaboratable, emission: Emission) -> list[Port]:
    """Return the ports of a component as it was emitted, clocks and resets first."""
    domains = [
        Port(name=name, width=1, direction=PortDirection.INPUT)
        for domain in emission.domains
        for name in (domain.clock, domain.reset)
        if name is not None
    ]
    members = ports_by_name(component)
    return [*domains, *(port for port in ports_of(component) if port.name in members)]


def with_shapes(ports: Iterable[Port], shapes: dict[str, Any]) -> list[Port]:
    """Return ports read from Verilog with the types that Amaranth's shapes give them."""
    result: list[Port] = []
    for port in ports:
        if port.name in shapes:
            _, signed, kind = _amaranth(shapes[port.name])
            port = Port(  # noqa: PLW2901
                name=port.name,
                width=port.width,
                direction=port.direction,
                signed=signed,
                type=kind,
            )
        result.append(port)
    return result


def find_port(ports: Sequence[Port], name: str) -> Port:
    """Return the port of a name.

    Raises
    ------
    AttributeError
        There is none; the message lists names that are near.
    """
    for port in ports:
        if port.name == name:
            return port
    names = [port.name for port in ports]
    near = difflib.get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(names)}"
    raise AttributeError(f"the model has no port {name}; {hint}")


def _amaranth(given: Any) -> tuple[int, bool, DataType | None]:
    """Width, signedness and, where it is more than a number, the type of an Amaranth shape."""
    shape_of: Any = Shape  # its stub leaves open what may be cast
    shape = shape_of.cast(given)
    plain = isinstance(given, Shape | int | range)
    return shape.width, shape.signed, None if plain else AmaranthType(given, shape.width)
