# SPDX-License-Identifier: Apache-2.0
"""Nested address generator: a base and four levels of length and stride."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_rtl.typed import Component, Record, RecordLayout

from .ports import ADDRESS_BITS

__all__ = ["LOOP_NEST", "RUN_BITS", "AddressGenerator", "LoopNest"]

RUN_BITS = 16
"""Width of a run's length in bytes."""

LOOP_BITS = 32
"""Width of a loop's length."""


class LoopNest(Record):
    """Where four nested loops lead: a base, the innermost length in bytes, three outer loops.

    Lengths are at least 1; strides are in two's complement.
    """

    base: Value
    run_bytes: Value
    length1: Value
    stride1: Value
    length2: Value
    stride2: Value
    length3: Value
    stride3: Value


LOOP_NEST = RecordLayout(
    LoopNest,
    {
        "base": ADDRESS_BITS,
        "run_bytes": RUN_BITS,
        "length1": LOOP_BITS,
        "stride1": ADDRESS_BITS,
        "length2": LOOP_BITS,
        "stride2": ADDRESS_BITS,
        "length3": LOOP_BITS,
        "stride3": ADDRESS_BITS,
    },
)


class AddressGenerator(Component):
    """Walk through four nested loops: beats of a run, runs, and two loops around them.

    The innermost level has a length in bytes and the port's bytes as stride; its last beat may be
    shorter. Addresses wrap at 2**32.

    Parameters
    ----------
    port_bytes : int
        Bytes of a beat.

    Members
    -------
    load : In(1), loops : In(LoopNest)
        Take the loops at this clock edge and stand at the first beat; wins over ``advance``.
    advance : In(1)
        Go on to the next beat at this clock edge. Must be low once the last one was passed.
    address : Out(32), count : Out(range(port_bytes + 1))
        The beat: its address and bytes. From registers.
    last_of_run, last_of_vector, last : Out(1)
        The beat ends the innermost level, the two inner ones, all of them. From registers.
    """

    load: Signal
    loops: LoopNest
    advance: Signal
    address: Signal
    count: Signal
    last_of_run: Signal
    last_of_vector: Signal
    last: Signal

    def __init__(self, *, port_bytes: int):
        self.port_bytes = port_bytes
        super().__init__(
            {
                "load": In(1),
                "loops": In(LOOP_NEST),
                "advance": In(1),
                "address": Out(ADDRESS_BITS),
                "count": Out(range(port_bytes + 1)),
                "last_of_run": Out(1),
                "last_of_vector": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        loops = self.loops
        run_bytes = Signal(RUN_BITS)
        bytes_left = Signal(RUN_BITS)
        lengths = (loops.length1, loops.length2, loops.length3)
        strides = (loops.stride1, loops.stride2, loops.stride3)
        held = [Signal(LOOP_BITS, name=f"held_length{level}") for level in (1, 2, 3)]
        left = [Signal(LOOP_BITS, name=f"left{level}") for level in (1, 2, 3)]
        steps = [Signal(ADDRESS_BITS, name=f"held_stride{level}") for level in (1, 2, 3)]
        # Where the current turn of each level's body began.
        starts = [Signal(ADDRESS_BITS, name=f"start{level}") for level in (1, 2, 3)]
        ends = [length == 1 for length in left]
        short = Signal()
        m.d.comb += [
            short.eq(bytes_left <= self.port_bytes),
            self.count.eq(Mux(short, bytes_left, self.port_bytes)),
            self.last_of_run.eq(short),
            self.last_of_vector.eq(short & ends[0]),
            self.last.eq(short & ends[0] & ends[1] & ends[2]),
        ]
        with m.If(self.load):
            m.d.sync += [self.address.eq(loops.base), run_bytes.eq(loops.run_bytes)]
            m.d.sync += bytes_left.eq(loops.run_bytes)
            for level in range(3):
                m.d.sync += [
                    held[level].eq(lengths[level]),
                    left[level].eq(lengths[level]),
                    steps[level].eq(strides[level]),
                    starts[level].eq(loops.base),
                ]
        with m.Elif(self.advance):
            with m.If(~short):
                m.d.sync += [
                    self.address.eq(self.address + self.port_bytes),
                    bytes_left.eq(bytes_left - self.port_bytes),
                ]
            for level in range(3):
                moves = Signal(name=f"moves{level + 1}")
                begin = Signal(ADDRESS_BITS, name=f"begin{level + 1}")
                m.d.comb += [
                    begin.eq(starts[level] + steps[level]),
                    moves.eq(Cat(short, *ends[:level], ~ends[level]).all()),
                ]
                with m.If(moves):
                    m.d.sync += [self.address.eq(begin), bytes_left.eq(run_bytes)]
                    m.d.sync += left[level].eq(left[level] - 1)
                    m.d.sync += [starts[k].eq(begin) for k in range(level + 1)]
                    m.d.sync += [left[k].eq(held[k]) for k in range(level)]
        return m
