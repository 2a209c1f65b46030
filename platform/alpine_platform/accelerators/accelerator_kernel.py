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
    ALL_LANES,
    AT_WORK,
    DECERR,
    HOST_CLIENT,
    INPUT,
    OKAY,
    P_COLUMN,
    P_ROW,
    P_WEIGHT,
    PAGE,
    SLVERR,
    WINDOW,
    arbitrate,
    decided_at_once,
    feeds_next,
    input_free,
    run_stage,
    run_tile,
)

(NEW, ON_ITS_WAY, AT_ITS_TILE, ANSWERED) = range(4)


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
WRITABLE = tuple(register.writable for register in TILE_REGISTERS.registers)
T_ID, T_VERSION, T_ROWS, T_COLUMNS, T_ERROR, T_CONTROL = (
    TILE_REGISTERS[name].offset for name in ("id", "version", "rows", "columns", "error", "control")
)
T_PRECHARGE, T_INTEGRATE, T_DIGITISE = (
    TILE_REGISTERS[name].offset
    for name in ("precharge_cycles", "integrate_cycles", "digitise_cycles")
)
T_BUSY, T_MVMS, T_BYTES_IN, T_BYTES_OUT, T_STALL = (
    TILE_REGISTERS[name].offset
    for name in ("busy_cycles", "mvms", "bytes_in", "bytes_out", "stall_cycles")
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
        word = shared.interrupt
    elif offset == O_CHAIN:
        word = shared.chain
    elif offset == O_RELU:
        word = shared.relu
    for tile in range(tiles):
        s, flag = state[tile], False
        if offset == O_BUSY:
            flag = s.full == 1 or s.processing == 1
            flag = flag or (s.result == 1 and feeds_next(shared, tile))
        elif offset == O_INPUT_FREE:
            flag = input_free(shared, state, tile)
        elif offset == O_RESULT:
            flag = s.result == 1 and not feeds_next(shared, tile)
        if flag:
            word |= 1 << tile
    return word


@called
def own_write_refused(shared, state, tiles, offset):
    """Whether a write to one of the accelerator's own registers is refused."""
    data = shared.data
    if shared.strobes != ALL_LANES:
        return True
    if offset == O_START:
        for tile in range(tiles):
            if data >> tile & 1 == 1 and not input_free(shared, state, tile):
                return True
        return data >> tiles != 0
    if offset in (O_CHAIN, O_RELU):
        for tile in range(tiles):
            if state[tile].full + state[tile].processing + state[tile].result > 0:
                return True
        return data >> (tiles - 1) != 0
    return offset not in (O_RESULT, O_INTERRUPT)


@called
def tile_register(config, state, tile, offset):
    """Contents of one of a tile's registers."""
    s, word = state[tile], 0
    if offset == T_ERROR:
        word = s.error
    elif offset == T_CONTROL:
        word = s.override
    elif offset == T_PRECHARGE:
        word = s.precharge
    elif offset == T_INTEGRATE:
        word = s.integrate
    elif offset == T_DIGITISE:
        word = s.digitise
    elif offset == T_BUSY:
        word = s.busy
    elif offset == T_MVMS:
        word = s.mvms
    elif offset == T_BYTES_IN:
        word = s.bytes_in
    elif offset == T_BYTES_OUT:
        word = s.bytes_out
    elif offset == T_STALL:
        word = s.stall
    elif offset == T_ID:
        word = TILE_ID
    elif offset == T_VERSION:
        word = VERSION_WORD
    elif offset == T_ROWS:
        word = config[tile].rows
    elif offset == T_COLUMNS:
        word = config[tile].columns
    elif config[tile].room > 0:
        word = 1
    return word


@called
def tile_write_refused(offset, data):
    """Whether a whole-word write to one of a tile's registers is refused."""
    phase = T_PRECHARGE <= offset <= T_DIGITISE
    return not WRITABLE[offset // 4] or (phase and data & FIELD_MASK == 0)


@called
def respond(config, shared, state, work):
    """Response of this cycle to the access, from the state at its beginning, or AT_WORK.

    What was read is left in ``read``, what is still to be answered in ``response``.
    """
    tiles = config.shape[0]
    page, offset = shared.address // PAGE, shared.address % PAGE
    first, write = shared.first == 1, shared.write == 1
    if page > tiles or (page == 0 and offset >= OWN_END):
        return DECERR
    tile = page - 1
    if page == 0:
        if not first:
            return shared.response
        refused = write and own_write_refused(shared, state, tiles, offset)
        shared.read = own_register(shared, state, tiles, offset)
        shared.response = SLVERR if refused else OKAY
        return AT_WORK
    response = decided_at_once(config, shared, state, tile)
    if response != AT_WORK:
        if offset == P_ROW:
            shared.read = state[tile].row
        elif offset == P_COLUMN:
            shared.read = state[tile].column
        return response
    if offset >= WINDOW or offset == P_WEIGHT:
        if work[tile].addressee != HOST_CLIENT:
            return AT_WORK
        shared.read = work[tile].rd
        return OKAY if work[tile].status == 0 else SLVERR
    if not first:
        return shared.response
    refused = write and tile_write_refused(offset, shared.data)
    shared.read = tile_register(config, state, tile, offset)
    shared.response = SLVERR if refused else OKAY
    return AT_WORK


@called
def write_registers(config, shared, state, work, response):
    """What the access does to registers at the end of the cycle."""
    page, offset = shared.address // PAGE, shared.address % PAGE
    tile, data, write = page - 1, shared.data, shared.write == 1
    taken = write and shared.first == 1 and shared.response == OKAY
    if page == 0:
        if taken and offset == O_INTERRUPT:
            shared.interrupt = data & FIELD_MASK
        elif taken and offset == O_CHAIN:
            shared.chain = data
        elif taken and offset == O_RELU:
            shared.relu = data
        return
    s = state[tile]
    if offset == P_WEIGHT and response == OKAY:
        s.row = (s.row + 1) & LINE_MASK
    elif offset == P_ROW and write and response == OKAY:
        s.row = data & LINE_MASK
    elif offset == P_COLUMN and write and response == OKAY:
        s.column = data & LINE_MASK
    elif taken and response == AT_WORK and offset == T_ERROR:
        if data & CLEAR:
            s.error = work[tile].error
    elif taken and response == AT_WORK and offset == T_CONTROL:
        s.override = data & 1
        if data & CLEAR:
            s.busy = s.mvms = s.bytes_in = s.bytes_out = s.stall = 0
    elif taken and response == AT_WORK and offset == T_PRECHARGE:
        s.precharge = data & FIELD_MASK
    elif taken and response == AT_WORK and offset == T_INTEGRATE:
        s.integrate = data & FIELD_MASK
    elif taken and response == AT_WORK and offset == T_DIGITISE:
        s.digitise = data & FIELD_MASK


@called
def cycle(h):
    """One clock cycle; return (response to the access or AT_WORK, whether nothing moved)."""
    config, shared, state, work = h.config, h.bus[0], h.state, h.work
    tiles = config.shape[0]
    rest = arbitrate(config, shared, state, work)
    valid = shared.valid == 1
    if rest and not valid:
        return AT_WORK, True
    response, starts, clears = AT_WORK, 0, 0
    if valid:
        response = respond(config, shared, state, work)
        taken = shared.first == 1 and shared.write == 1 and shared.response == OKAY
        if taken and response == AT_WORK and shared.address == O_START:
            starts = shared.data
        elif taken and response == AT_WORK and shared.address == O_RESULT:
            clears = shared.data
    # From the last one on, so that each finds the one before it as it was.
    for tile in range(tiles - 1, -1, -1):
        run_tile(
            config,
            shared,
            state,
            work,
            tile,
            h.inputs[tile],
            h.outputs[tile],
            h.cells[tile],
            h.lsb[tile],
            h.found[tile],
        )
        run_stage(
            config, shared, state, work, tile, starts >> tile & 1 == 1, clears >> tile & 1 == 1
        )
    if valid and shared.address // PAGE <= tiles:
        write_registers(config, shared, state, work, response)
        if shared.address % PAGE // WINDOW == INPUT and shared.lanes == 0:
            response = OKAY if response == AT_WORK else response
    shared.first = 0
    return response, False


def entry_points(number: int) -> Callable[..., None]:
    """Make what Python calls; ``number`` changes with the source of what is compiled into it."""

    @entry
    def execute(batch, timing, hardware, answers):
        """Make accesses by the rules of `peripheral_port`, until all are made or products are due.

        A call goes on where the last one stopped, by the record `CLOCK`.
        """
        clock, bus = hardware.clock[0], hardware.bus[0]
        issue, accepted, arrived = answers.issue_fs, answers.accept_cycle, answers.response_fs
        while clock.access < len(batch) and number != 0:
            i = clock.access
            if clock.stage == NEW:
                time = timing.start_fs if i == 0 else issue[i - 1]
                time = max(time + batch[i]["gap_fs"], clock.free)
                if i > 0 and batch[i]["response_gap_fs"] >= 0:
                    time = max(time, arrived[i - 1] + batch[i]["response_gap_fs"])
                issue[i] = time
                reaches = -(-(time + timing.request_fs) // timing.period_fs)
                accepted[i] = max(reaches, clock.completion + 1)
                clock.stage = ON_ITS_WAY
            if clock.stage == ON_ITS_WAY:
                while clock.cycle <= accepted[i]:
                    if bus.due != 0:
                        return
                    _, rest = cycle(hardware)
                    clock.cycle = accepted[i] + 1 if rest else clock.cycle + 1
                bus.valid = bus.first = 1
                bus.write = batch[i]["write"]
                bus.address = batch[i]["address"] // 4 * 4
                bus.data = batch[i]["data"]
                bus.strobes = bus.lanes = batch[i]["strobes"]
                bus.read = 0
                clock.stage = AT_ITS_TILE
            if clock.stage == AT_ITS_TILE:
                response = AT_WORK
                while response == AT_WORK:
                    if bus.due != 0:
                        return
                    response, _ = cycle(hardware)
                    clock.cycle += 1
                bus.valid = 0
                answers.response[i] = response
                if batch[i]["write"] == 0:
                    answers.data[i] = bus.read
                # The cycle of the response's transfer.
                answers.complete_cycle[i] = clock.completion = clock.cycle
                clock.stage = ANSWERED
            if bus.due != 0:
                return
            cycle(hardware)
            clock.cycle += 1
            end = answers.complete_cycle[i] * timing.period_fs + timing.response_fs
            if batch[i]["write"] == 1 and timing.posted_stores:
                end = issue[i] + timing.taken_fs
            clock.free = -(-end // timing.core_period_fs) * timing.core_period_fs
            arrived[i] = clock.free
            clock.stage = NEW
            clock.access += 1

    return execute


execute = entry_points(
    fingerprint(
        "accelerators/accelerator_kernel.py",
        "accelerators/accelerator_records.py",
        "accelerators/accelerator_tile_kernel.py",
        "compiled/kernel_state.py",
    )
)
