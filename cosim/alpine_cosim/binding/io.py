# SPDX-License-Identifier: Apache-2.0
"""The ports of a model, and the signals inside it, as attributes."""

import difflib
import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ModelError
from .ports import Port, PortDirection, find_port
from .storage import WORD_BITS, Slot
from .types import PackedValue

__all__ = ["Io", "Signals", "closed", "io_of"]


class Io:
    """The ports of a model, as attributes and as items: ``io.enable``, ``io["in"]``.

    A vector of up to 64 bits reads as an integer, signed where the port is; a wider one as a live
    numpy view of its bytes, lowest first; enumerations, structures and arrays as what they are.
    An inout reads as what stands on its wires, and takes what is driven from outside;
    ``NAME__out`` and ``NAME__en`` tell what the design drives, and which bits.
    """

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return _slot_of(self, name).get()

    def __setitem__(self, name: str, value: Any) -> None:
        slot = _slot_of(self, name)
        if _ports_of(self)[name].direction is PortDirection.OUTPUT:
            raise AttributeError(f"port {name} is an output of the model and cannot be set")
        slot.set(value)

    def __getattr__(self, name: str) -> Any:
        # Called for what is no port.
        return _slot_of(self, name).get()

    if TYPE_CHECKING:
        # Type checkers cannot know a model's ports; each is a property of the model's own class.
        def __setattr__(self, name: str, value: Any) -> None: ...

    def __dir__(self) -> list[str]:
        return list(_ports_of(self))

    def __iter__(self) -> Iterator[str]:
        return iter(_ports_of(self))

    def __len__(self) -> int:
        return len(_ports_of(self))

    def __reduce__(self) -> Any:
        raise ModelError("a model's ports cannot be copied or pickled: they are its memory")

    def __repr__(self) -> str:
        rows = [("port", "direction", "type", "value")]
        rows += [
            (name, port.direction.value, str(port.data_type), shown(port, self[name]))
            for name, port in _ports_of(self).items()
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(
            "  ".join((*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]))
            for row in rows
        )


# A class has these beside its ports, so they are called what no port can be: names hold no blanks.
_PORTS, _SLOTS = " ports", " slots"


def _ports_of(io: Io) -> Mapping[str, Port]:
    return getattr(type(io), _PORTS)


def _slot_of(io: Io, name: str) -> Slot:
    slots: Mapping[str, Slot] = getattr(type(io), _SLOTS)
    if name not in slots:
        find_port(list(_ports_of(io).values()), name)
    return slots[name]


class _Closed:
    """Takes the place of what a closed model had."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            return object.__getattribute__(self, name)
        raise ModelError("the model is closed: build a new one")

    def __setattr__(self, name: str, value: Any) -> None:
        raise ModelError("the model is closed: build a new one")

    def __getitem__(self, name: str) -> Any:
        raise ModelError("the model is closed: build a new one")

    def __setitem__(self, name: str, value: Any) -> None:
        raise ModelError("the model is closed: build a new one")

    def __repr__(self) -> str:
        return "the model is closed"


def closed(io: Io) -> None:
    """Make every later use of a model's ports an error of one line."""
    object.__setattr__(io, "__class__", _Closed)


def io_of(ports: Sequence[Port], slots: Mapping[str, Slot]) -> Io:
    """Return the ports of one model; ``slots`` are the places of its memory, by name.

    Each model has a class of its own, whose properties reach the memory without a look-up.
    """
    named = {port.name: port for port in ports}
    members: dict[str, Any] = {"__slots__": (), _PORTS: named, _SLOTS: dict(slots)}
    for name, port in named.items():
        if name.startswith("__") and name.endswith("__"):
            continue  # Python's own names: such a port is reached as an item
        members[name] = _property(port, slots[name])
    return type("Io", (Io,), members)()


def _property(port: Port, slot: Slot) -> property:
    getter, setter = slot.get, slot.set
    what = f"{port.direction.value}, {port.data_type}"
    if port.direction is PortDirection.OUTPUT:

        def refuse(_: Io, value: Any) -> None:
            raise AttributeError(f"port {port.name} is an output of the model and cannot be set")

        return property(lambda _: getter(), refuse, doc=what)
    return property(lambda _: getter(), lambda _, value: setter(value), doc=what)


class Signals(Mapping[str, Any]):
    """Signals inside a model that were kept public, by their path from the top module.

    Setting one changes the design's state; what depends on it follows at the next evaluation.
    """

    def __init__(self, slots: Mapping[str, Slot]):
        self._slots = dict(slots)

    def __getitem__(self, path: str) -> Any:
        return self._find(path).get()

    def __setitem__(self, path: str, value: Any) -> None:
        self._find(path).set(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    def __reduce__(self) -> Any:
        raise ModelError("a model's signals cannot be copied or pickled: they are its memory")

    def __repr__(self) -> str:
        return "\n".join(f"{path} = {_text(self[path])}" for path in self)

    def _find(self, path: str) -> Slot:
        try:
            return self._slots[path]
        except KeyError:
            near = difflib.get_close_matches(path, self._slots, n=3)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else "name it in build(public=[...])"
            )
            raise KeyError(f"the model shows no signal {path}; {hint}") from None


def shown(port: Port, value: Any) -> str:
    """Return a port's value for a table: hexadecimal too where that says more."""
    if port.width > WORD_BITS and isinstance(value, np.ndarray):
        return _text(value)
    if isinstance(value, int) and not isinstance(value, enum.Enum | PackedValue) and value > 9:
        return f"{value} ({value:#x})"
    return _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    array: Any = value  # pyright: ignore[reportUnknownVariableType]
    if array.dtype == np.uint8 and array.ndim == 1:
        return "0x" + array[::-1].tobytes().hex()
    return str(array).replace("\n", "")
