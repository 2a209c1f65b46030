# SPDX-License-Identifier: Apache-2.0
"""The published explorations again: our runs beside the paper's figures."""

from alpine_models.lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "plans": ["EXPLORATIONS", "Effort", "Plan", "plans_for"],
        "report": ["write_docs_pages", "write_report"],
        "store": ["RunStore"],
    },
)
