# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled entry point of the memory system: look lines up."""

from collections.abc import Callable

from alpine_platform.compiled.compiling import FINGERPRINT, entry

from .memory_kernel import access


def entry_point(fingerprint):
    """Make the function that Python calls; see `compiling` for the fingerprint."""

    @entry
    def look_up(mem, core, addresses, write, cycle):
        """Time a chain of accesses, each beginning in the cycle after the one before has its line.

        Returns the cycle after the last one.
        """
        if fingerprint != 0:
            for index in range(addresses.shape[0]):
                cycle = access(mem, core, addresses[index], write, cycle) + 1
        return cycle

    return look_up


look_up: Callable[..., int] = entry_point(FINGERPRINT)
