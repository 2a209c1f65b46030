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


class _Moved:
    """Write data and lanes of an access, moved to where they stand in words of the memory."""

    def __init__(self, master: str, *, words: int):
        self.words = words
        self.data = Signal(32 * words, name=f"{master}_moved")
        self.lanes = Signal(WORD_BYTES * words, name=f"{master}_lanes")


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
    banks : int
        A power of two, and no fewer than an access can touch.

    Members
    -------
    <master> : In(MemorySignature) for each master
    """

    def __init__(self, *, masters: Mapping[str, int], words: int = WORDS, banks: int = BANKS):
        self.masters = dict(masters)
        self.words = words
        self.banks = banks
        self._bank_bits = bits_for(banks - 1)
        self._moved: dict[str, _Moved] = {}
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
        banks = [self._bank(m, number, touched) for number in range(self.banks)]
        for name, size in self.masters.items():
            self._answer(m, name, size, banks)
        return m

    def _touched(self, m: Module, master: str, size: int) -> Signal:
        """Return the banks that a request needs, a bit each."""
        port = self.port(master)
        moved = _Moved(master, words=size // WORD_BYTES + 1)
        self._moved[master] = moved
        banks = Signal(self.banks, name=f"{master}_banks")
        first = port.addr[2 : 2 + self._bank_bits]
        used = Cat(moved.lanes.word_select(word, WORD_BYTES).any() for word in range(moved.words))
        m.d.comb += [
            moved.lanes.eq(port.be << port.addr[:2]),
            moved.data.eq(port.wdata << (port.addr[:2] << 3)),
            banks.eq(_placed(used, first, banks=self.banks)),
        ]
        return banks

    def _arbitrate(self, m: Module, touched: list[Signal]) -> None:
        count = len(touched)
        ports = [self.port(name) for name in self.masters]
        first = Signal(range(count))
        next_first = Signal(range(count))
        granted: list[list[Value]] = [[] for _ in ports]
        taken: Value = Signal(self.banks, name="none_taken")
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
            free, taken_after = (
                Signal(name=f"free{place}"),
                Signal(self.banks, name=f"taken{place}"),
            )
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
        for name, banks in zip(self.masters, touched, strict=True):
            port, moved = self.port(name), self._moved[name]
            # Which word of the access is this bank's.
            word = Signal(self._bank_bits, name=f"{name}_word{number}")
            m.d.comb += word.eq(number - port.addr[2 : 2 + self._bank_bits])
            line = (port.addr[2:] + word)[self._bank_bits :][: bits_for(self.words - 1)]
            place = word[: bits_for(moved.words - 1)]
            with m.If(port.gnt & banks[number]):
                m.d.comb += [
                    read.addr.eq(line),
                    read.en.eq(~port.write),
                    write.addr.eq(line),
                    write.data.eq(moved.data.word_select(place, 32)),
                    write.en.eq(Mux(port.write, moved.lanes.word_select(place, WORD_BYTES), 0)),
                ]
        return read.data

    def _answer(self, m: Module, master: str, size: int, banks: list[Value]) -> None:
        port = self.port(master)
        place = Signal(2 + self._bank_bits, name=f"{master}_place")
        m.d.sync += port.rvalid.eq(port.req & port.gnt & ~port.write)
        with m.If(port.req & port.gnt):
            m.d.sync += place.eq(port.addr[: 2 + self._bank_bits])
        # Word by word from the first one's bank on, round from the last bank to the first. In one
        # shift of all banks every bit would depend on every other, for Amaranth to put in order.
        words: list[Value] = []
        for word in range(size // WORD_BYTES + 1):
            bank = Signal(self._bank_bits, name=f"{master}_bank{word}")
            m.d.comb += bank.eq(place[2:] + word)
            words.append(Cat(*banks).word_select(bank, 32))
        m.d.comb += port.rdata.eq((Cat(*words) >> (place[:2] << 3))[: 8 * size])


def _placed(used: Value, first: Value, *, banks: int) -> Value:
    """Return the bits of an access's words, at the banks from its first on and round."""
    shifted = used << first
    return shifted[:banks] | shifted[banks:]
