"""The published explorations again: our runs beside the paper's figures."""

from .report import write_report
from .runs import Plan, RunStore, plan_mlp

__all__ = ["Plan", "RunStore", "plan_mlp", "write_report"]
