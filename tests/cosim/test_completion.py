# SPDX-License-Identifier: Apache-2.0
"""Shells complete commands, options, names and files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from alpine_cosim.cli import cli

ALPINE = Path(sys.executable).with_name("alpine")


def completions(*words: str) -> list[str]:
    """What a shell is told when the last word is to be completed, with its kind."""
    asked = ShellComplete(cli, {}, "alpine", "_ALPINE_COMPLETE")
    return [f"{c.type} {c.value}" for c in asked.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("sys",), ["plain system"]),
        (("run", "lstm-"), ["plain lstm-256", "plain lstm-512", "plain lstm-750"]),
        (("run", "mlp", "--system", "low"), ["plain low-power"]),
        (("run", "mlp", "--engine", "c"), ["plain cocotb"]),
        (("study", "time", "--device", "hermes"), ["plain hermes-1", "plain hermes-2"]),
        (("kernel", "mv"), ["plain mvm"]),
        (("run", "mlp", "--config", "my"), ["file my"]),
    ],
)
def test_names_and_files_are_completed(words, expected):
    assert completions(*words) == expected


def test_the_script_makes_bash_complete_the_command():
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    # What bash calls when Tab is pressed behind "alpine sys".
    script = """
        eval "$(alpine completion bash)"
        complete -p alpine
        COMP_WORDS=(alpine sys)
        COMP_CWORD=1
        _alpine_completion alpine
        echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        [bash, "--norc", "-c", script],
        env={**os.environ, "PATH": f"{ALPINE.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-F _alpine_completion alpine" in done.stdout
    assert done.stdout.splitlines()[-1] == "system"
    assert done.stderr == ""


@pytest.mark.parametrize(("shell", "has"), [("zsh", "#compdef alpine"), ("fish", "complete")])
def test_other_shells_have_scripts_of_their_own(shell, has):
    done = subprocess.run([ALPINE, "completion", shell], capture_output=True, text=True, check=True)
    assert has in done.stdout
    assert f"{shell}_complete" in done.stdout
