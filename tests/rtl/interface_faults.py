# SPDX-License-Identifier: Apache-2.0
"""Faults of what surrounds the tile: its buses, its queues, its coprocessor interface."""

from faults import Fault

__all__ = [
    "ACCELERATOR_FAULTS",
    "AXI_FAULTS",
    "COMMAND_ISSUE_FAULTS",
    "CROSSING_FAULTS",
    "CVXIF_FAULTS",
    "INTERFACE_FAULTS",
    "REGISTER_BANK_FAULTS",
    "STAGE_FAULTS",
]

AXI_FAULTS: dict[str, Fault] = {
    "response withdrawn": Fault(
        module="axi_lite",
        find='m.d.sync += valid.eq(~getattr(self, f"s_axi_{channel}ready"))',
        replace="m.d.sync += valid.eq(0)",
    ),
    "channel that takes two": Fault(
        module="axi_lite",
        find='m.d.comb += getattr(self, f"s_axi_{channel}ready").eq(~full)',
        replace='m.d.comb += getattr(self, f"s_axi_{channel}ready").eq(1)',
    ),
    "write without its data": Fault(
        module="axi_lite",
        find="can_write.eq(aw[0] & w[0] & ~self.s_axi_bvalid)",
        replace="can_write.eq(aw[0] & ~self.s_axi_bvalid)",
    ),
    "write before the last one's answer is taken": Fault(
        module="axi_lite",
        find="can_write.eq(aw[0] & w[0] & ~self.s_axi_bvalid)",
        replace="can_write.eq(aw[0] & w[0])",
    ),
    "strobes lost": Fault(
        module="axi_lite",
        find="self.wstrb.eq(w[2])",
        replace="self.wstrb.eq(15)",
    ),
    "address bits that are to be ignored": Fault(
        module="axi_lite",
        find="self.address[2:].eq(Mux(self.write, aw[1], ar[1])[2:])",
        replace="self.address.eq(Mux(self.write, aw[1], ar[1]))",
    ),
    "answer to a write always good": Fault(
        module="axi_lite",
        find="(self.s_axi_bresp, self.resp)",
        replace="(self.s_axi_bresp, 0)",
    ),
    "first high throughout": Fault(
        module="axi_lite",
        find="self.first.eq(self.valid & ~running)",
        replace="self.first.eq(self.valid)",
    ),
    "read served with a write's address": Fault(
        module="axi_lite",
        find="self.address[2:].eq(Mux(self.write, aw[1], ar[1])[2:])",
        replace="self.address[2:].eq(aw[1][2:])",
    ),
}

REGISTER_BANK_FAULTS: dict[str, Fault] = {
    "veto ignored": Fault(
        module="register_bank",
        find="with m.If(self.write & self._allowed(register) & ~self.veto):",
        replace="with m.If(self.write & self._allowed(register)):",
    ),
    "minimum ignored": Fault(
        module="register_bank",
        find=">= field.minimum",
        replace=">= 0",
    ),
    "illegal address keeps the last value": Fault(
        module="register_bank",
        find="self.rdata.eq(rdata)",
        replace="self.rdata.eq(Mux(legal, rdata, self.rdata))",
    ),
    "fields on top of each other": Fault(
        module="register_bank",
        find="getattr(self, register.signal_name(field)) << field.low",
        replace="getattr(self, register.signal_name(field))",
    ),
    "all flags cleared at once": Fault(
        module="register_bank",
        find='m.d.comb += getattr(self, f"{name}_strobe").eq(written)',
        replace='m.d.comb += getattr(self, f"{name}_strobe").eq(-written.any())',
    ),
    "illegal read not flagged": Fault(
        module="register_bank",
        find="~allowed | self.veto, ~legal",
        replace="~allowed | self.veto, 0",
    ),
    "refused write not flagged": Fault(
        module="register_bank",
        find="self.error.eq(Mux(self.write, ~allowed | self.veto, ~legal))",
        replace="self.error.eq(Mux(self.write, ~allowed, ~legal))",
    ),
    "reset value lost": Fault(
        module="register_bank",
        find="Out(field.width, init=field.reset)",
        replace="Out(field.width)",
    ),
}

COMMAND_ISSUE_FAULTS: dict[str, Fault] = {
    "refusals not counted": Fault(
        module="command_issue",
        find="with m.If(self.rsp_valid):",
        replace="with m.If(self.rsp_valid & (self.rsp_status == 0)):",
    ),
    "any answer taken for one's own": Fault(
        module="command_issue",
        find="answered.eq(asked & self.rsp_valid & (received == number))",
        replace="answered.eq(asked & self.rsp_valid)",
    ),
    "number of the request before": Fault(
        module="command_issue",
        find="number.eq(sent)",
        replace="number.eq(sent - 1)",
    ),
    "host waits for queues": Fault(
        module="command_issue",
        find='("host", self.host_operation != CmOperation.QUEUE)',
        replace='("host", 1)',
    ),
    "numbers too short": Fault(
        module="command_issue",
        find="bits_for(pending_answers(config) + 4)",
        replace="1",
    ),
    "group written to the beginning": Fault(
        module="command_issue",
        find="self.req_rn.eq(self.take_index)",
        replace="self.req_rn.eq(0)",
    ),
    "last group asked in full": Fault(
        module="command_issue",
        find="self.req_rm.eq(self.send_count)",
        replace="self.req_rm.eq(GROUP_BYTES)",
    ),
    "group taken that the tile refuses": Fault(
        module="command_issue",
        find="self.take_ready.eq(self.req_ready)",
        replace="self.take_ready.eq(1)",
    ),
    "host's command taken that the tile refuses": Fault(
        module="command_issue",
        find="self.host_ready.eq(self.host_valid & self.req_ready)",
        replace="self.host_ready.eq(self.host_valid)",
    ),
}

STAGE_FAULTS: dict[str, Fault] = {
    "negative outputs pass": Fault(
        module="stage",
        find="Mux(self.relu & byte[7], 0, byte)",
        replace="byte",
    ),
    "result overwritten": Fault(
        module="stage",
        find="issue.process_valid.eq(full & ~processing & ~result)",
        replace="issue.process_valid.eq(full & ~processing)",
    ),
    "input open while a vector waits": Fault(
        module="stage",
        find="self.input_free.eq(~full & ~self.chain_in)",
        replace="self.input_free.eq(~self.chain_in)",
    ),
    "host writes into a link": Fault(
        module="stage",
        find="self.input_free.eq(~full & ~self.chain_in)",
        replace="self.input_free.eq(~full)",
    ),
    "bytes behind the array taken": Fault(
        module="stage",
        find="(self.wstrb & ~inside).any() | ",
        replace="",
    ),
    "row advances after a refusal": Fault(
        module="stage",
        find="self.valid & issue.host_answered & (issue.answer_status == 0)",
        replace="self.valid & issue.host_answered",
    ),
    "byte lanes not moved": Fault(
        module="stage",
        find="self.wdata >> (low << 3)",
        replace="self.wdata",
    ),
    "link that takes while a vector waits": Fault(
        module="stage",
        find="issue.take_valid.eq(self.i_valid & ~full)",
        replace="issue.take_valid.eq(self.i_valid)",
    ),
    "host's result sent on": Fault(
        module="stage",
        find="m.d.sync += [processing.eq(0), result.eq(1)]",
        replace="m.d.sync += [processing.eq(0), result.eq(~self.chain_out)]",
    ),
    "every group sent to the beginning": Fault(
        module="stage",
        find="self.o_index.eq(index)",
        replace="self.o_index.eq(0)",
    ),
    "columns read beyond the array": Fault(
        module="stage",
        find="issue.host_rm.eq(Mux(left < GROUP_BYTES, left, GROUP_BYTES))",
        replace="issue.host_rm.eq(GROUP_BYTES)",
    ),
}

ACCELERATOR_FAULTS: dict[str, Fault] = {
    "write of some lanes happens": Fault(
        module="accelerator",
        find="bank.write.eq(port.valid & port.first & port.write & whole)",
        replace="bank.write.eq(port.valid & port.first & port.write)",
    ),
    "start for every tile": Fault(
        module="accelerator",
        find="stage.start.eq(bank.start_strobe[k])",
        replace="stage.start.eq(bank.start_strobe.any())",
    ),
    "interrupt that is not enabled": Fault(
        module="accelerator",
        find="(bank.result & bank.interrupt_enable).any()",
        replace="bank.result.any()",
    ),
    "interrupt without a result": Fault(
        module="accelerator",
        find="(bank.result & bank.interrupt_enable).any()",
        replace="bank.interrupt_enable.any()",
    ),
    "start while a vector waits": Fault(
        module="accelerator",
        find="bank.veto.eq(outside | (port.wdata & ~bank.input_free)[:count].any())",
        replace="bank.veto.eq(outside)",
    ),
    "start of a tile that is not there": Fault(
        module="accelerator",
        find="bank.veto.eq(outside | (port.wdata & ~bank.input_free)[:count].any())",
        replace="bank.veto.eq((port.wdata & ~bank.input_free)[:count].any())",
    ),
    "links changed at work": Fault(
        module="accelerator",
        find="""["chain"].offset):
                m.d.comb += bank.veto.eq(at_work | """,
        replace="""["chain"].offset):
                m.d.comb += bank.veto.eq(""",
    ),
    "page behind the last tile": Fault(
        module="accelerator",
        find="with m.Case(k + 1):",
        replace="with m.Case(k + 1, len(self._stages) + 1):",
    ),
    "refusal of a stage lost": Fault(
        module="accelerator",
        find="resp.eq(stage.resp)",
        replace="resp.eq(0)",
    ),
}

CROSSING_FAULTS: dict[str, Fault] = {
    "request lost in a full queue": Fault(
        module="crossing",
        find="self.cm_req_ready.eq(requests.w_rdy & host_on)",
        replace="self.cm_req_ready.eq(host_on)",
    ),
    "request dropped by a busy tile": Fault(
        module="crossing",
        find="requests.r_en.eq(inner.cm_req_ready & tile_on)",
        replace="requests.r_en.eq(tile_on)",
    ),
    "response lost in a full queue": Fault(
        module="crossing",
        find="inner.cm_rsp_ready.eq(responses.w_rdy & tile_on)",
        replace="inner.cm_rsp_ready.eq(tile_on)",
    ),
    "response not held": Fault(
        module="crossing",
        find="responses.r_en.eq(self.cm_rsp_ready & host_on)",
        replace="responses.r_en.eq(host_on)",
    ),
    "reset of the CPU ignored": Fault(
        module="crossing",
        find='either.eq(ResetSignal("cpu") | ResetSignal("sync"))',
        replace='either.eq(ResetSignal("sync"))',
    ),
    "reset of the tile ignored": Fault(
        module="crossing",
        find='either.eq(ResetSignal("cpu") | ResetSignal("sync"))',
        replace='either.eq(ResetSignal("cpu"))',
    ),
    "request made twice": Fault(
        module="crossing",
        find="inner.cm_req_valid.eq(requests.r_rdy & tile_on)",
        replace="inner.cm_req_valid.eq(tile_on)",
    ),
}

CVXIF_FAULTS: dict[str, Fault] = {
    "waiting request known by its id alone": Fault(
        module="cvxif",
        find="identity = Cat(self.x_issue_req_id, self.x_issue_req_hartid)",
        replace="identity = Cat(self.x_issue_req_id)",
    ),
    "waiting request known by its hart alone": Fault(
        module="cvxif",
        find="identity = Cat(self.x_issue_req_id, self.x_issue_req_hartid)",
        replace="identity = Cat(self.x_issue_req_hartid)",
    ),
    "commit that reaches every hart": Fault(
        module="cvxif",
        find="applies = self.x_commit_valid & (self.x_commit_hartid == hartid)",
        replace="applies = self.x_commit_valid",
    ),
    "result of another hart": Fault(
        module="cvxif",
        find='record = Cat(head("id"), head("hartid"),',
        replace='record = Cat(head("id"), head("hartid") ^ 1,',
    ),
    "kill overlooked": Fault(
        module="cvxif",
        find='go.eq(head("valid") & head("committed")',
        replace='go.eq(head("valid") & (head("committed") | head("killed"))',
    ),
    "early decision forgotten": Fault(
        module="cvxif",
        find="committed_before.eq(committed)",
        replace="committed_before.eq(0)",
    ),
    "commit of instructions issued later": Fault(
        module="cvxif",
        find="applies & ~kill & ~ahead[-1]",
        replace="applies & ~kill",
    ),
    "missing operand not awaited": Fault(
        module="cvxif",
        find="                & ~(self.x_issue_resp_register_read & ~there).any()\n",
        replace="",
    ),
    "rejected instruction executed": Fault(
        module="cvxif",
        find='head("committed") & head("ours") & under_way.w_rdy',
        replace='head("committed") & under_way.w_rdy',
    ),
}

INTERFACE_FAULTS: dict[str, Fault] = {
    **AXI_FAULTS,
    **REGISTER_BANK_FAULTS,
    **COMMAND_ISSUE_FAULTS,
    **STAGE_FAULTS,
    **ACCELERATOR_FAULTS,
    **CROSSING_FAULTS,
    **CVXIF_FAULTS,
}
