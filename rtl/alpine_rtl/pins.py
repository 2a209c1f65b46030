# SPDX-License-Identifier: Apache-2.0
"""Names of the Verilog ports that interfaces become: the one place that knows the rule.

Amaranth joins the names on the way to a port by two underscores. The tops of this package promise
flat names instead, such as ``cm_req_instr``: names are joined by one underscore; a record stands
for its fields, of which each becomes a port; and the payload of a stream is not named, so that its
fields stand beside ``valid`` and ``ready``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Const
from amaranth.lib import stream, wiring

from alpine_models.errors import AlpineError

from .typed import Record

__all__ = ["Pin", "PinSignature", "ports_by_name"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One Verilog port of a component.

    Members
    -------
    name : str.
    value : Value or what casts to one; a member's signal, or a field of it.
    shape : of the value, as Amaranth knows it.
    is_input : bool.
    record : the record that it is a field of, or None.
    """

    name: str
    value: Any
    shape: Any
    is_input: bool
    record: Record | None = None


class PinSignature(wiring.Signature):
    """Signature of a component whose Verilog ports have flat names.

    A signature among its members may have an attribute ``joined_by``: what stands between the names
    of its members and those of their ports, in place of one underscore.

    Parameters
    ----------
    members : of the signature.
    """

    def __init__(self, members: Mapping[str, wiring.Member]):
        super().__init__(members)


def ports_by_name(component: Any) -> dict[str, Pin]:
    """Return the ports of a component by name, in the order of its members.

    Those of a component without a `PinSignature` are named as Amaranth does; a record stands for
    its fields there, too.

    Raises
    ------
    AlpineError
        Two ports would have the same name.
    """
    named: dict[str, Pin] = {}
    for pin in _pins(component):
        if pin.name in named:
            raise AlpineError(
                f"two members of {type(component).__name__} would both be the port {pin.name}: "
                f"rename one of them"
            )
        named[pin.name] = pin
    return named


def _pins(component: Any) -> Iterator[Pin]:
    name = _flat_name if isinstance(component.signature, PinSignature) else _long_name
    signature: Any = component.signature
    for path, member, value in signature.flatten(component):
        is_input = member.flow is wiring.In
        if isinstance(value, Record):
            layout: Any = value.shape()
            for item, field in layout:
                yield Pin(
                    name=name(signature, (*path, item)),
                    value=value[item],
                    shape=field.shape,
                    is_input=is_input,
                    record=value,
                )
        elif not isinstance(value, Const):
            shape = value.shape()
            yield Pin(name=name(signature, path), value=value, shape=shape, is_input=is_input)


def _long_name(signature: Any, path: tuple[str | int, ...]) -> str:
    del signature  # Amaranth's names depend on the path alone.
    return "__".join(map(str, path))


def _flat_name(signature: Any, path: tuple[str | int, ...]) -> str:
    name, joined_by = "", ""
    for item in path:
        if isinstance(item, int):
            name += f"_{item}"
        elif item != "payload" or not isinstance(signature, stream.Signature):
            name += joined_by + item
            joined_by = getattr(signature, "joined_by", "_")
            # What follows a port is the name of a record's field.
            member = signature.members[item] if signature and item in signature.members else None
            signature = member.signature if member is not None and member.is_signature else None
    return name
