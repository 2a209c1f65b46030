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

# Columns of the configuration, one row per tile. ROOM is what `pending_answers` says.
(C_ROWS, C_COLUMNS, C_LINK, C_ROOM, C_PRECHARGE, C_INTEGRATE, C_DIGITISE) = range(7)
CONFIG_FIELDS = 7

# Columns of the state, one row per stage: the pipeline stage and its link,
(S_FULL, S_PROCESSING, S_RESULT, S_INDEX, S_ASKED, S_LOADED, S_DATA) = range(7)
# whose answers are awaited at the tile's port,
(S_SENT, S_RECEIVED, S_PROCESS, S_PROCESS_NUMBER, S_SEND, S_SEND_NUMBER) = range(7, 13)
(S_HOST, S_HOST_NUMBER) = range(13, 15)
# the tile's command register, sequencer and owed answers,
(S_VALID, S_FRESH, S_WAITING, S_DONE, S_OPERATION, S_STATUS, S_COUNT, S_RD) = range(15, 23)
(S_LEFT, S_OWED) = range(23, 25)
# and registers. PRODUCTS is no register: it counts multiplications and cannot be cleared.
(S_ROW, S_COLUMN, S_OVERRIDE, S_PRECHARGE, S_INTEGRATE, S_DIGITISE, S_ERROR) = range(25, 32)
(S_BUSY, S_MVMS, S_BYTES_IN, S_BYTES_OUT, S_STALL, S_PRODUCTS) = range(32, 38)
STATE_FIELDS = 38

# The accelerator's own registers, and the access that its bus port carries out.
(G_CHAIN, G_RELU, G_INTERRUPT) = range(3)
(A_VALID, A_FIRST, A_WRITE, A_ADDRESS, A_DATA, A_STROBES) = range(3, 9)
(A_LANES, A_READ, A_RESPONSE) = range(9, 12)
# Tiles whose products Python computes, and those whose product it still owes, a bit each.
(X_ANALOG, X_DUE) = range(12, 14)
SHARED_FIELDS = 14

# What a cycle finds out per stage.
(W_CLIENT, W_READY, W_LEAVES, W_BEGINS, W_OWED, W_FOR, W_ANSWERS) = range(7)
(W_RD, W_STATUS, W_ERROR) = range(7, 10)
WORK_FIELDS = 10
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
    return stage >= 0 and shared[G_CHAIN] >> stage & 1 == 1


@called
def input_free(shared, state, stage):
    """Whether the host may write a stage's input window and start it."""
    return state[stage, S_FULL] == 0 and not feeds_next(shared, stage - 1)


@called
def decided_at_once(config, shared, state, tile):
    """Response of a stage to an access that it answers without its tile, or AT_WORK."""
    offset = shared[A_ADDRESS] % PAGE
    word, window = offset % WINDOW, offset // WINDOW
    write, strobes = shared[A_WRITE] == 1, shared[A_STROBES]
    if window == INPUT and word < config[tile, C_ROWS]:
        outside = strobes >> min(config[tile, C_ROWS] - word, GROUP_BYTES) != 0
        if not write or outside:
            return SLVERR
        if shared[A_FIRST] == 1 and not input_free(shared, state, tile):
            return SLVERR
        return OKAY if strobes == 0 else AT_WORK
    if window == OUTPUT and word < config[tile, C_COLUMNS]:
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
    offset = shared[A_ADDRESS] % PAGE
    word, window = offset % WINDOW, offset // WINDOW
    if window == INPUT:
        lanes, low, count = shared[A_LANES], 0, 0
        if lanes == 0:
            return UNKNOWN, 0, 0
        while lanes >> low & 1 == 0:
            low += 1
        while lanes >> (low + count) & 1 == 1:
            count += 1
        return QUEUE, word + low, count
    if s[S_HOST] == 1:
        return UNKNOWN, 0, 0
    if window == OUTPUT:
        return DEQUEUE, word, min(config[tile, C_COLUMNS] - word, GROUP_BYTES)
    if offset == P_WEIGHT:
        return (INITIALIZE if shared[A_WRITE] == 1 else PARAM_READ), s[S_ROW], 0
    return UNKNOWN, 0, 0


@called
def client(config, shared, state, tile):
    """Who wants a tile's command port, the first by rank."""
    s = state[tile]
    if s[S_FULL] == 1 and s[S_PROCESSING] == 0 and s[S_RESULT] == 0:
        return PROCESS_CLIENT
    if tile > 0 and state[tile - 1, S_LOADED] == 1 and s[S_FULL] == 0:
        return TAKE_CLIENT
    to_send = s[S_RESULT] == 1 and feeds_next(shared, tile)
    if to_send and s[S_ASKED] == 0 and s[S_LOADED] == 0:
        return SEND_CLIENT
    meant = shared[A_VALID] == 1 and shared[A_ADDRESS] // PAGE == tile + 1
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
        owes = s[S_OWED] > 0
        answers = s[S_VALID] == 1 and s[S_DONE] == 1 and not owes
        begins = joins = False
        if config[tile, C_ROOM] > 0:
            begins = not owes and s[S_WAITING] == 1 and s[S_OPERATION] == PROCESS
            joins = owes and s[S_VALID] == 1 and s[S_OPERATION] == QUEUE
            joins = joins and s[S_OWED] < config[tile, C_ROOM]
        w[W_LEAVES] = begins or joins or answers
        w[W_BEGINS] = begins
        w[W_OWED] = owes and s[S_LEFT] == 0
        w[W_ANSWERS] = answers
        w[W_READY] = s[S_VALID] == 0 or w[W_LEAVES] == 1
        w[W_CLIENT] = client(config, shared, state, tile)
        w[W_RD], w[W_STATUS] = s[S_RD], s[S_STATUS]
        w[W_FOR] = NOBODY
        if answers or w[W_OWED] == 1:
            if s[S_PROCESS] == 1 and s[S_RECEIVED] == s[S_PROCESS_NUMBER]:
                w[W_FOR] = PROCESS_CLIENT
            elif s[S_SEND] == 1 and s[S_RECEIVED] == s[S_SEND_NUMBER]:
                w[W_FOR] = SEND_CLIENT
            elif s[S_HOST] == 1 and s[S_RECEIVED] == s[S_HOST_NUMBER]:
                w[W_FOR] = HOST_CLIENT
        idle = w[W_CLIENT] == NOBODY and s[S_VALID] == 0 and not owes and s[S_LEFT] == 0
        rest = rest and idle
    return rest


@called
def granted(w, who):
    """Whether a tile accepts a command of some client in this cycle."""
    return w[W_CLIENT] == who and w[W_READY] == 1


@called
def accept(s, operation, status, count, rd):
    """Put a command into a tile's command register."""
    done = status != 0 or operation in (QUEUE, DEQUEUE)
    s[S_VALID] = s[S_FRESH] = 1
    s[S_DONE] = 1 if done else 0
    s[S_WAITING] = 1 - s[S_DONE]
    s[S_OPERATION] = operation if status == 0 else UNKNOWN
    s[S_STATUS], s[S_COUNT], s[S_RD] = status, count, rd


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
    if s[S_OVERRIDE] == 1:
        return s[S_PRECHARGE] + s[S_INTEGRATE] + s[S_DIGITISE]
    return config[tile, C_PRECHARGE] + config[tile, C_INTEGRATE] + config[tile, C_DIGITISE]


@called
def group_bytes(config, tile, s):
    """Bytes in the group that a link moves next."""
    return min(config[tile, C_LINK] - s[S_INDEX], GROUP_BYTES)


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
        move_in(inputs, first, count, shared[A_DATA] >> 8 * lane)
        shared[A_LANES] &= ~(((1 << count) - 1) << lane)
        accept(s, QUEUE, 0, count, 0)
        return
    rd, status, column = 0, 0, s[S_COLUMN]
    if operation == DEQUEUE:
        rd = moved_out(outputs, first, count)
    elif first >= config[tile, C_ROWS] or column >= config[tile, C_COLUMNS]:
        status = INDEX_OUT_OF_RANGE
    elif operation == INITIALIZE:
        move_in(cells[column], first, 1, shared[A_DATA])
    else:
        rd = found[column, first] & WORD_MASK
    s[S_HOST], s[S_HOST_NUMBER] = 1, s[S_SENT]
    accept(s, operation, status, count, rd)


@called
def run_tile(config, shared, state, work, tile, inputs, outputs, cells, lsb, found):
    """Bring a tile to the end of the cycle; the stages before it must not have got there yet.

    ``found`` is what a cell reads as; ``X_DUE`` asks for a product before the next cycle.
    """
    s, w = state[tile], work[tile]
    single = config[tile, C_ROOM] == 0
    launches = s[S_OWED] == 0
    sample = 1 if s[S_LEFT] == 1 else 0
    touches_cell = s[S_OPERATION] == INITIALIZE or s[S_OPERATION] == PARAM_READ
    finishes = (single and sample == 1) or (s[S_WAITING] == 1 and launches and touches_cell)
    count_up(s, w, sample)
    if w[W_BEGINS] == 1:
        s[S_LEFT] = product_cycles(config, tile, s)
        s[S_PRODUCTS] += 1
    elif s[S_LEFT] > 0:
        s[S_LEFT] -= 1
    if not single and (w[W_BEGINS] == 1 or (not launches and w[W_LEAVES] == 1)):
        s[S_OWED] += 1
    s[S_OWED] -= w[W_OWED]
    if w[W_ANSWERS] == 1 or w[W_OWED] == 1:
        s[S_RECEIVED] += 1
    if w[W_FOR] == PROCESS_CLIENT:
        s[S_PROCESS] = 0
    elif w[W_FOR] == SEND_CLIENT:
        s[S_SEND] = 0
    elif w[W_FOR] == HOST_CLIENT:
        s[S_HOST] = 0
    s[S_FRESH] = 0
    if w[W_LEAVES] == 1:
        s[S_VALID] = 0
    if launches:
        s[S_WAITING] = 0
    if finishes:
        s[S_DONE] = 1
    if w[W_CLIENT] == NOBODY or w[W_READY] == 0:
        return
    if w[W_CLIENT] == PROCESS_CLIENT:
        if shared[X_ANALOG] >> tile & 1:
            shared[X_DUE] |= 1 << tile
        else:
            multiply(cells, lsb, inputs, outputs)
            inputs[:] = 0
        s[S_PROCESS], s[S_PROCESS_NUMBER] = 1, s[S_SENT]
        if single:
            s[S_LEFT] = product_cycles(config, tile, s)
            s[S_PRODUCTS] += 1
        accept(s, PROCESS, 0, 0, 0)
    elif w[W_CLIENT] == TAKE_CLIENT:
        before = state[tile - 1]
        count = group_bytes(config, tile - 1, before)
        move_in(inputs, before[S_INDEX], count, before[S_DATA])
        accept(s, QUEUE, 0, count, 0)
    elif w[W_CLIENT] == SEND_CLIENT:
        count = group_bytes(config, tile, s)
        s[S_SEND], s[S_SEND_NUMBER] = 1, s[S_SENT]
        accept(s, DEQUEUE, 0, count, moved_out(outputs, s[S_INDEX], count))
    else:
        serve_host(config, shared, s, tile, inputs, outputs, cells, found)
    s[S_SENT] += 1


@called
def count_up(s, w, sample):
    """Performance counters and sticky error of a tile, at the end of a cycle."""
    if s[S_VALID] == 1 or s[S_OWED] > 0:
        s[S_BUSY] = (s[S_BUSY] + 1) & WORD_MASK
        s[S_MVMS] = (s[S_MVMS] + sample) & WORD_MASK
        if s[S_FRESH] == 1 and s[S_OPERATION] == QUEUE:
            s[S_BYTES_IN] = (s[S_BYTES_IN] + s[S_COUNT]) & WORD_MASK
        if s[S_FRESH] == 1 and s[S_OPERATION] == DEQUEUE:
            s[S_BYTES_OUT] = (s[S_BYTES_OUT] + s[S_COUNT]) & WORD_MASK
        if w[W_CLIENT] != NOBODY and w[W_READY] == 0:
            s[S_STALL] = (s[S_STALL] + 1) & WORD_MASK
    # What an error that is cleared in this cycle becomes.
    w[W_ERROR] = s[S_STATUS] if s[S_FRESH] == 1 else 0
    if s[S_ERROR] == 0:
        s[S_ERROR] = w[W_ERROR]


@called
def run_stage(config, shared, state, work, tile, starts, clears):
    """Bring the pipeline stage around a tile to the end of the cycle, after `run_tile`.

    ``starts`` and ``clears`` are the host's commands to this stage.
    """
    s, w = state[tile], work[tile]
    if granted(w, PROCESS_CLIENT):
        s[S_FULL], s[S_PROCESSING] = 0, 1
    if starts:
        s[S_FULL] = 1
    if granted(w, TAKE_CLIENT):
        before = state[tile - 1]
        if config[tile - 1, C_LINK] - before[S_INDEX] <= GROUP_BYTES:
            s[S_FULL] = 1
    sent = s[S_LOADED] == 1 and granted(work[tile + 1], TAKE_CLIENT)
    last = config[tile, C_LINK] - s[S_INDEX] <= GROUP_BYTES
    if (sent and last) if feeds_next(shared, tile) else clears:
        s[S_RESULT] = 0
    if w[W_FOR] == PROCESS_CLIENT:
        s[S_PROCESSING], s[S_RESULT] = 0, 1
    if granted(w, SEND_CLIENT):
        s[S_ASKED] = 1
    if w[W_FOR] == SEND_CLIENT:
        s[S_ASKED], s[S_LOADED] = 0, 1
        s[S_DATA] = rectified(w[W_RD]) if shared[G_RELU] >> tile & 1 else w[W_RD]
    if sent:
        s[S_LOADED] = 0
        s[S_INDEX] = 0 if last else s[S_INDEX] + GROUP_BYTES
