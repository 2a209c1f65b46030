# SPDX-License-Identifier: Apache-2.0
"""Register map of the cluster's event unit, through which cores wait with their clock off.

Every core sees its own mask and its own events at the same addresses, as in the clusters that have
such a unit; the addresses are ours, since none are published.
"""

from enum import IntEnum

__all__ = ["BARRIERS", "BARRIER_STRIDE", "BarrierRegister", "EventLine", "EventRegister"]

BARRIERS = 8
"""Barriers; the k-th one's registers begin at `EventRegister.BARRIERS` + k `BARRIER_STRIDE`."""
BARRIER_STRIDE = 0x10


class EventRegister(IntEnum):
    """Offsets within the unit."""

    MASK = 0x00
    """Events that a wait of this core looks at; read and write."""
    EVENTS = 0x04
    """Events of this core that have come and were not cleared; read."""
    CLEAR = 0x08
    """A write clears the events whose bits are set."""
    WAIT = 0x0C
    """A read is answered, with events and mask, when one of them is there."""
    WAIT_CLEAR = 0x10
    """The same, and the answer's events are cleared."""
    TRIGGER = 0x14
    """A write gives event `SOFTWARE` to the cores whose bits are set."""
    BARRIERS = 0x100
    """First register of barrier 0."""


class BarrierRegister(IntEnum):
    """Offsets within a barrier."""

    CORES = 0x0
    """Cores that take part, one bit each; read and write; all of them after reset."""
    ARRIVED = 0x4
    """Cores that wait; read."""
    WAIT = 0x8
    """A read arrives, and is answered when all that take part have arrived."""


class EventLine(IntEnum):
    """Bits of the events."""

    SOFTWARE = 0
    DMA = 1
    IMA = 2
    DEPTHWISE = 3
