# SPDX-License-Identifier: Apache-2.0
"""Programs for the cluster out of a few instructions, without an assembler."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.cosim.small_elf import EXIT, L2, write_elf

from alpine_models.register_map import RegisterMap

__all__ = [
    "DEPTHWISE",
    "DMA",
    "EVENTS",
    "IMA",
    "TCDM",
    "barrier",
    "cluster_elf",
    "keep",
    "load",
    "run_context",
    "store",
    "until_finished",
    "wait_for",
]

TCDM = 0x10000000
EVENT_UNIT, IMA, DEPTHWISE, DMA = 0x10200000, 0x10201000, 0x10201400, 0x10201800
EVENTS = {DMA: 2, IMA: 4, DEPTHWISE: 8}
"""Masks of the events of either."""
T0, T1, T2, T3, A0 = 5, 6, 7, 28, 10


def constant(register: int, value: int) -> list[int]:
    """lui and addi: a register becomes a word."""
    low = (value & 0xFFF) - ((value & 0x800) << 1)
    high = (value - low) >> 12 & 0xFFFFF
    return [high << 12 | register << 7 | 0x37, addi(register, register, low)]


def addi(target: int, source: int, value: int) -> int:
    return (value & 0xFFF) << 20 | source << 15 | target << 7 | 0x13


def store(address: int, value: int) -> list[int]:
    """A word is written to an address."""
    return [*constant(T0, address), *constant(T1, value), T1 << 20 | T0 << 15 | 2 << 12 | 0x23]


def load(address: int, register: int = T1) -> list[int]:
    """A word is read from an address."""
    return [*constant(T0, address), T0 << 15 | 2 << 12 | register << 7 | 0x03]


def keep(address: int) -> list[int]:
    """What register a0 holds is written to an address, from where it can be read at the end."""
    return [*constant(T0, address), A0 << 20 | T0 << 15 | 2 << 12 | 0x23]


def event_load(address: int) -> list[int]:
    """cv.elw."""
    return [*constant(T0, address), T0 << 15 | 3 << 12 | T1 << 7 | 0x0B]


def wait_for(mask: int) -> list[int]:
    """Sleep until an event of a mask is there, and clear it."""
    return [*store(EVENT_UNIT, mask), *event_load(EVENT_UNIT + 0x10)]


def barrier() -> list[int]:
    """Sleep until all harts are here."""
    return event_load(EVENT_UNIT + 0x108)


def until_finished(base: int, count: int) -> list[int]:
    """Read an accelerator's finished contexts until so many have come."""
    return [
        *constant(T0, base + 8),
        addi(T2, 0, 0),
        addi(T3, 0, count),
        T0 << 15 | 2 << 12 | T1 << 7 | 0x03,  # lw t1, (t0)
        T1 << 20 | T2 << 15 | T2 << 7 | 0x33,  # add t2, t2, t1
        # blt t2, t3, -8
        0x7F << 25 | 1 << 31 | T3 << 20 | T2 << 15 | 4 << 12 | 0b1100 << 8 | 1 << 7 | 0x63,
    ]


def run_context(base: int, registers: RegisterMap, words: Mapping[str, int]) -> list[int]:
    """Acquire a context, write its registers and trigger it."""
    found = load(base + registers["acquire"].offset)
    for name, word in words.items():
        found += store(base + registers[name].offset, word)
    return found + store(base, 0)


def cluster_elf(path: Path, harts: Sequence[Iterable[list[int]]]) -> Path:
    """Write a program in which every hart does its part; all end together, at a barrier."""
    words: list[int] = []
    for hart, parts in enumerate(harts):
        body = [word for part in parts for word in part] + barrier()
        body += [*constant(A0, 0), *EXIT]
        words += constant(T1, hart)
        words.append(T1 << 20 | A0 << 15 | 4 << 8 | 0x63)  # beq a0, t1, 8
        distance = 4 * (len(body) + 1)
        words.append(
            (distance >> 1 & 0x3FF) << 21
            | (distance >> 11 & 1) << 20
            | (distance >> 12 & 0xFF) << 12
            | 0x6F
        )
        words += body
    return write_elf(
        path, b"".join((word & 0xFFFFFFFF).to_bytes(4, "little") for word in words), base=L2
    )
