# SPDX-License-Identifier: Apache-2.0
"""Mutexes, condition variables, barriers and channels between cores, with their hand-over costs.

Every method is a SimPy process fragment that a core drives with ``yield from`` and that accounts
the time it takes: work is active, sleeping is idle, spinning is active. Under Linux
(`SyncConfig.linux`) the kernel's share of waking a sleeping thread is active time too, of the core
that wakes and then of the one that is woken.
"""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from alpine_platform.config import SyncConfig
from alpine_platform.cores import operations as op
from alpine_platform.cores.core import Core

__all__ = ["Steps", "Synchronisation"]

Steps = Generator[simpy.Event, Any, Any]
"""What a core drives with ``yield from``."""


@dataclass(slots=True)
class MutexState:
    """Who holds a mutex and who waits for it."""

    owner: int | None = None
    waiting: deque[simpy.Event] = field(default_factory=deque[simpy.Event])


@dataclass(slots=True)
class ChannelState:
    """Items on their way and the cores that wait at either end."""

    items: deque[Any] = field(default_factory=deque[Any])
    waiting: deque[simpy.Event] = field(default_factory=deque[simpy.Event])


@dataclass(slots=True)
class GatheringState:
    """Cores that wait for a condition or at a barrier."""

    waiting: list[simpy.Event] = field(default_factory=list[simpy.Event])


class Synchronisation:
    """State of every synchronisation object that programs have used.

    Parameters
    ----------
    env : the discrete-event kernel.
    config : costs.
    """

    def __init__(self, env: simpy.Environment, config: SyncConfig) -> None:
        self.env = env
        self.config = config
        self.waits: dict[int, str] = {}
        self._mutexes: dict[op.Mutex, MutexState] = {}
        self._conditions: dict[op.Condition, GatheringState] = {}
        self._barriers: dict[op.Barrier, GatheringState] = {}
        self._channels: dict[op.Channel, ChannelState] = {}

    def execute(self, core: Core, operation: op.Operation) -> Steps:
        """Do one synchronising operation; returns what it yields to the program."""
        match operation:
            case op.Lock(mutex):
                yield from self.lock(core, mutex)
            case op.Unlock(mutex):
                yield from self.unlock(core, mutex)
            case op.Wait(condition, mutex):
                yield from self.wait(core, condition, mutex)
            case op.Notify(condition):
                yield from self.notify(core, condition)
            case op.Arrive(barrier):
                yield from self.arrive(core, barrier)
            case op.Put(channel, item):
                yield from self.put(core, channel, item)
            case op.Take(channel):
                return (yield from self.take(core, channel))
            case _:
                kind = type(operation).__name__
                if isinstance(operation, Generator):
                    kind = "generator"
                    operation.close()
                raise ValueError(
                    f"core {core.number}: a program yielded a {kind}, which is "
                    f"no operation; calls of kernels and of AIMClib are made with `yield from`"
                )
        return None

    def lock(self, core: Core, mutex: op.Mutex) -> Steps:
        """Take a mutex, sleeping while another core holds it.

        A woken core only tries again: it commits a lock's instructions, not those that a condition
        variable's bookkeeping takes besides, and is on its way as long as behind any other wake-up.

        Raises
        ------
        ValueError
            The core holds it already.
        """
        state = self._mutexes.setdefault(mutex, MutexState())
        if state.owner == core.number:
            raise ValueError(f"core {core.number} locks mutex {mutex.name}, which it holds already")
        yield from core.work(self.config.mutex_cycles // 2, self.config.mutex_instructions // 2)
        while state.owner is not None:
            event = self.env.event()
            state.waiting.append(event)
            text = f"mutex {mutex.name}, held by core {state.owner}"
            yield from self._sleep(core, event, text, self.config.mutex_instructions // 2)
        state.owner = core.number

    def unlock(self, core: Core, mutex: op.Mutex) -> Steps:
        """Give a mutex back and wake the core that has waited longest.

        Raises
        ------
        ValueError
            The core does not hold it.
        """
        state = self._mutexes.setdefault(mutex, MutexState())
        if state.owner != core.number:
            raise ValueError(
                f"core {core.number} unlocks mutex {mutex.name}, held by"
                f" {'nobody' if state.owner is None else f'core {state.owner}'}"
            )
        config = self.config
        yield from core.fence()
        yield from core.work(
            config.mutex_cycles - config.mutex_cycles // 2,
            config.mutex_instructions - config.mutex_instructions // 2,
        )
        state.owner = None
        if state.waiting:
            yield from self._wake(core, [state.waiting.popleft()])

    def wait(self, core: Core, condition: op.Condition, mutex: op.Mutex) -> Steps:
        """Sleep until a condition is notified, without its mutex meanwhile."""
        state = self._conditions.setdefault(condition, GatheringState())
        event = self.env.event()
        # Waits from here on, so that no notification is missed while the mutex is given back.
        state.waiting.append(event)
        yield from self.unlock(core, mutex)
        # Its two mutexes and the one that is given back and taken here count beside the hand-over.
        instructions = self._handover_instructions(mutexes=3)
        yield from self._sleep(core, event, f"condition {condition.name}", instructions)
        yield from self.lock(core, mutex)

    def notify(self, core: Core, condition: op.Condition) -> Steps:
        """Wake all cores that wait for a condition."""
        yield from core.work(0, 0)
        state = self._conditions.setdefault(condition, GatheringState())
        yield from self._wake_all(core, state)

    def arrive(self, core: Core, barrier: op.Barrier) -> Steps:
        """Wait at a barrier until all parties are there."""
        state = self._barriers.setdefault(barrier, GatheringState())
        yield from core.fence()
        yield from core.work(self.config.mutex_cycles, self.config.mutex_instructions)
        if len(state.waiting) + 1 >= barrier.parties:
            yield from self._wake_all(core, state)
            return
        event = self.env.event()
        state.waiting.append(event)
        missing = barrier.parties - len(state.waiting)
        text = f"barrier {barrier.name}, {missing} more to arrive"
        yield from self._sleep(core, event, text, self._handover_instructions(mutexes=2))

    def put(self, core: Core, channel: op.Channel, item: Any) -> Steps:
        """Hand an item over, waiting while all slots are full."""
        state = self._channels.setdefault(channel, ChannelState())
        yield from core.fence()
        yield from self._enter(core, channel, put=True)
        while len(state.items) >= channel.slots:
            yield from self._wait_at(core, channel, state, "full: nobody takes")
        state.items.append(item)
        yield from self._wake_all(core, state, spinning=channel.spinning)

    def take(self, core: Core, channel: op.Channel) -> Steps:
        """Return the oldest item, waiting while there is none."""
        state = self._channels.setdefault(channel, ChannelState())
        yield from self._enter(core, channel, put=False)
        while not state.items:
            yield from self._wait_at(core, channel, state, "empty: nobody puts")
        item = state.items.popleft()
        yield from self._wake_all(core, state, spinning=channel.spinning)
        return item

    def _enter(self, core: Core, channel: op.Channel, *, put: bool) -> Steps:
        config = self.config
        if channel.spinning:
            half = config.flag_instructions // 2
            instructions = config.flag_instructions - half if put else half
            yield from core.work(config.flag_cycles // 2, instructions)
        else:
            yield from core.work(config.mutex_cycles, config.mutex_instructions)

    def _wait_at(self, core: Core, channel: op.Channel, state: ChannelState, why: str) -> Steps:
        event = self.env.event()
        state.waiting.append(event)
        text = f"channel {channel.name}, {why}"
        config = self.config
        if channel.spinning:
            yield from self._sleep(core, event, text, spinning=True)
            yield from core.work(config.flag_cycles - config.flag_cycles // 2, 0)
        else:
            yield from self._sleep(core, event, text, self._handover_instructions(mutexes=2))

    def _sleep(
        self,
        core: Core,
        event: simpy.Event,
        text: str,
        instructions: int = 0,
        *,
        spinning: bool = False,
    ) -> Steps:
        """Wait for an event; a blocked thread commits some instructions when it goes on."""
        self.waits[core.number] = text
        config = self.config
        if spinning:
            yield from core.spin(event, config)
        else:
            blocks = config.linux and not event.triggered
            yield from core.sleep(event)
            if blocks:
                yield from core.work(config.futex_resume_cycles, 0)
            yield from core.doze(max(config.handover_cycles - config.mutex_cycles, 0), instructions)
        self.waits.pop(core.number, None)

    def _handover_instructions(self, *, mutexes: int) -> int:
        """A hand-over's instructions without the mutexes that are counted where they are taken."""
        config = self.config
        return max(config.handover_instructions - mutexes * config.mutex_instructions, 0)

    def _wake_all(
        self,
        core: Core,
        state: GatheringState | ChannelState,
        *,
        spinning: bool = False,
    ) -> Steps:
        # Both ends of a channel broadcast, as the reference program does; whoever wakes looks
        # again.
        events = list(state.waiting)
        state.waiting.clear()
        yield from self._wake(core, events, spinning=spinning)

    def _wake(self, core: Core, events: list[simpy.Event], *, spinning: bool = False) -> Steps:
        """Wake sleeping cores, which under Linux takes a system call; spinning ones just see it."""
        if events and self.config.linux and not spinning:
            yield from core.work(self.config.futex_wake_cycles, 0)
        for event in events:
            event.succeed()
