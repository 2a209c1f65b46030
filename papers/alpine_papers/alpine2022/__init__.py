# SPDX-License-Identifier: Apache-2.0
"""The published explorations again: our runs beside the paper's figures."""

from alpine_models.lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .plans import EXPLORATIONS, Effort, label_of, plans_for
    from .report import write_docs_pages, write_report
    from .runs import complete_plans

__all__ = [
    "EXPLORATIONS",
    "Effort",
    "complete_plans",
    "label_of",
    "plans_for",
    "write_docs_pages",
    "write_report",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "plans": ["EXPLORATIONS", "Effort", "label_of", "plans_for"],
        "report": ["write_docs_pages", "write_report"],
        "runs": ["complete_plans"],
    },
)
