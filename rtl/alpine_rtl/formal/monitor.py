# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# Its parts are made with it, and elaborated only where it is.
"""Everything that the tile's ports promise, as one circuit beside the tile."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.registers import TILE_ADDRESS_BITS
from alpine_models.tile import TileConfig
from alpine_rtl.interfaces import (
    CmPort,
    CmSignature,
    MacroPort,
    MacroSignature,
    RegisterInterface,
    RegisterSignature,
)
from alpine_rtl.typed import Component, port

from .chosen import ChosenRequest
from .observation import observed
from .reference import EFFECTS, ReferenceState
from .rules import HandshakeRules, MvmRules
from .specification import CmSpecification

__all__ = ["PORT_PROPERTIES", "TileMonitor"]

PORT_PROPERTIES: dict[str, str] = {
    "unasked": "No response is shown unless an accepted request has none yet: nothing is answered "
    "twice, and nothing that was not asked.",
    "hoarded": "No more requests are outstanding than the tile has room for.",
    "unstable": "A response that is not taken stays as it is.",
    "late": "A request that is outstanding is answered within a bound.",
    "refused_long": "A request is accepted within a bound while responses are taken.",
    "wrong_status": "The answer to a request, in its place in the order, has the status that the "
    "instruction set demands.",
    "wrong_rd": "It has the data that the instruction set demands, commands before it carried out.",
    "missing_effect": "A valid CM_PROCESS, CM_INITIALIZE or CM_PARAM_READ reached the crossbar "
    "before it is answered.",
    "wrong_effect": "It reached it with the vector, cell and weight asked for.",
    "unowed_effect": "Nothing else reaches the crossbar, and nothing twice.",
    "early": "A request is answered only after the multiplications before it, its own included.",
    "dac_moved": "Word lines hold still from the start of a multiplication until its codes are "
    "taken.",
    "phase_order": "Phases come in order, and xb_start marks the first cycle.",
    "phase_length": "Phases last as configured.",
    "two_effects": "At most one thing is asked of the crossbar in a cycle.",
}
"""What every ``violated_<name>`` output of `TileMonitor` stands for."""


class TileMonitor(Component):
    """Raise an output in every cycle in which a tile breaks one of `PORT_PROPERTIES`.

    Parameters
    ----------
    config : TileConfig
        Of the tile that is watched.

    Members
    -------
    cm, xb, csr : In(observed(...))
        Every port of the tile, inputs and outputs.
    choose : In(1)
        Follow the request accepted at this clock edge; see `ChosenRequest`.
    violated_<property> : Out(1)
    idle : Out(1)
        Nothing is outstanding and nothing is asked, of the register port neither.
    untouched : Out(1)
        The register port was not written since reset, so phases are the configured ones.
    """

    cm: CmPort
    xb: MacroPort
    csr: RegisterInterface
    choose: Signal
    idle: Signal
    untouched: Signal
    violated_unowed_effect: Signal

    def __init__(self, *, config: TileConfig):
        self._config = config
        super().__init__(
            {
                "cm": In(observed(CmSignature())),
                "xb": In(observed(MacroSignature(config))),
                "csr": In(observed(RegisterSignature(TILE_ADDRESS_BITS))),
                "choose": In(1),
                "idle": Out(1),
                "untouched": port(Out, 1, init=1),
                **{f"violated_{name}": Out(1) for name in PORT_PROPERTIES},
            }
        )
        self.specification = CmSpecification(config=config)
        self.reference = ReferenceState(config=config)
        self.handshake = HandshakeRules(config=config)
        self.mvm = MvmRules(config=config)
        self.chosen = ChosenRequest(config=config)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.specification = self.specification
        m.submodules.reference = self.reference
        m.submodules.handshake = self.handshake
        m.submodules.mvm = self.mvm
        m.submodules.chosen = self.chosen
        accept = self.cm.req.valid & self.cm.req.ready
        with m.If(self.csr.write):
            m.d.sync += self.untouched.eq(0)
        m.d.comb += self.idle.eq(
            (self.handshake.outstanding == 0) & ~self.cm.req.valid & ~self.csr.write
        )
        self._connect_rules(m)
        self._connect_reference(m, accept)
        self._connect_chosen(m, accept)
        self._report(m)
        return m

    def _connect_rules(self, m: Module) -> None:
        handshake, mvm = self.handshake, self.mvm
        m.d.comb += [
            handshake.req_valid.eq(self.cm.req.valid),
            handshake.req_ready.eq(self.cm.req.ready),
            handshake.rsp_valid.eq(self.cm.rsp.valid),
            handshake.rsp_ready.eq(self.cm.rsp.ready),
            handshake.rsp_rd.eq(self.cm.rsp.payload.rd),
            handshake.rsp_status.eq(self.cm.rsp.payload.status),
            handshake.bounded.eq(self.untouched),
            handshake.prog_busy.eq(self.xb.prog.busy),
            mvm.phase.eq(self.xb.phase),
            mvm.start.eq(self.xb.start),
            mvm.dac.eq(self.xb.dac),
            mvm.adc.eq(self.xb.adc),
            mvm.prog_pulse.eq(self.xb.prog.valid),
            mvm.read_pulse.eq(self.xb.read.valid),
            mvm.bounded.eq(self.untouched),
        ]

    def _connect_reference(self, m: Module, accept: Value) -> None:
        specification, reference = self.specification, self.reference
        m.d.comb += [
            specification.instr.eq(self.cm.req.payload.instr),
            specification.rn.eq(self.cm.req.payload.rn),
            specification.rm.eq(self.cm.req.payload.rm),
            specification.ra.eq(self.cm.req.payload.ra),
            specification.input_counter.eq(reference.input_counter),
            specification.output_counter.eq(reference.output_counter),
            reference.start.eq(specification.start),
            reference.moved.eq(specification.moved),
            reference.streaming.eq(specification.streaming),
            reference.data.eq(specification.data),
            reference.sampled.eq(self.mvm.sampled),
            reference.codes.eq(self.mvm.codes),
            reference.start_pulse.eq(self.xb.start),
            reference.prog_pulse.eq(self.xb.prog.valid),
            reference.read_pulse.eq(self.xb.read.valid),
        ]
        with m.If(accept & (specification.status == 0)):
            m.d.comb += reference.execute.eq(specification.operation)
        with m.Else():
            m.d.comb += reference.execute.eq(CmOperation.UNKNOWN)

    def _connect_chosen(self, m: Module, accept: Value) -> None:
        chosen, reference = self.chosen, self.reference
        m.d.comb += [
            chosen.choose.eq(self.choose),
            chosen.accept.eq(accept),
            chosen.respond.eq(self.cm.rsp.valid & self.cm.rsp.ready),
            chosen.outstanding.eq(self.handshake.outstanding),
            chosen.sampled.eq(self.mvm.sampled),
            chosen.codes.eq(self.mvm.codes),
            chosen.dac.eq(self.xb.dac),
            chosen.prog_row.eq(self.xb.prog.row),
            chosen.prog_column.eq(self.xb.prog.col),
            chosen.prog_weight.eq(self.xb.prog.weight),
            chosen.read_row.eq(self.xb.read.row),
            chosen.read_column.eq(self.xb.read.col),
            chosen.read_weight.eq(self.xb.read.weight),
            chosen.rsp_valid.eq(self.cm.rsp.valid),
            chosen.rsp_rd.eq(self.cm.rsp.payload.rd),
            chosen.rsp_status.eq(self.cm.rsp.payload.status),
            *(
                getattr(chosen, f"i_{name}").eq(getattr(self.specification, name))
                for name in ("operation", "status", "start", "moved", "row", "column", "data")
            ),
            *(
                getattr(chosen, name).eq(getattr(reference, name))
                for name in ("inputs", "outputs", "unsampled")
            ),
        ]
        for name in EFFECTS:
            m.d.comb += [
                getattr(chosen, f"{name}_pulse").eq(getattr(reference, f"{name}_pulse")),
                getattr(chosen, f"owed_{name}").eq(getattr(reference, f"owed_{name}")),
            ]

    def _report(self, m: Module) -> None:
        unowed = Signal()
        for name in EFFECTS:
            pulse: Signal = getattr(self.reference, f"{name}_pulse")
            with m.If(pulse & (getattr(self.reference, f"owed_{name}") == 0)):
                m.d.comb += unowed.eq(1)
        m.d.comb += self.violated_unowed_effect.eq(unowed)
        every: tuple[Component, ...] = (self.handshake, self.mvm, self.chosen)
        for rules in every:
            for name in PORT_PROPERTIES:
                if name in rules.signature.members:
                    m.d.comb += getattr(self, f"violated_{name}").eq(getattr(rules, name))
