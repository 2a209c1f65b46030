# SPDX-License-Identifier: Apache-2.0
"""Codes that native cores and Python share: why a run stops, and what a core waits for."""

from enum import IntEnum

__all__ = ["EventWait", "Stall", "Stop"]


class Stop(IntEnum):
    """Why the cores stand."""

    SLICE = 0
    """Time for Python to look at its signals."""
    HOST_CALL = 1
    """A core has executed ecall and the host serves it."""
    TO_HOST = 2
    """A word was written to symbol `tohost`."""
    LIMIT = 3
    """The cycle that was asked for is reached."""
    EXCEPTION = 4
    """An exception that no handler takes."""
    DEADLOCK = 5
    """All cores wait for each other."""
    BAD_LOOP = 6
    """A hardware loop that the manual forbids."""
    EDGE = 7
    """Accelerators are to get a clock edge from whoever holds them."""
    ACCELERATOR_FAULT = 8
    """An accelerator accesses what is not TCDM."""
    ACCELERATORS_BROKEN = 9
    """Something is wrong with the accelerators themselves."""
    DMA_REFUSED = 10
    """A transfer that the DMA cannot make was started."""
    READ_OUT = 11
    """A register was read past the cores."""
    OFF_LOADED = 12
    """A core has an instruction for its coprocessor, which the host answers."""


class Stall(IntEnum):
    """Where the cycles of a core go in which it begins no instruction."""

    LOAD_USE = 0
    """The instruction before was a load of an operand."""
    JUMP_REGISTER = 1
    """The instruction before wrote the register that jalr reads."""
    BRANCH = 2
    """Taken branches."""
    JUMP = 3
    """Jumps, fence.i, mret."""
    ARITHMETIC = 4
    """Divisions and upper halves of products."""
    CSR = 5
    """Accesses to control registers."""
    MISALIGNED = 6
    """Second transactions of accesses across words."""
    BANK_CONFLICT = 7
    """Another core, the DMA or an accelerator had the bank of the TCDM."""
    MEMORY = 8
    """Memory and peripherals other than the TCDM."""
    TRAP = 9
    """Exceptions taken."""
    ASLEEP = 10
    """The core's clock is off: a wait for an event."""
    COPROCESSOR = 11
    """The result of an instruction that a coprocessor executes."""


class EventWait(IntEnum):
    """What a core waits for in the event unit."""

    NOTHING = 0
    EVENT = 1
    BARRIER = 2
