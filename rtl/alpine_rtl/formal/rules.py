# SPDX-License-Identifier: Apache-2.0
"""Rules of the tile's ports that do not depend on what a request asks for."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.tile import TileConfig, pending_answers
from alpine_rtl.sequencer import PHASE_BITS, MvmPhase
from alpine_rtl.typed import Component

from .chosen import OUTSTANDING_BITS

__all__ = ["HandshakeRules", "MvmRules", "answer_bound", "most_outstanding", "refusal_bound"]

WAIT_BITS = 8
"""Holds the bounds of the short phases that proofs use, and saturates above."""


def most_outstanding(config: TileConfig) -> int:
    """Most requests accepted and not answered: a held response, a command, and what can wait."""
    return 2 + pending_answers(config)


def answer_bound(config: TileConfig) -> int:
    """Most cycles with a request outstanding and no response shown, macro never busy."""
    return config.mvm_cycles + int(config.double_buffer)


def refusal_bound(config: TileConfig) -> int:
    """Most cycles in a row in which a request is refused while responses are taken.

    A multiplication, a held response, with two buffers those that piled up and a cell access.
    """
    return config.mvm_cycles + 1 + pending_answers(config) + int(config.double_buffer)


class HandshakeRules(Component):
    """One response per request, shown until taken, within a bound.

    Parameters
    ----------
    config : TileConfig
        Geometry, and the phases that the bounds come from.

    Members
    -------
    req_valid, req_ready, rsp_valid, rsp_ready, rsp_rd, rsp_status : In
        The tile's CM port.
    bounded : In(1)
        Bounds apply: the phases are the configured ones.
    prog_busy : In(1)
        The macro programs; waiting for it does not count.
    outstanding : Out(8)
        Requests accepted before and not answered before this cycle.
    silent, refused : Out(8)
        Cycles in a row without a response that is due, and with a request that is not accepted.
    unasked, hoarded, unstable, late, refused_long : Out(1)
        Violations, seen in the cycle they happen.
    """

    req_valid: Signal
    req_ready: Signal
    rsp_valid: Signal
    rsp_ready: Signal
    bounded: Signal
    prog_busy: Signal
    rsp_rd: Signal
    rsp_status: Signal
    outstanding: Signal
    silent: Signal
    refused: Signal
    unasked: Signal
    hoarded: Signal
    unstable: Signal
    late: Signal
    refused_long: Signal

    def __init__(self, *, config: TileConfig):
        self._config = config
        super().__init__(
            {
                **{
                    name: In(1)
                    for name in (
                        "req_valid",
                        "req_ready",
                        "rsp_valid",
                        "rsp_ready",
                        "bounded",
                        "prog_busy",
                    )
                },
                "rsp_rd": In(64),
                "rsp_status": In(4),
                "outstanding": Out(OUTSTANDING_BITS),
                "silent": Out(WAIT_BITS),
                "refused": Out(WAIT_BITS),
                **{
                    name: Out(1)
                    for name in ("unasked", "hoarded", "unstable", "late", "refused_long")
                },
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accept, respond = self.req_valid & self.req_ready, self.rsp_valid & self.rsp_ready
        m.d.sync += self.outstanding.eq(self.outstanding + accept - respond)
        shown = Signal()
        rd = Signal(64)
        status = Signal(4)
        m.d.sync += [
            shown.eq(self.rsp_valid & ~self.rsp_ready),
            rd.eq(self.rsp_rd),
            status.eq(self.rsp_status),
        ]
        m.d.comb += [
            self.unasked.eq(self.rsp_valid & (self.outstanding == 0)),
            self.hoarded.eq(self.outstanding > most_outstanding(self._config)),
            self.unstable.eq(
                shown & ~(self.rsp_valid & (self.rsp_rd == rd) & (self.rsp_status == status))
            ),
        ]
        due = (self.outstanding != 0) & ~self.rsp_valid
        held_back = self.rsp_valid & ~self.rsp_ready
        for counter, waits, restart, bound, late in (
            (self.silent, due, ~due, answer_bound, self.late),
            (
                self.refused,
                self.req_valid & ~self.req_ready & ~held_back,
                ~self.req_valid | self.req_ready,
                refusal_bound,
                self.refused_long,
            ),
        ):
            with m.If(restart | ~self.bounded):
                m.d.sync += counter.eq(0)
            with m.Elif(waits & ~self.prog_busy & ~counter.all()):
                m.d.sync += counter.eq(counter + 1)
            m.d.comb += late.eq(
                self.bounded & waits & ~self.prog_busy & (counter >= bound(self._config))
            )
        return m


class MvmRules(Component):
    """Phases come in order and last as configured; word lines hold still meanwhile.

    Parameters
    ----------
    config : TileConfig
        Geometry, and the default phases.

    Members
    -------
    phase : In(2), start : In(1), dac : In(8 * rows), adc : In(8 * columns)
        The tile's ``xb_`` ports.
    prog_pulse, read_pulse : In(1)
        Cells are accessed in this cycle.
    bounded : In(1)
        The phases are the configured ones.
    sampled : Out(1), codes : Out(8 * columns)
        An MVM ended with the cycle before, which had these ADC codes.
    elapsed : Out(16)
        Cycles of the running MVM before this one.
    dac_moved, phase_order, phase_length, two_effects : Out(1)
        Violations, seen in the cycle they happen.
    """

    phase: Signal
    start: Signal
    dac: Signal
    adc: Signal
    prog_pulse: Signal
    read_pulse: Signal
    bounded: Signal
    sampled: Signal
    codes: Signal
    elapsed: Signal
    dac_moved: Signal
    phase_order: Signal
    phase_length: Signal
    two_effects: Signal

    def __init__(self, *, config: TileConfig):
        self._config = config
        super().__init__(
            {
                "phase": In(MvmPhase),
                "start": In(1),
                "dac": In(8 * config.rows),
                "adc": In(8 * config.columns),
                "prog_pulse": In(1),
                "read_pulse": In(1),
                "bounded": In(1),
                "sampled": Out(1),
                "codes": Out(8 * config.columns),
                "elapsed": Out(PHASE_BITS),
                **{
                    name: Out(1)
                    for name in ("dac_moved", "phase_order", "phase_length", "two_effects")
                },
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before = Signal(MvmPhase)
        dac = Signal(len(self.dac))
        m.d.sync += [before.eq(self.phase), dac.eq(self.dac), self.codes.eq(self.adc)]
        running = self.phase != MvmPhase.IDLE
        with m.If(self.start):
            m.d.sync += self.elapsed.eq(1)
        with m.Elif(running):
            m.d.sync += self.elapsed.eq(self.elapsed + 1)
        position = Mux(self.start, 0, self.elapsed)

        begins = (before == MvmPhase.IDLE) & (self.phase == MvmPhase.PRECHARGE)
        stays = before == self.phase
        follows = (before != MvmPhase.IDLE) & (self.phase == (before + 1)[:2])
        first_integrate = self._config.precharge_cycles
        first_digitise = first_integrate + self._config.integrate_cycles
        due = Mux(
            position < first_integrate,
            MvmPhase.PRECHARGE,
            Mux(position < first_digitise, MvmPhase.INTEGRATE, MvmPhase.DIGITISE),
        )
        ended = (before == MvmPhase.DIGITISE) & ~running
        m.d.comb += [
            self.sampled.eq(ended),
            self.dac_moved.eq(running & ~self.start & (self.dac != dac)),
            self.phase_order.eq(~(stays | follows | begins) | (self.start != begins)),
            self.phase_length.eq(
                self.bounded
                & (
                    (running & (self.phase != due))
                    | (running & (position >= self._config.mvm_cycles))
                    | (ended & (self.elapsed != self._config.mvm_cycles))
                )
            ),
            self.two_effects.eq(
                (self.start & self.prog_pulse)
                | (self.start & self.read_pulse)
                | (self.prog_pulse & self.read_pulse)
            ),
        ]
        return m
