# amaranth: UnusedElaboratable=no
"""The CV-X-IF adapter against a core that issues, kills and commits as it likes."""

import random

import pytest
from pysim import crossbar, simulate

from alpine_models.isa import OPERANDS, CmOperation, encode, riscv_encode, riscv_operands
from alpine_models.reference_tile import ReferenceTile
from alpine_models.tile import TileConfig
from alpine_rtl.cvxif import AimcTileCvxif

PHASES = {"precharge_cycles": 1, "integrate_cycles": 3, "digitise_cycles": 1}
CONFIG = TileConfig(rows=6, columns=7, **PHASES)
OPERATIONS = list(OPERANDS)
UNKNOWN_WORDS = [0x0000700B, 0x0200000B, 0x00000033]


def registers(rng, operation):
    chosen = {name: rng.choice([0, 4, 31]) for name in OPERANDS[operation]}
    if operation is CmOperation.INITIALIZE:
        chosen["rd"] = chosen["ra"]
    return chosen


class Core:
    """Issues random instructions; decides later, in batches, which of them happen."""

    def __init__(self, dut, seed, *, length=150):
        self.dut, self.rng, self.length = dut, random.Random(seed), length
        self.undecided, self.expected = [], []
        self.reference = ReferenceTile(rows=6, columns=7)
        self.finished = False

    def instruction(self):
        rng = self.rng
        if rng.random() < 0.1:
            return rng.choice(UNKNOWN_WORDS), None, {}
        operation = rng.choice(OPERATIONS + [CmOperation.QUEUE] * 4 + [CmOperation.DEQUEUE] * 3)
        chosen = registers(rng, operation)
        return riscv_encode(operation, **chosen), operation, chosen

    async def issue(self, ctx):
        dut = self.dut
        for number in range(self.length):
            word, operation, chosen = self.instruction()
            values = {name: self.rng.randrange(9) for name in ("rm", "rn", "ra")}
            if operation is CmOperation.QUEUE:
                values["rm"] = self.rng.getrandbits(32)
            values = {name: value if chosen.get(name) else 0 for name, value in values.items()}
            ctx.set(dut.x_issue_req_instr, word)
            ctx.set(dut.x_issue_req_id, number % 16)
            ctx.set(dut.x_issue_valid, 1)
            ctx.set(dut.x_register_valid, 1)
            ctx.set(dut.x_register_rs_valid, self.rng.randrange(8))
            for i, value in enumerate(values.values()):
                ctx.set(getattr(dut, f"x_register_rs_{i}"), value)
            self.undecided.append((number % 16, operation, chosen, values))
            while not ctx.get(dut.x_issue_ready):
                await ctx.tick()
                ctx.set(dut.x_register_rs_valid, 7)
            self.check_response(ctx, operation)
            await ctx.tick()
            ctx.set(dut.x_issue_valid, 0)
            for _ in range(self.rng.choice([0, 0, 0, 3])):
                await ctx.tick()
        self.finished = True

    def check_response(self, ctx, operation):
        response = tuple(
            ctx.get(getattr(self.dut, f"x_issue_resp_{name}"))
            for name in ("accept", "register_read", "writeback")
        )
        if operation is None:
            assert response == (0, 0, 0)
        else:
            *reads, writes = riscv_operands(operation)
            assert response == (1, sum(read << i for i, read in enumerate(reads)), writes)

    async def commit(self, ctx):
        dut = self.dut
        while not self.finished or self.undecided:
            # Ids in one call of a random order: a batch ends at any instruction not yet decided.
            ctx.set(dut.x_commit_valid, 0)
            if self.undecided and self.rng.random() < 0.3:
                position = self.rng.randrange(len(self.undecided))
                kill = self.rng.random() < 0.3
                ctx.set(dut.x_commit_valid, 1)
                ctx.set(dut.x_commit_id, self.undecided[position][0])
                ctx.set(dut.x_commit_commit_kill, kill)
                if kill:
                    del self.undecided[position:]
                else:
                    for entry in self.undecided[: position + 1]:
                        self.happen(*entry)
                    del self.undecided[: position + 1]
            await ctx.tick()
        ctx.set(dut.x_commit_valid, 0)

    def happen(self, number, operation, chosen, values):
        if operation is None:
            return
        # x0 is XZR; any other number only has to be another one.
        word = encode(operation, **{name: 1 if used else 31 for name, used in chosen.items()})
        rd, _ = self.reference.execute(word, **values)
        writes = riscv_operands(operation)[3]
        self.expected.append((number, writes, chosen.get("rd", 0), rd & 0xFFFFFFFF))

    async def collect(self, ctx):
        dut, quiet = self.dut, 0
        while quiet < 60:
            ctx.set(dut.x_result_ready, self.rng.random() < 0.7)
            if ctx.get(dut.x_result_valid) and ctx.get(dut.x_result_ready):
                quiet = 0
                assert self.expected, "a result that nobody waits for"
                number, writes, rd, data = self.expected.pop(0)
                assert ctx.get(dut.x_result_id) == number
                assert ctx.get(dut.x_result_we) == writes
                if writes:
                    assert (ctx.get(dut.x_result_rd), ctx.get(dut.x_result_data)) == (rd, data)
            quiet += self.finished and not self.undecided
            await ctx.tick()
        assert not self.expected


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("double_buffer", [False, True])
def test_random_speculation(seed, double_buffer):
    config = TileConfig(rows=6, columns=7, **PHASES, double_buffer=double_buffer)
    dut = AimcTileCvxif(config=config)
    play, macro = crossbar(dut, config, seed=seed)
    core = Core(dut, seed)
    core.reference.crossbar.weights[:] = macro.weights
    simulate(dut, core.issue, core.commit, core.collect, processes=[play])


def test_a_result_is_offered_two_cycles_after_its_commit():
    dut = AimcTileCvxif(config=CONFIG, xlen=64)

    async def testbench(ctx):
        ctx.set(dut.x_issue_req_instr, riscv_encode(CmOperation.DEQUEUE, rm=4, rn=5, rd=6))
        ctx.set(dut.x_issue_valid, 1)
        ctx.set(dut.x_register_valid, 1)
        ctx.set(dut.x_register_rs_valid, 0b011)
        ctx.set(dut.x_register_rs_0, 4)
        ctx.set(dut.x_commit_valid, 1)
        ctx.set(dut.x_result_ready, 1)
        assert ctx.get(dut.x_issue_ready)
        await ctx.tick()
        ctx.set(dut.x_issue_valid, 0)
        ctx.set(dut.x_commit_valid, 0)
        edges = 1
        while not ctx.get(dut.x_result_valid) and edges < 20:
            await ctx.tick()
            edges += 1
        assert edges == 2
        assert ctx.get(dut.x_result_rd) == 6

    simulate(dut, testbench)


def test_a_missing_operand_holds_the_issue_back():
    dut = AimcTileCvxif(config=CONFIG)

    async def testbench(ctx):
        ctx.set(dut.x_register_valid, 1)
        for operation in OPERATIONS:
            *reads, _ = riscv_operands(operation)
            needed = sum(read << i for i, read in enumerate(reads))
            ctx.set(dut.x_issue_req_instr, riscv_encode(operation))
            for there in range(8):
                ctx.set(dut.x_register_rs_valid, there)
                assert ctx.get(dut.x_issue_ready) == (needed & ~there == 0)

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
