"""Ping-pong buffers: hand vectors from producing to consuming cores under one mutex.

The channel of the multi-core programs: a mutex, a condition variable that both sides broadcast on,
and as many slots as vectors may be under way. Waiting is the mutex's and the condition's business;
the data moves through the slots' real addresses, so coherence costs what it costs.
"""

from alpine_platform.address_space import AddressSpace
from alpine_platform.operations import Condition, Lock, Mutex, Notify, Program, Unlock, Wait

__all__ = ["PingPong"]


class PingPong:
    """Slots between a group of producers, each filling its share, and a group of consumers.

    Parameters
    ----------
    space : where the slots are allocated.
    name : for messages.
    size : int8 elements per slot.
    producers, consumers : how many cores fill, and read, every slot.
    slots : vectors under way at most.
    """

    def __init__(
        self,
        space: AddressSpace,
        *,
        name: str,
        size: int,
        producers: int = 1,
        consumers: int = 1,
        slots: int = 2,
    ):
        self._slots = [space.allocate(f"{name} {slot}", size) for slot in range(slots)]
        self._size = size
        self._mutex = Mutex(name)
        self._changed = Condition(name)
        self._put = [0] * producers
        self._taken = [0] * consumers

    def free_part(self, producer: int = 0) -> Program:
        """Wait for a slot and return the producer's share of it."""
        yield Lock(self._mutex)
        while self._put[producer] - min(self._taken) >= len(self._slots):
            yield Wait(self._changed, self._mutex)
        yield Unlock(self._mutex)
        share = self._size // len(self._put)
        slot = self._slots[self._put[producer] % len(self._slots)]
        return slot.part(producer * share, (producer + 1) * share)

    def put(self, producer: int = 0) -> Program:
        """Declare the producer's share filled."""
        yield Lock(self._mutex)
        self._put[producer] += 1
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
        self._taken[consumer] += 1
        yield Notify(self._changed)
        yield Unlock(self._mutex)
