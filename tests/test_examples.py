# SPDX-License-Identifier: Apache-2.0
"""Every numbered example runs and prints what it promises."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cosim.small_perceptron import small_perceptron_is_mlp

from alpine_cosim.spec.networks import NETWORKS

EXAMPLES = Path(__file__).parents[1] / "examples"

# 01: a queue and a dequeue take two cycles each when every answer is waited for, the product 100
#     and the answer behind it two.
# 07: 100 ns for a product, the published time.
# 08: six bits come round after 64 cycles.
# 10: the FIFO is full with 8 values, pushed at consecutive cycles.
# 11: a pulse of width 3 that starts at count 0 ends when the count has reached 3: four cycles.
PROMISED = {
    "01_tile_alone": [r"^118 cycles", r"^equal to numpy: True"],
    "03_own_network": [r"^\| layer 2 .* 256 \|$", r"^equal to the graph: True"],
    "04_own_tile_verilog": [r"(^equal to numpy: True\n){3}", r"^the new counter says 3 products"],
    "05_device_study": [r"^lstm-256, case 1, on pcm", r"1 day .* \+- "],
    "07_waveform": [r"^phase PRECHARGE for 1 ns\nphase INTEGRATE for 98 ns\nphase DIGITISE for 1 "],
    "08_counter": [r"the count is 10$", r"takes 54 more"],
    "10_two_clocks": [r"written_gray = 12", r"received \[4, 5, 6, 7, 8, 9, 10, 11\]"],
    "11_ten_files": [r"(COUNTING ){6}(PULSING ){4}WAITING", r"^1 pulse"],
    "12_sweep_tiles": [r"(^product of \d+ cycles, tiles of .*: \d+\.\d\d times as fast\n){6}"],
}


ELSEWHERE = {
    "02_own_program",  # tests/cosim/test_programs.py compares it with the page that shows it
    "06_fault_campaign",
    "09_picorv32",
}


def output_of(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", PROMISED)
def test_examples_do_what_they_say(name: str):
    done = output_of(name)
    assert done.returncode == 0, done.stderr
    for line in PROMISED[name]:
        assert re.search(line, done.stdout, re.MULTILINE), done.stdout


def test_the_campaign_runs_on_a_small_network(monkeypatch, capsys):
    # The tile of the network that the example names takes half a minute to build.
    with small_perceptron_is_mlp():
        monkeypatch.setitem(NETWORKS.shipped, "lstm-256", NETWORKS["mlp"])
        runpy.run_path(str(EXAMPLES / "06_fault_campaign.py"), run_name="__main__")
    told = capsys.readouterr().out
    assert re.search(r"converters.adc +22 ", told), told
    assert re.search(r"sequencer +\d+ ", told), told
    assert told.count("4 runs") == 2


def test_the_example_without_its_core_says_where_to_get_it():
    done = output_of("09_picorv32")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "github.com/YosysHQ/picorv32" in done.stderr


def test_every_numbered_example_is_run_here_and_says_how_to_run_it():
    numbered = {path.stem: path.read_text() for path in EXAMPLES.glob("[0-9]*.py")}
    assert set(numbered) == {*PROMISED, *ELSEWHERE}
    assert [int(name[:2]) for name in sorted(numbered)] == list(range(1, len(numbered) + 1))
    for name, text in numbered.items():
        assert f"\npython examples/{name}.py" in text
