# SPDX-License-Identifier: Apache-2.0
"""What a paper's package registers, so that `alpine paper` makes its report.

The package declares ``[project.entry-points."alpine.papers"]`` with a line ``name =
"module:PAPER"``, where ``PAPER`` is a `Paper`. Its module is imported for ``alpine paper --help``
and so imports what computes in functions only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alpine_models.choices import choose
from alpine_models.extension_points import ExtensibleTable

if TYPE_CHECKING:
    from alpine_cosim.campaigns.executor import Executor

__all__ = ["PAPERS", "STANDARD", "Paper", "ReportRequest", "find_part"]

STANDARD = "alpine"
"""The paper whose report plain `alpine paper` makes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportRequest:
    """What a person asked for.

    Members
    -------
    part : one of the paper's parts, or None for its whole report.
    out : folder for runs and report; exists.
    write_docs : folder for the pages and pictures as documentation holds them, or None.
    quick, full : less or more of the runs on RTL than usual; not both.
    jobs : runs at a time.
    executor : what runs them, or None for processes of this machine.
    """

    part: str | None
    out: Path
    write_docs: Path | None
    quick: bool
    full: bool
    jobs: int
    executor: "Executor | None"


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """One paper's report.

    Members
    -------
    parts : names of what can be made alone; the paper's own name makes all of it.
    make : writes the report, prints what it wrote, and returns whether every run's outputs equal
        the golden model's. Raises AlpineError for a person's mistake.
    """

    parts: tuple[str, ...] = ()
    make: Callable[[ReportRequest], bool]


PAPERS = ExtensibleTable[Paper]("alpine.papers", Paper, {})
"""By name, as registered."""


def find_part(only: str | None) -> tuple[Paper, str | None]:
    """Return the paper that ``--only`` names, and the part of it, None for all of it.

    Raises
    ------
    AlpineError
        No paper and no part has this name, or a paper cannot be loaded.
    """
    if only is None:
        return PAPERS[STANDARD], None
    parts = {part: paper for paper in PAPERS.values() for part in paper.parts}
    name = choose("exploration", only, [*parts, *PAPERS])
    if name in parts:
        return parts[name], name
    return PAPERS[name], None
