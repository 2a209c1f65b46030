# SPDX-License-Identifier: Apache-2.0
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def output_of(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


# Six bits come round after 64 cycles. The FIFO is full with 8 values, pushed at consecutive cycles.
# A pulse of width 3 that starts at count 0 ends when the count has reached 3: four cycles.
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("binding_1_counter", [r"the count is 10$", r"takes 54 more"]),
        ("binding_3_two_clocks", [r"written_gray = 12", r"received \[4, 5, 6, 7, 8, 9, 10, 11\]"]),
        ("binding_4_ten_files", [r"(COUNTING ){6}(PULSING ){4}WAITING", r"^1 pulse"]),
    ],
)
def test_examples_do_what_they_say(name, lines):
    done = output_of(name)
    assert done.returncode == 0, done.stderr
    for line in lines:
        assert re.search(line, done.stdout, re.MULTILINE), done.stdout


def test_the_example_without_its_core_says_where_to_get_it():
    done = output_of("binding_2_picorv32")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "github.com/YosysHQ/picorv32" in done.stderr
