# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled DRAM channel: banks, open rows, refresh, one data bus, a write queue drained in bursts.

Times are femtoseconds. A read is served when it comes, after writes whose drain began before it;
rows are closed after a number of accesses and by refresh. What it leaves out: reordering among
queued reads (a core has at most as many as MSHRs), the rank-to-rank and four-activate limits.
"""

from alpine_platform.compiled.compiling import compiled

QUEUE = 256  # slots of the write ring, above any threshold; a power of two


@compiled
def column_access(d, banks, channel, line, time, write):
    """End of a line's burst on the data bus, for an access that the channel takes at a time."""
    # Divisions are slow, and most accesses come soon after the last one and to the same row.
    place = (line << d.line_shift) >> d.row_shift
    if place != channel.place:
        channel.place = place
        channel.row = place // (d.banks * d.ranks)
        channel.bank = place - channel.row * (d.banks * d.ranks)
    row = channel.row
    bank = banks[channel.bank]
    refresh = channel.refresh
    if time < refresh or time >= refresh + d.refi:
        refresh = channel.refresh = time // d.refi * d.refi
    if refresh > 0:
        time = max(time, refresh + d.rfc)
        if bank.last < refresh:
            bank.row = -1
            bank.activate = max(bank.activate, refresh + d.rfc)
    channel.row_hit = 1
    if bank.row != row:
        channel.row_hit = 0
        activate = max(time, bank.activate)
        if bank.row >= 0:
            activate = max(activate, max(time, bank.precharge) + d.rp)
        bank.row = row
        bank.accesses = 0
        bank.column = activate + d.rcd
        bank.precharge = activate + d.ras
    column = max(time, bank.column, channel.bus - d.cl)
    end = column + d.cl + d.burst
    channel.bus = end
    bank.column = column + d.ccd
    recovery = end + d.wr if write else column + d.rtp
    bank.precharge = max(bank.precharge, recovery)
    bank.last = column
    bank.accesses += 1
    if bank.accesses >= d.row_accesses:
        bank.row = -1
        bank.activate = bank.precharge + d.rp
    return end


@compiled
def drain(d, banks, channel, writes, start):
    """Write one burst of queued lines from a time on; reads wait for its end."""
    start = max(start, channel.bus + d.rtw)
    for _ in range(min(d.switch, channel.writes)):
        line = writes[channel.head & (QUEUE - 1)]
        channel.head += 1
        channel.writes -= 1
        column_access(d, banks, channel, line, start, True)
    channel.read = channel.bus + d.wtr


@compiled
def drain_before(d, banks, channel, writes, time):
    """Do the drains that an idle channel has begun before a time."""
    while channel.writes > d.low:
        start = max(channel.bus, channel.last_write)
        if start >= time:
            return
        drain(d, banks, channel, writes, start)


@compiled
def dram_read(d, banks, channel, writes, line, time):
    """Time at which a line read at a time leaves the controller."""
    drain_before(d, banks, channel, writes, time)
    return column_access(d, banks, channel, line, max(time, channel.read), False) + d.static


@compiled
def dram_write(d, banks, channel, writes, line, time):
    """Queue a line for writing."""
    drain_before(d, banks, channel, writes, time)
    writes[(channel.head + channel.writes) & (QUEUE - 1)] = line
    channel.writes += 1
    channel.last_write = max(channel.last_write, time)
    if channel.writes >= d.high:
        drain(d, banks, channel, writes, time)
