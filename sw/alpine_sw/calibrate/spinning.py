"""Ping-pong buffers at which the waiting cores spin, as in the reference's `spin` runs."""

from collections.abc import Sequence

import numpy.typing as npt

from alpine_platform.address_space import AddressSpace
from alpine_platform.operations import Channel, Program, Put, Take
from alpine_sw.ping_pong import PingPong

__all__ = ["SpinningPingPong"]


class SpinningPingPong(PingPong):
    """The library's hand-over with atomic counters in place of the mutex.

    Parameters
    ----------
    space, name, size, producers, consumers, slots, dtype : as of `PingPong`.
    """

    def __init__(
        self,
        space: AddressSpace,
        *,
        name: str,
        size: int,
        producers: int | Sequence[int] = 1,
        consumers: int = 1,
        slots: int = 2,
        dtype: npt.DTypeLike = "int8",
    ) -> None:
        super().__init__(
            space,
            name=name,
            size=size,
            producers=producers,
            consumers=consumers,
            slots=slots,
            dtype=dtype,
        )
        self._counters = [
            [Channel(f"{name} {p} to {c}", slots=slots, spinning=True) for c in range(consumers)]
            for p in range(len(self._put))
        ]

    def put(self, producer: int = 0) -> Program:
        """Declare the producer's share filled."""
        self._put[producer] += 1
        for counter in self._counters[producer]:
            yield Put(counter)

    def free_part(self, producer: int = 0) -> Program:
        """Return the producer's share of the next slot; `put` waits until it is free."""
        yield from ()
        return self._share(producer)

    def full_slot(self, consumer: int = 0) -> Program:
        """Wait for a slot that all producers have filled and return it."""
        for counters in self._counters:
            yield Take(counters[consumer])
        return self._slots[self._taken[consumer] % len(self._slots)]

    def take(self, consumer: int = 0) -> Program:
        """Declare the slot read by this consumer."""
        yield from ()
        self._taken[consumer] += 1
