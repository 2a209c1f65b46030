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
        find="m.d.sync += channel.valid.eq(~channel.ready)",
        replace="m.d.sync += channel.valid.eq(0)",
    ),
    "channel that takes two": Fault(
        module="axi_lite",
        find="m.d.comb += channel.ready.eq(~full)",
        replace="m.d.comb += channel.ready.eq(1)",
    ),
    "write without its data": Fault(
        module="axi_lite",
        find="can_write.eq(aw_full & w_full & ~bus.b.valid)",
        replace="can_write.eq(aw_full & ~bus.b.valid)",
    ),
    "write before the last one's answer is taken": Fault(
        module="axi_lite",
        find="can_write.eq(aw_full & w_full & ~bus.b.valid)",
        replace="can_write.eq(aw_full & w_full)",
    ),
    "strobes lost": Fault(
        module="axi_lite",
        find="access.wstrb.eq(written.strb)",
        replace="access.wstrb.eq(15)",
    ),
    "address bits that are to be ignored": Fault(
        module="axi_lite",
        find="access.address[2:].eq(Mux(access.write, address, read_address)[2:])",
        replace="access.address.eq(Mux(access.write, address, read_address))",
    ),
    "answer to a write always good": Fault(
        module="axi_lite",
        find="AXI_WRITE_ANSWER.pack(resp=access.resp)",
        replace="AXI_WRITE_ANSWER.pack(resp=0)",
    ),
    "first high throughout": Fault(
        module="axi_lite",
        find="access.first.eq(access.valid & ~running)",
        replace="access.first.eq(access.valid)",
    ),
    "read served with a write's address": Fault(
        module="axi_lite",
        find="access.address[2:].eq(Mux(access.write, address, read_address)[2:])",
        replace="access.address[2:].eq(address[2:])",
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
        find="self.value(register.name, field.name) << field.low",
        replace="self.value(register.name, field.name)",
    ),
    "all flags cleared at once": Fault(
        module="register_bank",
        find="m.d.comb += strobe.eq(self._written(field))",
        replace="m.d.comb += strobe.eq(-self._written(field).any())",
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
        find="port(Out, field.width, init=field.reset or 0)",
        replace="Out(field.width)",
    ),
}

COMMAND_ISSUE_FAULTS: dict[str, Fault] = {
    "refusals not counted": Fault(
        module="command_issue",
        find="with m.If(response.valid):",
        replace="with m.If(response.valid & (response.payload.status == 0)):",
    ),
    "any answer taken for one's own": Fault(
        module="command_issue",
        find="answered.eq(asked & self.cm.rsp.valid & (received == number))",
        replace="answered.eq(asked & self.cm.rsp.valid)",
    ),
    "number of the request before": Fault(
        module="command_issue",
        find="number.eq(sent)",
        replace="number.eq(sent - 1)",
    ),
    "host waits for queues": Fault(
        module="command_issue",
        find="sent, received, wants=wants_answer)",
        replace="sent, received)",
    ),
    "numbers too short": Fault(
        module="command_issue",
        find="bits_for(pending_answers(config) + 4)",
        replace="1",
    ),
    "group written to the beginning": Fault(
        module="command_issue",
        find="rn.eq(take.payload.index)",
        replace="rn.eq(0)",
    ),
    "last group asked in full": Fault(
        module="command_issue",
        find="rm.eq(send.count)",
        replace="rm.eq(GROUP_BYTES)",
    ),
    "group taken that the tile refuses": Fault(
        module="command_issue",
        find="take.ready.eq(request.ready)",
        replace="take.ready.eq(1)",
    ),
    "host's command taken that the tile refuses": Fault(
        module="command_issue",
        find="host.ready.eq(host.valid & request.ready)",
        replace="host.ready.eq(host.valid)",
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
        find="issue.process.valid.eq(full & ~processing & ~result)",
        replace="issue.process.valid.eq(full & ~processing)",
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
        find="(access.wstrb & ~inside).any() | ",
        replace="",
    ),
    "row advances after a refusal": Fault(
        module="stage",
        find="access.valid & issue.host.answered & (issue.answer.status == 0)",
        replace="access.valid & issue.host.answered",
    ),
    "byte lanes not moved": Fault(
        module="stage",
        find="access.wdata >> (low << 3)",
        replace="access.wdata",
    ),
    "link that takes while a vector waits": Fault(
        module="stage",
        find="issue.take.valid.eq(self.i.valid & ~full)",
        replace="issue.take.valid.eq(self.i.valid)",
    ),
    "host's result sent on": Fault(
        module="stage",
        find="m.d.sync += [processing.eq(0), result.eq(1)]",
        replace="m.d.sync += [processing.eq(0), result.eq(~self.chain_out)]",
    ),
    "every group sent to the beginning": Fault(
        module="stage",
        find="GROUP.pack(index=index, ",
        replace="GROUP.pack(index=0, ",
    ),
    "columns read beyond the array": Fault(
        module="stage",
        find="issue.host.rm.eq(Mux(left < GROUP_BYTES, left, GROUP_BYTES))",
        replace="issue.host.rm.eq(GROUP_BYTES)",
    ),
}

ACCELERATOR_FAULTS: dict[str, Fault] = {
    "write of some lanes happens": Fault(
        module="accelerator",
        find="bank.write.eq(access.valid & access.first & access.write & whole)",
        replace="bank.write.eq(access.valid & access.first & access.write)",
    ),
    "start for every tile": Fault(
        module="accelerator",
        find='stage.start.eq(bank.strobe("start")[k])',
        replace='stage.start.eq(bank.strobe("start").any())',
    ),
    "interrupt that is not enabled": Fault(
        module="accelerator",
        find='(result & bank.value("interrupt_enable")).any()',
        replace="result.any()",
    ),
    "interrupt without a result": Fault(
        module="accelerator",
        find='(result & bank.value("interrupt_enable")).any()',
        replace='bank.value("interrupt_enable").any()',
    ),
    "start while a vector waits": Fault(
        module="accelerator",
        find="bank.veto.eq(outside | (access.wdata & ~input_free)[:count].any())",
        replace="bank.veto.eq(outside)",
    ),
    "start of a tile that is not there": Fault(
        module="accelerator",
        find="bank.veto.eq(outside | (access.wdata & ~input_free)[:count].any())",
        replace="bank.veto.eq((access.wdata & ~input_free)[:count].any())",
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
        replace="with m.Case(k + 1, len(self.stages) + 1):",
    ),
    "refusal of a stage lost": Fault(
        module="accelerator",
        find="resp.eq(stage.access.resp)",
        replace="resp.eq(0)",
    ),
}

CROSSING_FAULTS: dict[str, Fault] = {
    "request lost in a full queue": Fault(
        module="crossing",
        find="self.cm.req.ready.eq(requests.w_rdy & host_on)",
        replace="self.cm.req.ready.eq(host_on)",
    ),
    "request dropped by a busy tile": Fault(
        module="crossing",
        find="requests.r_en.eq(inner.cm.req.ready & tile_on)",
        replace="requests.r_en.eq(tile_on)",
    ),
    "response lost in a full queue": Fault(
        module="crossing",
        find="inner.cm.rsp.ready.eq(responses.w_rdy & tile_on)",
        replace="inner.cm.rsp.ready.eq(tile_on)",
    ),
    "response not held": Fault(
        module="crossing",
        find="responses.r_en.eq(self.cm.rsp.ready & host_on)",
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
        find="inner.cm.req.valid.eq(requests.r_rdy & tile_on)",
        replace="inner.cm.req.valid.eq(tile_on)",
    ),
}

CVXIF_FAULTS: dict[str, Fault] = {
    "waiting request known by its id alone": Fault(
        module="cvxif",
        find="identity = Cat(self.x.issue.req.id, self.x.issue.req.hartid)",
        replace="identity = Cat(self.x.issue.req.id)",
    ),
    "waiting request known by its hart alone": Fault(
        module="cvxif",
        find="identity = Cat(self.x.issue.req.id, self.x.issue.req.hartid)",
        replace="identity = Cat(self.x.issue.req.hartid)",
    ),
    "commit that reaches every hart": Fault(
        module="cvxif",
        find="applies = self.x.commit.valid & (commit.hartid == hartid)",
        replace="applies = self.x.commit.valid",
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
        find="                & ~(decoded.register_read & ~there).any()\n",
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
