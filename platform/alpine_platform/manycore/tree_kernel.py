# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types.
"""Compiled heap of events, and bursts through the tree of routers.

A wire joins a router and one of its children, in one direction; reads and writes have wires of
their own. A burst is on one wire after the other and takes the slowest one's time on each of them.
Before a wire it waits for the router's latency, or for what is still queued there if that is
longer. So it is with the routers of GVSoC's public model of the machine.
"""

from alpine_platform.compiled.compiling import called, compiled

from .simulation_state import NOBODY

UP, DOWN = 0, 1


@called
def push(s, time, event):
    """Add an event to the heap; of equal times the lower event comes first."""
    m, heap = s.machine[0], s.heap
    place = m.events
    m.events += 1
    while place > 0:
        parent = (place - 1) >> 1
        if heap[parent, 0] < time or (heap[parent, 0] == time and heap[parent, 1] <= event):
            break
        heap[place, 0], heap[place, 1] = heap[parent, 0], heap[parent, 1]
        place = parent
    heap[place, 0], heap[place, 1] = time, event


@called
def pop(s):
    """Take the earliest event off the heap; return its time and what it is."""
    m, heap = s.machine[0], s.heap
    first_time, first_event = heap[0, 0], heap[0, 1]
    m.events -= 1
    last = m.events
    time, event = heap[last, 0], heap[last, 1]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= last:
            break
        other = child + 1
        if other < last and (
            heap[other, 0] < heap[child, 0]
            or (heap[other, 0] == heap[child, 0] and heap[other, 1] < heap[child, 1])
        ):
            child = other
        if time < heap[child, 0] or (time == heap[child, 0] and event <= heap[child, 1]):
            break
        heap[place, 0], heap[place, 1] = heap[child, 0], heap[child, 1]
        place = child
    heap[place, 0], heap[place, 1] = time, event
    return first_time, first_event


@compiled
def wire_of(s, level, leaf, direction, channel):
    """Number of the wire above the node over a leaf at a level."""
    node = s.offsets[level] + leaf // s.divisors[level]
    return (node * 2 + direction) * 2 + channel


@called
def pass_wire(s, wire, time, latency, duration):
    """Take a wire behind a router; return when the burst begins there."""
    begins = max(time + latency, s.wires[wire, 0])
    s.wires[wire, 0] = begins + duration
    s.wires[wire, 1] += duration
    return begins


@called
def common_level(s, source, target):
    """Level of the router under which both leaves are; that of the HBM's where one is the HBM."""
    m = s.machine[0]
    level = m.levels
    if source >= 0 and target >= 0:
        while level > 0 and source // s.divisors[level - 1] == target // s.divisors[level - 1]:
            level -= 1
    return level


@called
def send_burst(s, transfer, time, duration, hbm_duration):
    """Send a burst at a time; return when it has arrived and what latency it met at least."""
    m, x = s.machine[0], s.transfers[transfer]
    top = common_level(s, x.source, x.target)
    slowest = duration
    now, fixed, router = time, 0, 0
    if x.source != NOBODY:
        for level in range(top):
            wire = wire_of(s, level, x.source, UP, x.channel)
            now = pass_wire(s, wire, now, router, duration)
            fixed += router
            router = m.latency
    else:
        wire = wire_of(s, m.levels, 0, DOWN, x.channel)
        now = pass_wire(s, wire, now, m.hbm_latency, hbm_duration)
        fixed += m.hbm_latency
        slowest, router = max(slowest, hbm_duration), m.latency
    if x.target != NOBODY:
        for level in range(top - 1, -1, -1):
            wire = wire_of(s, level, x.target, DOWN, x.channel)
            now = pass_wire(s, wire, now, router, duration)
            fixed += router
            router = m.latency
    else:
        wire = wire_of(s, m.levels, 0, UP, x.channel)
        now = pass_wire(s, wire, now + router, m.hbm_latency, hbm_duration)
        fixed += router + m.hbm_latency
        slowest = max(slowest, hbm_duration)
    return now + slowest, fixed


@called
def advance_queue(s, queue, time):
    """Send the next burst of a DMA's oldest transfer.

    Returns the transfer if this was its last burst, else NOBODY; when that burst has arrived; and
    when the DMA goes on: it sends no burst while the one before is held up.
    """
    m, q = s.machine[0], s.queues[queue]
    transfer = q.head
    x = s.transfers[transfer]
    hbm = x.source < 0 or x.target < 0
    if x.run <= m.burst:
        size = min(x.left, max(m.burst // max(x.run, 1), 1) * x.run)
        runs = -(-size // max(x.run, 1))
        beats = runs * -(-x.run // m.width)
        hbm_beats = runs * -(-x.run // m.hbm_width)
    else:
        into = x.done % x.run
        size = min(x.left, m.burst, x.run - into)
        runs = 1 if into == 0 else 0
        beats, hbm_beats = -(-size // m.width), -(-size // m.hbm_width)
    wait = 0
    if hbm:
        hbm_beats += runs * m.hbm_occupancy
        wait = runs * m.hbm_wait
    ends, latency = send_burst(s, transfer, time, beats, hbm_beats)
    ends += wait
    m.bursts += 1
    x.left -= size
    x.done += size
    if x.left > 0:
        return NOBODY, ends, ends - latency
    q.head = x.next
    if q.head == NOBODY:
        q.tail = NOBODY
    return transfer, ends, ends - latency
