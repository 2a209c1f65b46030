# SPDX-License-Identifier: Apache-2.0
"""Writes the page on operators: ``python -m alpine_sw.importing.operators_page docs/operators.md``.

Every case of the onnx package that concerns supported operators is run in floating point, and as
codes where its nodes have such a form; a case that gives another result ends the command.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from alpine_models.errors import AlpineError
from alpine_models.files import deliver
from alpine_models.page_origin import Origin, with_origin

from .conformance import CaseKind, OnnxCase, cases, outcome_of
from .load import load_onnx
from .lowering.table import RULES
from .network import FloatNetwork, InputType
from .operators import OPERATORS, REFUSED
from .operators.operator import Array
from .quantised import quantise

__all__ = ["CODE_ERROR_BOUND", "code_error", "operators_page"]

CODE_ERROR_BOUND = 0.03
"""Largest error of an operator's results in codes, of the largest magnitude of the exact ones.

Three roundings to codes of 8 bits, of operands, weights and results, of half a step of 1/127 each,
add up to 1.2 % where all fall together; activations and states multiply them.
"""

INTRODUCTION = """# ONNX operators

This page is made by `python -m alpine_sw.importing.operators_page` (`make operators`).

Supported operators have the definitions of ONNX from version 13 on; files of earlier versions are
converted first. The cases are those of the onnx package's backend test: models of one node or a
few with inputs and results, and models exported by PyTorch with its results. A case concerns this
page if all of its nodes have supported operators. Such a case passes if the results in floating
point lie within the case's own tolerances.

`in codes` is the largest error of the golden model in int8, in percent of the largest magnitude of
a case's results, over this operator's own cases with such a form (their number behind it):
ranges by `min-max` from the case's own first operand, further operands as weights. The bound for
every operator is {bound:.0f} %. 0.00 % is an operator that stays on real values, or moves elements:
the codes before and behind it are those of its neighbours.
"""


@dataclass(slots=True)
class Tally:
    """What came of one operator's cases."""

    passed: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    errors: list[float] = field(default_factory=list[float])


def code_error(case: OnnxCase) -> float | None:
    """Return the largest error of a case's results in codes, of their largest magnitude.

    The first operand stays an input, the others become constants. None is a case without a form in
    codes.
    """
    network = load_onnx(case.model)
    worst: float | None = None
    for inputs, _ in case.data:
        frozen, data = _frozen(network, [np.asarray(each) for each in inputs])
        if data is None or not frozen.nodes:
            return None
        try:
            result = quantise(frozen, data, method="min-max")
            golden = result.run(data)
        except AlpineError:
            return None
        for number in range(len(next(iter(data.values())))):
            exact = frozen.run_float({n: v[number] for n, v in data.items()})
            for name in result.outputs:
                wanted, found = exact[name], golden[name][number]
                if not wanted.size or wanted.dtype.kind != "f":
                    continue
                top = max(float(np.abs(wanted).max()), 1e-9)
                error = float(np.abs(found.reshape(wanted.shape) - wanted).max()) / top
                worst = error if worst is None else max(worst, error)
    return worst


def _frozen(
    network: FloatNetwork, inputs: Sequence[Array]
) -> tuple[FloatNetwork, dict[str, Array] | None]:
    """The network with all inputs but the first as constants, and samples [n, 1, ...] of that."""
    if not network.inputs or not inputs or inputs[0].dtype != np.float32 or not inputs[0].ndim:
        return network, None
    first, *others = network.inputs
    more = dict(zip(others, inputs[1:], strict=True))
    if any(values.dtype.kind == "f" and np.isnan(values).any() for values in inputs):
        return network, None
    frozen = replace(
        network,
        inputs={first: InputType(dtype=np.dtype(np.float32), shape=inputs[0].shape)},
        constants={**network.constants, **more},
    )
    return frozen, {first: inputs[0][np.newaxis]}


def _tallies() -> dict[str, Tally]:
    """What came of all cases, by their first operator.

    Raises
    ------
    AlpineError
        A case gives another result than expected.
    """
    found: dict[str, Tally] = defaultdict(Tally)
    for case in cases():
        if not case.concerns:
            continue
        names = sorted(case.operators - {"Constant"}) or ["Constant"]
        tally = found[names[0] if len(names) == 1 else "several"]
        outcome = outcome_of(case)
        if outcome.difference:
            raise AlpineError(f"case {case.name} gives another result: {outcome.difference}")
        if outcome.refused:
            tally.refused.append((case.name, _reason(outcome.refused)))
            continue
        tally.passed += 1
        if case.kind is CaseKind.NODE and len(names) == 1 and names[0] in RULES:
            error = code_error(case)
            if error is not None:
                tally.errors.append(error)
    return found


def _reason(text: str) -> str:
    """Why a case is refused, without the names of its model."""
    text = re.sub(r"(input|tensor|attribute) '?\w*'? ?of .*? (is|holds)", r"\1 \2", text)
    text = re.sub(r"^(node|operator) .*?: ", "", text)
    return re.sub(r": supported are .*", "", text)


def operators_page() -> str:
    """Return the page.

    Raises
    ------
    AlpineError
        A case gives another result than expected, or an error in codes is above the bound.
    """
    tallies = _tallies()
    lines = [
        INTRODUCTION.format(bound=100 * CODE_ERROR_BOUND),
        "| operator | not supported of it | cases that pass | refused | in codes |",
        "|---|---|---:|---:|---:|",
    ]
    for name, kind in OPERATORS.items():
        tally = tallies.get(name, Tally())
        worst = max(tally.errors, default=None)
        if worst is not None and worst > CODE_ERROR_BOUND:
            raise AlpineError(f"operator {name} has an error of {worst:.3f} in codes")
        in_codes = (
            "no form"
            if name not in RULES
            else ("no case" if worst is None else f"{100 * worst:.2f} % ({len(tally.errors)})")
        )
        lines.append(
            f"| `{name}` | {kind.limits} | {tally.passed} | {len(tally.refused)} | {in_codes} |"
        )
    several = tallies.get("several", Tally())
    total = sum(tally.passed for tally in tallies.values())
    refused = sum(len(tally.refused) for tally in tallies.values())
    lines += [
        f"| several of them | | {several.passed} | {len(several.refused)} | |",
        "",
        f"Together {total} cases pass, {refused} are refused and none gives another result.",
        "",
        "## Refused operators",
        "",
        *(f"- `{name}`: {reason}." for name, reason in REFUSED.items()),
        "- All others: an operator that is not in the table is named, with its node.",
        "",
        "## Cases outside the limits",
        "",
        "| reason | cases |",
        "|---|---|",
        *_refused_rows(tallies),
        "",
    ]
    return "\n".join(lines)


def _refused_rows(tallies: dict[str, Tally]) -> list[str]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for tally in tallies.values():
        for name, reason in tally.refused:
            by_reason[reason].append(name.removeprefix("test_"))
    order = Counter({reason: len(names) for reason, names in by_reason.items()})
    return [
        f"| {reason.replace('|', '/')} | {', '.join(sorted(by_reason[reason]))} |"
        for reason, _ in order.most_common()
    ]


if __name__ == "__main__":
    packages, without = (
        ("alpine_models", "alpine_sw"),
        ("alpine_sw/calibrate", "alpine_sw/training"),
    )
    deliver(with_origin(operators_page(), Origin.now("make operators", packages, without)))
