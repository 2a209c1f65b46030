# SPDX-License-Identifier: Apache-2.0
"""Synchronisation between threads."""

from dataclasses import dataclass

from .fields import OBSERVED, Checked, described

__all__ = ["SyncConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncConfig(Checked):
    """Cost of synchronisation between threads, in core cycles and instructions.

    On bare metal, as in the reference runs, a waiting thread costs nothing but what its own code
    does. Under Linux it blocks in the kernel: whoever wakes it makes a system call, and it runs
    again only when the scheduler has switched to it. Threads that find what they wait for, and
    spinning ones, never enter the kernel. Not modelled: the way into the kernel of a thread that
    goes to sleep, which overlaps with its waiting, and the kernel's instructions and cache misses.
    """

    mutex_cycles: int = described(
        "uncontended lock and unlock",
        source=OBSERVED + ": mutex_uncontended",
        minimum=0,
        maximum=10**7,
        default=99,
    )
    mutex_instructions: int = described(
        "instructions of a lock and unlock", source=OBSERVED, minimum=0, maximum=10**7, default=91
    )
    handover_cycles: int = described(
        "mutex and condition variable, notify to the waiter running",
        source=OBSERVED + ": pp_mutex_flag, half a round trip",
        minimum=0,
        maximum=10**7,
        default=544,
    )
    handover_instructions: int = described(
        "instructions of a hand-over, both sides",
        source=OBSERVED,
        minimum=0,
        maximum=10**7,
        default=758,
    )
    flag_cycles: int = described(
        "atomic flag, store to the spinning reader's continuation",
        source=OBSERVED + ": pp_atomic_flag, half a round trip",
        minimum=0,
        maximum=10**7,
        default=44,
    )
    flag_instructions: int = described(
        "instructions of a flag hand-over, both sides",
        source=OBSERVED + ": pp_atomic_flag",
        minimum=0,
        maximum=10**7,
        default=21,
    )
    spin_cycles: float = described(
        "one look of a spinning core at its flag",
        source=OBSERVED + ": pp_read1k, pp_wait and pp_write1k, 391 looks in 1,633 cycles",
        minimum=1,
        maximum=1e6,
        default=4.2,
    )
    spin_instructions: int = described(
        "instructions of such a look: load, comparison, branch",
        source=OBSERVED + ": pp_write1k, 515 instructions and 267 loads and stores",
        minimum=0,
        maximum=1000,
        default=3,
    )
    linux: bool = described(
        "waiting threads block in the kernel (--sync linux); false: bare metal",
        source="this project: an option; the paper's programs ran under Linux 4.3",
        default=False,
    )
    futex_wake_cycles: int = described(
        "under Linux, system call by which a core wakes the threads that it finds blocked",
        source="Nolte et al., HW-FUTEX, IEEE TVLSI 32(1), 2024, abstract: 350 cycles are at least"
        " 90 % less",
        minimum=0,
        maximum=10**7,
        default=3500,
    )
    futex_resume_cycles: int = described(
        "under Linux, from the end of that call to the blocked thread running: scheduler, switch",
        source="UnixBench 5.1.3 on a Pinebook (Cortex-A53 at 1.152 GHz, Linux 3.10), gist"
        " 26e5157b7a78b8878a5e9234efc0872c: 63,925 pipe round trips and 334,252 pipe calls a"
        " second, so (15.64 us - 2 x 2.99 us) / 2 = 4.83 us or 5,560 cycles per hand-over,"
        " less the 3,500 of the waker",
        minimum=0,
        maximum=10**7,
        default=2060,
    )
