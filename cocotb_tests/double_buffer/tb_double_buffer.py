# SPDX-License-Identifier: Apache-2.0
"""The tile with two input buffers: the next vector queued during a multiplication, and reset."""

import random

import cocotb
import numpy as np
import pytest
from cocotb_tests.blocks import DOUBLE, Block, pauses, requests, started

from alpine_cosim.cocotb.drivers import CmDriver, CmProgram, CmRequest, CrossbarResponder
from alpine_cosim.cocotb.scoreboard import CmMonitor, Scoreboard
from alpine_models import isa
from alpine_models.crossbar import IdealCrossbar
from alpine_models.errors import AlpineError
from alpine_models.tile import pending_answers

QUEUE_AT = isa.queue(rm=9, ra=11, rn=12)
QUEUE_NEXT = isa.queue(rm=9)
DEQUEUE_AT = isa.dequeue(rm=11, rn=12)
PROCESS = isa.process()
WORDS = [QUEUE_AT] * 5 + [QUEUE_NEXT] * 2 + [DEQUEUE_AT] * 2
WORDS += [PROCESS, PROCESS, isa.initialize(), isa.param_read(), PROCESS | 1 << 15]


class Bench:
    """The block with core, crossbar, monitor and scoreboard."""

    def __init__(self, block: Block, clock):
        self.block, self.clock = block, clock
        self.driver = CmDriver(block, clock=clock)
        self.crossbar = IdealCrossbar(rows=DOUBLE.rows, columns=DOUBLE.columns)
        self.busy = 0
        self.responder = CrossbarResponder(
            block,
            clock=clock,
            config=DOUBLE,
            crossbar=self.crossbar,
            idle_code=0x55,
            programming_cycles=lambda: self.busy,
        )
        self.scoreboard = Scoreboard(rows=DOUBLE.rows, columns=DOUBLE.columns)
        self.monitor = CmMonitor(block, clock=clock, scoreboard=self.scoreboard)
        weights = np.random.default_rng(random.getrandbits(32))
        self.load(weights.integers(-8, 8, self.crossbar.weights.shape, np.int8))
        self.responder.start()
        self.monitor.start()

    def load(self, weights) -> None:
        self.crossbar.weights[:] = weights
        self.scoreboard.reference.crossbar.weights[:] = weights

    async def reset(self) -> None:
        self.responder.stop()
        await self.clock.reset()
        self.driver.forget()
        self.responder.start()
        # Nothing says what becomes of a cell whose programming is cut short.
        self.busy = 0
        self.load(self.crossbar.weights.copy())

    def finish(self) -> None:
        self.scoreboard.check_finished()
        assert self.responder.fault is None, self.responder.fault


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("request", "response"), [(0, 0), (0.4, 0), (0, 0.5), (0.3, 0.8)]))
async def random_programs(dut, request, response):
    bench = Bench(*await started(dut, "double"))
    bench.busy = random.randint(0, 3)
    program = CmProgram(
        requests(WORDS, 300), request_pauses=pauses(request), response_pauses=pauses(response)
    )
    await bench.driver.run(program)
    assert len(program.answers) == 300
    bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_next_vector_is_queued_meanwhile(dut):
    bench = Bench(*await started(dut, "double"))
    first, second = (random.randbytes(DOUBLE.rows) for _ in range(2))
    program = CmProgram(
        [CmRequest(QUEUE_AT, i, code, 1) for i, code in enumerate(first)]
        + [CmRequest(PROCESS)]
        + [CmRequest(QUEUE_AT, i, code, 1) for i, code in enumerate(second)]
        + [CmRequest(DEQUEUE_AT, i, 1) for i in range(DOUBLE.columns)]
        + [CmRequest(PROCESS)]
        + [CmRequest(DEQUEUE_AT, i, 1) for i in range(DOUBLE.columns)]
    )
    await bench.driver.run(program)
    ended = program.complete_edges[DOUBLE.rows]
    accepted = program.accept_edges[DOUBLE.rows + 1 :]
    # As many as answers can wait, beside that of the CM_PROCESS, and one in the command register.
    assert sum(edge < ended for edge in accepted) == pending_answers(DOUBLE)
    answers = [rd for rd, _ in program.answers]
    for codes, low in ((first, 2 * DOUBLE.rows + 1), (second, -DOUBLE.columns)):
        exact = bench.crossbar.weights.astype(int) @ np.frombuffer(codes, np.int8).astype(int)
        expected = np.clip(exact, -128, 127).astype(np.int8).astype(np.uint8).tolist()
        assert answers[low:][: DOUBLE.columns] == expected
    bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_the_middle_of_anything(dut):
    bench = Bench(*await started(dut, "double"))
    for _ in range(40):
        bench.busy = random.randint(0, 5)
        program = CmProgram(
            requests(WORDS, 1000), request_pauses=pauses(0.2), response_pauses=pauses(0.3)
        )
        running = cocotb.start_soon(bench.driver.run(program))
        await bench.clock.wait(random.randint(1, 40))
        running.cancel()
        await bench.reset()
        # Both buffers are clear, the counters at 0, nothing is owed.
        assert int(bench.block.xb_dac.value) == 0
        assert not bench.block.cm_rsp_valid.value
        probe = CmProgram(
            [CmRequest(DEQUEUE_AT, i, 1) for i in range(DOUBLE.columns)]
            + [CmRequest(QUEUE_NEXT, 0, 0x01010101)] * 3
            + [CmRequest(PROCESS), CmRequest(DEQUEUE_AT, 0, 4)]
        )
        await bench.driver.run(probe)
        statuses = [status for _, status in probe.answers]
        assert statuses == [0] * DOUBLE.columns + [0, 0, 3, 0, 0]
        assert [rd for rd, _ in probe.answers[: DOUBLE.columns]] == [0] * DOUBLE.columns
        bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_answer_in_the_cycle_of_the_first_request_answers_none(dut):
    block, clock = await started(dut, "double")
    # A tile that shows an answer from the beginning: an input of a block that has nothing to do.
    answering = Block(dut, "double", cm_rsp_valid="inputs_clear")
    answering.cm_rsp_valid.value = 1
    await clock.wait()
    assert block.cm_req_ready.value
    program = CmProgram([CmRequest(QUEUE_AT)])
    with pytest.raises(AlpineError, match="it answered a request that was not made"):
        await CmDriver(answering, clock=clock).run(program)
    assert not program.answers
