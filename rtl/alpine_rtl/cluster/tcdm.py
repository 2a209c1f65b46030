# SPDX-License-Identifier: Apache-2.0
"""Tightly coupled data memory: word-interleaved banks behind an interconnect of one cycle."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In
from amaranth.utils import bits_for

from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.pins import PinSignature
from alpine_rtl.typed import Component

from .ports import MemorySignature, SharedMemoryPort

__all__ = ["BANKS", "Tcdm", "cluster_masters"]

BANKS = 32
"""Banks of 32 bits (Garofalo et al. 2022)."""

WORDS = 4096
"""Words of a bank: 512 kB in all (Garofalo et al. 2022)."""

WORD_BYTES = 4


def cluster_masters(config: ImcConfig) -> dict[str, int]:
    """Return the bytes of the ports of all that use the memory: cores, DMA, accelerators."""
    names = ("hwpe", "hwpe_out")[: config.memory_ports]
    cores = {f"core{number}": WORD_BYTES for number in range(8)}
    return {**cores, "dma": 8, **dict.fromkeys(names, config.port_bytes)}


class Tcdm(Component):
    """Serve every master whose banks are free in the same cycle.

    Masters are looked at in their order, from one of them on and round. One is granted all banks
    that it touches or none; a read answers in the next cycle. The next cycle begins with the first
    master that was refused, or with the same as this one. So none waits for more cycles than there
    are others. ``gnt`` depends on the requests of the same cycle. Addresses repeat behind the
    memory's size.

    Parameters
    ----------
    masters : mapping of str to int
        Bytes of each master's port, by name.
    words : int
        Words of a bank, a power of two.

    Members
    -------
    <master> : In(MemorySignature) for each master
    """

    def __init__(self, *, masters: Mapping[str, int], words: int = WORDS):
        self.masters = dict(masters)
        self.words = words
        super().__init__(
            PinSignature({name: In(MemorySignature(size)) for name, size in masters.items()})
        )

    def port(self, master: str) -> SharedMemoryPort:
        """Return the member of a master."""
        return getattr(self, master)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        touched = [self._touched(m, name, size) for name, size in self.masters.items()]
        self._arbitrate(m, touched)
        banks = [self._bank(m, number, touched) for number in range(BANKS)]
        for name, size in self.masters.items():
            self._answer(m, name, size, banks)
        return m

    def _touched(self, m: Module, master: str, size: int) -> Signal:
        """Return the banks that a request needs, a bit each."""
        port = self.port(master)
        words = size // WORD_BYTES + 1
        lanes = Signal(words * WORD_BYTES, name=f"{master}_lanes")
        banks = Signal(BANKS, name=f"{master}_banks")
        first = port.addr[2:7]
        used = Cat(lanes.word_select(word, WORD_BYTES).any() for word in range(words))
        m.d.comb += [
            lanes.eq(port.be << port.addr[:2]),
            banks.eq(_placed(used, first)),
        ]
        return banks

    def _arbitrate(self, m: Module, touched: list[Signal]) -> None:
        count = len(touched)
        ports = [self.port(name) for name in self.masters]
        first = Signal(range(count))
        next_first = Signal(range(count))
        granted: list[list[Value]] = [[] for _ in ports]
        taken: Value = Signal(BANKS, name="none_taken")
        refused: Value = Signal(name="none_refused")
        m.d.comb += next_first.eq(first)
        # Twice round, of which one turn from the first on counts.
        for place in range(2 * count - 1):
            number = place % count
            if place < count - 1:
                looks = ports[number].req & (first <= place)
            elif place == count - 1:
                looks = ports[number].req
            else:
                looks = ports[number].req & (first > number)
            free, taken_after = Signal(name=f"free{place}"), Signal(BANKS, name=f"taken{place}")
            refused_after = Signal(name=f"refused{place}")
            m.d.comb += [
                free.eq(looks & ~(taken & touched[number]).any()),
                taken_after.eq(taken | Mux(free, touched[number], 0)),
                refused_after.eq(refused | (looks & ~free)),
            ]
            with m.If(looks & ~free & ~refused):
                m.d.comb += next_first.eq(number)
            granted[number].append(free)
            taken, refused = taken_after, refused_after
        m.d.sync += first.eq(next_first)
        for port, places in zip(ports, granted, strict=True):
            m.d.comb += port.gnt.eq(Cat(places).any())

    def _bank(self, m: Module, number: int, touched: list[Signal]) -> Value:
        """Make a bank and return what it reads."""
        memory: Any = Memory(shape=32, depth=self.words, init=[])
        m.submodules[f"bank{number}"] = memory
        write, read = memory.write_port(granularity=8), memory.read_port()
        for (name, size), banks in zip(self.masters.items(), touched, strict=True):
            port = self.port(name)
            words = size // WORD_BYTES + 1
            # Which word of the access is this bank's.
            word = Signal(5, name=f"{name}_word{number}")
            m.d.comb += word.eq(number - port.addr[2:7])
            line = (port.addr[2:] + word)[5 : 5 + bits_for(self.words - 1)]
            data = Signal(32 * words)
            enables = Signal(WORD_BYTES * words)
            m.d.comb += [
                data.eq(port.wdata << (port.addr[:2] << 3)),
                enables.eq(port.be << port.addr[:2]),
            ]
            with m.If(port.gnt & banks[number]):
                m.d.comb += [
                    read.addr.eq(line),
                    read.en.eq(~port.write),
                    write.addr.eq(line),
                    write.data.eq(data.word_select(word[: bits_for(words - 1)], 32)),
                    write.en.eq(
                        Mux(port.write, enables.word_select(word[: bits_for(words - 1)], 4), 0)
                    ),
                ]
        return read.data

    def _answer(self, m: Module, master: str, size: int, banks: list[Value]) -> None:
        port = self.port(master)
        place = Signal(7, name=f"{master}_place")
        m.d.sync += port.rvalid.eq(port.req & port.gnt & ~port.write)
        with m.If(port.req & port.gnt):
            m.d.sync += place.eq(port.addr[:7])
        # Round from the last bank to the first; 64 bytes at any place lie within two turns.
        several = Cat(*banks, *banks)
        wide = Signal(32 * BANKS, name=f"{master}_banks_read")
        m.d.comb += [
            wide.eq((several >> (place << 3))[: 32 * BANKS]),
            port.rdata.eq(wide[: 8 * size]),
        ]


def _placed(used: Value, first: Value) -> Value:
    """Return the bits of an access's words, at the banks from its first on and round."""
    shifted = used << first
    return shifted[:BANKS] | shifted[BANKS:]
