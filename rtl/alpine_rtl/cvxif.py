# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""RISC-V coupling: a tile as coprocessor on the OpenHW CV-X-IF."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from alpine_models.isa import (
    OPCODES,
    RISCV_CUSTOM_0,
    RISCV_FUNCT3,
    RISCV_OPERANDS,
    riscv_operands,
)
from alpine_models.tile import CVXIF_DEPTH, TileConfig

from .ports import join
from .tile import AimcTile

__all__ = ["AimcTileCvxif"]

REGISTER_WIDTHS = (32, 64)


class AimcTileCvxif(wiring.Component):
    """A tile on the issue, register, commit and result interfaces of CV-X-IF 1.0.

    The names are those of the specification's interfaces and packets, flattened, with the prefix
    ``x_``. The parameters of the interface are X_NUM_RS = 3, X_DUALREAD = X_DUALWRITE = 0,
    X_ISSUE_REGISTER_SPLIT = 0; so ``register.id`` and ``register.hartid`` equal those of the issue
    request and are no ports. An id and a hartid together name an instruction. A hart's ids under
    way must span less than half of their range; what other harts have under way does not matter.

    The five operations of the custom-0 opcode are accepted (`alpine_models.isa.riscv_encode`), all
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

    Members
    -------
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
    xb_*, csr_* : as `AimcTile`.

    Raises
    ------
    ValueError
        ``xlen`` is neither 32 nor 64, or a width is below 1.
    """

    def __init__(
        self, *, config: TileConfig, xlen: int = 32, id_width: int = 4, hartid_width: int = 1
    ):
        if xlen not in REGISTER_WIDTHS:
            raise ValueError(f"xlen must be 32 or 64, not {xlen!r}")
        for name, width in (("id_width", id_width), ("hartid_width", hartid_width)):
            if not isinstance(width, int) or width < 1:
                raise ValueError(f"{name} must be a positive integer, not {width!r}")
        self.xlen, self.id_width, self.hartid_width = xlen, id_width, hartid_width
        self._tile = AimcTile(config=config)
        passed = {n: s for n, s in self._tile.signature.members.items() if not n.startswith("cm_")}
        super().__init__(
            {
                "x_issue_valid": In(1),
                "x_issue_ready": Out(1),
                "x_issue_req_instr": In(32),
                "x_issue_req_id": In(id_width),
                "x_issue_req_hartid": In(hartid_width),
                "x_issue_resp_accept": Out(1),
                "x_issue_resp_writeback": Out(1),
                "x_issue_resp_register_read": Out(3),
                "x_register_valid": In(1),
                "x_register_ready": Out(1),
                **{f"x_register_rs_{i}": In(xlen) for i in range(3)},
                "x_register_rs_valid": In(3),
                "x_commit_valid": In(1),
                "x_commit_id": In(id_width),
                "x_commit_hartid": In(hartid_width),
                "x_commit_commit_kill": In(1),
                "x_result_valid": Out(1),
                "x_result_ready": In(1),
                "x_result_id": Out(id_width),
                "x_result_hartid": Out(hartid_width),
                "x_result_data": Out(xlen),
                "x_result_rd": Out(5),
                "x_result_we": Out(1),
                **passed,
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.tile = tile = self._tile
        for name, member in tile.signature.members.items():
            if not name.startswith("cm_"):
                join(m, member, inner=getattr(tile, name), outer=getattr(self, name))
        slots = [_Slot(self, number) for number in range(CVXIF_DEPTH)]
        self._issue(m, slots, self._decode(m))
        for slot in slots:
            self._commit(m, slot)
        self._offer(m, slots, tile)
        return m

    def _decode(self, m):
        """Recognise the issued instruction; return its AArch64 opcode and rw bit."""
        instr = self.x_issue_req_instr
        opcode, rw = Signal(11), Signal()
        ours = (instr[:7] == RISCV_CUSTOM_0) & (instr[25:] == 0)
        with m.If(ours), m.Switch(instr[12:15]):
            for operation, (code, bit) in OPCODES.items():
                *reads, writes = riscv_operands(operation)
                with m.Case(RISCV_FUNCT3[operation]):
                    m.d.comb += [
                        self.x_issue_resp_accept.eq(1),
                        self.x_issue_resp_writeback.eq(writes),
                        self.x_issue_resp_register_read.eq(
                            sum(read << number for number, read in enumerate(reads))
                        ),
                        opcode.eq(code),
                        rw.eq(bit),
                    ]
        return opcode, rw

    def _issue(self, m, slots, code) -> None:
        """Put the issued instruction, translated, into the next slot."""
        following = Signal(range(CVXIF_DEPTH))
        there = Mux(self.x_register_valid, self.x_register_rs_valid, 0)
        ready, take = Signal(), Signal()
        m.d.comb += [
            ready.eq(
                ~Array(slot.valid for slot in slots)[following]
                & ~(self.x_issue_resp_register_read & ~there).any()
            ),
            self.x_issue_ready.eq(ready),
            self.x_register_ready.eq(ready),
            take.eq(self.x_issue_valid & ready),
        ]
        committed, killed = self._early_commit(m, take)
        instr = self.x_issue_req_instr
        # x0 becomes XZR, any other register one that is not XZR: all that the tile looks at.
        rm, rn, ra = (
            (instr[low : low + 5] == 0).replicate(5)
            for low in (RISCV_OPERANDS["rm"], RISCV_OPERANDS["rn"], RISCV_OPERANDS["ra"])
        )
        opcode, rw = code
        with m.If(take):
            m.d.sync += following.eq(following + 1)
        for number, slot in enumerate(slots):
            with m.If(take & (following == number)):
                m.d.sync += [
                    slot.valid.eq(1),
                    slot.committed.eq(committed & ~killed),
                    slot.killed.eq(killed & ~committed),
                    slot.ours.eq(self.x_issue_resp_accept),
                    slot.writes.eq(self.x_issue_resp_writeback),
                    slot.word.eq(Cat(instr[7:12], rn, ra, rw, rm, opcode)),
                    slot.id.eq(self.x_issue_req_id),
                    slot.hartid.eq(self.x_issue_req_hartid),
                    slot.rm.eq(self.x_register_rs_0),
                    slot.rn.eq(self.x_register_rs_1),
                    slot.ra.eq(self.x_register_rs_2),
                ]

    def _early_commit(self, m, take):
        """Return what commit transactions said about the issued instruction, up to now.

        A core may commit or kill an instruction from the first cycle of its issue request on, so
        also while the request waits; the answer is kept for as long as the same request does.
        """
        identity = Cat(self.x_issue_req_id, self.x_issue_req_hartid)
        waiting = Signal()
        waiting_identity = Signal.like(identity)
        committed_before = Signal()
        killed_before = Signal()
        same = waiting & (waiting_identity == identity)
        commits, kills = self._concerns(self.x_issue_req_id, self.x_issue_req_hartid)
        killed = (same & killed_before) | (kills & ~(same & committed_before))
        committed = (same & committed_before) | (commits & ~(same & killed_before))
        m.d.sync += [
            waiting.eq(self.x_issue_valid & ~take),
            waiting_identity.eq(identity),
            committed_before.eq(committed),
            killed_before.eq(killed),
        ]
        return committed, killed

    def _concerns(self, number, hartid):
        """Tell whether this cycle's commit transaction commits or kills an instruction.

        Ids grow modulo their range, so of two of them the newer one is less than half of the range
        ahead of the older one.
        """
        ahead = (self.x_commit_id - number)[: self.id_width]
        behind = (number - self.x_commit_id)[: self.id_width]
        applies = self.x_commit_valid & (self.x_commit_hartid == hartid)
        kill = self.x_commit_commit_kill
        return applies & ~kill & ~ahead[-1], applies & kill & ~behind[-1]

    def _commit(self, m, slot) -> None:
        commits, kills = self._concerns(slot.id, slot.hartid)
        with m.If(slot.valid & ~slot.committed & ~slot.killed):
            with m.If(commits):
                m.d.sync += slot.committed.eq(1)
            with m.If(kills):
                m.d.sync += slot.killed.eq(1)

    def _offer(self, m, slots, tile) -> None:
        """Send the oldest instruction to the tile once it is committed, or drop it."""
        oldest = Signal(range(CVXIF_DEPTH))

        def head(name):
            return Array(getattr(slot, name) for slot in slots)[oldest]

        record = Cat(head("id"), head("hartid"), head("word")[:5], head("writes"))
        m.submodules.under_way = under_way = SyncFIFO(width=len(record), depth=CVXIF_DEPTH)
        go, pop = Signal(), Signal()
        m.d.comb += [
            go.eq(head("valid") & head("committed") & head("ours") & under_way.w_rdy),
            tile.cm_req_valid.eq(go),
            tile.cm_req_instr.eq(head("word")),
            tile.cm_req_rm.eq(head("rm")),
            tile.cm_req_rn.eq(head("rn")),
            tile.cm_req_ra.eq(head("ra")),
            under_way.w_data.eq(record),
            under_way.w_en.eq(go & tile.cm_req_ready),
            pop.eq(
                under_way.w_en
                | (head("valid") & (head("killed") | (head("committed") & ~head("ours"))))
            ),
            Cat(self.x_result_id, self.x_result_hartid, self.x_result_rd, self.x_result_we).eq(
                under_way.r_data
            ),
            self.x_result_data.eq(tile.cm_rsp_rd),
            # The record is written with the request and visible with the first response.
            self.x_result_valid.eq(tile.cm_rsp_valid & under_way.r_rdy),
            tile.cm_rsp_ready.eq(self.x_result_ready & under_way.r_rdy),
            under_way.r_en.eq(self.x_result_ready & tile.cm_rsp_valid),
        ]
        with m.If(pop):
            m.d.sync += oldest.eq(oldest + 1)
            for number, slot in enumerate(slots):
                with m.If(oldest == number):
                    m.d.sync += slot.valid.eq(0)


class _Slot:
    """Registers of one issued instruction.

    ``committed`` and ``killed`` say what the core decided; at most one is high. ``ours`` is low for
    an instruction that was rejected and is only here so that ids can be followed.
    """

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
