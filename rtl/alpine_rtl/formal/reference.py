# SPDX-License-Identifier: Apache-2.0
"""Architectural state as the accepted requests leave it, kept beside the tile."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig
from alpine_rtl.typed import Component

from .specification import COUNTER_BITS, write_group

__all__ = ["EFFECTS", "ReferenceState"]

EFFECTS = {
    "start": CmOperation.PROCESS,
    "prog": CmOperation.INITIALIZE,
    "read": CmOperation.PARAM_READ,
}
"""What an honoured operation makes happen at the crossbar, exactly once: ``xb_<name>`` pulses."""


class ReferenceState(Component):
    """Follow the accepted requests at the moment they are accepted.

    Parameters
    ----------
    config : TileConfig
        Geometry.

    Members
    -------
    execute : In(CmOperation)
        Honoured operation accepted at this clock edge, ``UNKNOWN`` for none.
    start : In(17), moved : In(3), streaming : In(1), data : In(32)
        As `CmSpecification` gives them.
    sampled : In(1), codes : In(8 * columns)
        An MVM ended with the cycle before, with these ADC codes.
    start_pulse, prog_pulse, read_pulse : In(1)
        The crossbar is told in this cycle to multiply, to program or to read.
    inputs : Out(8 * rows)
        Input memory after every accepted request.
    outputs : Out(8 * columns)
        Output memory; combinational from ``sampled``.
    input_counter, output_counter : Out(17)
        Where the next streaming transfers begin.
    owed_start, owed_prog, owed_read : Out(2)
        Honoured requests accepted whose pulse is still to come.
    unsampled : Out(2)
        CM_PROCESSes accepted whose MVM has not ended; combinational from ``sampled``.
    """

    execute: Signal
    start: Signal
    moved: Signal
    streaming: Signal
    data: Signal
    sampled: Signal
    codes: Signal
    inputs: Signal
    outputs: Signal
    input_counter: Signal
    output_counter: Signal
    unsampled: Signal
    start_pulse: Signal
    prog_pulse: Signal
    read_pulse: Signal
    owed_start: Signal
    owed_prog: Signal
    owed_read: Signal

    def __init__(self, *, config: TileConfig):
        super().__init__(
            {
                "execute": In(CmOperation),
                "start": In(COUNTER_BITS),
                "moved": In(3),
                "streaming": In(1),
                "data": In(32),
                "sampled": In(1),
                "codes": In(8 * config.columns),
                "inputs": Out(8 * config.rows),
                "outputs": Out(8 * config.columns),
                "input_counter": Out(COUNTER_BITS),
                "output_counter": Out(COUNTER_BITS),
                "unsampled": Out(2),
                **{f"{name}_pulse": In(1) for name in EFFECTS},
                **{f"owed_{name}": Out(2) for name in EFFECTS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        taken = Signal(len(self.outputs))
        begun = Signal(2)
        m.d.comb += [
            self.outputs.eq(Mux(self.sampled, self.codes, taken)),
            self.unsampled.eq(begun - self.sampled),
        ]
        m.d.sync += [
            taken.eq(self.outputs),
            begun.eq(self.unsampled + (self.execute == CmOperation.PROCESS)),
        ]
        for name, operation in EFFECTS.items():
            owed: Signal = getattr(self, f"owed_{name}")
            pulse: Signal = getattr(self, f"{name}_pulse")
            m.d.sync += owed.eq(owed + (self.execute == operation) - pulse)
        with m.Switch(self.execute):
            with m.Case(CmOperation.QUEUE):
                m.d.sync += self.inputs.eq(
                    write_group(self.inputs, start=self.start, moved=self.moved, data=self.data)
                )
                with m.If(self.streaming):
                    m.d.sync += self.input_counter.eq(self.input_counter + self.moved)
            with m.Case(CmOperation.DEQUEUE), m.If(self.streaming):
                m.d.sync += self.output_counter.eq(self.output_counter + self.moved)
            with m.Case(CmOperation.PROCESS):
                m.d.sync += [
                    self.inputs.eq(0),
                    self.input_counter.eq(0),
                    self.output_counter.eq(0),
                ]
        return m
