# SPDX-License-Identifier: Apache-2.0
"""One queue of the clock-domain crossing under two clocks that tick as they like."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from amaranth.hdl import (
    Cat,
    DomainRenamer,
    EnableInserter,
    Fragment,
    Module,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib.fifo import AsyncFIFO
from amaranth.lib.wiring import In, Out

from alpine_models.tile import CROSSING_DEPTH
from alpine_rtl.crossing import crossing_queue
from alpine_rtl.typed import Component, like

from .state import elaborate_with_registers, memories_inside

__all__ = ["CROSSING_PROPERTIES", "CrossingHarness"]

CROSSING_PROPERTIES: dict[str, str] = {
    "crossing_data": "Entry number n that leaves is entry number n that came, unchanged: none is "
    "lost, doubled or overtaken.",
    "crossing_unasked": "Nothing leaves that has not come.",
    "crossing_overflow": "Nothing comes while all entries are taken.",
    "crossing_withdrawn": "What is offered to the reading side stays until it is taken (unchanged, "
    "by `crossing_data`), and room shown to the writing side stays until it is used.",
    "crossing_late": "An entry whose turn it is is offered at the third edge of the reading clock "
    "after it came, at the latest.",
    "crossing_room_late": "Room is shown at the third edge of the writing clock after an entry "
    "left, at the latest.",
    "crossing_gray": "At every edge at most one bit of what crosses changes.",
}
"""What the ``violated_<name>`` outputs of `CrossingHarness` stand for."""

PAYLOAD_BITS = 2
"""Data are moved, never looked at; so a few bits show as much as many."""

POINTER_BITS = CROSSING_DEPTH.bit_length()
SYNCHRONISER_EDGES = 2


class CrossingHarness(Component):
    """A queue whose two clocks tick, or do not, in every step of the solver.

    Every order of the edges of two unrelated clocks is a sequence of such steps, edges at the same
    time included. Resets are left out; metastability is not modelled, but that a pointer changes
    by one bit at a time, so that either value may be seen, is one of the properties.

    Parameters
    ----------
    queue : AsyncFIFO, optional
        Another design in place of the crossing's: a planted fault.

    Members
    -------
    write_tick, read_tick : In(1)
        The clock of that side has an edge at the end of this step.
    w_en, w_data, r_en : In
        The queue's inputs.
    choose : In(1)
        Follow the entry written at this edge, unless another is being followed.
    violated_<property> : Out(1), for `CROSSING_PROPERTIES`.
    seen_full, seen_chosen : Out(1)
        All entries are taken; the followed entry leaves.
    broken_pointers, broken_followed, broken_waiting : Out(1)
        What the proof needs to know about reachable states.
    reset : Out(1)
        Claims are about times when it is low.
    """

    write_tick: Signal
    read_tick: Signal
    w_en: Signal
    w_data: Signal
    r_en: Signal
    choose: Signal
    violated_crossing_data: Signal
    violated_crossing_unasked: Signal
    violated_crossing_overflow: Signal
    violated_crossing_withdrawn: Signal
    violated_crossing_late: Signal
    violated_crossing_room_late: Signal
    violated_crossing_gray: Signal
    broken_pointers: Signal
    broken_followed: Signal
    broken_waiting: Signal
    reset: Signal
    seen_full: Signal
    seen_chosen: Signal

    def __init__(self, *, queue: AsyncFIFO | None = None):
        self.invariants = ("pointers", "followed", "waiting")
        self.assume_low = ("reset",)
        self._queue = queue or crossing_queue(PAYLOAD_BITS, source="write", target="read")
        super().__init__(
            {
                "write_tick": In(1),
                "read_tick": In(1),
                "w_en": In(1),
                "w_data": In(PAYLOAD_BITS),
                "r_en": In(1),
                "choose": In(1),
                **{f"violated_{name}": Out(1) for name in CROSSING_PROPERTIES},
                **{f"broken_{name}": Out(1) for name in self.invariants},
                "reset": Out(1),
                "seen_full": Out(1),
                "seen_chosen": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        queue = self._queue
        # The queue holds its reading side in reset by two registers of that side's clock.
        ticks = {"write": self.write_tick, "read": self.read_tick, "async_ff": self.read_tick}
        rename: Any = DomainRenamer({"write": "sync", "read": "sync"})
        enable: Any = EnableInserter(ticks)
        fragment, registers = elaborate_with_registers(
            rename(enable(queue)), domains=("sync", "async_ff")
        )
        m.submodules.queue = fragment
        m.d.comb += [
            queue.w_en.eq(self.w_en),
            queue.w_data.eq(self.w_data),
            queue.r_en.eq(self.r_en),
        ]
        pointers = _Pointers(registers)
        moves = _Moves(
            written=self.write_tick & self.w_en & queue.w_rdy,
            read=self.read_tick & self.r_en & queue.r_rdy,
        )
        entry = self._follow(m, fragment, pointers, moves)
        self._judge_pointers(m, pointers, moves)
        room = self._judge_offers(m, pointers, moves.read)
        m.d.comb += [
            self.reset.eq(ResetSignal("sync")),
            self.broken_waiting.eq(_impatient(pointers, entry, room)),
        ]
        return m

    def _follow(
        self, m: Module, fragment: Fragment, pointers: "_Pointers", moves: "_Moves"
    ) -> "tuple[Signal, Value]":
        """Follow one entry to the reading side; return how long it waits, and whether it may go."""
        queue, (written, read) = self._queue, moves
        following = Signal()
        place, data = Signal(POINTER_BITS), Signal(PAYLOAD_BITS)
        stored = _stored(fragment, place[:-1])
        with m.If(written & self.choose & ~following):
            m.d.sync += [following.eq(1), place.eq(pointers.write), data.eq(self.w_data)]
        its_turn = following & (place == pointers.read)
        leaves = its_turn & read
        with m.If(leaves):
            m.d.sync += following.eq(0)
        offered = its_turn & queue.r_rdy
        m.d.comb += [
            self.seen_chosen.eq(leaves),
            self.violated_crossing_data.eq(offered & (queue.r_data != data)),
            self.broken_followed.eq(
                following
                & (
                    (_distance(pointers.read, place) >= _distance(pointers.read, pointers.write))
                    | (stored != data)
                )
            ),
        ]
        # The reading clock's edges since the entry whose turn it is could first be seen.
        waited = Signal(range(SYNCHRONISER_EDGES + 2))
        with m.If(~its_turn | leaves):
            m.d.sync += waited.eq(0)
        with m.Elif(self.read_tick & ~queue.r_rdy):
            m.d.sync += waited.eq(waited + 1)
        m.d.comb += self.violated_crossing_late.eq(waited > SYNCHRONISER_EDGES)
        return waited, its_turn

    def _judge_pointers(self, m: Module, pointers: "_Pointers", moves: "_Moves") -> None:
        registers, (written, read) = pointers.registers, moves
        used = _distance(pointers.read, pointers.write)
        # Around the circle, from the oldest pointer that a side knows of to the newest.
        circle = pointers.in_order()
        along = [_distance(circle[0], pointer) for pointer in circle]
        disorder = [before > after for before, after in pairwise(along)]
        grays = ("produce_w_gry", "consume_r_gry")
        before = {name: like(registers[name], name=f"{name}_before") for name in grays}
        after_first = Signal()
        m.d.sync += after_first.eq(1)
        for name, kept in before.items():
            m.d.sync += kept.eq(registers[name])
        changes = [sum(kept ^ registers[name]) for name, kept in before.items()]
        m.d.comb += [
            self.violated_crossing_unasked.eq(read & (used == 0)),
            self.violated_crossing_overflow.eq(written & (used == CROSSING_DEPTH)),
            self.violated_crossing_gray.eq(
                after_first & Cat(change > 1 for change in changes).any()
            ),
            self.seen_full.eq(used == CROSSING_DEPTH),
            self.broken_pointers.eq(
                Cat(*disorder, along[-1] > CROSSING_DEPTH).any()
                | (registers["produce_w_gry"] != _gray(pointers.write))
                | (registers["consume_r_gry"] != _gray(pointers.read))
                | (pointers.held[0] & (pointers.write_seen[0] != pointers.read))
                | (pointers.held[0] & ~pointers.held[1])
                | (pointers.held[1] & (pointers.write_seen[1] != pointers.read))
            ),
        ]

    def _judge_offers(
        self, m: Module, pointers: "_Pointers", read: Value
    ) -> "tuple[Signal, Value]":
        queue = self._queue
        offered, room = Signal(), Signal()
        m.d.sync += [
            offered.eq(queue.r_rdy & ~read),
            room.eq(queue.w_rdy & ~(self.write_tick & self.w_en)),
        ]
        m.d.comb += self.violated_crossing_withdrawn.eq(
            (offered & ~queue.r_rdy) | (room & ~queue.w_rdy)
        )
        waited = Signal(range(SYNCHRONISER_EDGES + 2))
        blocked = ~queue.w_rdy & (_distance(pointers.read, pointers.write) != CROSSING_DEPTH)
        with m.If(~blocked):
            m.d.sync += waited.eq(0)
        with m.Elif(self.write_tick):
            m.d.sync += waited.eq(waited + 1)
        m.d.comb += self.violated_crossing_room_late.eq(waited > SYNCHRONISER_EDGES)
        return waited, blocked


class _Moves(NamedTuple):
    """Whether an entry comes and one leaves at the end of this step."""

    written: Value
    read: Value


def _impatient(
    pointers: "_Pointers", entry: tuple[Signal, Value], room: tuple[Signal, Value]
) -> Value:
    """Whether a wait is longer than what the synchronisers have passed on meanwhile."""
    (entry_waited, its_turn), (room_waited, blocked) = entry, room
    seen = [_distance(pointers.read, pointer) != 0 for pointer in pointers.write_seen]
    freed = [_distance(pointer, pointers.write) != CROSSING_DEPTH for pointer in pointers.read_seen]
    return (
        (its_turn & (entry_waited == 1) & (~seen[0] | pointers.held[0]))
        | (its_turn & (entry_waited == 2) & (~seen[1] | pointers.held[1]))
        | (~its_turn & (entry_waited > 1))
        | (blocked & (room_waited == 1) & ~freed[0])
        | (blocked & (room_waited == 2))
    )


class _Pointers:
    """The queue's pointers and what each side knows of the other's, all in binary."""

    def __init__(self, registers: Mapping[str, Signal]):
        self.registers = registers
        self.write, self.read = registers["produce_w_bin"], registers["consume_r_bin"]
        self.write_seen = [_binary(registers[f"produce_cdc.stage{k}"]) for k in (0, 1)]
        self.held = [registers[f"rst_cdc.stage{k}"] for k in (0, 1)]
        self.read_seen = [_binary(registers[f"consume_cdc.stage{k}"]) for k in (0, 1)]

    def in_order(self) -> list[Value]:
        """From the reading pointer as the writing side knows it, up to the writing pointer."""
        return [
            self.read_seen[1],
            self.read_seen[0],
            self.read,
            self.write_seen[1],
            self.write_seen[0],
            self.write,
        ]


def _distance(behind: Value, ahead: Value) -> Value:
    return (ahead - behind)[:POINTER_BITS]


def _gray(number: Value) -> Value:
    return number ^ (number >> 1)


def _binary(gray: Value) -> Value:
    return Cat(gray[k:].xor() for k in range(POINTER_BITS))


def _stored(fragment: Fragment, address: Value) -> Signal:
    """Return what the queue's memory holds at an address, through a port of the proof's own."""
    data = Signal(PAYLOAD_BITS)
    (memory,) = memories_inside(fragment)
    memory.read_port(domain="comb", addr=address, data=data, en=Value.cast(1), transparent_for=())
    return data
