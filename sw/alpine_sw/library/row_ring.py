# SPDX-License-Identifier: Apache-2.0
"""Row rings: hand the rows of feature maps from one core to the next under a mutex.

A ping-pong buffer at the grain of rows: the consumer works on the rows of one window while the
rows that the next one needs fill. Rows of successive images follow one another through the same
slots. Waiting is the mutex's and the condition's business, as in `ping_pong`; the data moves
through the slots' real addresses.
"""

from alpine_platform.cores.operations import Condition, Lock, Mutex, Notify, Program, Unlock, Wait
from alpine_platform.memory.address_space import AddressSpace, Buffer

__all__ = ["RowRing"]


class RowRing:
    """Slots for rows between one producer and one consumer.

    Parameters
    ----------
    space : where the slots are allocated.
    name : for messages.
    size : int8 elements per row; fresh slots hold zeros, which padding relies on.
    slots : rows that lie in the ring at most.
    """

    def __init__(self, space: AddressSpace, *, name: str, size: int, slots: int):
        self._slots = [space.allocate(f"{name} row {slot}", size) for slot in range(slots)]
        self._name = name
        self._mutex = Mutex(name)
        self._changed = Condition(name)
        self._produced = 0
        self._released = 0

    @property
    def slots(self) -> int:
        """Rows that lie in the ring at most."""
        return len(self._slots)

    def free_row(self) -> Program:
        """Wait for a free slot and return it, for the producer to fill."""
        yield Lock(self._mutex)
        while self._produced - self._released >= len(self._slots):
            yield Wait(self._changed, self._mutex)
        yield Unlock(self._mutex)
        return self._slots[self._produced % len(self._slots)]

    def put(self) -> Program:
        """Declare the row produced that `free_row` gave."""
        yield Lock(self._mutex)
        self._produced += 1
        yield Notify(self._changed)
        yield Unlock(self._mutex)

    def wait_for(self, count: int) -> Program:
        """Wait until so many rows have been produced in all."""
        yield Lock(self._mutex)
        while self._produced < count:
            yield Wait(self._changed, self._mutex)
        yield Unlock(self._mutex)

    def row(self, number: int) -> Buffer:
        """Row of a number, counted from the first one ever produced.

        Raises
        ------
        ValueError
            The row is not produced yet, or was released: the consumer forgot to wait.
        """
        if not self._released <= number < self._produced:
            raise ValueError(
                f"row {number} of {self._name} is read, but rows {self._released} to "
                f"{self._produced - 1} are there"
            )
        return self._slots[number % len(self._slots)]

    def release(self, count: int) -> Program:
        """Declare that the first so many rows are no longer read."""
        yield Lock(self._mutex)
        if count > self._released:
            self._released = count
            yield Notify(self._changed)
        yield Unlock(self._mutex)
