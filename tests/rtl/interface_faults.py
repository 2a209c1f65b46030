"""Faults of what surrounds the tile: its buses, its queues, its coprocessor interface."""

from faults import Fault

__all__ = ["CVXIF_FAULTS"]

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
    "commit of one instruction alone": Fault(
        module="cvxif",
        find="applies & ~kill & ~ahead[-1]",
        replace="applies & ~kill & (ahead == 0)",
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
    "kill after the commit": Fault(
        module="cvxif",
        find="with m.If(slot.valid & ~slot.committed & ~slot.killed):",
        replace="with m.If(slot.valid):",
    ),
}
