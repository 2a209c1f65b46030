"""Markdown of the generated pages."""

import sys
from collections.abc import Sequence
from pathlib import Path

from alpine_models.files import write_text

__all__ = ["deliver", "table"]


def deliver(page: str) -> None:
    """Write a page to the file that the command line names, or print it where it names none."""
    if len(sys.argv) > 1:
        write_text(Path(sys.argv[1]), page)
    else:
        print(page, end="")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
