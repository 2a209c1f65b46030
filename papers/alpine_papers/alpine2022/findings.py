# SPDX-License-Identifier: Apache-2.0
"""The paper's findings in words: their value, ours per style and synchronisation, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alpine_cosim.pages.markdown import table

from .plans import BASE, VARIATIONS, Variation
from .results import Results, if_run
from .tables import MISSING

__all__ = [
    "COMPARED",
    "Finding",
    "PaperComparison",
    "Verdict",
    "against",
    "findings_table",
    "holds",
    "slightly",
    "verdicts",
]

COMPARED = tuple(v for v in VARIATIONS if v.digital_style == BASE.digital_style)
"""Variations in which findings are looked at: software style and synchronisation."""

SLIGHTLY = 0.1
"""What counts as slight or minimal: a tenth."""
ROUGHLY = 1.5
"""Factor within which a number counts as the printed one."""


class Verdict(StrEnum):
    """What our runs say about a statement."""

    HOLDS = "holds"
    DIRECTION = "in direction only"
    FAILS = "does not hold"


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperComparison:
    """Our counterpart of a statement: what was measured, in words, and the verdict."""

    value: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.value}: {self.verdict}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A statement of the paper.

    Members
    -------
    name : short, unique.
    says : the statement with its number.
    observe : our counterpart in a variation; raises `NotRunError` where runs are missing.
    why : what the runs show about agreement or disagreement.
    """

    name: str
    says: str
    observe: Callable[[Results, Variation], PaperComparison]
    why: Callable[[Results], str] = lambda results: ""


def holds(true: bool, text: str) -> PaperComparison:
    """A statement that is true or not."""
    return PaperComparison(value=text, verdict=Verdict.HOLDS if true else Verdict.FAILS)


def against(ours: float, theirs: float, text: str) -> PaperComparison:
    """Compare a signed effect with the printed one: same sign, and same size within `ROUGHLY`."""
    if ours * theirs <= 0:
        verdict = Verdict.FAILS
    elif 1 / ROUGHLY <= ours / theirs <= ROUGHLY:
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.DIRECTION
    return PaperComparison(value=text, verdict=verdict)


def slightly(ours: float, text: str) -> PaperComparison:
    """Whether an effect is there and small."""
    if ours < 0:
        return holds(False, text)
    return PaperComparison(
        value=text, verdict=Verdict.HOLDS if ours < SLIGHTLY else Verdict.DIRECTION
    )


def findings_table(results: Results, findings: Sequence[Finding]) -> str:
    """Return a Markdown table: a row per finding, a column per variation."""
    observed = [(finding, _observe(results, finding)) for finding in findings]
    used = [
        number
        for number in range(len(COMPARED))
        if any(found[number] is not None for _, found in observed)
    ]
    rows = [
        [
            finding.says,
            *(MISSING if found[n] is None else str(found[n]) for n in used),
            if_run(lambda finding=finding: finding.why(results)) or "",
        ]
        for finding, found in observed
        if any(observation is not None for observation in found)
    ]
    heads = ["paper", *(COMPARED[n].name for n in used), "why, as far as the runs show it"]
    return table(heads, rows)


def verdicts(results: Results, findings: Sequence[Finding], variation: Variation) -> list[Verdict]:
    """The verdicts on those findings whose runs are there."""
    found = [if_run(lambda f=finding: f.observe(results, variation)) for finding in findings]
    return [observation.verdict for observation in found if observation is not None]


def _observe(results: Results, finding: Finding) -> list[PaperComparison | None]:
    return [if_run(lambda v=v: finding.observe(results, v)) for v in COMPARED]
