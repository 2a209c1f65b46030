# SPDX-License-Identifier: Apache-2.0
"""Ping-pong buffers: hand vectors from producing to consuming cores under one mutex.

The channel of the multi-core programs: a mutex, a condition variable that both sides broadcast on,
and as many slots as vectors may be under way. Waiting is the mutex's and the condition's business;
the data moves through the slots' real addresses, so coherence costs what it costs.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy.typing as npt

from alpine_platform.cores.operations import Condition, Lock, Mutex, Notify, Program, Unlock, Wait
from alpine_platform.memory.address_space import AddressSpace, Buffer

__all__ = ["PingPong"]


class PingPong:
    """Slots between a group of producers, each filling its share, and a group of consumers.

    Parameters
    ----------
    space : where the slots are allocated.
    name : for messages.
    size : elements per slot.
    producers, consumers : how many cores fill, and read, every slot. Producers fill equal shares,
        or shares of the given sizes in order.
    slots : vectors under way at most.
    dtype : of the elements.

    Raises
    ------
    ValueError
        The producers' shares do not add up to a slot.
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
    ):
        self._slots = [space.allocate(f"{name} {slot}", size, dtype) for slot in range(slots)]
        if isinstance(producers, int):
            producers = [size // producers] * producers
        self._ends = list(accumulate(producers))
        if self._ends[-1] != size:
            raise ValueError(f"shares {list(producers)} of {name} do not add up to {size} elements")
        self._mutex = Mutex(name)
        self._changed = Condition(name)
        self._put = [0] * len(self._ends)
        self._taken = [0] * consumers

    def free_part(self, producer: int = 0) -> Program:
        """Wait for a slot and return the producer's share of it."""
        yield Lock(self._mutex)
        while self._put[producer] - min(self._taken) >= len(self._slots):
            yield Wait(self._changed, self._mutex)
        yield Unlock(self._mutex)
        return self._share(producer)

    def put(self, producer: int = 0) -> Program:
        """Declare the producer's share filled."""
        yield Lock(self._mutex)
        full = min(self._put)
        self._put[producer] += 1
        if min(self._put) > full:
            yield Notify(self._changed)
        yield Unlock(self._mutex)

    def full_slot(self, consumer: int = 0) -> Program:
        """Wait for a slot that all producers have filled and return it."""
        yield Lock(self._mutex)
        while min(self._put) <= self._taken[consumer]:
            yield Wait(self._changed, self._mutex)
        yield Unlock(self._mutex)
        return self._slots[self._taken[consumer] % len(self._slots)]

    def take(self, consumer: int = 0) -> Program:
        """Declare the slot read by this consumer."""
        yield Lock(self._mutex)
        free = min(self._taken)
        self._taken[consumer] += 1
        if min(self._taken) > free:
            yield Notify(self._changed)
        yield Unlock(self._mutex)

    def _share(self, producer: int) -> Buffer:
        slot = self._slots[self._put[producer] % len(self._slots)]
        start = self._ends[producer - 1] if producer else 0
        return slot.part(start, self._ends[producer])
