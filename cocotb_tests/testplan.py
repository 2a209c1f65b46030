# SPDX-License-Identifier: Apache-2.0
"""The page of the testplan: `python cocotb_tests/testplan.py [--write-docs FILE]`."""

import argparse
import ast
import sys
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

from alpine_models.files import write_text

ROOT = Path(__file__).parent.parent
PLAN = Path(__file__).with_name("testplan.toml")

INTRODUCTION = """\
# Testplan

What is verified of the hardware, by which tests, and which situations those must have reached. Made
from `cocotb_tests/testplan.toml` by `make docs`; tests check that every test named here exists,
that this page is up to date, and that every coverage bin is reached by the random programs of
`tests/rtl/test_coverage.py`, on the RTL with one buffer and with two.
"""


def load() -> dict[str, Any]:
    """Return the plan."""
    return tomllib.loads(PLAN.read_text())


def missing_tests() -> list[str]:
    """Return the tests that the plan names and the repository lacks."""
    missing: list[str] = []
    for feature in load()["feature"]:
        for test in feature["tests"]:
            path, _, name = test.partition("::")
            file = ROOT / path
            functions = (
                {n.name for n in ast.parse(file.read_text()).body if isinstance(n, ast.FunctionDef)}
                if file.exists()
                else set()
            )
            if name not in functions:
                missing.append(test)
    return missing


def count_bins(point: dict[str, Any]) -> int:
    """Return how many bins a coverage point has."""
    names = list(point["dimensions"])
    combinations = [
        dict(zip(names, values, strict=True)) for values in product(*point["dimensions"].values())
    ]
    return sum(
        not any(
            all(values[name] in excluded for name, excluded in rule.items())
            for rule in point.get("impossible", [])
        )
        for values in combinations
    )


def page() -> str:
    """Return the page as Markdown."""
    plan = load()
    lines = [INTRODUCTION, "## Features", ""]
    for feature in plan["feature"]:
        lines += [f"### {_heading(feature['name'])}", "", feature["description"], ""]
        lines += [f"- `{test}`" for test in feature["tests"]]
        if feature["coverage"]:
            lines += ["", f"Coverage: {', '.join(feature['coverage'])}."]
        lines.append("")
    lines += ["## Coverage points", ""]
    total = 0
    for point in plan["coverage"]:
        bins = count_bins(point)
        total += bins
        lines += [f"### {_heading(point['name'])}", "", point["description"], ""]
        lines += [f"- {name}: {', '.join(vs)}" for name, vs in point["dimensions"].items()]
        lines += [
            "- never: " + ", ".join(f"{name} {' or '.join(vs)}" for name, vs in rule.items())
            for rule in point.get("impossible", [])
        ]
        lines += ["", f"{bins} bins.", ""]
    lines.append(f"{total} bins in all.")
    return "\n".join(lines) + "\n"


def _heading(name: str) -> str:
    return name[0].upper() + name[1:]


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-docs", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.write_docs:
        write_text(options.write_docs, page())
        print(f"{options.write_docs}: written")
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main()
