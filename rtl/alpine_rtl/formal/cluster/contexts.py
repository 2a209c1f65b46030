# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Control of an engine beside a list of contexts in the order of their acquisition."""

from collections.abc import Mapping
from typing import Any, ClassVar

from amaranth.hdl import Const, Module, Mux, Signal, Value

from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, HWPE_ADDRESS_BITS, NO_CONTEXT
from alpine_models.register_map import REGISTER_BITS
from alpine_rtl.cluster.control import ERROR_BITS, HwpeControl
from alpine_rtl.cluster.depthwise_context import DEPTHWISE_CONTEXT
from alpine_rtl.typed import any_of, like

from .block import BlockHarness, was

__all__ = ["ControlHarness", "control"]

PORT_BYTES = 4
NONE, ACQUIRED, TRIGGERED, BEGUN = range(4)
MOST_REFUSED_CYCLES = 2
"""From the check of a context that is first in the list to the event of its refusal."""


def control() -> HwpeControl:
    """Return the control that the proof is about: that of the depthwise engine."""
    return HwpeControl(
        registers=DEPTHWISE_REGISTERS,
        constants={},
        layout=DEPTHWISE_CONTEXT,
        port_bytes=PORT_BYTES,
    )


class _Entry:
    """A context in the list, or a place without one."""

    def __init__(self, name: str) -> None:
        self.number = Signal(name=f"{name}_number")
        self.stage = Signal(2, name=f"{name}_stage")
        self.checked = Signal(name=f"{name}_checked")
        self.refused = Signal(name=f"{name}_refused")

    def fields(self) -> tuple[Signal, ...]:
        return self.number, self.stage, self.checked, self.refused

    def eq(self, other: "_Entry") -> list[Any]:
        pairs = zip(self.fields(), other.fields(), strict=True)
        return [mine.eq(its) for mine, its in pairs]

    def empty(self) -> list[Any]:
        return [field.eq(0) for field in self.fields()]

    def is_(self, number: int, stage: int) -> Value:
        return (self.stage >= stage) & (self.number == number)


class ControlHarness(BlockHarness):
    """The control between a core that accesses registers and an engine, both as they like.

    As every context is triggered in its turn, contexts are acquired, triggered, begun and finished
    in one and the same order: a list says it all. It has lost its first entry in the cycle of the
    event.

    Parameters
    ----------
    design : see `BlockHarness`.
    """

    properties: ClassVar[Mapping[str, str]] = {
        "hwpe_overwritten": "The registers of a context change by a write alone, and while it is "
        "the oldest one acquired and not triggered: never while it waits or runs.",
        "hwpe_order": "The context that is checked and begins is the oldest triggered one that has "
        "not begun; it was checked before it begins, and not refused.",
        "hwpe_acquire": "Acquiring answers the lowest free context, or all ones.",
        "hwpe_event_missing": "A context that ends, or is refused and first in turn, gives its "
        "event.",
        "hwpe_event_unasked": "There is no other event: one for each context triggered and not "
        "cleared.",
        "hwpe_finished": "The register `finished` has counted the events since it was read last, "
        "that of the same cycle included.",
        "hwpe_running": "The register `running` names the oldest triggered context.",
        "hwpe_busy": "Busy is high while a context is triggered or a request is on the port.",
        "hwpe_answer": "An access is answered in the next cycle, once; a write with 0.",
    }
    situations: ClassVar[tuple[str, ...]] = ("two_waiting", "refused", "second_event")

    def __init__(self, *, design: HwpeControl | None = None):
        flags = ("valid", "write", "taken", "done", "requesting", "stalled", "product")
        super().__init__(
            design or control(),
            {
                **dict.fromkeys(flags, 1),
                "addr": HWPE_ADDRESS_BITS,
                "wdata": REGISTER_BITS,
                "refusal": ERROR_BITS,
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = self.begin()
        self._drive(m)
        first, second = self._list(m)
        self._judge_answers(m, first, second)
        self._judge_events(m, first, second)
        self._judge_contexts(m, first, second)
        return m

    def _drive(self, m: Module) -> None:
        unit = self.design
        m.d.comb += [
            unit.cfg.valid.eq(self.free("valid")),
            unit.cfg.write.eq(self.free("write")),
            unit.cfg.addr.eq(self.free("addr")),
            unit.cfg.wdata.eq(self.free("wdata")),
            unit.refusal.eq(self.free("refusal")),
            unit.taken.eq(self.free("taken") & unit.start),
            unit.requesting.eq(self.free("requesting")),
            unit.stalled.eq(self.free("stalled") & self.free("requesting")),
            unit.product.eq(self.free("product")),
        ]

    def _access(self, register: str, *, write: bool) -> Value:
        cfg = self.design.cfg
        there = cfg.addr == DEPTHWISE_REGISTERS[register].offset
        return cfg.valid & cfg.ready & there & (cfg.write == write)

    def _list(self, m: Module) -> tuple[_Entry, _Entry]:
        """Keep the list; return its entries as they are in this cycle."""
        unit = self.design
        kept = _Entry("kept_first"), _Entry("kept_second")
        first, second = _Entry("first"), _Entry("second")
        self._kept_first = kept[0]
        with m.If(unit.event_done):
            m.d.comb += first.eq(kept[1])
        with m.Else():
            m.d.comb += [*first.eq(kept[0]), *second.eq(kept[1])]
        m.d.comb += unit.done.eq(self.free("done") & ((first.stage == BEGUN) | unit.clearing))
        m.d.sync += [*kept[0].eq(first), *kept[1].eq(second)]
        self._acquired = self._access("acquire", write=False) & (second.stage == NONE)
        with m.If(self._acquired & (first.stage == NONE)):
            m.d.sync += [*kept[0].empty(), kept[0].stage.eq(ACQUIRED)]
        with m.Elif(self._acquired):
            m.d.sync += [kept[1].number.eq(~first.number), kept[1].stage.eq(ACQUIRED)]
        for stage, moves in (
            (ACQUIRED, self._access("trigger", write=True)),
            (TRIGGERED, unit.taken),
        ):
            with m.If(moves & (first.stage == stage)):
                m.d.sync += kept[0].stage.eq(stage + 1)
            with m.Elif(moves & (second.stage == stage)):
                m.d.sync += kept[1].stage.eq(stage + 1)
        for entry, mine, turn in (
            (kept[0], first, Const(1)),
            (kept[1], second, first.stage != TRIGGERED),
        ):
            with m.If(unit.checking & turn & (mine.stage == TRIGGERED)):
                m.d.sync += [entry.checked.eq(1), entry.refused.eq(unit.refusal != 0)]
        with m.If(self._access("soft_clear", write=True)):
            m.d.sync += [*kept[0].empty(), *kept[1].empty()]
        return first, second

    def _judge_answers(self, m: Module, first: _Entry, second: _Entry) -> None:
        unit = self.design
        cfg = unit.cfg
        accessed = was(m, cfg.valid & cfg.ready, name="accessed")
        wrote = was(m, cfg.write, name="wrote")
        free = Mux(first.stage == NONE, 0, ~first.number)
        count = Signal(REGISTER_BITS, name="events")
        finished = (count + unit.event_done)[:REGISTER_BITS]
        m.d.sync += count.eq(Mux(self._access("finished", write=False), 0, finished))
        running = first.number & (first.stage >= TRIGGERED)
        answers = {
            "acquire": Mux(second.stage == NONE, free[:1], NO_CONTEXT),
            "finished": finished,
            "running": running,
        }
        wrong: dict[str, Value] = {}
        for name, value in answers.items():
            expected = Signal(REGISTER_BITS, name=f"expected_{name}")
            m.d.sync += expected.eq(value)
            asked = was(m, self._access(name, write=False), name=f"asked_{name}")
            wrong[f"hwpe_{name}"] = asked & (cfg.rsp_rdata != expected)
        self._count_is_wrong = self.registers["finished"] != finished
        triggered = any_of(entry.stage >= TRIGGERED for entry in (first, second))
        self.judge(
            m,
            **wrong,
            hwpe_busy=unit.busy != (triggered | unit.requesting),
            hwpe_answer=(cfg.rsp_valid != accessed) | (accessed & wrote & cfg.rsp_rdata.any()),
        )

    def _judge_events(self, m: Module, first: _Entry, second: _Entry) -> None:
        unit = self.design
        ends = unit.done & ~unit.clearing & ~self._access("soft_clear", write=True)
        owed = was(m, ends, name="owed")
        refused = self._kept_first.refused & (self._kept_first.stage == TRIGGERED)
        late = Signal(range(MOST_REFUSED_CYCLES + 2), name="refused_cycles")
        waits = (first.stage == TRIGGERED) & first.refused
        m.d.sync += late.eq(Mux(waits, late + 1, 0))
        with m.If(self._access("soft_clear", write=True)):
            m.d.sync += late.eq(0)
        seen = Signal()
        with m.If(unit.event_done):
            m.d.sync += seen.eq(1)
        self._late_is_wrong = (late > 1) | ((late == 1) & (~unit.event_done | first.checked))
        self.judge(
            m,
            hwpe_event_missing=(owed & ~unit.event_done) | (late > MOST_REFUSED_CYCLES),
            hwpe_event_unasked=unit.event_done & ~owed & ~refused,
            seen_refused=unit.event_done & refused,
            seen_second_event=unit.event_done & seen & ~refused,
            seen_two_waiting=(second.stage == TRIGGERED) & (first.stage == TRIGGERED),
        )
        self._owed_is_wrong = owed & ((self._kept_first.stage != BEGUN) | ~unit.event_done)

    def _judge_contexts(self, m: Module, first: _Entry, second: _Entry) -> None:
        unit, registers = self.design, self.registers
        turn = Mux(first.stage == TRIGGERED, first.number, second.number)
        waits = (first.stage == TRIGGERED) | (second.stage == TRIGGERED)
        checked = Mux(first.stage == TRIGGERED, first.checked, second.checked)
        refused = Mux(first.stage == TRIGGERED, first.refused, second.refused)
        opened = Mux(first.stage == ACQUIRED, first.number, second.number)
        is_open = (first.stage == ACQUIRED) | (second.stage == ACQUIRED)
        wrote = unit.cfg.valid & unit.cfg.ready & unit.cfg.write & is_open
        changed: list[Value] = []
        both = second.stage != NONE
        broken: list[Value] = [
            first.stage < second.stage,
            (first.stage == TRIGGERED) & second.checked,
            *(entry.checked & (entry.stage < TRIGGERED) for entry in (first, second)),
            *(entry.refused & (entry.stage != TRIGGERED) for entry in (first, second)),
            *(entry.refused & ~entry.checked for entry in (first, second)),
            both & (first.number == second.number),
            both & (registers["queue.acquired_last"] != second.number),
            (second.stage >= TRIGGERED) & (registers["queue.triggered_last"] != second.number),
            registers["checked"] != (waits & checked),
            registers["checked"] & ((registers["refusal"] != 0) != refused),
            unit.event_done & (self._kept_first.stage < TRIGGERED),
            self._owed_is_wrong,
            self._late_is_wrong,
            self._count_is_wrong,
        ]
        for number, context in enumerate(unit.contexts):
            value = Value.cast(context)
            before = like(value, name=f"before{number}")
            m.d.sync += before.eq(value)
            mine = was(m, wrote & (opened == number), name=f"written{number}")
            started = was(m, Value.cast(1), name=f"started{number}")
            changed.append(started & ~mine & (value != before))
            for state, stage in (
                ("acquired", ACQUIRED),
                ("triggered", TRIGGERED),
                ("begun", BEGUN),
            ):
                there = first.is_(number, stage) | second.is_(number, stage)
                broken.append(registers[f"queue.{state}"][number] != there)
        self.judge(
            m,
            hwpe_overwritten=any_of(changed),
            hwpe_order=(unit.checking & (~waits | checked | (unit.candidate != turn)))
            | (unit.start & (~waits | ~checked | refused | (unit.candidate != turn))),
            broken_state=any_of(broken),
        )
