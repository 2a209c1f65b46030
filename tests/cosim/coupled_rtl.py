# SPDX-License-Identifier: Apache-2.0
"""RTL of a tile behind a coupling, driven edge by edge from Python by the tile port's rules."""

import numpy as np

from alpine_cosim.binding import VerilatedModel
from alpine_models.crossbar import IdealCrossbar
from alpine_models.isa import OPERANDS, XZR, decode, riscv_encode
from alpine_models.registers import TILE_REGISTERS
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import CmBatch, CmResult

SETTLING_CYCLES = 30
"""Longer than a reset takes to reach every corner of a crossing."""


class Analog:
    """The crossbar at the ``xb_`` ports; codes are shown in an MVM's last cycle only."""

    def __init__(self, io, config: TileConfig):
        self.io, self.config = io, config
        self.crossbar = IdealCrossbar(rows=config.rows, columns=config.columns)
        self.mvm_cycles = config.mvm_cycles
        self._left = 0

    def react(self) -> None:
        """Act on the outputs after an edge of the tile clock."""
        io = self.io
        if io.xb_start:
            assert not self._left, "an MVM begins during another"
            self._left, self._dac = self.mvm_cycles, int(io.xb_dac)
        if self._left:
            assert int(io.xb_dac) == self._dac, "DAC codes changed"
            self._left -= 1
            if not self._left:
                codes = np.frombuffer(self._dac.to_bytes(self.config.rows, "little"), np.int8)
                io.xb_adc = self.crossbar.multiply(codes).tobytes()
            else:
                io.xb_adc = bytes(self.config.columns)
        if io.xb_prog_valid:
            weight = np.uint8(io.xb_prog_weight).astype(np.int8)
            self.crossbar.weights[io.xb_prog_col, io.xb_prog_row] = weight
        if io.xb_read_valid:
            io.xb_read_weight = int(self.crossbar.weights[io.xb_read_col, io.xb_read_row]) & 255


class CoupledRtl:
    """A verilated top with one or two clocks that steps at the edges of both.

    Parameters
    ----------
    model : the top. config : of its tile.
    tile_period_fs, port_period_fs : of the tile's clock and of that of the core's port.
    two_clocks : the port has a clock of its own.
    """

    two_clocks = False

    def __init__(
        self,
        model: VerilatedModel,
        config: TileConfig,
        *,
        tile_period_fs: int,
        port_period_fs: int,
    ):
        self.model, self.io, self.config = model, model.io, config
        self.tile_period_fs, self.port_period_fs = tile_period_fs, port_period_fs
        self.analog = Analog(model.io, config)
        self.now_fs = 0
        model.reset()
        for cycle in range(SETTLING_CYCLES):
            if self.two_clocks:
                self.io.cpu_rst = cycle < 4
            self.io.rst = cycle < 4
            self.clock(tile=True, port=True)

    def override(self, phases: tuple[int, int, int]) -> None:
        """Set phase lengths through the register port."""
        names = ("precharge_cycles", "integrate_cycles", "digitise_cycles")
        for name, value in (*zip(names, phases, strict=True), ("control", 1)):
            self.io.csr_addr, self.io.csr_wdata = TILE_REGISTERS[name].offset, value
            self.io.csr_write = 1
            self.clock(tile=True, port=False)
        self.io.csr_write = 0
        self.analog.mvm_cycles = sum(phases)

    def read_register(self, name: str) -> int:
        """Return a register's word."""
        self.io.csr_addr = TILE_REGISTERS[name].offset
        self.clock(tile=True, port=False)
        return self.io.csr_rdata

    def clock(self, *, tile: bool, port: bool) -> None:
        """Let edges happen at once."""
        io = self.io
        if self.two_clocks and port:
            io.cpu_clk = 1
        if tile:
            io.clk = 1
        self.model.eval()
        if tile:
            self.analog.react()
        if self.two_clocks:
            io.cpu_clk = 0
        io.clk = 0
        self.model.eval()

    def execute(self, batch: CmBatch, *, start_fs: int, core_period_fs: int) -> CmResult:
        """Run a batch; see `TilePort.execute`."""
        length, port = len(batch), self.port_period_fs
        rd, status = np.zeros(length, np.uint64), np.zeros(length, np.uint8)
        times = [[], [], [], []]
        issue, accept, complete, response = times
        shown_from = None
        while len(complete) < length:
            if len(issue) == len(accept) < length and (
                batch[len(issue)]["response_gap_fs"] < 0 or len(complete) in (length, len(issue))
            ):
                time, shown_from = self._issue(batch, times, start_fs, core_period_fs)
                issue.append(time)
            edge = -(-self.now_fs // port)
            at_port, at_tile = self.now_fs % port == 0, self.now_fs % self.tile_period_fs == 0
            if at_port:
                number = len(accept)
                showing = number < len(issue) and edge >= shown_from
                accepted = self.request(number, batch[number] if showing else None, edge)
                answer = self.response()
                if accepted:
                    accept.append(edge)
                if answer is not None:
                    done = len(complete)
                    rd[done], status[done] = answer
                    complete.append(edge)
                    edge_fs = -(-edge * port // core_period_fs) * core_period_fs
                    response.append(edge_fs)
            self.clock(tile=at_tile, port=at_port)
            self.now_fs += min(
                port - self.now_fs % port, self.tile_period_fs - self.now_fs % self.tile_period_fs
            )
        self.request(-1, None, -1)
        arrays = [np.array(values, np.int64) for values in times]
        return CmResult(
            rd=rd,
            status=status,
            issue_fs=arrays[0],
            accept_cycle=arrays[1],
            complete_cycle=arrays[2],
            response_fs=arrays[3],
        )

    def _issue(self, batch, times, start_fs, core_period_fs):
        issue, accept, _, response = times
        i = len(issue)
        record = batch[i]
        time = int((issue[-1] if i else start_fs) + record["gap_fs"])
        first = 0
        if i:
            if record["response_gap_fs"] >= 0:
                time = max(time, int(response[-1] + record["response_gap_fs"]))
            free_fs = accept[-1] * self.port_period_fs
            time = max(time, -(-free_fs // core_period_fs) * core_period_fs)
            first = accept[-1] + 1
        return time, max(-(-time // self.port_period_fs), first)

    def request(self, number, record, edge) -> bool:
        raise NotImplementedError

    def response(self) -> tuple[int, int] | None:
        raise NotImplementedError


class CrossingRtl(CoupledRtl):
    """The tile with its CM port in the CPU's clock domain."""

    two_clocks = True

    def request(self, number, record, edge) -> bool:
        io = self.io
        io.cm_rsp_ready = 1
        io.cm_req_valid = record is not None
        if record is None:
            return False
        io.cm_req_instr = record["word"]
        io.cm_req_rn, io.cm_req_rm, io.cm_req_ra = record["rn"], record["rm"], record["ra"]
        return bool(io.cm_req_ready)

    def response(self):
        return (self.io.cm_rsp_rd, self.io.cm_rsp_status) if self.io.cm_rsp_valid else None


class CvxifRtl(CoupledRtl):
    """The tile behind the RISC-V extension interface; `commit_cycles` as the core behaves."""

    commit_cycles = 0
    xlen = 32

    def request(self, number, record, edge) -> bool:
        io = self.io
        commits = self.__dict__.setdefault("commits", {})
        io.x_result_ready = 1
        io.x_issue_valid = io.x_register_valid = record is not None
        accepted = False
        if record is not None:
            for position, name in enumerate(("rm", "rn", "ra")):
                value = int(record[name]) & (1 << self.xlen) - 1
                setattr(io, f"x_register_rs_{position}", value)
            io.x_issue_req_instr = riscv_word(int(record["word"]))
            io.x_issue_req_id = number % 16
            io.x_register_rs_valid = 7
            self.model.eval()
            assert io.x_issue_resp_accept
            accepted = bool(io.x_issue_ready)
            if accepted:
                commits[edge + self.commit_cycles] = number % 16
        io.x_commit_valid = edge in commits
        if edge in commits:
            io.x_commit_id = commits.pop(edge)
        return accepted

    def response(self):
        return (self.io.x_result_data, 0) if self.io.x_result_valid else None


def riscv_word(word: int) -> int:
    """Return the RISC-V form of an AArch64 word: x0 for XZR, another register for any other."""
    instruction = decode(word)
    names = [name for name in OPERANDS[instruction.operation] if name != "rd"]
    chosen = {name: 0 if getattr(instruction, name) == XZR else 5 for name in names}
    if "rd" in OPERANDS[instruction.operation]:
        chosen["rd"] = chosen.get("ra", 7)
    return riscv_encode(instruction.operation, **chosen)
