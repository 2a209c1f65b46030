# SPDX-License-Identifier: Apache-2.0
"""The CV-X-IF adapter under harts that issue, withdraw, kill and commit freely, and resets."""

import random

import cocotb
import numpy as np
from cocotb.triggers import Timer
from cocotb_tests.blocks import CONFIG, CVXIF_HARTS, chance, get, put, started
from cocotb_tests.cvxif.core_model import CoreModel

from alpine_cosim.cocotb.drivers import CrossbarResponder
from alpine_models.crossbar import IdealCrossbar
from alpine_models.isa import CmOperation, queue, riscv_encode
from alpine_models.reference_tile import ReferenceTile


class Core:
    """Shows the model's transactions at the ports, and the results to the model."""

    def __init__(self, block, clock, model, *, ready=0.7):
        self.block, self.clock, self.model, self.ready = block, clock, model, ready
        self.issued = 0

    async def run(self, count: int) -> None:
        """Drive all interfaces, one cycle after the other, until everything is answered."""
        shown, quiet = None, 0
        while quiet < 40:
            if shown is None and self.issued < count and chance(0.7):
                shown = self.model.present()
            elif shown is not None:
                shown = self.model.reconsider(shown)
            if await self._cycle(shown):
                self.issued += 1
                shown = None
            quiet = quiet + 1 if self.issued == count and self.model.done else 0

    async def _cycle(self, shown) -> bool:
        block = self.block
        put(block, x_issue_valid=shown is not None, x_register_valid=shown is not None)
        if shown is not None:
            put(block, x_issue_req_instr=shown.word, x_issue_req_id=shown.id)
            put(block, x_issue_req_hartid=shown.hart)
            for i, value in enumerate(shown.values.values()):
                getattr(block, f"x_register_rs_{i}").value = value
            put(block, x_register_rs_valid=7 if chance(0.7) else random.randrange(8))
        decision = self.model.decide() if chance(0.3) else None
        put(block, x_commit_valid=decision is not None)
        if decision is not None:
            number, hart, kill = decision
            put(block, x_commit_id=number, x_commit_hartid=hart, x_commit_commit_kill=kill)
        put(block, x_result_ready=chance(self.ready))
        await Timer(10, "ps")
        accepted = bool(shown is not None and block.x_issue_ready.value)
        if shown is not None:
            names = ("accept", "register_read", "writeback")
            response = get(block, *(f"x_issue_resp_{name}" for name in names))
            assert response == shown.response
        if block.x_result_valid.value and block.x_result_ready.value:
            names = ("id", "hartid", "we", "rd", "data")
            self.model.result(*get(block, *(f"x_result_{name}" for name in names)))
        await self.clock.until(self.clock.edge)
        if accepted:
            self.model.issue(shown)
        return accepted


def around(block, clock, *, kill=0.3):
    """Return a core's model and a running crossbar with the same weights."""
    reference = ReferenceTile(rows=CONFIG.rows, columns=CONFIG.columns)
    model = CoreModel(rng=random, reference=reference, harts=CVXIF_HARTS, kill=kill)
    crossbar = IdealCrossbar(rows=CONFIG.rows, columns=CONFIG.columns)
    crossbar.weights[:] = np.random.default_rng(random.getrandbits(32)).integers(
        -8, 8, crossbar.weights.shape
    )
    reference.crossbar.weights[:] = crossbar.weights
    responder = CrossbarResponder(
        block, clock=clock, config=CONFIG, crossbar=crossbar, idle_code=0x55
    )
    responder.start()
    return model, responder


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("kill", "ready"), [(0.3, 0.7), (0.0, 1.0), (0.7, 0.3)]))
async def random_speculation(dut, kill, ready):
    block, clock = await started(dut, "cvxif")
    model, responder = around(block, clock, kill=kill)
    await Core(block, clock, model, ready=ready).run(250)
    assert model.results > 30
    assert (model.killed > 0) == (kill > 0)
    assert model.inherited > 0
    assert responder.fault is None, responder.fault


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_the_middle_of_anything(dut):
    block, clock = await started(dut, "cvxif")
    for _ in range(40):
        await clock.reset()
        model, responder = around(block, clock)
        running = cocotb.start_soon(Core(block, clock, model).run(1000))
        await clock.wait(random.randint(1, 60))
        running.cancel()
        responder.stop()
        await clock.reset()
        assert get(block, "x_result_valid") == (0,)
        # A reset tile behind an empty adapter: the counter is at 0, so two groups fit, not three.
        model, responder = around(block, clock, kill=0)
        probe = [(CmOperation.QUEUE, {"rm": 4, "ra": 0, "rn": 0}, {"rm": 0x01010101})] * 3
        probe += [(CmOperation.PROCESS, {"rd": 5}, {})]
        probe += [(CmOperation.DEQUEUE, {"rm": 4, "rn": 5, "rd": 6}, {"rm": 4, "rn": 0})]
        probe = [
            (riscv_encode(o, **chosen), o, chosen, {"rm": 0, "rn": 0, "ra": 0} | values)
            for o, chosen, values in probe
        ]
        core = Core(block, clock, model)
        model.instruction = lambda core=core, probe=probe: probe[core.issued]
        await core.run(len(probe))
        assert model.results == len(probe)
        assert model.reference.execute(queue(), rm=0)[1] == 0
        responder.stop()
