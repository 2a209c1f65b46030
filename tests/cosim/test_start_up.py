# SPDX-License-Identifier: Apache-2.0
"""What the command imports before it is asked to work."""

import subprocess
import sys

import click
import pytest
from tests.untraced import untraced

from alpine_cosim.cli import cli

HEAVY = {
    "amaranth", "cocotb", "matplotlib", "numba", "numpy", "rich", "scipy", "simpy", "xml",
    "multiprocessing",
}  # fmt: skip

HELP = """
import sys
import click
from alpine_cosim.cli import cli

def show(command, *names):
    try:
        command([*names, "--help"], standalone_mode=False)
    except SystemExit:
        pass
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            show(part)

show(cli)
cli(["--version"], standalone_mode=False)
print(sorted(set(sys.modules) & set(sys.argv[1:])))
"""


def _commands(group: click.Group) -> int:
    """Commands in a group and in the groups of it."""
    return sum(
        1 + (_commands(command) if isinstance(command, click.Group) else 0)
        for command in group.commands.values()
    )


def told(script: str, *arguments: str) -> list[str]:
    # Where lines are counted, the counting imports modules of its own into every process.
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, text=True, check=True, env=untraced(),
    )  # fmt: skip
    return done.stdout.splitlines()


def test_help_of_every_command_and_the_version_import_nothing_that_takes_time():
    lines = told(HELP, *HEAVY)
    # The group and every command of it, and of those that are groups; none left out.
    assert sum(line.startswith("Usage: ") for line in lines) == 1 + _commands(cli)
    assert lines[-1] == "[]"


def test_the_package_imports_what_is_used():
    script = "import sys, alpine_cosim; print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    assert told(script, *HEAVY) == ["[]"]
    assert told("from alpine_cosim import *; print(run.__name__, RunResult.__name__)") == [
        "run RunResult"
    ]


def test_a_name_that_the_package_lacks_is_an_attribute_error():
    import alpine_cosim

    with pytest.raises(AttributeError, match="has no attribute 'walk'"):
        _ = alpine_cosim.walk
