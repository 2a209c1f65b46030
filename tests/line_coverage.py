# SPDX-License-Identifier: Apache-2.0
"""Prints which modules the tests reach too little, from `coverage json`, and why.

``python -m tests.line_coverage REPORT`` reads a report; `make coverage` makes it.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

__all__ = ["ENOUGH_PERCENT", "EXPLANATIONS", "summary"]

ENOUGH_PERCENT = 85
EXPLANATIONS: dict[str, str] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)["explanations"]
"""Why the lines of some files, by pattern, are not counted as reached."""


def summary(report: Mapping[str, Any], explanations: Mapping[str, str]) -> str:
    """Return one line per module below `ENOUGH_PERCENT`, those without a reason first."""
    unexplained: list[str] = []
    explained: list[str] = []
    for file, figures in sorted(report["files"].items()):
        percent = figures["summary"]["percent_covered"]
        if percent >= ENOUGH_PERCENT:
            continue
        reason = next((why for pattern, why in explanations.items() if fnmatch(file, pattern)), "")
        lines = explained if reason else unexplained
        lines.append(f"{percent:5.1f} %  {file}: {reason or 'NOT EXPLAINED: test it, or say why'}")
    totals = report["totals"]
    return "\n".join(
        [
            *unexplained,
            *explained,
            f"{totals['percent_covered']:5.1f} %  of {totals['num_statements']} lines are reached; "
            f"{len(unexplained) + len(explained)} of {len(report['files'])} modules are below "
            f"{ENOUGH_PERCENT} %, {len(unexplained)} of them without a reason",
        ]
    )


if __name__ == "__main__":
    print(summary(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), EXPLANATIONS))
