# SPDX-License-Identifier: Apache-2.0
"""What Amaranth's type stubs leave open, said once: typed records, streams and member defaults."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from amaranth.hdl import Cat, Const, Module, Shape, ShapeCastable, Signal, Value, ValueCastable
from amaranth.lib import data, stream, wiring

if TYPE_CHECKING:
    AnyShape: TypeAlias = Shape | int | range | type[Enum] | ShapeCastable[Any]
    AnyValue: TypeAlias = Value | int | Enum | ValueCastable

    class Component(wiring.Component[wiring.Signature]):
        """Every block is one: it has a signature, and elaborates to a module."""

        def elaborate(self, platform: object) -> Module: ...

    _View = data.View[data.StructLayout]
else:
    # Amaranth's own classes take no type parameters.
    AnyShape = AnyValue = Any
    Component = wiring.Component
    _View = data.View

__all__ = [
    "AnyShape",
    "AnyValue",
    "Component",
    "PayloadStream",
    "Record",
    "RecordLayout",
    "any_of",
    "connect",
    "fitted",
    "like",
    "pass_on",
    "port",
    "several",
    "stream_of",
]


class Record(_View):
    """A structure of bits whose fields a type checker knows.

    A subclass annotates every field with the type that reading it gives; `RecordLayout` has their
    shapes.
    """


R_co = TypeVar("R_co", bound=Record, covariant=True)
P_co = TypeVar("P_co", covariant=True)


class RecordLayout(data.StructLayout, Generic[R_co]):
    """Shapes of a record's fields, the first one in the lowest bits.

    Parameters
    ----------
    record : type[Record]
        What a value of this layout is seen as.
    fields : mapping of str to shape
        The fields that the record annotates, in their order.

    Raises
    ------
    TypeError
        The record annotates other fields, or in another order.
    """

    def __init__(self, record: type[R_co], fields: Mapping[str, AnyShape]):
        if list(record.__annotations__) != list(fields):
            raise TypeError(
                f"{record.__name__} annotates {list(record.__annotations__)}, not {list(fields)}"
            )
        self._record = record
        self._shapes = dict(fields)
        base: Any = super()
        base.__init__(fields)

    @property
    def shapes(self) -> dict[str, AnyShape]:
        """Shape of every field."""
        return self._shapes

    def __call__(self, target: AnyValue) -> Any:
        """See a value as a record."""
        return self._record(self, target)

    def signal(self, *, name: str) -> R_co:
        """Return a new signal of this layout."""
        return self(Signal(self.as_shape(), name=name))

    def pack(self, **values: AnyValue) -> Value:
        """Return the bits of a record with these fields, each cut or extended to its shape.

        Raises
        ------
        TypeError
            A field is missing, or there is none of a name.
        """
        if values.keys() != self._shapes.keys():
            raise TypeError(f"a record needs {list(self._shapes)}, not {list(values)}")
        return Cat(fitted(values[name], field.width) for name, field in self)


class PayloadStream(Protocol[P_co]):
    """A stream of `amaranth.lib.stream` with payloads of a known type."""

    @property
    def signature(self) -> Any:
        """Its `stream.Signature`."""
        ...

    @property
    def payload(self) -> P_co:
        """What is transferred at a clock edge at which ``valid`` and ``ready`` are high."""
        ...

    @property
    def valid(self) -> Value:
        """Whether there is a payload."""
        ...

    @property
    def ready(self) -> Value:
        """Whether it is taken."""
        ...


def connect(m: Module, *interfaces: Any) -> None:
    """Connect interfaces whose signatures fit; see `amaranth.lib.wiring.connect`."""
    library: Any = wiring
    library.connect(m, *interfaces)


def pass_on(m: Module, *, inner: Any, outer: Any) -> None:
    """Connect a submodule's interface to the component's own one of the same kind."""
    connect(m, wiring.flipped(outer), inner)


def stream_of(layout: AnyShape, **options: Any) -> stream.Signature:
    """Return the signature of a stream with such payloads; options are `stream.Signature`'s."""
    return stream.Signature(layout, **options)


def port(flow: wiring.Flow, shape: AnyShape, *, init: int) -> wiring.Member:
    """Return a port member with an initial value, which the stubs call by its former name."""
    member: Any = flow
    return member(shape, init=init)


def several(member: wiring.Member, count: int) -> wiring.Member:
    """Return so many members of a kind, as a list."""
    one: Any = member
    return one.array(count)


def like(value: AnyValue, *, name: str) -> Signal:
    """Return a signal as wide as a value."""
    return Signal(len(Value.cast(value)), name=name)


def fitted(value: AnyValue, width: int) -> Value:
    """Return a value in so many bits, as an assignment would leave it."""
    given = Value.cast(value)
    if len(given) >= width:
        return given[:width]
    fill = given[-1].replicate(width - len(given)) if given.shape().signed else None
    return Cat(given, fill if fill is not None else Const(0, Shape(width - len(given))))


def any_of(values: Iterable[AnyValue]) -> Value:
    """Return whether any bit of any value is 1."""
    return Cat(*values).any()
