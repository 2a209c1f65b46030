"""Verilator's warnings about a design, kept with its build."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["BuildWarning", "warnings_of"]

WARNING = re.compile(r"%Warning-(\w+): (?:(.+?):(\d+):(?:\d+:)? )?(.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildWarning:
    """One warning.

    Members
    -------
    code : str, Verilator's name of its kind, as in ``WIDTHTRUNC``.
    file : str, empty where it concerns none.
    line : int.
    message : str.
    """

    code: str
    file: str
    line: int
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return the members by name."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"{place}{self.code}: {self.message}"


def warnings_of(output: str) -> Iterator[BuildWarning]:
    """Return the warnings in Verilator's output, each once."""
    seen: set[BuildWarning] = set()
    for found in WARNING.finditer(output):
        warning = BuildWarning(
            code=found[1], file=found[2] or "", line=int(found[3] or 0), message=found[4]
        )
        if warning not in seen:
            seen.add(warning)
            yield warning
