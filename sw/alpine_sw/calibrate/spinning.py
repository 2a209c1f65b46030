# SPDX-License-Identifier: Apache-2.0
"""Ping-pong buffers at which the waiting cores spin, as in the reference's `spin` runs."""

from functools import cached_property

from alpine_platform.cores.operations import Channel, Program, Put, Take
from alpine_sw.library.ping_pong import PingPong

__all__ = ["SpinningPingPong"]


class SpinningPingPong(PingPong):
    """The library's hand-over with atomic counters in place of the mutex."""

    @cached_property
    def _counters(self) -> list[list[Channel]]:
        """One per producer and consumer."""
        name, slots = self._mutex.name, len(self._slots)
        return [
            [
                Channel(f"{name} {producer} to {consumer}", slots=slots, spinning=True)
                for consumer in range(len(self._taken))
            ]
            for producer in range(len(self._put))
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
