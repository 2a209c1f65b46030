# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `cluster_kernel`.
"""Compiled arbitration of the scratch-pad memory's banks: which requests of a cycle are granted.

Masters are looked at in order of their numbers, from one of them on and round. A request is granted
if all banks that it touches are still free in this cycle; otherwise none of them is taken, and its
master shows it again. The next cycle begins with the first master that was refused; where none was,
it begins with the same as this one. So no master waits for longer than there are others: whoever is
first is granted, and the first place moves towards everyone who waits.

A read has its data, and a write is done, in the cycle after its grant.
"""

from alpine_platform.compiled.compiling import compiled

NOBODY = -1


@compiled
def banks_of(pad, address, size_bytes):
    """Banks that an access touches, a bit each."""
    banks = pad.banks
    first = address >> pad.word_shift
    words = ((address + size_bytes - 1) >> pad.word_shift) - first + 1
    every = (1 << banks) - 1
    if words >= banks:
        return every
    place = first & (banks - 1)
    touched = ((1 << words) - 1) << place
    return (touched | touched >> banks) & every


@compiled
def arbitrate(pad, masters):
    """Decide a cycle: set ``granted`` of every master, and count."""
    count = masters.shape[0]
    taken, refused = 0, NOBODY
    number = pad.first
    for _ in range(count):
        master = masters[number]
        master.granted = 0
        if master.wants != 0:
            banks = banks_of(pad, master.address, master.size_bytes)
            if taken & banks == 0:
                taken |= banks
                master.granted = 1
                master.accesses += 1
            else:
                master.refused += 1
                if refused == NOBODY:
                    refused = number
        number += 1
        if number == count:
            number = 0
    if taken != 0:
        pad.busy_cycles += 1
    if refused != NOBODY:
        pad.conflict_cycles += 1
        pad.first = refused
