# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# It is made for its signature alone where its Verilog is kept already.
"""RISC-V coupling: a tile as coprocessor on the OpenHW CV-X-IF."""

from typing import NamedTuple

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In

from alpine_models.isa import (
    OPCODES,
    RISCV_CUSTOM_0,
    RISCV_CUSTOM_OPCODES,
    RISCV_FUNCT3,
    RISCV_OPERANDS,
    riscv_operands,
)
from alpine_models.tile import CVXIF_DEPTH, TileConfig

from .cvxif_interface import CVXIF_RESPONSE, CvxifPort, CvxifSignature
from .interfaces import CM_REQUEST, MacroPort, RegisterInterface
from .pins import PinSignature
from .tile import AimcTile
from .typed import Component, like, pass_on

__all__ = ["AimcTileCvxif"]

REGISTER_WIDTHS = (32, 64)


class AimcTileCvxif(Component):
    """A tile on the issue, register, commit and result interfaces of CV-X-IF 1.0.

    The names are those of the specification's interfaces and packets, flattened, with the prefix
    ``x_``. The parameters of the interface are X_NUM_RS = 3, X_DUALREAD = X_DUALWRITE = 0,
    X_ISSUE_REGISTER_SPLIT = 0; so ``register.id`` and ``register.hartid`` equal those of the issue
    request and are no ports. An id and a hartid together name an instruction. A hart's ids under
    way must span less than half of their range; what other harts have under way does not matter.

    The five operations of the opcode are accepted (`alpine_models.isa.riscv_encode`), all
    else is rejected. Operands are zero-extended to 64 bits, results truncated to the register
    width. An instruction reaches the tile in the cycle after its commit at the earliest; a killed
    one never does. Every issue transaction, accepted or rejected, must be committed or killed. A
    request that waits may be withdrawn, or another one take its place, and what was decided about
    it is forgotten; it is the same request for as long as ``x_issue_valid`` stays high and neither
    id nor hartid changes.
    Results come in order, one for each accepted instruction that was not killed; that of a transfer
    is offered in the second cycle after the commit, if nothing is ahead of it.

    As the specification has it, ``x_issue_ready`` and ``x_issue_resp_*`` answer the issue request
    in the same cycle. No other output depends combinationally on an input.

    Parameters
    ----------
    config : TileConfig
        The tile.
    xlen : int
        Register width (X_RFR_WIDTH and X_RFW_WIDTH): 32 or 64.
    id_width, hartid_width : int
        X_ID_WIDTH and X_HARTID_WIDTH.
    opcode : int
        Major opcode of the five operations: custom-0 unless the core has that for itself.

    Members
    -------
    x : In(CvxifSignature)
        The interface. Its Verilog ports are the following.
    x_issue_valid, x_issue_ready : In(1), Out(1)
        Issue handshake. Not ready while `CVXIF_DEPTH` instructions wait, or an operand is missing.
    x_issue_req_instr, x_issue_req_id, x_issue_req_hartid : In
        The instruction. Valid with ``x_issue_valid``.
    x_issue_resp_accept, x_issue_resp_writeback : Out(1), x_issue_resp_register_read : Out(3)
        Whether it is one of ours, writes rd, and which of rs1 to rs3 it reads; combinational.
    x_register_valid, x_register_ready : In(1), Out(1)
        As the issue handshake.
    x_register_rs_0, x_register_rs_1, x_register_rs_2 : In(xlen), x_register_rs_valid : In(3)
        Operands, and which of them are there. Valid with ``x_register_valid``.
    x_commit_valid : In(1), x_commit_id, x_commit_hartid, x_commit_commit_kill : In
        Instructions up to the id happen (kill low), or those from the id on do not (kill high).
    x_result_valid, x_result_ready : Out(1), In(1)
        Result handshake.
    x_result_id, x_result_hartid, x_result_data, x_result_rd, x_result_we : Out
        The result. Valid with ``x_result_valid``.
    xb_*, csr_* : the members ``xb`` and ``csr``, as in `AimcTile`.

    Raises
    ------
    ValueError
        ``xlen`` is neither 32 nor 64, a width is below 1, or the opcode is none of
        `alpine_models.isa.RISCV_CUSTOM_OPCODES`.
    """

    x: CvxifPort
    xb: MacroPort
    csr: RegisterInterface

    def __init__(
        self,
        *,
        config: TileConfig,
        xlen: int = 32,
        id_width: int = 4,
        hartid_width: int = 1,
        opcode: int = RISCV_CUSTOM_0,
    ):
        if xlen not in REGISTER_WIDTHS:
            raise ValueError(f"xlen must be 32 or 64, not {xlen!r}")
        for name, width in (("id_width", id_width), ("hartid_width", hartid_width)):
            if width < 1:
                raise ValueError(f"{name} must be a positive integer, not {width!r}")
        if opcode not in RISCV_CUSTOM_OPCODES:
            known = ", ".join(f"{each:#04x}" for each in RISCV_CUSTOM_OPCODES)
            raise ValueError(f"opcode must be one of {known}, not {opcode!r}")
        self.xlen, self.id_width, self.hartid_width = xlen, id_width, hartid_width
        self.opcode = opcode
        self.tile = AimcTile(config=config)
        port = CvxifSignature(xlen=xlen, id_width=id_width, hartid_width=hartid_width)
        self._result = port.result_layout
        own = self.tile.signature.members
        super().__init__(PinSignature({"x": In(port), "xb": own["xb"], "csr": own["csr"]}))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.tile = tile = self.tile
        pass_on(m, inner=tile.xb, outer=self.xb)
        pass_on(m, inner=tile.csr, outer=self.csr)
        slots = [_Slot(self, number) for number in range(CVXIF_DEPTH)]
        self._issue(m, slots, self._decode(m))
        for slot in slots:
            self._commit(m, slot)
        self._offer(m, slots, tile)
        return m

    def _decode(self, m: Module) -> "_Decoded":
        """Recognise the issued instruction."""
        instr = self.x.issue.req.instr
        found = _Decoded(Signal(11), Signal(), Signal(), Signal(), Signal(3))
        ours = (instr[:7] == self.opcode) & (instr[25:] == 0)
        with m.If(ours), m.Switch(instr[12:15]):
            for operation, (code, bit) in OPCODES.items():
                *reads, writes = riscv_operands(operation)
                with m.Case(RISCV_FUNCT3[operation]):
                    m.d.comb += [
                        found.accept.eq(1),
                        found.writeback.eq(writes),
                        found.register_read.eq(
                            sum(read << number for number, read in enumerate(reads))
                        ),
                        found.opcode.eq(code),
                        found.rw.eq(bit),
                    ]
        m.d.comb += self.x.issue.resp.eq(
            CVXIF_RESPONSE.pack(
                accept=found.accept,
                writeback=found.writeback,
                register_read=found.register_read,
            )
        )
        return found

    def _issue(self, m: Module, slots: list["_Slot"], decoded: "_Decoded") -> None:
        """Put the issued instruction, translated, into the next slot."""
        following = Signal(range(CVXIF_DEPTH))
        there = Mux(self.x.register.valid, self.x.register.rs_valid, 0)
        ready, take = Signal(), Signal()
        m.d.comb += [
            ready.eq(
                ~Array(slot.valid for slot in slots)[following]
                & ~(decoded.register_read & ~there).any()
            ),
            self.x.issue.ready.eq(ready),
            self.x.register.ready.eq(ready),
            take.eq(self.x.issue.valid & ready),
        ]
        committed, killed = self._early_commit(m, take)
        instr = self.x.issue.req.instr
        # x0 becomes XZR, any other register one that is not XZR: all that the tile looks at.
        rm, rn, ra = (
            (instr[low : low + 5] == 0).replicate(5)
            for low in (RISCV_OPERANDS["rm"], RISCV_OPERANDS["rn"], RISCV_OPERANDS["ra"])
        )
        with m.If(take):
            m.d.sync += following.eq(following + 1)
        for number, slot in enumerate(slots):
            with m.If(take & (following == number)):
                m.d.sync += [
                    slot.valid.eq(1),
                    slot.committed.eq(committed & ~killed),
                    slot.killed.eq(killed & ~committed),
                    slot.ours.eq(decoded.accept),
                    slot.writes.eq(decoded.writeback),
                    slot.word.eq(Cat(instr[7:12], rn, ra, decoded.rw, rm, decoded.opcode)),
                    slot.id.eq(self.x.issue.req.id),
                    slot.hartid.eq(self.x.issue.req.hartid),
                    slot.rm.eq(self.x.register.rs[0]),
                    slot.rn.eq(self.x.register.rs[1]),
                    slot.ra.eq(self.x.register.rs[2]),
                ]

    def _early_commit(self, m: Module, take: Value) -> tuple[Value, Value]:
        """Return what commit transactions said about the issued instruction, up to now.

        A core may commit or kill an instruction from the first cycle of its issue request on, so
        also while the request waits; the answer is kept for as long as the same request does.
        """
        identity = Cat(self.x.issue.req.id, self.x.issue.req.hartid)
        waiting = Signal()
        waiting_identity = like(identity, name="waiting_identity")
        committed_before = Signal()
        killed_before = Signal()
        same = waiting & (waiting_identity == identity)
        commits, kills = self._concerns(self.x.issue.req.id, self.x.issue.req.hartid)
        killed = (same & killed_before) | (kills & ~(same & committed_before))
        committed = (same & committed_before) | (commits & ~(same & killed_before))
        m.d.sync += [
            waiting.eq(self.x.issue.valid & ~take),
            waiting_identity.eq(identity),
            committed_before.eq(committed),
            killed_before.eq(killed),
        ]
        return committed, killed

    def _concerns(self, number: Value, hartid: Value) -> tuple[Value, Value]:
        """Tell whether this cycle's commit transaction commits or kills an instruction.

        Ids grow modulo their range, so of two of them the newer one is less than half of the range
        ahead of the older one.
        """
        commit = self.x.commit.payload
        ahead = (commit.id - number)[: self.id_width]
        behind = (number - commit.id)[: self.id_width]
        applies = self.x.commit.valid & (commit.hartid == hartid)
        kill = commit.commit_kill
        return applies & ~kill & ~ahead[-1], applies & kill & ~behind[-1]

    def _commit(self, m: Module, slot: "_Slot") -> None:
        commits, kills = self._concerns(slot.id, slot.hartid)
        with m.If(slot.valid & ~slot.committed & ~slot.killed):
            with m.If(commits):
                m.d.sync += slot.committed.eq(1)
            with m.If(kills):
                m.d.sync += slot.killed.eq(1)

    def _offer(self, m: Module, slots: list["_Slot"], tile: AimcTile) -> None:
        """Send the oldest instruction to the tile once it is committed, or drop it."""
        oldest = Signal(range(CVXIF_DEPTH))

        def head(name: str) -> Value:
            return Array(getattr(slot, name) for slot in slots)[oldest]

        record = Cat(head("id"), head("hartid"), head("word")[:5], head("writes"))
        m.submodules.under_way = under_way = SyncFIFO(width=len(record), depth=CVXIF_DEPTH)
        request, response, result = tile.cm.req, tile.cm.rsp, self.x.result
        go, pop = Signal(), Signal()
        number, hartid = Signal(self.id_width), Signal(self.hartid_width)
        rd, we = Signal(5), Signal()
        m.d.comb += [
            go.eq(head("valid") & head("committed") & head("ours") & under_way.w_rdy),
            request.valid.eq(go),
            request.payload.eq(
                CM_REQUEST.pack(instr=head("word"), rn=head("rn"), rm=head("rm"), ra=head("ra"))
            ),
            under_way.w_data.eq(record),
            under_way.w_en.eq(go & request.ready),
            pop.eq(
                under_way.w_en
                | (head("valid") & (head("killed") | (head("committed") & ~head("ours"))))
            ),
            Cat(number, hartid, rd, we).eq(under_way.r_data),
            result.payload.eq(
                self._result.pack(id=number, hartid=hartid, data=response.payload.rd, rd=rd, we=we)
            ),
            # The record is written with the request and visible with the first response.
            result.valid.eq(response.valid & under_way.r_rdy),
            response.ready.eq(result.ready & under_way.r_rdy),
            under_way.r_en.eq(result.ready & response.valid),
        ]
        with m.If(pop):
            m.d.sync += oldest.eq(oldest + 1)
            for number, slot in enumerate(slots):
                with m.If(oldest == number):
                    m.d.sync += slot.valid.eq(0)


class _Decoded(NamedTuple):
    """The issued instruction: its AArch64 opcode and rw bit, and the fields of the answer."""

    opcode: Signal
    rw: Signal
    accept: Signal
    writeback: Signal
    register_read: Signal


class _Slot:
    """Registers of one issued instruction.

    ``committed`` and ``killed`` say what the core decided; at most one is high. ``ours`` is low for
    an instruction that was rejected and is only here so that ids can be followed.
    """

    valid: Signal
    committed: Signal
    killed: Signal
    ours: Signal
    writes: Signal
    word: Signal
    id: Signal
    hartid: Signal
    rm: Signal
    rn: Signal
    ra: Signal

    def __init__(self, top: AimcTileCvxif, number: int):
        for name, width in (
            ("valid", 1),
            ("committed", 1),
            ("killed", 1),
            ("ours", 1),
            ("writes", 1),
            ("word", 32),
            ("id", top.id_width),
            ("hartid", top.hartid_width),
            ("rm", top.xlen),
            ("rn", top.xlen),
            ("ra", top.xlen),
        ):
            setattr(self, name, Signal(width, name=f"slot{number}_{name}"))
