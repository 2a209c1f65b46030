# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The shared memory: who is granted, and what becomes of any one byte."""

from collections.abc import Mapping
from typing import Any, ClassVar

from amaranth.hdl import Array, Module, Mux, Signal, Value

from alpine_rtl.cluster.tcdm import Tcdm
from alpine_rtl.formal.state import memories_inside
from alpine_rtl.typed import any_of

from .block import BlockHarness, was

__all__ = ["BANKS", "BYTE_MASTERS", "GRANT_MASTERS", "WORDS", "TcdmByteHarness", "TcdmGrantHarness"]

GRANT_MASTERS = {"core0": 4, "core1": 4, "dma": 8}
BYTE_MASTERS = {"core0": 4, "dma": 8}
BANKS, WORDS = 4, 2
BANK_BITS = 2
ADDRESS_BITS = 5
"""Of the whole memory; it repeats behind that."""


class _Masters(BlockHarness):
    """The memory, whose masters ask for whatever they like.

    Parameters
    ----------
    masters : bytes of each port, by name.
    design : see `BlockHarness`.
    inputs : shapes of further inputs.
    """

    def __init__(
        self, masters: Mapping[str, int], design: Tcdm | None, inputs: Mapping[str, int]
    ) -> None:
        self.masters = masters
        fields = {"req": 1, "addr": 32, "write": 1}
        asked = {
            f"{name}_{field}": shape
            for name, size in masters.items()
            for field, shape in {**fields, "be": size, "wdata": 8 * size}.items()
        }
        super().__init__(
            design or Tcdm(masters=masters, words=WORDS, banks=BANKS), {**asked, **inputs}
        )

    def begin(self) -> Module:
        """Return a module with the memory, its masters' inputs connected."""
        m = super().begin()
        for name in self.masters:
            port = self.design.port(name)
            for field in ("req", "addr", "write", "be", "wdata"):
                m.d.comb += getattr(port, field).eq(self.free(f"{name}_{field}"))
        return m


class TcdmGrantHarness(_Masters):
    """The interconnect with three masters.

    Parameters
    ----------
    design : see `BlockHarness`.
    """

    properties: ClassVar[Mapping[str, str]] = {
        "tcdm_bank_twice": "No bank is granted to two masters in a cycle.",
        "tcdm_unasked": "Only who asks is granted.",
        "tcdm_refused": "Who asks is granted unless a bank of the access is another's.",
        "tcdm_starved": "None is refused for more cycles in a row than there are others.",
    }
    situations: ClassVar[tuple[str, ...]] = ("waited",)

    def __init__(self, *, design: Tcdm | None = None):
        super().__init__(GRANT_MASTERS, design, {})

    def elaborate(self, platform: object) -> Module:
        m = self.begin()
        self._judge_grants(m, {name: self._banks(m, name) for name in self.masters})
        self._judge_waits(m)
        return m

    def _banks(self, m: Module, master: str) -> Signal:
        """Return the banks of an access, byte by byte."""
        port, banks = self.design.port(master), Signal(BANKS, name=f"{master}_needs")
        for byte in range(self.masters[master]):
            bank = ((port.addr + byte) >> 2)[:BANK_BITS]
            with m.If(port.be[byte]):
                m.d.comb += banks.bit_select(bank, 1).eq(1)
        return banks

    def _judge_grants(self, m: Module, banks: dict[str, Signal]) -> None:
        ports = {name: self.design.port(name) for name in self.masters}
        granted = {name: Mux(ports[name].gnt, banks[name], 0) for name in self.masters}
        twice: list[Value] = []
        refused: list[Value] = []
        for name, port in ports.items():
            others: Value = Value.cast(0)
            for other in self.masters:
                if other != name:
                    others |= granted[other]
            twice.append((granted[name] & others).any())
            refused.append(port.req & ~port.gnt & ~(banks[name] & others).any())
        self.judge(
            m,
            tcdm_bank_twice=any_of(twice),
            tcdm_unasked=any_of(port.gnt & ~port.req for port in ports.values()),
            tcdm_refused=any_of(refused),
        )

    def _judge_waits(self, m: Module) -> None:
        count, first = len(self.masters), self.registers["first"]
        starved: list[Value] = []
        broken: list[Value] = [first >= count]
        waited: list[Value] = []
        for number, name in enumerate(self.masters):
            port, cycles = self.design.port(name), Signal(range(count + 2), name=f"{name}_waits")
            refused = port.req & ~port.gnt
            m.d.sync += cycles.eq(Mux(refused, cycles + 1, 0))
            starved.append(refused & (cycles == count - 1))
            waited.append(port.gnt & (cycles == count - 1))
            # Every refusal brings a master nearer to being looked at first.
            distance = Mux(first > number, number + count - first, number - first)
            broken.append((cycles != 0) & (cycles + distance > count - 1))
        self.judge(
            m,
            tcdm_starved=any_of(starved),
            seen_waited=any_of(waited),
            broken_state=any_of(broken),
        )


class TcdmByteHarness(_Masters):
    """Banks and interconnect with two masters, and one byte of the memory, any of them.

    Parameters
    ----------
    design : see `BlockHarness`.

    Members
    -------
    watched : In(5)
        Address of the byte; that of the first cycle counts.
    """

    properties: ClassVar[Mapping[str, str]] = {
        "tcdm_answer": "A read is answered in the cycle behind its grant, to its master and to "
        "nobody else.",
        "tcdm_data": "A byte that is read is the one written last: so of an access that is granted "
        "all bytes take place, and of one refused, or not enabled, none does.",
    }
    situations: ClassVar[tuple[str, ...]] = ("read_back",)

    def __init__(self, *, design: Tcdm | None = None):
        super().__init__(BYTE_MASTERS, design, {"watched": ADDRESS_BITS})
        self._stored = [_read_port(memory) for memory in memories_inside(self._fragment)]

    def elaborate(self, platform: object) -> Module:
        m = self.begin()
        self._judge_bytes(m)
        return m

    def _judge_bytes(self, m: Module) -> None:
        chosen, place = Signal(), Signal(ADDRESS_BITS, name="place")
        kept = Signal(ADDRESS_BITS, name="kept_place")
        content = Signal(8, name="content", reset_less=True)
        written = Signal(name="written")
        m.d.comb += place.eq(Mux(chosen, kept, self.free("watched")))
        m.d.sync += [chosen.eq(1), kept.eq(place)]
        stored = Array(data for data, _ in self._stored)
        word = Signal(32, name="stored_word")
        for _, address in self._stored:
            m.d.comb += address.eq(place[2 + BANK_BITS :])
        m.d.comb += word.eq(stored[place[2 : 2 + BANK_BITS]])
        wrong: list[Value] = []
        answered: list[Value] = []
        read_back: list[Value] = []
        with m.If(~chosen):
            # What is there from before counts as written.
            m.d.sync += content.eq(word.word_select(place[:2], 8))
        for name, size in self.masters.items():
            port = self.design.port(name)
            reads = port.req & port.gnt & ~port.write
            asked = was(m, reads, name=f"{name}_asked")
            answered.append(port.rvalid != asked)
            for byte in range(size):
                here = port.req & port.gnt & port.be[byte]
                here &= (port.addr + byte)[:ADDRESS_BITS] == place
                with m.If(here & port.write):
                    m.d.sync += [content.eq(port.wdata.word_select(byte, 8)), written.eq(1)]
                expects = was(m, chosen & here & ~port.write, name=f"{name}_reads{byte}")
                expected = Signal(8, name=f"{name}_expected{byte}")
                m.d.sync += expected.eq(content)
                wrong.append(expects & (port.rdata.word_select(byte, 8) != expected))
                read_back.append(expects & written & (expected != 0))
        self.judge(
            m,
            tcdm_answer=any_of(answered),
            tcdm_data=any_of(wrong),
            seen_read_back=any_of(read_back),
            broken_state=chosen & (word.word_select(place[:2], 8) != content),
        )


def _read_port(memory: Any) -> tuple[Signal, Signal]:
    """Return data and address of a port of the proof's own."""
    data, address = Signal(32), Signal((WORDS - 1).bit_length())
    memory.read_port(domain="comb", addr=address, data=data, en=Value.cast(1), transparent_for=())
    return data, address
