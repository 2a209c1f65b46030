# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled table of the L1 caches that hold a line: a hash table with a bit per cache.

It is at most half full. A line lies at its home or behind it, with no empty place between.
"""

import numpy as np

from alpine_platform.compiled.compiling import called, compiled

# Columns of the table.
H_LINE, H_CACHES = 0, 1

NO_TAG = -1
GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)  # Knuth's multiplicative hash: 2^64 over the golden ratio
DE_BRUIJN = 0x03F79D71B4CB0A89
"""Of every six consecutive bits of it, no two are alike."""
LOWEST = np.zeros(64, np.int64)
for _bit in range(64):
    LOWEST[(DE_BRUIJN << _bit & (1 << 64) - 1) >> 58] = _bit


@compiled
def home_of(mem, line):
    """Place of the table of holders from which a line is looked for."""
    return (line * GOLDEN >> 20) & (mem.holders.shape[0] - 1)


@compiled
def place_of(mem, line):
    """Place of a line in the table of holders, or that at which it is to be entered."""
    last = mem.holders.shape[0] - 1
    place = home_of(mem, line)
    while mem.holders[place, H_LINE] != line and mem.holders[place, H_LINE] != NO_TAG:
        place = (place + 1) & last
    return place


@compiled
def lowest(caches):
    """Number of the lowest bit that is set."""
    return LOWEST[((caches & -caches) * DE_BRUIJN >> 58) & 63]


@called
def leave(mem, core, line):
    """Take a core from the holders of a line; a line that nobody holds leaves the table."""
    holders = mem.holders
    last = holders.shape[0] - 1
    hole = place_of(mem, line)
    holders[hole, H_CACHES] &= ~(np.int64(1) << core)
    if holders[hole, H_CACHES] != 0:
        return
    # What was entered behind its home because of this one moves up.
    place = (hole + 1) & last
    while holders[place, H_LINE] != NO_TAG:
        home = home_of(mem, holders[place, H_LINE])
        if ((place - home) & last) >= ((place - hole) & last):
            holders[hole, H_LINE] = holders[place, H_LINE]
            holders[hole, H_CACHES] = holders[place, H_CACHES]
            hole = place
        place = (place + 1) & last
    holders[hole, H_LINE] = NO_TAG
    holders[hole, H_CACHES] = 0
