# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The multiplexer of a memory port between two blocks that want it whenever they like."""

from collections.abc import Mapping
from typing import ClassVar

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from alpine_rtl.cluster.port_multiplexer import PortMultiplexer
from alpine_rtl.cluster.ports import ADDRESS_BITS
from alpine_rtl.typed import any_of, like

from .block import BlockHarness, was

__all__ = ["MultiplexerHarness"]

PORT_BYTES = 4
WRITES = (False, True)
FIELDS = {"addr": ADDRESS_BITS, "count": 3, "wdata": 8 * PORT_BYTES, "last": 1}


class MultiplexerHarness(BlockHarness):
    """The multiplexer between a block that reads and one that writes.

    The blocks keep a beat that the memory was shown until it is taken; otherwise they and the
    memory do as they like.

    Parameters
    ----------
    design : see `BlockHarness`.
    """

    properties: ClassVar[Mapping[str, str]] = {
        "port_withdrawn": "A request that is not granted stays, with all its fields.",
        "port_taken": "A grant takes one beat, that whose address, direction, bytes and data are "
        "on the port; without one none is taken.",
        "port_starved": "Of the grants that pass while a beat is wanted, at most one is the "
        "other block's.",
        "port_idle": "Where a beat is wanted and the port neither rests nor is halted, there is a "
        "request.",
        "port_rest": "The cycle behind a vector's last grant has no request.",
        "port_halt": "While halted, a request is one that was there before and not granted.",
    }
    situations: ClassVar[tuple[str, ...]] = ("turns",)

    def __init__(self, *, design: PortMultiplexer | None = None):
        blocks = {
            f"{name}{number}": shape
            for number in range(len(WRITES))
            for name, shape in {"valid": 1, **FIELDS}.items()
        }
        super().__init__(
            design or PortMultiplexer(port_bytes=PORT_BYTES, writes=WRITES),
            {**blocks, "gnt": 1, "halt": 1},
        )

    def elaborate(self, platform: object) -> Module:
        m = self.begin()
        mux = self.design
        granted = mux.mem.req & mux.mem.gnt
        m.d.comb += [mux.mem.gnt.eq(self.free("gnt")), mux.halt.eq(self.free("halt"))]
        blocked = was(m, mux.mem.req & ~mux.mem.gnt, name="blocked")
        shown = Cat(mux.mem.addr, mux.mem.write, mux.mem.be, mux.mem.wdata)
        before = like(shown, name="before")
        m.d.sync += before.eq(shown)
        beats = [self._block(m, number, blocked) for number in range(len(WRITES))]
        rests = was(m, granted & any_of(b.taken & b.last for b in mux.blocks), name="rested")
        broken = [
            self.registers["waiting"] != blocked,
            self.registers["rests"] != rests,
            blocked & (self.registers["held"] != before[ADDRESS_BITS]),
            *self._judge_starving(m, granted),
        ]
        rested_once = Signal()
        with m.If(rests):
            m.d.sync += rested_once.eq(1)
        wanted = any_of(block.valid for block in mux.blocks)
        self.judge(
            m,
            port_withdrawn=blocked & (~mux.mem.req | (shown != before)),
            port_taken=(mux.blocks[0].taken & mux.blocks[1].taken)
            | (any_of(block.taken for block in mux.blocks) != granted)
            | any_of(
                block.taken & (~block.valid | (shown != beat))
                for block, beat in zip(mux.blocks, beats, strict=True)
            ),
            port_idle=wanted & ~rests & ~self.free("halt") & ~mux.mem.req,
            port_rest=rests & mux.mem.req,
            port_halt=self.free("halt") & mux.mem.req & ~blocked,
            seen_turns=granted & any_of(b.valid & ~b.taken for b in mux.blocks) & rested_once,
            broken_state=any_of(broken),
        )
        return m

    def _block(self, m: Module, number: int, blocked: Signal) -> Value:
        """Drive a block's beat; return what the port must show of it."""
        block = self.design.blocks[number]
        shown = self.design.mem.req & (self.design.mem.write == WRITES[number])
        held = blocked & was(m, shown, name=f"shown{number}")
        m.d.comb += block.valid.eq(held | self.free(f"valid{number}"))
        for name in FIELDS:
            value = getattr(block, name)
            kept = like(value, name=f"kept_{name}{number}")
            m.d.comb += value.eq(Mux(held, kept, self.free(f"{name}{number}")))
            m.d.sync += kept.eq(value)
        lanes = Cat(lane < block.count for lane in range(PORT_BYTES))
        return Cat(block.addr, Value.cast(int(WRITES[number])), lanes, block.wdata)

    def _judge_starving(self, m: Module, granted: Value) -> list[Value]:
        """Count the grants that pass a block's beat by; return what no count may go with."""
        registers = self.registers
        broken: list[Value] = []
        starved: list[Value] = []
        for number, block in enumerate(self.design.blocks):
            passed = Signal(2, name=f"passed{number}")
            with m.If(~block.valid | block.taken):
                m.d.sync += passed.eq(0)
            with m.Elif(granted):
                m.d.sync += passed.eq(passed + 1)
            starved.append(passed > 1)
            its_turn = (registers["served"] != number) & ~(
                registers["waiting"] & (registers["held"] != number)
            )
            broken.append((passed == 1) & ~its_turn)
        self.judge(m, port_starved=any_of(starved))
        return broken
