# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The CV-X-IF adapter against harts that issue, withdraw, kill and commit as they like."""

import random

import pytest
from amaranth.utils import bits_for
from cocotb_tests.cvxif.core_model import CoreModel
from pysim import crossbar, pins, simulate

from alpine_models.isa import OPERANDS, CmOperation, riscv_encode, riscv_operands
from alpine_models.reference_tile import ReferenceTile
from alpine_models.tile import TileConfig
from alpine_rtl.cvxif import AimcTileCvxif

PHASES = {"precharge_cycles": 1, "integrate_cycles": 3, "digitise_cycles": 1}
CONFIG = TileConfig(rows=6, columns=7, **PHASES)
HARTS = 4


class Core:
    """Shows the model's transactions at the ports of the adapter."""

    def __init__(self, dut, model, *, length=150):
        self.dut, self.model, self.length = pins(dut), model, length
        self.finished = False

    def show(self, ctx, transaction):
        dut = self.dut
        ctx.set(dut.x_issue_req_instr, transaction.word)
        ctx.set(dut.x_issue_req_id, transaction.id)
        ctx.set(dut.x_issue_req_hartid, transaction.hart)
        for i, value in enumerate(transaction.values.values()):
            ctx.set(getattr(dut, f"x_register_rs_{i}"), value)

    async def issue(self, ctx):
        dut, rng = self.dut, self.model.rng
        for _ in range(self.length):
            transaction = self.model.present()
            self.show(ctx, transaction)
            ctx.set(dut.x_issue_valid, 1)
            ctx.set(dut.x_register_valid, 1)
            ctx.set(dut.x_register_rs_valid, rng.randrange(8))
            while not ctx.get(dut.x_issue_ready):
                await ctx.tick()
                ctx.set(dut.x_register_rs_valid, 7)
                transaction = self.model.reconsider(transaction)
                self.show(ctx, transaction)
            names = ("accept", "register_read", "writeback")
            response = tuple(ctx.get(getattr(dut, f"x_issue_resp_{name}")) for name in names)
            assert response == transaction.response
            await ctx.tick()
            self.model.issue(transaction)
            ctx.set(dut.x_issue_valid, 0)
            for _ in range(rng.choice([0, 0, 0, 3])):
                await ctx.tick()
        self.finished = True

    async def commit(self, ctx):
        dut = self.dut
        while not self.finished or self.model.transactions:
            decision = self.model.decide() if self.model.rng.random() < 0.3 else None
            ctx.set(dut.x_commit_valid, decision is not None)
            if decision is not None:
                number, hart, kill = decision
                ctx.set(dut.x_commit_id, number)
                ctx.set(dut.x_commit_hartid, hart)
                ctx.set(dut.x_commit_commit_kill, kill)
            await ctx.tick()
        ctx.set(dut.x_commit_valid, 0)

    async def collect(self, ctx):
        dut, quiet = self.dut, 0
        while quiet < 60:
            ctx.set(dut.x_result_ready, self.model.rng.random() < 0.7)
            if ctx.get(dut.x_result_valid) and ctx.get(dut.x_result_ready):
                quiet = 0
                names = ("id", "hartid", "we", "rd", "data")
                shown = (ctx.get(getattr(dut, f"x_result_{name}")) for name in names)
                self.model.result(*shown)
            quiet += self.finished and not self.model.transactions
            await ctx.tick()
        assert self.model.done


def speculate(dut, config, seed):
    """Run a random program of several harts; raises `AssertionError` on any difference."""
    play, macro = crossbar(dut.xb, config, seed=seed)
    reference = ReferenceTile(rows=config.rows, columns=config.columns)
    reference.crossbar.weights[:] = macro.weights
    model = CoreModel(rng=random.Random(seed), reference=reference, harts=HARTS)
    core = Core(dut, model)
    simulate(dut, core.issue, core.commit, core.collect, processes=[play])
    return model


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("double_buffer", [False, True])
def test_random_speculation(seed, double_buffer):
    config = TileConfig(rows=6, columns=7, **PHASES, double_buffer=double_buffer)
    dut = AimcTileCvxif(config=config, hartid_width=bits_for(HARTS - 1))
    model = speculate(dut, config, seed)
    assert model.results and model.killed and model.inherited


@pytest.mark.parametrize("kill", [0, 1])
@pytest.mark.parametrize("successor", [(3, 0), (3, 1), (4, 0), (4, 1)], ids=str)
def test_a_decision_is_kept_for_the_id_and_hart_that_it_was_about(kill, successor):
    """Hart 0's id 3 waits and is decided about; then another request stands in its place."""
    dut = AimcTileCvxif(config=CONFIG)
    port = pins(dut)
    number, hart = successor
    results = []

    async def testbench(ctx):
        ctx.set(port.x_issue_req_instr, riscv_encode(CmOperation.DEQUEUE, rm=4, rn=5, rd=6))
        ctx.set(port.x_register_rs_0, 4)
        for name in ("x_issue_valid", "x_register_valid", "x_commit_valid", "x_result_ready"):
            ctx.set(getattr(port, name), 1)
        ctx.set(port.x_issue_req_id, 3)
        ctx.set(port.x_commit_id, 3)
        ctx.set(port.x_commit_commit_kill, kill)
        assert not ctx.get(port.x_issue_ready)
        await ctx.tick()
        ctx.set(port.x_commit_valid, 0)
        ctx.set(port.x_register_rs_valid, 0b011)
        ctx.set(port.x_issue_req_id, number)
        ctx.set(port.x_issue_req_hartid, hart)
        assert ctx.get(port.x_issue_ready)
        await ctx.tick()
        ctx.set(port.x_issue_valid, 0)
        for decided in (False, True):
            for _ in range(10):
                if ctx.get(port.x_result_valid):
                    results.append((ctx.get(port.x_result_id), ctx.get(port.x_result_hartid)))
                await ctx.tick()
            # Nothing was said about the successor until now, unless it is the same request.
            assert results == ([successor] if decided or (successor == (3, 0) and not kill) else [])
            if successor == (3, 0):
                return
            ctx.set(port.x_commit_valid, 1)
            ctx.set(port.x_commit_id, number)
            ctx.set(port.x_commit_hartid, hart)
            ctx.set(port.x_commit_commit_kill, 0)
            await ctx.tick()
            ctx.set(port.x_commit_valid, 0)

    simulate(dut, testbench)


def test_a_result_is_offered_two_cycles_after_its_commit():
    dut = AimcTileCvxif(config=CONFIG, xlen=64)
    port = pins(dut)

    async def testbench(ctx):
        ctx.set(port.x_issue_req_instr, riscv_encode(CmOperation.DEQUEUE, rm=4, rn=5, rd=6))
        ctx.set(port.x_issue_valid, 1)
        ctx.set(port.x_register_valid, 1)
        ctx.set(port.x_register_rs_valid, 0b011)
        ctx.set(port.x_register_rs_0, 4)
        ctx.set(port.x_commit_valid, 1)
        ctx.set(port.x_result_ready, 1)
        assert ctx.get(port.x_issue_ready)
        await ctx.tick()
        ctx.set(port.x_issue_valid, 0)
        ctx.set(port.x_commit_valid, 0)
        edges = 1
        while not ctx.get(port.x_result_valid) and edges < 20:
            await ctx.tick()
            edges += 1
        assert edges == 2
        assert ctx.get(port.x_result_rd) == 6

    simulate(dut, testbench)


def test_a_missing_operand_holds_the_issue_back():
    dut = AimcTileCvxif(config=CONFIG)
    port = pins(dut)

    async def testbench(ctx):
        ctx.set(port.x_register_valid, 1)
        for operation in OPERANDS:
            *reads, _ = riscv_operands(operation)
            needed = sum(read << i for i, read in enumerate(reads))
            ctx.set(port.x_issue_req_instr, riscv_encode(operation))
            for there in range(8):
                ctx.set(port.x_register_rs_valid, there)
                assert ctx.get(port.x_issue_ready) == (needed & ~there == 0)

    simulate(dut, testbench)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"xlen": 16}, r"^xlen must be 32 or 64, not 16$"),
        ({"id_width": 0}, r"^id_width must be a positive integer, not 0$"),
        ({"hartid_width": -1}, r"^hartid_width must be a positive integer, not -1$"),
    ],
)
def test_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        AimcTileCvxif(config=CONFIG, **parameters)
