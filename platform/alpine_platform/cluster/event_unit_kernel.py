# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `cluster_kernel`.
"""Compiled event unit: cores sleep, clock-gated, until an event comes or all are at a barrier.

An event is a bit. It is pending for a core from when it was raised until the core has taken it. A
core that waits sleeps for a set of events; any of them wakes it, and it takes all of them that are
pending. The barrier is an event as well, raised for its members when the last of them arrives.
"""

import numpy as np

from alpine_models.cluster_registers import EVENT_UNIT_REGISTERS
from alpine_platform.compiled.compiling import compiled

DMA_EVENT, BARRIER_EVENT, FIRST_ACCELERATOR_EVENT, FIRST_SOFTWARE_EVENT = 0, 1, 2, 16
"""Numbers of events; software may raise those from the last one on, up to 30."""


@compiled
def raise_event(events, cores, event):
    """Make an event pending for some cores, a bit each."""
    for core in range(events.shape[0]):
        if cores >> core & 1:
            events[core].pending |= np.int64(1) << event


@compiled
def sleep(events, core, awaited):
    """Let a core sleep from now on until one of some events, a bit each."""
    events[core].awaited = awaited


@compiled
def arrive(events, barrier, core):
    """Let a core arrive at the barrier and sleep until all members have."""
    b = barrier[0]
    b.arrived |= np.int64(1) << core
    events[core].awaited = np.int64(1) << BARRIER_EVENT
    if b.arrived & b.members == b.members:
        b.arrived = 0
        b.meetings += 1
        raise_event(events, b.members, BARRIER_EVENT)


@compiled
def woken(events, core):
    """Events that a sleeping core takes as it wakes, or 0: then it has slept for one cycle more."""
    e = events[core]
    found = e.pending & e.awaited
    if found == 0:
        e.gated_cycles += 1
    else:
        e.pending &= ~found
        e.awaited = 0
    return found


R_MASK, R_PENDING, R_CLEAR, R_WAIT, R_BARRIER, R_MEMBERS, R_TRIGGER = (
    EVENT_UNIT_REGISTERS[name].offset
    for name in ("mask", "pending", "clear", "wait", "barrier", "members", "trigger")
)


@compiled
def event_unit_read(c, core, offset):
    """Contents of a register; after a read of ``wait`` or ``barrier`` the core sleeps.

    Its answer is then what `woken` returns in the end.
    """
    e, word = c.events[core], 0
    if offset == R_MASK:
        word = e.mask
    elif offset == R_PENDING:
        word = e.pending
    elif offset == R_MEMBERS:
        word = c.barrier[0].members
    elif offset == R_WAIT:
        sleep(c.events, core, e.mask)
    elif offset == R_BARRIER:
        arrive(c.events, c.barrier, core)
    return word


@compiled
def event_unit_write(c, core, offset, word):
    """Write a register."""
    if offset == R_MASK:
        c.events[core].mask = word
    elif offset == R_CLEAR:
        c.events[core].pending &= ~word
    elif offset == R_MEMBERS:
        c.barrier[0].members = word
    elif offset == R_TRIGGER:
        for other in range(c.events.shape[0]):
            c.events[other].pending |= word
