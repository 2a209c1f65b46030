# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types.
"""Compiled self-timed execution of stages on a many-core.

A cluster begins chunk N when its accelerator and cores are free, the inputs of N have arrived,
those of N + 1 can be loaded, its consumers are ready for N - 1, and N - 2 has left its output
buffer. That is the published rule (Bruschi et al., arXiv 2211.12877) with double buffers, which
always have room for N + 1; a stricter reading is `ManyCoreConfig.wait_for_next_chunk`.
"""

from collections.abc import Callable

from alpine_platform.compiled.compiling import called, entry, fingerprint

from .simulation_state import NOBODY
from .tree_kernel import advance_queue, pop, push

STEP_ENDS, ARRIVES, DMA_GOES_ON = 0, 1, 2
KIND_SHIFT = 40
NUMBER = (1 << KIND_SHIFT) - 1
FOR_INPUT, FOR_COMMUNICATION, FOR_OUTPUT = 0, 1, 2
WRITE, READ = 0, 1


@called
def reason_to_wait(s, unit):
    """Why a cluster cannot begin its next step; -1 if it can."""
    u = s.units[unit]
    ahead = min(u.step + s.machine[0].ahead, u.steps - 1)
    late = False
    for inbox in range(u.first_inbox, u.first_inbox + u.inboxes):
        box = s.inboxes[inbox]
        if box.produced < s.needs[box.first_need + ahead]:
            return FOR_INPUT
        late = late or box.arrived < s.needs[box.first_need + u.step]
    if late:
        return FOR_COMMUNICATION
    if u.refused > 0:
        return FOR_OUTPUT
    leaving = u.leaving_odd if u.step & 1 else u.leaving_even
    return FOR_COMMUNICATION if leaving > 0 else -1


@called
def new_transfer(s, cluster, channel):
    """Take a transfer that is free, for a cluster's DMA."""
    m = s.machine[0]
    transfer = m.unused
    x = s.transfers[transfer]
    m.unused = x.next
    x.next, x.done = NOBODY, 0
    x.inbox, x.rank, x.memory, x.chunk, x.unit = NOBODY, 0, NOBODY, 0, NOBODY
    x.queue, x.channel = 2 * cluster + channel, channel
    return transfer


@called
def enqueue(s, transfer, time):
    """Give a transfer to its DMA."""
    x = s.transfers[transfer]
    q = s.queues[x.queue]
    x.next = NOBODY
    if q.tail == NOBODY:
        q.head = transfer
    else:
        s.transfers[q.tail].next = transfer
    q.tail = transfer
    if not q.active:
        q.active = 1
        push(s, max(time, q.free), DMA_GOES_ON << KIND_SHIFT | x.queue)


@called
def place_of(s, memory, chunk):
    """Leaf at which a memory holds a chunk."""
    c = s.memories[memory]
    return NOBODY if c.hbm else s.places[c.first_place + chunk % c.places]


@called
def read_ahead(s, inbox, time):
    """Ask for what the step under way and the one behind it need and a memory has.

    Core 0 programs the DMA in the software's cycles at the begin of a step, for the next one.
    """
    box = s.inboxes[inbox]
    u = s.units[box.unit]
    ahead = min(u.step + 1, u.steps - 1) if u.running else min(u.step, u.steps - 1)
    if u.running:
        time = max(time, s.starts[u.first_start + u.step] + s.machine[0].software)
    limit = min(s.needs[box.first_need + ahead], box.produced)
    while box.asked < limit:
        chunk = s.chunk_of[box.first_chunk + box.asked]
        transfer = new_transfer(s, u.cluster, READ)
        x = s.transfers[transfer]
        x.source, x.target = place_of(s, box.memory, chunk), u.cluster
        x.left, x.run = box.size, box.run
        x.inbox, x.rank, x.memory, x.chunk = inbox, box.asked, box.memory, chunk
        box.asked += 1
        enqueue(s, transfer, time)


@called
def try_to_begin(s, unit, time):
    """Begin a cluster's next step if it can; count what it has waited."""
    u = s.units[unit]
    if u.running or u.step >= u.steps:
        return
    waited = time - u.checked
    u.checked = time
    if u.reason == FOR_INPUT:
        u.waited_input += waited
    elif u.reason == FOR_COMMUNICATION:
        u.waited_communication += waited
    else:
        u.waited_output += waited
    reason = reason_to_wait(s, unit)
    if reason >= 0:
        u.reason = reason
        return
    u.running = 1
    s.starts[u.first_start + u.step] = time
    push(s, time + u.duration, STEP_ENDS << KIND_SHIFT | unit)
    for inbox in range(u.first_inbox, u.first_inbox + u.inboxes):
        if s.inboxes[inbox].memory != NOBODY:
            read_ahead(s, inbox, time)


@called
def see_memory(s, inbox, time):
    """Go through what has been written into a memory since."""
    box = s.inboxes[inbox]
    c = s.memories[box.memory]
    while box.produced < box.ranks:
        chunk = s.chunk_of[box.first_chunk + box.produced]
        if s.written[c.first_chunk + chunk] < c.expected:
            break
        box.produced += 1
    read_ahead(s, inbox, time)
    try_to_begin(s, box.unit, time)


@called
def has_room(s, transfer):
    """Whether the place that an output goes to has room for it."""
    x = s.transfers[transfer]
    if x.memory != NOBODY:
        c = s.memories[x.memory]
        return c.capacity == 0 or x.chunk < c.released + c.capacity
    box = s.inboxes[x.inbox]
    return x.rank < box.freed + box.capacity


@called
def admit(s, first, time):
    """Let transfers that wait for one place go as far as there is room; return the first left."""
    kept, transfer, before = first, first, NOBODY
    while transfer != NOBODY:
        x = s.transfers[transfer]
        after = x.next
        if has_room(s, transfer):
            if before == NOBODY:
                kept = after
            else:
                s.transfers[before].next = after
            s.units[x.unit].refused -= 1
            enqueue(s, transfer, time)
            try_to_begin(s, x.unit, time)
        else:
            before = transfer
        transfer = after
    return kept


@called
def send(s, unit, output, chunk, rank, time):
    """Send a chunk that a cluster has just computed to one place, or let it wait for room."""
    u, o = s.units[unit], s.outputs[output]
    transfer = new_transfer(s, u.cluster, WRITE)
    x = s.transfers[transfer]
    x.source, x.left, x.run, x.unit = u.cluster, o.size, o.run, unit
    x.inbox, x.rank, x.memory, x.chunk = o.inbox, rank, o.memory, chunk
    if o.memory != NOBODY:
        x.target = place_of(s, o.memory, chunk)
    else:
        x.target = s.units[s.inboxes[o.inbox].unit].cluster
    x.parity = u.step & 1
    if x.parity:
        u.leaving_odd += 1
    else:
        u.leaving_even += 1
    if has_room(s, transfer):
        enqueue(s, transfer, time)
    elif o.memory != NOBODY:
        u.refused += 1
        x.next, s.memories[o.memory].waiting = s.memories[o.memory].waiting, transfer
    else:
        u.refused += 1
        x.next, s.inboxes[o.inbox].waiting = s.inboxes[o.inbox].waiting, transfer


@called
def count_production(s, inbox, rank, time):
    """Note that one of a chunk's producers has computed its part."""
    box = s.inboxes[inbox]
    s.productions[box.first_rank + rank] += 1
    before = box.produced
    while box.produced < box.ranks and (
        s.productions[box.first_rank + box.produced] == box.expected
    ):
        box.produced += 1
    if box.produced != before:
        try_to_begin(s, box.unit, time)


@called
def end_step(s, unit, time):
    """A cluster has computed a chunk: give room free, send the chunk, go on."""
    u = s.units[unit]
    chunk = u.step * u.copies + u.copy
    u.running, u.ended, u.checked, u.reason = 0, time, time, FOR_INPUT
    for inbox in range(u.first_inbox, u.first_inbox + u.inboxes):
        box = s.inboxes[inbox]
        box.freed = s.frees[box.first_need + u.step]
        if box.memory == NOBODY:
            box.waiting = admit(s, box.waiting, time)
    for output in range(u.first_output, u.first_output + u.outputs):
        o = s.outputs[output]
        rank = s.rank_of[o.first_rank + chunk]
        if rank != NOBODY:
            send(s, unit, output, chunk, rank, time)
    u.step += 1
    for output in range(u.first_output, u.first_output + u.outputs):
        o = s.outputs[output]
        rank = s.rank_of[o.first_rank + chunk]
        if rank >= 0 and o.inbox >= 0:
            count_production(s, o.inbox, rank, time)
    if u.outputs == 0:
        image = chunk // u.chunks
        s.image_ends[image] = max(s.image_ends[image], time)
    if u.step == u.steps:
        s.machine[0].finished += 1
    try_to_begin(s, unit, time)


@called
def arrive_in_memory(s, memory, chunk, time):
    """A part of a chunk has been written into a memory."""
    c = s.memories[memory]
    s.written[c.first_chunk + chunk] += 1
    if s.written[c.first_chunk + chunk] < c.expected:
        return
    if c.readers == 0:
        image = chunk // c.image_chunks
        s.image_ends[image] = max(s.image_ends[image], time)
    for reader in range(c.first_reader, c.first_reader + c.readers):
        see_memory(s, s.readers[reader], time)


@called
def leave_memory(s, memory, chunk, time):
    """A chunk has been read from a memory by one of those who need it."""
    c = s.memories[memory]
    s.unread[c.first_chunk + chunk] -= 1
    while c.released < c.chunks and s.unread[c.first_chunk + c.released] == 0:
        c.released += 1
    c.waiting = admit(s, c.waiting, time)


@called
def arrive(s, transfer, time):
    """A transfer is complete."""
    m, x = s.machine[0], s.transfers[transfer]
    unit, inbox, rank, memory, chunk = x.unit, x.inbox, x.rank, x.memory, x.chunk
    if unit != NOBODY:
        if x.parity:
            s.units[unit].leaving_odd -= 1
        else:
            s.units[unit].leaving_even -= 1
    x.next = m.unused
    m.unused = transfer
    if inbox != NOBODY:
        box = s.inboxes[inbox]
        s.arrivals[box.first_rank + rank] += 1
        while box.arrived < box.ranks and (
            s.arrivals[box.first_rank + box.arrived] == box.expected
        ):
            box.arrived += 1
        try_to_begin(s, box.unit, time)
    if memory != NOBODY:
        if inbox == NOBODY:
            arrive_in_memory(s, memory, chunk, time)
        else:
            leave_memory(s, memory, chunk, time)
    if unit != NOBODY:
        try_to_begin(s, unit, time)


@called
def go_on(s, queue, time):
    """A DMA sends its next burst."""
    q = s.queues[queue]
    transfer, ends, free = advance_queue(s, queue, time)
    if transfer != NOBODY:
        push(s, ends, ARRIVES << KIND_SHIFT | transfer)
    q.free = free
    if q.head == NOBODY:
        q.active = 0
    else:
        push(s, free, DMA_GOES_ON << KIND_SHIFT | queue)


def entry_point(number: int):
    """Make what Python calls; ``number`` changes with the source of what is compiled into it."""

    @entry
    def execute(s):
        """Go on until nothing more happens; return how many units have done all their steps."""
        m = s.machine[0]
        for inbox in range(s.inboxes.shape[0]):
            if s.inboxes[inbox].memory != NOBODY:
                see_memory(s, inbox, 0)
        for unit in range(s.units.shape[0]):
            try_to_begin(s, unit, 0)
        while number != 0 and m.events > 0:
            time, event = pop(s)
            m.now = time
            m.handled += 1
            kind, which = event >> KIND_SHIFT, event & NUMBER
            if kind == STEP_ENDS:
                end_step(s, which, time)
            elif kind == ARRIVES:
                arrive(s, which, time)
            else:
                go_on(s, which, time)
        return m.finished

    return execute


FINGERPRINT = fingerprint(
    "compiled/kernel_state.py",
    "manycore/simulation_state.py",
    "manycore/tree_kernel.py",
    "manycore/execution_kernel.py",
)
"""Changes with the source of what is compiled here."""
execute: Callable[..., int] = entry_point(FINGERPRINT)
