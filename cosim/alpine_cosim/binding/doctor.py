# SPDX-License-Identifier: Apache-2.0
"""`alpine doctor`: what the machine lacks, and the command that brings it."""

import os
import subprocess

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alpine_models.errors import AlpineError

from .cache import cache_directory
from .toolchain import Requirement, requirements

__all__ = ["diagnose"]


def diagnose(console: Console) -> bool:
    """Print every requirement with what was found or how to get it; return whether all are met.

    Waveforms in FST format need two more headers; they are listed but not required.
    """
    table = Table(title="What this machine has", title_justify="left")
    for heading in ("requirement", "found", "needed for"):
        table.add_column(heading)
    missing: list[str] = []
    for requirement in requirements():
        if requirement.found is None:
            missing.append(f"{requirement.name}: {requirement.remedy}")
        _add(table, requirement)
    try:
        cache = str(cache_directory())
    except AlpineError as error:
        missing.append(str(error))
        cache = None
    _add(
        table,
        Requirement(name="cache directory", found=cache, needed_for="built models", remedy=""),
    )
    _add(table, fst_requirement(), optional=True)
    console.print(table)
    for line in missing:
        console.print(f"[red]missing[/] {escape(line)}", highlight=False, soft_wrap=True)
    if not missing:
        console.print("[green]Everything needed is here.[/]")
    return not missing


def fst_requirement() -> Requirement:
    """Headers without which waveforms are written as VCD."""
    probe = "#include <lz4.h>\n#include <zlib.h>\n"
    try:
        done = subprocess.run(
            ["g++", "-fsyntax-only", "-x", "c++", "-"],
            input=probe,
            text=True,
            capture_output=True,
            check=False,
            env=dict(os.environ),
        )
        found = "installed" if done.returncode == 0 else None
    except OSError:
        found = None
    return Requirement(
        name="lz4 and zlib headers",
        found=found,
        needed_for="FST waveforms (otherwise VCD)",
        remedy="apt-get install liblz4-dev zlib1g-dev",
    )


def _add(table: Table, requirement: Requirement, *, optional: bool = False) -> None:
    absent = f"[yellow]no; {requirement.remedy}[/]" if optional else "[red]missing[/]"
    found = absent if requirement.found is None else escape(requirement.found)
    table.add_row(requirement.name, found, requirement.needed_for)
