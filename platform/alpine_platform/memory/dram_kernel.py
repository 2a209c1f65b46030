# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled DRAM channel: banks, open rows, refresh, one data bus, a write queue drained in bursts.

Times are femtoseconds. A read is served when it comes, after writes whose drain began before it;
rows are closed after a number of accesses and by refresh. What it leaves out: reordering among
queued reads (a core has at most as many as MSHRs), the rank-to-rank and four-activate limits.
"""

from alpine_platform.compiled.compiling import compiled

D_BANKS = 0
D_RANKS = 1
D_ROW_SHIFT = 2
D_BURST = 3
D_CCD = 4
D_RCD = 5
D_CL = 6
D_RP = 7
D_RAS = 8
D_RTP = 9
D_WR = 10
D_WTR = 11
D_RTW = 12
D_REFI = 13
D_RFC = 14
D_ROW_ACCESSES = 15
D_HIGH = 16
D_LOW = 17
D_SWITCH = 18
D_STATIC = 19
D_LINE_SHIFT = 20
D_COUNT = 21

# Columns of a bank's state.
B_ROW = 0
B_ACTIVATE = 1
B_PRECHARGE = 2
B_COLUMN = 3
B_ACCESSES = 4
B_LAST = 5

# Scalars of the channel.
C_BUS = 0
C_READ = 1
C_WRITES = 2
C_HEAD = 3
C_LAST_WRITE = 4
C_ROW_HIT = 5
C_PLACE = 6  # of the last access: place in memory in rows, its row and its bank
C_ROW = 7
C_BANK = 8
C_REFRESH = 9  # time of the refresh before the last access
C_COUNT = 10

QUEUE = 256  # slots of the write ring, above any threshold; a power of two


@compiled
def column_access(d, banks, channel, line, time, write):
    """End of a line's burst on the data bus, for an access that the channel takes at a time."""
    # Divisions are slow, and most accesses come soon after the last one and to the same row.
    place = (line << d[D_LINE_SHIFT]) >> d[D_ROW_SHIFT]
    if place != channel[C_PLACE]:
        channel[C_PLACE] = place
        channel[C_ROW] = place // (d[D_BANKS] * d[D_RANKS])
        channel[C_BANK] = place - channel[C_ROW] * (d[D_BANKS] * d[D_RANKS])
    row = channel[C_ROW]
    bank = banks[channel[C_BANK]]
    refresh = channel[C_REFRESH]
    if time < refresh or time >= refresh + d[D_REFI]:
        refresh = channel[C_REFRESH] = time // d[D_REFI] * d[D_REFI]
    if refresh > 0:
        time = max(time, refresh + d[D_RFC])
        if bank[B_LAST] < refresh:
            bank[B_ROW] = -1
            bank[B_ACTIVATE] = max(bank[B_ACTIVATE], refresh + d[D_RFC])
    channel[C_ROW_HIT] = 1
    if bank[B_ROW] != row:
        channel[C_ROW_HIT] = 0
        activate = max(time, bank[B_ACTIVATE])
        if bank[B_ROW] >= 0:
            activate = max(activate, max(time, bank[B_PRECHARGE]) + d[D_RP])
        bank[B_ROW] = row
        bank[B_ACCESSES] = 0
        bank[B_COLUMN] = activate + d[D_RCD]
        bank[B_PRECHARGE] = activate + d[D_RAS]
    column = max(time, bank[B_COLUMN], channel[C_BUS] - d[D_CL])
    end = column + d[D_CL] + d[D_BURST]
    channel[C_BUS] = end
    bank[B_COLUMN] = column + d[D_CCD]
    recovery = end + d[D_WR] if write else column + d[D_RTP]
    bank[B_PRECHARGE] = max(bank[B_PRECHARGE], recovery)
    bank[B_LAST] = column
    bank[B_ACCESSES] += 1
    if bank[B_ACCESSES] >= d[D_ROW_ACCESSES]:
        bank[B_ROW] = -1
        bank[B_ACTIVATE] = bank[B_PRECHARGE] + d[D_RP]
    return end


@compiled
def drain(d, banks, channel, writes, start):
    """Write one burst of queued lines from a time on; reads wait for its end."""
    start = max(start, channel[C_BUS] + d[D_RTW])
    for _ in range(min(d[D_SWITCH], channel[C_WRITES])):
        line = writes[channel[C_HEAD] & (QUEUE - 1)]
        channel[C_HEAD] += 1
        channel[C_WRITES] -= 1
        column_access(d, banks, channel, line, start, True)
    channel[C_READ] = channel[C_BUS] + d[D_WTR]


@compiled
def drain_before(d, banks, channel, writes, time):
    """Do the drains that an idle channel has begun before a time."""
    while channel[C_WRITES] > d[D_LOW]:
        start = max(channel[C_BUS], channel[C_LAST_WRITE])
        if start >= time:
            return
        drain(d, banks, channel, writes, start)


@compiled
def dram_read(d, banks, channel, writes, line, time):
    """Time at which a line read at a time leaves the controller."""
    drain_before(d, banks, channel, writes, time)
    return column_access(d, banks, channel, line, max(time, channel[C_READ]), False) + d[D_STATIC]


@compiled
def dram_write(d, banks, channel, writes, line, time):
    """Queue a line for writing."""
    drain_before(d, banks, channel, writes, time)
    writes[(channel[C_HEAD] + channel[C_WRITES]) & (QUEUE - 1)] = line
    channel[C_WRITES] += 1
    channel[C_LAST_WRITE] = max(channel[C_LAST_WRITE], time)
    if channel[C_WRITES] >= d[D_HIGH]:
        drain(d, banks, channel, writes, time)
