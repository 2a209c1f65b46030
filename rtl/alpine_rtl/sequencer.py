# SPDX-License-Identifier: Apache-2.0
"""MVM sequencer: steps the crossbar through pre-charge, integration and digitisation."""

from enum import IntEnum

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from .typed import Component

__all__ = ["PHASE_BITS", "MvmPhase", "MvmSequencer"]

PHASE_BITS = 16
"""Width of a phase length in cycles."""


class MvmPhase(IntEnum):
    """What the crossbar is doing."""

    IDLE = 0
    """Nothing; the bit lines are released."""
    PRECHARGE = 1
    """Bit lines settle at their read voltage."""
    INTEGRATE = 2
    """Word lines are driven for as long as their DAC code says; ADCs count bit-line charge."""
    DIGITISE = 3
    """ADCs produce their codes."""


class MvmSequencer(Component):
    """Run one matrix-vector multiplication per ``begin``, each phase for its number of cycles.

    With lengths p, i and d, the cycle after ``begin`` is the first of p + i + d busy cycles.

    Members
    -------
    begin : In(1)
        Start at this clock edge. Must be low while ``phase`` is not ``IDLE``.
    precharge_cycles, integrate_cycles, digitise_cycles : In(16)
        Phase lengths, at least 1. Taken at the edge that ends ``begin``.
    phase : Out(MvmPhase)
        Current phase.
    start : Out(1)
        High in the first busy cycle.
    sample : Out(1)
        High in the last busy cycle: the ADC codes are taken at its end.
    """

    begin: Signal
    precharge_cycles: Signal
    integrate_cycles: Signal
    digitise_cycles: Signal
    phase: Signal
    start: Signal
    sample: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "begin": In(1),
                "precharge_cycles": In(PHASE_BITS),
                "integrate_cycles": In(PHASE_BITS),
                "digitise_cycles": In(PHASE_BITS),
                "phase": Out(MvmPhase),
                "start": Out(1),
                "sample": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        phase = Signal(MvmPhase)
        left = Signal(PHASE_BITS)
        start = Signal()
        integrate = Signal(PHASE_BITS)
        digitise = Signal(PHASE_BITS)
        m.d.sync += start.eq(self.begin)
        m.d.comb += [
            self.phase.eq(phase),
            self.start.eq(start),
            self.sample.eq((phase == MvmPhase.DIGITISE) & (left == 1)),
        ]
        with m.If(self.begin):
            m.d.sync += [
                phase.eq(MvmPhase.PRECHARGE),
                left.eq(self.precharge_cycles),
                integrate.eq(self.integrate_cycles),
                digitise.eq(self.digitise_cycles),
            ]
        with m.Elif(phase != MvmPhase.IDLE):
            with m.If(left != 1):
                m.d.sync += left.eq(left - 1)
            with m.Else(), m.Switch(phase):
                with m.Case(MvmPhase.PRECHARGE):
                    m.d.sync += [phase.eq(MvmPhase.INTEGRATE), left.eq(integrate)]
                with m.Case(MvmPhase.INTEGRATE):
                    m.d.sync += [phase.eq(MvmPhase.DIGITISE), left.eq(digitise)]
                with m.Case(MvmPhase.DIGITISE):
                    m.d.sync += [phase.eq(MvmPhase.IDLE), left.eq(0)]
        return m
