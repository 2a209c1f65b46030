# SPDX-License-Identifier: Apache-2.0
"""Verilator's warnings about a design, kept with its build."""

import re
from collections.abc import Iterator, Sequence
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


def warnings_of(output: str, around: str, ports: Sequence[str]) -> Iterator[BuildWarning]:
    """Return the warnings in Verilator's output, each once.

    Parameters
    ----------
    output : of Verilator.
    around : file of the module around the design, which is not a person's.
    ports : names of the design's ports, by the number that they have in that file.
    """

    def name_of(number: re.Match[str]) -> str:
        return f"'{ports[int(number[1])]}'"

    seen: set[BuildWarning] = set()
    for found in WARNING.finditer(output):
        file, line, message = found[2] or "", int(found[3] or 0), found[4]
        if file == around:
            file, line, message = "", 0, re.sub(r"'p(\d+)'", name_of, message)
        warning = BuildWarning(code=found[1], file=file, line=line, message=message)
        if warning not in seen:
            seen.add(warning)
            yield warning
