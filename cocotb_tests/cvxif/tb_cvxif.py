"""The CV-X-IF adapter under a core that issues, kills and commits as it likes, and resets."""

import random
from collections import deque

import cocotb
import numpy as np
from cocotb.triggers import Timer
from cocotb_tests.blocks import CONFIG, chance, get, put, started

from alpine_cosim.cocotb.drivers import CrossbarResponder
from alpine_models.crossbar import IdealCrossbar
from alpine_models.isa import (
    OPERANDS,
    CmOperation,
    encode,
    queue,
    riscv_encode,
    riscv_operands,
)
from alpine_models.reference_tile import ReferenceTile

XLEN = 32
IDS = 16
OPERATIONS = [*OPERANDS, *[CmOperation.QUEUE] * 4, *[CmOperation.DEQUEUE] * 3]
STRANGE = (0x0000700B, 0x0200000B, 0x00000033)


class Scoreboard:
    """The results that committed instructions must give, in order."""

    def __init__(self):
        self.reference = ReferenceTile(rows=CONFIG.rows, columns=CONFIG.columns)
        self.expected: deque[tuple[int, int, int, int]] = deque()
        self.results = self.killed = 0

    def commit(self, number, operation, chosen, values) -> None:
        # x0 is XZR; any other number only has to be another one.
        word = encode(operation, **{name: 1 if used else 31 for name, used in chosen.items()})
        rd, _ = self.reference.execute(word, **values)
        writes = riscv_operands(operation)[3]
        self.expected.append((number, writes, chosen.get("rd", 0), rd & (1 << XLEN) - 1))

    def result(self, number, writes, register, data) -> None:
        assert self.expected, f"a result for id {number} that nobody waits for"
        want = self.expected.popleft()
        assert (number, writes) == want[:2]
        if writes:
            assert (register, data) == want[2:]
        self.results += 1


class Core:
    """Issues random instructions, and decides later, in batches, which of them happen."""

    def __init__(self, block, clock, scoreboard, *, kill=0.3, ready=0.7):
        self.block, self.clock, self.scoreboard = block, clock, scoreboard
        self.kill, self.ready = kill, ready
        self.undecided = []
        self.issued = 0

    def draw(self):
        number = self.issued % IDS
        if chance(0.1):
            return number, random.choice(STRANGE), None, {}, {}
        operation = random.choice(OPERATIONS)
        chosen = {name: random.choice([0, 4, 31]) for name in OPERANDS[operation]}
        if operation is CmOperation.INITIALIZE:
            chosen["rd"] = chosen["ra"]
        values = {name: random.randrange(9) for name in ("rm", "rn", "ra")}
        if operation is CmOperation.QUEUE:
            values["rm"] = random.getrandbits(XLEN)
        values = {name: value if chosen.get(name) else 0 for name, value in values.items()}
        return number, riscv_encode(operation, **chosen), operation, chosen, values

    async def run(self, count: int) -> None:
        """Drive all interfaces, one cycle after the other, until everything is answered."""
        drawn, quiet = None, 0
        while quiet < 40:
            if drawn is None and self.issued < count and chance(0.7):
                drawn = self.draw()
                self.undecided.append([*drawn, False])
            await self._cycle(drawn)
            if self.accepted:
                self.issued += 1
                drawn = None
            done = self.issued == count and not self.undecided and not self.scoreboard.expected
            quiet = quiet + 1 if done else 0

    async def _cycle(self, drawn) -> None:
        block = self.block
        put(block, x_issue_valid=drawn is not None, x_register_valid=drawn is not None)
        if drawn is not None:
            number, word, _, _, values = drawn
            put(block, x_issue_req_instr=word, x_issue_req_id=number)
            for i, value in enumerate(values.values()):
                getattr(block, f"x_register_rs_{i}").value = value
            put(block, x_register_rs_valid=7 if chance(0.7) else random.randrange(8))
        self._decide()
        put(block, x_result_ready=chance(self.ready))
        await Timer(10, "ps")
        self.accepted = bool(drawn is not None and block.x_issue_ready.value)
        if drawn is not None:
            self._check_response(drawn[2])
        if self.accepted:
            for entry in self.undecided:
                entry[5] = True
        if block.x_result_valid.value and block.x_result_ready.value:
            names = ("x_result_id", "x_result_we", "x_result_rd", "x_result_data")
            self.scoreboard.result(*get(block, *names))
        await self.clock.until(self.clock.edge)

    def _decide(self) -> None:
        """Commit or kill instructions that are shown or were issued."""
        put(self.block, x_commit_valid=0)
        if not self.undecided or not chance(0.3):
            return
        position = random.randrange(len(self.undecided))
        kill = chance(self.kill)
        put(self.block, x_commit_valid=1, x_commit_id=self.undecided[position][0])
        put(self.block, x_commit_commit_kill=kill)
        if kill:
            self.scoreboard.killed += len(self.undecided) - position
            del self.undecided[position:]
            return
        for number, _, operation, chosen, values, _ in self.undecided[: position + 1]:
            if operation is not None:
                self.scoreboard.commit(number, operation, chosen, values)
        del self.undecided[: position + 1]

    def _check_response(self, operation) -> None:
        names = ("accept", "register_read", "writeback")
        response = get(self.block, *(f"x_issue_resp_{name}" for name in names))
        if operation is None:
            assert response == (0, 0, 0)
        else:
            *reads, writes = riscv_operands(operation)
            assert response == (1, sum(read << i for i, read in enumerate(reads)), writes)


def around(block, clock):
    """Return a scoreboard and a running crossbar with the same weights."""
    scoreboard = Scoreboard()
    crossbar = IdealCrossbar(rows=CONFIG.rows, columns=CONFIG.columns)
    crossbar.weights[:] = np.random.default_rng(random.getrandbits(32)).integers(
        -8, 8, crossbar.weights.shape
    )
    scoreboard.reference.crossbar.weights[:] = crossbar.weights
    responder = CrossbarResponder(
        block, clock=clock, config=CONFIG, crossbar=crossbar, idle_code=0x55
    )
    responder.start()
    return scoreboard, responder


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("kill", "ready"), [(0.3, 0.7), (0.0, 1.0), (0.7, 0.3)]))
async def random_speculation(dut, kill, ready):
    block, clock = await started(dut, "cvxif")
    scoreboard, responder = around(block, clock)
    await Core(block, clock, scoreboard, kill=kill, ready=ready).run(250)
    assert scoreboard.results > 30
    assert (scoreboard.killed > 0) == (kill > 0)
    assert responder.fault is None, responder.fault


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_the_middle_of_anything(dut):
    block, clock = await started(dut, "cvxif")
    for _ in range(40):
        await clock.reset()
        scoreboard, responder = around(block, clock)
        running = cocotb.start_soon(Core(block, clock, scoreboard).run(1000))
        await clock.wait(random.randint(1, 60))
        running.cancel()
        responder.stop()
        await clock.reset()
        assert get(block, "x_result_valid") == (0,)
        # A reset tile behind an empty adapter: the counter is at 0, so two groups fit, not three.
        scoreboard, responder = around(block, clock)
        core = Core(block, clock, scoreboard, kill=0)
        probe = [(CmOperation.QUEUE, {"rm": 4, "ra": 0, "rn": 0}, {"rm": 0x01010101})] * 3
        probe += [(CmOperation.PROCESS, {"rd": 5}, {})]
        probe += [(CmOperation.DEQUEUE, {"rm": 4, "rn": 5, "rd": 6}, {"rm": 4, "rn": 0})]
        probe = [
            (n, riscv_encode(o, **chosen), o, chosen, {"rm": 0, "rn": 0, "ra": 0} | values)
            for n, (o, chosen, values) in enumerate(probe)
        ]
        core.draw = lambda core=core, probe=probe: probe[core.issued]
        await core.run(len(probe))
        assert scoreboard.results == len(probe)
        assert scoreboard.reference.execute(queue(), rm=0)[1] == 0
        responder.stop()
