# SPDX-License-Identifier: Apache-2.0
"""The published explorations again: our runs beside the paper's figures."""

from .plans import EXPLORATIONS, Effort, Plan, plans_for
from .report import write_docs_pages, write_report
from .store import RunStore

__all__ = [
    "EXPLORATIONS",
    "Effort",
    "Plan",
    "RunStore",
    "plans_for",
    "write_docs_pages",
    "write_report",
]
