# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; everything typed is in `timed_accelerator`.
"""Compiled timed accelerator: its registers, its bus port, and accesses with their times.

One call of `cycle` is one clock cycle of the hardware, `alpine_rtl.accelerator.AimcAxi`. Cycles in
which it is at rest are skipped.
"""

from collections.abc import Callable

from alpine_models.registers import (
    ACCELERATOR_ID,
    ACCELERATOR_REGISTERS,
    TILE_ID,
    TILE_REGISTERS,
    VERSION,
)
from alpine_platform.compiled.compiling import called, entry, fingerprint

from .accelerator_tile_kernel import (
    A_ADDRESS,
    A_DATA,
    A_FIRST,
    A_LANES,
    A_READ,
    A_RESPONSE,
    A_STROBES,
    A_VALID,
    A_WRITE,
    ALL_LANES,
    AT_WORK,
    C_COLUMNS,
    C_ROOM,
    C_ROWS,
    DECERR,
    G_CHAIN,
    G_INTERRUPT,
    G_RELU,
    HOST_CLIENT,
    INPUT,
    OKAY,
    P_COLUMN,
    P_ROW,
    P_WEIGHT,
    PAGE,
    S_BUSY,
    S_BYTES_IN,
    S_BYTES_OUT,
    S_COLUMN,
    S_DIGITISE,
    S_ERROR,
    S_FULL,
    S_INTEGRATE,
    S_MVMS,
    S_OVERRIDE,
    S_PRECHARGE,
    S_PROCESSING,
    S_RESULT,
    S_ROW,
    S_STALL,
    SLVERR,
    W_ERROR,
    W_FOR,
    W_RD,
    W_STATUS,
    WINDOW,
    X_DUE,
    arbitrate,
    decided_at_once,
    feeds_next,
    input_free,
    run_stage,
    run_tile,
)

# The next cycle to simulate, the last completion, when the core was free of the last access, the
# access of the batch that is made, and how far it is.
(K_CYCLE, K_COMPLETION, K_FREE, K_ACCESS, K_STAGE) = range(5)
(K_NEW, K_ON_ITS_WAY, K_AT_WORK, K_ANSWERED) = range(4)

FIELD_MASK = (1 << 16) - 1
LINE_MASK = (1 << 17) - 1
CLEAR = 1 << 31
VERSION_WORD = VERSION[0] << 16 | VERSION[1]
OWN_END = ACCELERATOR_REGISTERS.registers[-1].offset + 4
(O_ID, O_VERSION, O_TILES, O_START, O_BUSY, O_INPUT_FREE, O_RESULT, O_INTERRUPT, O_CHAIN) = (
    ACCELERATOR_REGISTERS[name].offset
    for name in (
        "id",
        "version",
        "tiles",
        "start",
        "busy",
        "input_free",
        "result",
        "interrupt_enable",
        "chain",
    )
)
O_RELU = ACCELERATOR_REGISTERS["relu"].offset
TILE_FIELDS = {
    "error": S_ERROR,
    "control": S_OVERRIDE,
    "precharge_cycles": S_PRECHARGE,
    "integrate_cycles": S_INTEGRATE,
    "digitise_cycles": S_DIGITISE,
    "busy_cycles": S_BUSY,
    "mvms": S_MVMS,
    "bytes_in": S_BYTES_IN,
    "bytes_out": S_BYTES_OUT,
    "stall_cycles": S_STALL,
}
"""Column of the state in which each of a tile's registers is kept, if it is not constant."""

FIELDS = tuple(TILE_FIELDS.get(register.name, -1) for register in TILE_REGISTERS.registers)
WRITABLE = tuple(register.writable for register in TILE_REGISTERS.registers)
T_ID, T_VERSION, T_ROWS, T_COLUMNS, T_ERROR, T_CONTROL = (
    TILE_REGISTERS[name].offset for name in ("id", "version", "rows", "columns", "error", "control")
)
T_PRECHARGE, T_DIGITISE = (
    TILE_REGISTERS[name].offset for name in ("precharge_cycles", "digitise_cycles")
)


@called
def own_register(shared, state, tiles, offset):
    """Contents of one of the accelerator's own registers."""
    word = 0
    if offset == O_ID:
        word = ACCELERATOR_ID
    elif offset == O_VERSION:
        word = VERSION_WORD
    elif offset == O_TILES:
        word = tiles
    elif offset == O_INTERRUPT:
        word = shared[G_INTERRUPT]
    elif offset == O_CHAIN:
        word = shared[G_CHAIN]
    elif offset == O_RELU:
        word = shared[G_RELU]
    for tile in range(tiles):
        s, flag = state[tile], False
        if offset == O_BUSY:
            flag = s[S_FULL] == 1 or s[S_PROCESSING] == 1
            flag = flag or (s[S_RESULT] == 1 and feeds_next(shared, tile))
        elif offset == O_INPUT_FREE:
            flag = input_free(shared, state, tile)
        elif offset == O_RESULT:
            flag = s[S_RESULT] == 1 and not feeds_next(shared, tile)
        if flag:
            word |= 1 << tile
    return word


@called
def own_write_refused(shared, state, tiles, offset):
    """Whether a write to one of the accelerator's own registers is refused."""
    data = shared[A_DATA]
    if shared[A_STROBES] != ALL_LANES:
        return True
    if offset == O_START:
        for tile in range(tiles):
            if data >> tile & 1 == 1 and not input_free(shared, state, tile):
                return True
        return data >> tiles != 0
    if offset in (O_CHAIN, O_RELU):
        for tile in range(tiles):
            if state[tile, S_FULL] + state[tile, S_PROCESSING] + state[tile, S_RESULT] > 0:
                return True
        return data >> (tiles - 1) != 0
    return offset not in (O_RESULT, O_INTERRUPT)


@called
def tile_register(config, state, tile, offset):
    """Contents of one of a tile's registers."""
    field = FIELDS[offset // 4]
    if field >= 0:
        return state[tile, field]
    if offset == T_ID:
        return TILE_ID
    if offset == T_VERSION:
        return VERSION_WORD
    if offset == T_ROWS:
        return config[tile, C_ROWS]
    if offset == T_COLUMNS:
        return config[tile, C_COLUMNS]
    return 1 if config[tile, C_ROOM] > 0 else 0


@called
def tile_write_refused(offset, data):
    """Whether a whole-word write to one of a tile's registers is refused."""
    phase = T_PRECHARGE <= offset <= T_DIGITISE
    return not WRITABLE[offset // 4] or (phase and data & FIELD_MASK == 0)


@called
def respond(config, shared, state, work):
    """Response of this cycle to the access, from the state at its beginning, or AT_WORK.

    What was read is left in ``A_READ``, what is still to be answered in ``A_RESPONSE``.
    """
    tiles = config.shape[0]
    page, offset = shared[A_ADDRESS] // PAGE, shared[A_ADDRESS] % PAGE
    first, write = shared[A_FIRST] == 1, shared[A_WRITE] == 1
    if page > tiles or (page == 0 and offset >= OWN_END):
        return DECERR
    tile = page - 1
    if page == 0:
        if not first:
            return shared[A_RESPONSE]
        refused = write and own_write_refused(shared, state, tiles, offset)
        shared[A_READ] = own_register(shared, state, tiles, offset)
        shared[A_RESPONSE] = SLVERR if refused else OKAY
        return AT_WORK
    response = decided_at_once(config, shared, state, tile)
    if response != AT_WORK:
        if offset == P_ROW:
            shared[A_READ] = state[tile, S_ROW]
        elif offset == P_COLUMN:
            shared[A_READ] = state[tile, S_COLUMN]
        return response
    if offset >= WINDOW or offset == P_WEIGHT:
        if work[tile, W_FOR] != HOST_CLIENT:
            return AT_WORK
        shared[A_READ] = work[tile, W_RD]
        return OKAY if work[tile, W_STATUS] == 0 else SLVERR
    if not first:
        return shared[A_RESPONSE]
    refused = write and tile_write_refused(offset, shared[A_DATA])
    shared[A_READ] = tile_register(config, state, tile, offset)
    shared[A_RESPONSE] = SLVERR if refused else OKAY
    return AT_WORK


@called
def write_registers(config, shared, state, work, response):
    """What the access does to registers at the end of the cycle."""
    page, offset = shared[A_ADDRESS] // PAGE, shared[A_ADDRESS] % PAGE
    tile, data, write = page - 1, shared[A_DATA], shared[A_WRITE] == 1
    taken = write and shared[A_FIRST] == 1 and shared[A_RESPONSE] == OKAY
    if page == 0:
        if taken and offset == O_INTERRUPT:
            shared[G_INTERRUPT] = data & FIELD_MASK
        elif taken and offset == O_CHAIN:
            shared[G_CHAIN] = data
        elif taken and offset == O_RELU:
            shared[G_RELU] = data
        return
    s = state[tile]
    if offset == P_WEIGHT and response == OKAY:
        s[S_ROW] = (s[S_ROW] + 1) & LINE_MASK
    elif offset == P_ROW and write and response == OKAY:
        s[S_ROW] = data & LINE_MASK
    elif offset == P_COLUMN and write and response == OKAY:
        s[S_COLUMN] = data & LINE_MASK
    elif taken and response == AT_WORK and offset == T_ERROR:
        if data & CLEAR:
            s[S_ERROR] = work[tile, W_ERROR]
    elif taken and response == AT_WORK and offset == T_CONTROL:
        s[S_OVERRIDE] = data & 1
        if data & CLEAR:
            s[S_BUSY] = s[S_MVMS] = s[S_BYTES_IN] = s[S_BYTES_OUT] = s[S_STALL] = 0
    elif taken and response == AT_WORK and T_PRECHARGE <= offset <= T_DIGITISE:
        s[FIELDS[offset // 4]] = data & FIELD_MASK


@called
def cycle(config, shared, state, work, inputs, outputs, cells, lsb, found):
    """One clock cycle; return (response to the access or AT_WORK, whether nothing moved)."""
    tiles = config.shape[0]
    rest = arbitrate(config, shared, state, work)
    valid = shared[A_VALID] == 1
    if rest and not valid:
        return AT_WORK, True
    response, starts, clears = AT_WORK, 0, 0
    if valid:
        response = respond(config, shared, state, work)
        taken = shared[A_FIRST] == 1 and shared[A_WRITE] == 1 and shared[A_RESPONSE] == OKAY
        if taken and response == AT_WORK and shared[A_ADDRESS] == O_START:
            starts = shared[A_DATA]
        elif taken and response == AT_WORK and shared[A_ADDRESS] == O_RESULT:
            clears = shared[A_DATA]
    # From the last one on, so that each finds the one before it as it was.
    for tile in range(tiles - 1, -1, -1):
        run_tile(
            config,
            shared,
            state,
            work,
            tile,
            inputs[tile],
            outputs[tile],
            cells[tile],
            lsb[tile],
            found[tile],
        )
        run_stage(
            config, shared, state, work, tile, starts >> tile & 1 == 1, clears >> tile & 1 == 1
        )
    if valid and shared[A_ADDRESS] // PAGE <= tiles:
        write_registers(config, shared, state, work, response)
        if shared[A_ADDRESS] % PAGE // WINDOW == INPUT and shared[A_LANES] == 0:
            response = OKAY if response == AT_WORK else response
    shared[A_FIRST] = 0
    return response, False


def entry_points(number: int) -> Callable[..., None]:
    """Make what Python calls; ``number`` changes with the source of what is compiled into it."""

    @entry
    def execute(
        batch, start_fs, core_period, period, request_fs, back_fs, taken_fs, posted, clock,
        config, shared, state, work, inputs, outputs, cells, lsb, found,
        data, responses, issue, accepted, complete, arrived,
    ):  # fmt: skip
        """Make accesses by the rules of `peripheral_port`, until all are made or products are due.

        ``clock`` holds the columns ``K_...``; a call goes on where the last one stopped.
        """
        while clock[K_ACCESS] < len(batch) and number != 0:
            i = clock[K_ACCESS]
            if clock[K_STAGE] == K_NEW:
                time = max((start_fs if i == 0 else issue[i - 1]) + batch[i]["gap_fs"],
                           clock[K_FREE])  # fmt: skip
                if i > 0 and batch[i]["response_gap_fs"] >= 0:
                    time = max(time, arrived[i - 1] + batch[i]["response_gap_fs"])
                issue[i] = time
                accepted[i] = max(-(-(time + request_fs) // period), clock[K_COMPLETION] + 1)
                clock[K_STAGE] = K_ON_ITS_WAY
            if clock[K_STAGE] == K_ON_ITS_WAY:
                while clock[K_CYCLE] <= accepted[i]:
                    if shared[X_DUE] != 0:
                        return
                    _, rest = cycle(config, shared, state, work, inputs, outputs, cells, lsb, found)
                    clock[K_CYCLE] = accepted[i] + 1 if rest else clock[K_CYCLE] + 1
                shared[A_VALID] = shared[A_FIRST] = 1
                shared[A_WRITE] = batch[i]["write"]
                shared[A_ADDRESS] = batch[i]["address"] // 4 * 4
                shared[A_DATA] = batch[i]["data"]
                shared[A_STROBES] = shared[A_LANES] = batch[i]["strobes"]
                shared[A_READ] = 0
                clock[K_STAGE] = K_AT_WORK
            if clock[K_STAGE] == K_AT_WORK:
                response = AT_WORK
                while response == AT_WORK:
                    if shared[X_DUE] != 0:
                        return
                    response, _ = cycle(
                        config, shared, state, work, inputs, outputs, cells, lsb, found
                    )
                    clock[K_CYCLE] += 1
                shared[A_VALID] = 0
                responses[i] = response
                if batch[i]["write"] == 0:
                    data[i] = shared[A_READ]
                # The cycle of the response's transfer.
                complete[i] = clock[K_COMPLETION] = clock[K_CYCLE]
                clock[K_STAGE] = K_ANSWERED
            if shared[X_DUE] != 0:
                return
            cycle(config, shared, state, work, inputs, outputs, cells, lsb, found)
            clock[K_CYCLE] += 1
            end = complete[i] * period + back_fs
            if batch[i]["write"] == 1 and posted:
                end = issue[i] + taken_fs
            arrived[i] = clock[K_FREE] = -(-end // core_period) * core_period
            clock[K_STAGE] = K_NEW
            clock[K_ACCESS] += 1

    return execute


execute = entry_points(
    fingerprint("accelerators/accelerator_kernel.py", "accelerators/accelerator_tile_kernel.py")
)
