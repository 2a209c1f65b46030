# SPDX-License-Identifier: Apache-2.0
"""Follow one request, any one, from its acceptance to its answer.

As nothing says which request is chosen, what holds for the chosen one holds for all; that spares a
queue of everything outstanding, and with it most of a proof's state.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig
from alpine_rtl.typed import Component

from .reference import EFFECTS
from .specification import COUNTER_BITS, read_group

__all__ = ["OUTSTANDING_BITS", "ChosenRequest"]

OUTSTANDING_BITS = 8
"""Holds more requests than a tile takes without answering one."""

_KEPT = {
    "operation": CmOperation,
    "status": 4,
    "start": COUNTER_BITS,
    "moved": 3,
    "row": COUNTER_BITS,
    "column": COUNTER_BITS,
    "data": 32,
}


class ChosenRequest(Component):
    """Say what the answer to one request must be, and whether it is.

    Parameters
    ----------
    config : TileConfig
        Geometry.

    Members
    -------
    choose : In(1)
        Follow the request accepted at this clock edge, unless another one is being followed.
    accept, respond : In(1)
        A request, a response is transferred at this clock edge.
    outstanding : In(8)
        Requests accepted before and not answered before this cycle.
    i_operation, i_status, i_start, i_moved, i_row, i_column, i_data : In
        As `CmSpecification` gives them for the request at the port.
    inputs, outputs, unsampled, sampled, codes, owed_start, owed_prog, owed_read : In
        As in `ReferenceState`.
    start_pulse, prog_pulse, read_pulse, dac, prog_row, prog_column, prog_weight, read_row,
    read_column, read_weight : In
        The tile's ``xb_`` ports.
    rsp_valid, rsp_rd, rsp_status : In
        The tile's response port.
    following : Out(1), ahead : Out(8)
        A request is being followed; so many answers come before its own.
    operation, status, start, moved, row, column, data, codes_in, done, weight, events_ahead,
    samples_left, snapshot : Out
        What is known of it: the specification's view; the input memory before it; whether its
        effect at the crossbar has happened, and with which weight; how many effects of its kind
        come before; how many MVMs must end before its answer; the output memory as it sees it.
    answering : Out(1), expected_rd : Out(64)
        Its response is at the port; what the destination register must get.
    wrong_status, wrong_rd, wrong_effect, missing_effect, early : Out(1)
        Violations, seen in the cycle they happen.
    """

    choose: Signal
    accept: Signal
    respond: Signal
    sampled: Signal
    rsp_valid: Signal
    outstanding: Signal
    i_operation: Signal
    i_status: Signal
    i_start: Signal
    i_moved: Signal
    i_row: Signal
    i_column: Signal
    i_data: Signal
    operation: Signal
    status: Signal
    start: Signal
    moved: Signal
    row: Signal
    column: Signal
    data: Signal
    start_pulse: Signal
    prog_pulse: Signal
    read_pulse: Signal
    owed_start: Signal
    owed_prog: Signal
    owed_read: Signal
    inputs: Signal
    dac: Signal
    outputs: Signal
    codes: Signal
    unsampled: Signal
    prog_row: Signal
    prog_column: Signal
    read_row: Signal
    read_column: Signal
    prog_weight: Signal
    read_weight: Signal
    rsp_rd: Signal
    rsp_status: Signal
    following: Signal
    ahead: Signal
    codes_in: Signal
    done: Signal
    weight: Signal
    events_ahead: Signal
    samples_left: Signal
    snapshot: Signal
    answering: Signal
    expected_rd: Signal
    wrong_status: Signal
    wrong_rd: Signal
    wrong_effect: Signal
    missing_effect: Signal
    early: Signal

    def __init__(self, *, config: TileConfig):
        inputs, outputs = 8 * config.rows, 8 * config.columns
        members = {
            **{name: In(1) for name in ("choose", "accept", "respond", "sampled", "rsp_valid")},
            "outstanding": In(OUTSTANDING_BITS),
            **{f"i_{name}": In(shape) for name, shape in _KEPT.items()},
            **{name: Out(shape) for name, shape in _KEPT.items()},
            **{f"{name}_pulse": In(1) for name in EFFECTS},
            **{f"owed_{name}": In(2) for name in EFFECTS},
            "inputs": In(inputs),
            "dac": In(inputs),
            "outputs": In(outputs),
            "codes": In(outputs),
            "unsampled": In(2),
            **{
                f"{pulse}_{side}": In(COUNTER_BITS)
                for pulse in ("prog", "read")
                for side in ("row", "column")
            },
            "prog_weight": In(8),
            "read_weight": In(8),
            "rsp_rd": In(64),
            "rsp_status": In(4),
            "following": Out(1),
            "ahead": Out(OUTSTANDING_BITS),
            "codes_in": Out(inputs),
            "done": Out(1),
            "weight": Out(8),
            "events_ahead": Out(2),
            "samples_left": Out(2),
            "snapshot": Out(outputs),
            "answering": Out(1),
            "expected_rd": Out(64),
            **{
                name: Out(1)
                for name in (
                    "wrong_status",
                    "wrong_rd",
                    "wrong_effect",
                    "missing_effect",
                    "early",
                )
            },
        }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        begin = Signal()
        end = Signal()
        m.d.comb += [
            self.answering.eq(self.following & (self.ahead == 0) & self.rsp_valid),
            end.eq(self.answering & self.respond),
            begin.eq(self.choose & self.accept & (~self.following | end)),
        ]
        with m.If(self.respond):
            m.d.sync += self.ahead.eq(self.ahead - 1)
        with m.If(end):
            m.d.sync += self.following.eq(0)
        self._follow_effect(m)
        waiting_for_sample = self._follow_samples(m)
        with m.If(begin):
            self._begin(m)
        self._judge(m, waiting_for_sample)
        return m

    def _begin(self, m: Module) -> None:
        m.d.sync += [
            self.following.eq(1),
            self.ahead.eq(self.outstanding - self.respond),
            *(getattr(self, name).eq(getattr(self, f"i_{name}")) for name in _KEPT),
            self.codes_in.eq(self.inputs),
            self.snapshot.eq(self.outputs),
            self.done.eq(self.i_status != 0),
            self.events_ahead.eq(0),
        ]
        # A CM_PROCESS is answered after the MVM it asks for, any other request after those before.
        m.d.sync += self.samples_left.eq(self.unsampled + (self.i_operation == CmOperation.PROCESS))
        with m.Switch(self.i_operation):
            for name, operation in EFFECTS.items():
                with m.Case(operation):
                    m.d.sync += self.events_ahead.eq(
                        getattr(self, f"owed_{name}") - getattr(self, f"{name}_pulse")
                    )
            with m.Default():
                m.d.sync += self.done.eq(1)

    def _follow_effect(self, m: Module) -> None:
        payload = {
            "start": self.dac != self.codes_in,
            "prog": (self.prog_row != self.row)
            | (self.prog_column != self.column)
            | (self.prog_weight != self.data[:8]),
            "read": (self.read_row != self.row) | (self.read_column != self.column),
        }
        for name, operation in EFFECTS.items():
            pulse: Signal = getattr(self, f"{name}_pulse")
            with m.If(self.following & ~self.done & (self.operation == operation) & pulse):
                with m.If(self.events_ahead == 0):
                    m.d.sync += [self.done.eq(1), self.weight.eq(self.read_weight)]
                    m.d.comb += self.wrong_effect.eq(payload[name])
                with m.Else():
                    m.d.sync += self.events_ahead.eq(self.events_ahead - 1)

    def _follow_samples(self, m: Module) -> Signal:
        """Keep the output memory that the request sees; return how many MVMs it waits for."""
        waiting = Signal(2)
        m.d.comb += waiting.eq(self.samples_left)
        with m.If(self.sampled & (self.samples_left != 0)):
            m.d.comb += waiting.eq(self.samples_left - 1)
            m.d.sync += [self.samples_left.eq(waiting), self.snapshot.eq(self.codes)]
        return waiting

    def _judge(self, m: Module, waiting_for_sample: Signal) -> None:
        seen = Mux(self.sampled & (self.samples_left != 0), self.codes, self.snapshot)
        with m.If(self.status != 0), m.If(self.operation == CmOperation.INITIALIZE):
            m.d.comb += self.expected_rd.eq(self.status)
        with m.Elif(self.operation == CmOperation.DEQUEUE):
            m.d.comb += self.expected_rd.eq(read_group(seen, start=self.start, moved=self.moved))
        with m.Elif(self.operation == CmOperation.PARAM_READ):
            m.d.comb += self.expected_rd.eq(self.weight.as_signed())
        m.d.comb += [
            self.wrong_status.eq(self.answering & (self.rsp_status != self.status)),
            self.wrong_rd.eq(self.answering & (self.rsp_rd != self.expected_rd)),
            self.missing_effect.eq(self.answering & ~self.done),
            self.early.eq(self.answering & (waiting_for_sample != 0)),
        ]
