# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The address generator beside a loop nest that counts up and adds."""

from collections.abc import Mapping
from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal, Value

from alpine_rtl.cluster.addresses import LOOP_NEST, RUN_BITS, AddressGenerator, LoopNest
from alpine_rtl.cluster.ports import ADDRESS_BITS
from alpine_rtl.typed import any_of

from .block import BlockHarness

__all__ = ["AddressHarness", "LoopReference"]

PORT_BYTES = 4


class LoopReference:
    """Where a loop nest leads, as nested loops over pointers that count their turns up.

    In C::

        for (turn3 = 0, p3 = base; turn3 < length3; turn3 += 1, p3 += stride3)
            for (turn2 = 0, p2 = p3; ...)
                for (turn1 = 0, p1 = p2; ...)
                    for (within = 0, p = p1; within < run_bytes; within += port, p += port)

    Members
    -------
    walking : beats remain; low as well after a load with a length of 0.
    address, count, last_of_run, last_of_vector, last : of the current beat, as in
        `AddressGenerator`.
    within : bytes of the run that are passed.
    turns, lengths : of the three outer loops, the innermost of them first.
    """

    def __init__(
        self, m: Module, *, load: Value, loops: LoopNest, advance: Value, port_bytes: int
    ) -> None:
        self._port_bytes = port_bytes
        self._kept = kept = LOOP_NEST.signal(name="kept")
        self.lengths = (kept.length1, kept.length2, kept.length3)
        self._strides = (kept.stride1, kept.stride2, kept.stride3)
        self._pointers = [Signal(ADDRESS_BITS, name=f"pointer{level}") for level in (1, 2, 3)]
        self.turns = [Signal(ADDRESS_BITS, name=f"turn{level}") for level in (1, 2, 3)]
        self.address = Signal(ADDRESS_BITS, name="pointer")
        self.walking = Signal(name="walking")
        self.within = Signal(RUN_BITS, name="within")
        rest = (kept.run_bytes - self.within)[:RUN_BITS]
        at_end = [turn + 1 == length for turn, length in zip(self.turns, self.lengths, strict=True)]
        self.last_of_run = rest <= port_bytes
        self.count = Mux(self.last_of_run, rest, port_bytes)
        self.last_of_vector = self.last_of_run & at_end[0]
        self.last = self.last_of_vector & at_end[1] & at_end[2]
        with m.If(load):
            m.d.sync += [self.walking.eq(~is_empty(loops)), kept.eq(loops), self.within.eq(0)]
            m.d.sync += [turn.eq(0) for turn in self.turns]
            m.d.sync += [each.eq(loops.base) for each in (self.address, *self._pointers)]
        with m.Elif(advance & self.walking):
            with m.If(~self.last_of_run):
                m.d.sync += self.within.eq(self.within + port_bytes)
                m.d.sync += self.address.eq(self.address + port_bytes)
            with m.Else():
                m.d.sync += self.within.eq(0)
                self._next_turn(m, at_end)
            with m.If(self.last):
                m.d.sync += self.walking.eq(0)

    def _next_turn(self, m: Module, at_end: list[Value]) -> None:
        inner_end: Value = Value.cast(1)
        for level, turn in enumerate(self.turns):
            pointer = (self._pointers[level] + self._strides[level])[:ADDRESS_BITS]
            with m.If(inner_end & ~at_end[level]):
                m.d.sync += [turn.eq(turn + 1), self.address.eq(pointer)]
                m.d.sync += [inner.eq(0) for inner in self.turns[:level]]
                m.d.sync += [each.eq(pointer) for each in self._pointers[: level + 1]]
            inner_end &= at_end[level]

    def broken(self, registers: Mapping[str, Signal], *, prefix: str = "") -> Value:
        """Return whether the registers of a generator that walks are not those of this place."""
        kept, within = self._kept, self.within
        wrong = [
            within >= kept.run_bytes,
            registers[f"{prefix}run_bytes"] != kept.run_bytes,
            registers[f"{prefix}bytes_left"] != (kept.run_bytes - within)[:RUN_BITS],
            registers[f"{prefix}address"] != self.address,
        ]
        for level, turn in enumerate(self.turns):
            length = self.lengths[level]
            wrong += [
                turn >= length,
                registers[f"{prefix}held_length{level + 1}"] != length,
                registers[f"{prefix}held_stride{level + 1}"] != self._strides[level],
                registers[f"{prefix}left{level + 1}"] != (length - turn)[:ADDRESS_BITS],
                registers[f"{prefix}start{level + 1}"] != self._pointers[level],
            ]
        return self.walking & any_of(wrong)


def is_empty(loops: LoopNest) -> Value:
    """Return whether a length is 0, which no nest may have."""
    lengths = (loops.run_bytes, loops.length1, loops.length2, loops.length3)
    return any_of(length == 0 for length in lengths)


class AddressHarness(BlockHarness):
    """The address generator, loaded and advanced whenever the solver likes.

    Parameters
    ----------
    design : see `BlockHarness`.
    """

    properties: ClassVar[Mapping[str, str]] = {
        "nest_address": "Every beat has the address of its place in the loop nest.",
        "nest_count": "It has the port's bytes, or those that are left of its run.",
        "nest_ends": "It is the last of run, vector and nest where it is in the loop nest.",
    }
    situations: ClassVar[tuple[str, ...]] = ("level1", "level2", "level3")

    def __init__(self, *, design: AddressGenerator | None = None):
        super().__init__(
            design or AddressGenerator(port_bytes=PORT_BYTES),
            {"load": 1, "loops": LOOP_NEST.as_shape().width, "advance": 1},
        )

    def elaborate(self, platform: object) -> Module:
        m = self.begin()
        generator, load, advance = self.design, self.free("load"), self.free("advance")
        loops = LOOP_NEST(self.free("loops"))
        m.d.comb += [
            generator.load.eq(load),
            generator.loops.eq(loops),
            generator.advance.eq(advance),
        ]
        nest = LoopReference(m, load=load, loops=loops, advance=advance, port_bytes=PORT_BYTES)
        ends = [
            generator.last_of_run != nest.last_of_run,
            generator.last_of_vector != nest.last_of_vector,
            generator.last != nest.last,
        ]
        situations = {
            f"seen_level{level}": nest.walking & (turn != 0) & (nest.within != 0)
            for level, turn in enumerate(nest.turns, 1)
        }
        self.judge(
            m,
            nest_address=nest.walking & (generator.address != nest.address),
            nest_count=nest.walking & (generator.count != nest.count),
            nest_ends=nest.walking & any_of(ends),
            broken_state=nest.broken(self.registers),
            **situations,
        )
        return m
