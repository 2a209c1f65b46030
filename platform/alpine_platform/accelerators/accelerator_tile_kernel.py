# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; everything typed is in `timed_accelerator`.
"""Compiled stages of the timed accelerator: a tile each, with its link to the next one.

All functions take the state at a clock cycle's beginning; `arbitrate` says what is combinational
in it, `run_tile` and `run_stage` bring about the state at its end. What a command does to memories
and cells happens when the tile accepts it: nobody can look earlier, as answers come in order.
"""

from alpine_models.axi import AxiResponse
from alpine_models.crossbar import multiply
from alpine_models.isa import GROUP_BYTES, CmStatus
from alpine_models.registers import PAGE_REGISTERS, PAGE_WINDOWS, TILE_PAGE_BYTES, TILE_REGISTERS
from alpine_platform.compiled.compiling import called

(NOBODY, PROCESS_CLIENT, TAKE_CLIENT, SEND_CLIENT, HOST_CLIENT) = range(5)

# Operations in a command register; rejected commands are UNKNOWN.
(UNKNOWN, QUEUE, DEQUEUE, PROCESS, INITIALIZE, PARAM_READ) = range(6)
INDEX_OUT_OF_RANGE = int(CmStatus.INDEX_OUT_OF_RANGE)
OKAY, SLVERR, DECERR = int(AxiResponse.OKAY), int(AxiResponse.SLVERR), int(AxiResponse.DECERR)
AT_WORK = -1
"""No response yet: the access goes on."""

PAGE = TILE_PAGE_BYTES
WINDOW = 1 << 16
INPUT, OUTPUT = (window.offset // WINDOW for window in PAGE_WINDOWS)
P_ROW, P_COLUMN, P_WEIGHT = (PAGE_REGISTERS[name].offset for name in ("row", "column", "weight"))
TILE_REGISTERS_END = TILE_REGISTERS.registers[-1].offset + 4
WORD_MASK = (1 << 32) - 1
ALL_LANES = 15


@called
def feeds_next(shared, stage):
    """Whether a stage hands its results to the next one."""
    return stage >= 0 and shared.chain >> stage & 1 == 1


@called
def input_free(shared, state, stage):
    """Whether the host may write a stage's input window and start it."""
    return state[stage].full == 0 and not feeds_next(shared, stage - 1)


@called
def decided_at_once(config, shared, state, tile):
    """Response of a stage to an access that it answers without its tile, or AT_WORK."""
    offset = shared.address % PAGE
    word, window = offset % WINDOW, offset // WINDOW
    write, strobes = shared.write == 1, shared.strobes
    if window == INPUT and word < config[tile].rows:
        outside = strobes >> min(config[tile].rows - word, GROUP_BYTES) != 0
        if not write or outside:
            return SLVERR
        if shared.first == 1 and not input_free(shared, state, tile):
            return SLVERR
        return OKAY if strobes == 0 else AT_WORK
    if window == OUTPUT and word < config[tile].columns:
        return SLVERR if write else AT_WORK
    partial = write and strobes != ALL_LANES
    if offset in (P_ROW, P_COLUMN):
        return SLVERR if partial else OKAY
    if offset == P_WEIGHT or offset < TILE_REGISTERS_END:
        return SLVERR if partial else AT_WORK
    return DECERR


@called
def host_command(config, shared, s, tile):
    """Return (operation, first index or row, count) that an access at work wants of its tile."""
    offset = shared.address % PAGE
    word, window = offset % WINDOW, offset // WINDOW
    if window == INPUT:
        lanes, low, count = shared.lanes, 0, 0
        if lanes == 0:
            return UNKNOWN, 0, 0
        while lanes >> low & 1 == 0:
            low += 1
        while lanes >> (low + count) & 1 == 1:
            count += 1
        return QUEUE, word + low, count
    if s.host == 1:
        return UNKNOWN, 0, 0
    if window == OUTPUT:
        return DEQUEUE, word, min(config[tile].columns - word, GROUP_BYTES)
    if offset == P_WEIGHT:
        return (INITIALIZE if shared.write == 1 else PARAM_READ), s.row, 0
    return UNKNOWN, 0, 0


@called
def client(config, shared, state, tile):
    """Who wants a tile's command port, the first by rank."""
    s = state[tile]
    if s.full == 1 and s.processing == 0 and s.result == 0:
        return PROCESS_CLIENT
    if tile > 0 and state[tile - 1].loaded == 1 and s.full == 0:
        return TAKE_CLIENT
    to_send = s.result == 1 and feeds_next(shared, tile)
    if to_send and s.asked == 0 and s.loaded == 0:
        return SEND_CLIENT
    meant = shared.valid == 1 and shared.address // PAGE == tile + 1
    if meant and decided_at_once(config, shared, state, tile) == AT_WORK:
        operation, _, _ = host_command(config, shared, s, tile)
        if operation != UNKNOWN:
            return HOST_CLIENT
    return NOBODY


@called
def arbitrate(config, shared, state, work):
    """Find out what each stage does in this cycle; return whether all of them are at rest."""
    rest = True
    for tile in range(config.shape[0]):
        s, w = state[tile], work[tile]
        owes = s.owed > 0
        answers = s.valid == 1 and s.done == 1 and not owes
        begins = joins = False
        if config[tile].room > 0:
            begins = not owes and s.waiting == 1 and s.operation == PROCESS
            joins = owes and s.valid == 1 and s.operation == QUEUE
            joins = joins and s.owed < config[tile].room
        w.leaves = begins or joins or answers
        w.begins = begins
        w.owed = owes and s.left == 0
        w.answers = answers
        w.ready = s.valid == 0 or w.leaves == 1
        w.client = client(config, shared, state, tile)
        w.rd, w.status = s.rd, s.status
        w.addressee = NOBODY
        if answers or w.owed == 1:
            if s.process == 1 and s.received == s.process_number:
                w.addressee = PROCESS_CLIENT
            elif s.send == 1 and s.received == s.send_number:
                w.addressee = SEND_CLIENT
            elif s.host == 1 and s.received == s.host_number:
                w.addressee = HOST_CLIENT
        idle = w.client == NOBODY and s.valid == 0 and not owes and s.left == 0
        rest = rest and idle
    return rest


@called
def granted(w, who):
    """Whether a tile accepts a command of some client in this cycle."""
    return w.client == who and w.ready == 1


@called
def accept(s, operation, status, count, rd):
    """Put a command into a tile's command register."""
    done = status != 0 or operation in (QUEUE, DEQUEUE)
    s.valid = s.fresh = 1
    s.done = 1 if done else 0
    s.waiting = 1 - s.done
    s.operation = operation if status == 0 else UNKNOWN
    s.status, s.count, s.rd = status, count, rd


@called
def move_in(memory, first, count, data):
    """Write some bytes of a word to an input memory."""
    for i in range(count):
        byte = data >> 8 * i & 255
        memory[first + i] = byte - 256 if byte > 127 else byte


@called
def moved_out(memory, first, count):
    """Read some bytes of an output memory as a word."""
    word = 0
    for i in range(count):
        word |= (memory[first + i] & 255) << 8 * i
    return word


@called
def product_cycles(config, tile, s):
    """Length of a product that begins now."""
    if s.override == 1:
        return s.precharge + s.integrate + s.digitise
    return config[tile].precharge + config[tile].integrate + config[tile].digitise


@called
def group_bytes(config, tile, s):
    """Bytes in the group that a link moves next."""
    return min(config[tile].link - s.index, GROUP_BYTES)


@called
def rectified(data):
    """A word whose negative bytes are 0."""
    for i in range(GROUP_BYTES):
        if data >> 8 * i & 128:
            data &= ~(255 << 8 * i)
    return data


@called
def serve_host(config, shared, s, tile, inputs, outputs, cells, found):
    """Let a tile accept the command of the bus access."""
    operation, first, count = host_command(config, shared, s, tile)
    if operation == QUEUE:
        lane = first % GROUP_BYTES
        move_in(inputs, first, count, shared.data >> 8 * lane)
        shared.lanes &= ~(((1 << count) - 1) << lane)
        accept(s, QUEUE, 0, count, 0)
        return
    rd, status, column = 0, 0, s.column
    if operation == DEQUEUE:
        rd = moved_out(outputs, first, count)
    elif first >= config[tile].rows or column >= config[tile].columns:
        status = INDEX_OUT_OF_RANGE
    elif operation == INITIALIZE:
        move_in(cells[column], first, 1, shared.data)
    else:
        rd = found[column, first] & WORD_MASK
    s.host, s.host_number = 1, s.sent
    accept(s, operation, status, count, rd)


@called
def run_tile(config, shared, state, work, tile, inputs, outputs, cells, lsb, found):
    """Bring a tile to the end of the cycle; the stages before it must not have got there yet.

    ``found`` is what a cell reads as; ``due`` asks for a product before the next cycle.
    """
    s, w = state[tile], work[tile]
    single = config[tile].room == 0
    launches = s.owed == 0
    sample = 1 if s.left == 1 else 0
    touches_cell = s.operation in (INITIALIZE, PARAM_READ)
    finishes = (single and sample == 1) or (s.waiting == 1 and launches and touches_cell)
    count_up(s, w, sample)
    if w.begins == 1:
        s.left = product_cycles(config, tile, s)
        s.products += 1
    elif s.left > 0:
        s.left -= 1
    if not single and (w.begins == 1 or (not launches and w.leaves == 1)):
        s.owed += 1
    s.owed -= w.owed
    if w.answers == 1 or w.owed == 1:
        s.received += 1
    if w.addressee == PROCESS_CLIENT:
        s.process = 0
    elif w.addressee == SEND_CLIENT:
        s.send = 0
    elif w.addressee == HOST_CLIENT:
        s.host = 0
    s.fresh = 0
    if w.leaves == 1:
        s.valid = 0
    if launches:
        s.waiting = 0
    if finishes:
        s.done = 1
    if w.client == NOBODY or w.ready == 0:
        return
    if w.client == PROCESS_CLIENT:
        if shared.analog >> tile & 1:
            shared.due |= 1 << tile
        else:
            multiply(cells, lsb, inputs, outputs)
            inputs[:] = 0
        s.process, s.process_number = 1, s.sent
        if single:
            s.left = product_cycles(config, tile, s)
            s.products += 1
        accept(s, PROCESS, 0, 0, 0)
    elif w.client == TAKE_CLIENT:
        before = state[tile - 1]
        count = group_bytes(config, tile - 1, before)
        move_in(inputs, before.index, count, before.data)
        accept(s, QUEUE, 0, count, 0)
    elif w.client == SEND_CLIENT:
        count = group_bytes(config, tile, s)
        s.send, s.send_number = 1, s.sent
        accept(s, DEQUEUE, 0, count, moved_out(outputs, s.index, count))
    else:
        serve_host(config, shared, s, tile, inputs, outputs, cells, found)
    s.sent += 1


@called
def count_up(s, w, sample):
    """Performance counters and sticky error of a tile, at the end of a cycle."""
    if s.valid == 1 or s.owed > 0:
        s.busy = (s.busy + 1) & WORD_MASK
        s.mvms = (s.mvms + sample) & WORD_MASK
        if s.fresh == 1 and s.operation == QUEUE:
            s.bytes_in = (s.bytes_in + s.count) & WORD_MASK
        if s.fresh == 1 and s.operation == DEQUEUE:
            s.bytes_out = (s.bytes_out + s.count) & WORD_MASK
        if w.client != NOBODY and w.ready == 0:
            s.stall = (s.stall + 1) & WORD_MASK
    # What an error that is cleared in this cycle becomes.
    w.error = s.status if s.fresh == 1 else 0
    if s.error == 0:
        s.error = w.error


@called
def run_stage(config, shared, state, work, tile, starts, clears):
    """Bring the pipeline stage around a tile to the end of the cycle, after `run_tile`.

    ``starts`` and ``clears`` are the host's commands to this stage.
    """
    s, w = state[tile], work[tile]
    if granted(w, PROCESS_CLIENT):
        s.full, s.processing = 0, 1
    if starts:
        s.full = 1
    if granted(w, TAKE_CLIENT):
        before = state[tile - 1]
        if config[tile - 1].link - before.index <= GROUP_BYTES:
            s.full = 1
    sent = s.loaded == 1 and granted(work[tile + 1], TAKE_CLIENT)
    last = config[tile].link - s.index <= GROUP_BYTES
    if (sent and last) if feeds_next(shared, tile) else clears:
        s.result = 0
    if w.addressee == PROCESS_CLIENT:
        s.processing, s.result = 0, 1
    if granted(w, SEND_CLIENT):
        s.asked = 1
    if w.addressee == SEND_CLIENT:
        s.asked, s.loaded = 0, 1
        s.data = rectified(w.rd) if shared.relu >> tile & 1 else w.rd
    if sent:
        s.loaded = 0
        s.index = 0 if last else s.index + GROUP_BYTES
