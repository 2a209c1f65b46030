# SPDX-License-Identifier: Apache-2.0
"""A verilated tile whose CM port and crossbar Python drives; examples 01, 04 and 07 use it."""

import numpy as np

from alpine_cosim import VerilatedModel
from alpine_models import isa

__all__ = ["HandDrivenTile"]


class HandDrivenTile:
    """Sends CM instructions one by one, and multiplies where the analog crossbar would.

    Parameters
    ----------
    model : a model of `AimcTile` or of a tile with the same ports.
    weights : int8 [columns, rows]. lsb : dot product per ADC code.
    """

    def __init__(self, model: VerilatedModel, weights: np.ndarray, *, lsb: float):
        self.model, self.weights, self.lsb = model, weights, lsb
        model.reset()
        model.io.cm_rsp_ready = 1

    def multiply(self, inputs: np.ndarray) -> np.ndarray:
        """Queue int8 [rows], process, dequeue int8 [columns]; four bytes an instruction."""
        for word in inputs.view(np.uint32):
            self.send(isa.queue(), rm=int(word))
        self.send(isa.process())
        words = [self.send(isa.dequeue(), rm=4) for _ in range(len(self.weights) // 4)]
        return np.array(words, np.uint32).view(np.int8)

    def send(self, instruction: int, **registers: int) -> int:
        """Send one instruction with the values of its registers; return what it answers."""
        io = self.model.io
        io.cm_req_valid, io.cm_req_instr = 1, instruction
        for name in ("rn", "rm", "ra"):
            io[f"cm_req_{name}"] = registers.get(name, 0)
        while not io.cm_req_ready:
            self._cycle()
        self._cycle()
        io.cm_req_valid = 0
        while not io.cm_rsp_valid:
            self._cycle()
        answer, status = io.cm_rsp_rd, io.cm_rsp_status
        self._cycle()
        assert status == isa.CmStatus.DONE, f"status {status}"
        return answer

    def _cycle(self) -> None:
        io = self.model.io
        if io.xb_start:
            sums = self.weights.astype(np.float64) @ io.xb_dac.view(np.int8)
            io.xb_adc = np.clip(np.rint(sums / self.lsb), -128, 127).astype(np.int8).view(np.uint8)
        self.model.step()
