# SPDX-License-Identifier: Apache-2.0
"""Control and status registers of a CV32E40P without debugger and counters of events.

Source: CV32E40P User Manual, chapter "Control and Status Registers".
"""

from enum import IntEnum

__all__ = ["CSRS", "Csr", "slow_csrs"]


class Csr(IntEnum):
    """Numbers of the registers."""

    MSTATUS = 0x300
    MISA = 0x301
    MIE = 0x304
    MTVEC = 0x305
    MCOUNTINHIBIT = 0x320
    MSCRATCH = 0x340
    MEPC = 0x341
    MCAUSE = 0x342
    MTVAL = 0x343
    MIP = 0x344
    MCYCLE = 0xB00
    MINSTRET = 0xB02
    MCYCLEH = 0xB80
    MINSTRETH = 0xB82
    CYCLE = 0xC00
    INSTRET = 0xC02
    CYCLEH = 0xC80
    INSTRETH = 0xC82
    LPSTART0 = 0xCC0
    LPEND0 = 0xCC1
    LPCOUNT0 = 0xCC2
    LPSTART1 = 0xCC4
    LPEND1 = 0xCC5
    LPCOUNT1 = 0xCC6
    UHARTID = 0xCD0
    PRIVLV = 0xCD1
    MVENDORID = 0xF11
    MARCHID = 0xF12
    MIMPID = 0xF13
    MHARTID = 0xF14


CSRS = tuple(Csr)
"""All of them; others are illegal instructions."""


def slow_csrs() -> list[int]:
    """Return those whose access takes four cycles (manual, "Cycle counts per instruction type")."""
    return [
        int(each)
        for each in (
            Csr.MSTATUS,
            Csr.MEPC,
            Csr.MTVEC,
            Csr.MCAUSE,
            Csr.MCYCLE,
            Csr.MINSTRET,
            Csr.MCYCLEH,
            Csr.MINSTRETH,
            Csr.MCOUNTINHIBIT,
        )
    ]
