# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
from tests.line_coverage import EXPLANATIONS, summary

ROOT = Path(__file__).parent.parent


def figures(percent: float) -> dict[str, dict[str, float]]:
    return {"summary": {"percent_covered": percent}}


def test_modules_without_a_reason_come_first():
    report = {
        "files": {
            "a/kernel.py": figures(10.0),
            "b/forgotten.py": figures(84.9),
            "c/tested.py": figures(85.0),
        },
        "totals": {"percent_covered": 91.25, "num_statements": 400},
    }
    assert summary(report, {"a/*.py": "compiled"}).splitlines() == [
        " 84.9 %  b/forgotten.py: NOT EXPLAINED: test it, or say why",
        " 10.0 %  a/kernel.py: compiled",
        " 91.2 %  of 400 lines are reached; 2 of 3 modules are below 85 %, 1 of them without a "
        "reason",
    ]


@pytest.mark.parametrize("pattern", EXPLANATIONS)
def test_an_explanation_is_about_modules_that_exist(pattern: str):
    assert list(ROOT.glob(pattern))
