# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled table of the L1 caches that hold a line: a hash table with a bit per cache.

It has a column per set of the largest L1 and is a hash table in each, at most half full: a line
lies in the row that is its home or behind it, with no empty row between. So lines that follow each
other mostly lie side by side.
"""

import numpy as np

from alpine_platform.compiled.compiling import compiled

NO_TAG = -1
GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)  # Knuth's multiplicative hash: 2^64 over the golden ratio
DE_BRUIJN = 0x03F79D71B4CB0A89
"""Of every six consecutive bits of it, no two are alike."""
LOWEST = np.zeros(64, np.int64)
for _bit in range(64):
    LOWEST[(DE_BRUIJN << _bit & (1 << 64) - 1) >> 58] = _bit


@compiled
def column_of(holders, line):
    """Column of a line."""
    return line & (holders.shape[1] - 1)


@compiled
def home_of(holders, line):
    """Row from which a line is looked for in its column."""
    return ((line - column_of(holders, line)) * GOLDEN >> 40) & (holders.shape[0] - 1)


@compiled
def row_of(holders, line):
    """Row of a line, or that at which it is to be entered."""
    last, column = holders.shape[0] - 1, column_of(holders, line)
    row = home_of(holders, line)
    while holders[row, column].line != line and holders[row, column].line != NO_TAG:
        row = (row + 1) & last
    return row


@compiled
def lowest(caches):
    """Number of the lowest bit that is set."""
    return LOWEST[((caches & -caches) * DE_BRUIJN >> 58) & 63]


@compiled
def leave(holders, core, line):
    """Take a core from the holders of a line; a line that nobody holds leaves the table."""
    last, column = holders.shape[0] - 1, column_of(holders, line)
    hole = row_of(holders, line)
    holders[hole, column].caches &= ~(np.int64(1) << core)
    if holders[hole, column].caches != 0:
        return
    # What was entered behind its home because of this one moves up.
    row = (hole + 1) & last
    while holders[row, column].line != NO_TAG:
        home = home_of(holders, holders[row, column].line)
        if ((row - home) & last) >= ((row - hole) & last):
            holders[hole, column].line = holders[row, column].line
            holders[hole, column].caches = holders[row, column].caches
            hole = row
        row = (row + 1) & last
    holders[hole, column].line = NO_TAG
    holders[hole, column].caches = 0
