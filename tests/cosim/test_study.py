# SPDX-License-Identifier: Apache-2.0
import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from click.testing import CliRunner
from rich.console import Console

from alpine_cosim.campaigns.study import (
    collect,
    plan_adc,
    plan_effects,
    plan_time,
    print_study,
    score_chips,
    study_spec,
    write_study,
)
from alpine_cosim.campaigns.study.plans import prepared
from alpine_cosim.cli import cli
from alpine_models.errors import AlpineError

SUBJECT = {"network": "lstm-256", "samples": 12, "chips": 2, "seed": 3}


def spec(**changes):
    return study_spec(**{**SUBJECT, **changes})


def finished(plan, folder: Path, **options):
    return collect(plan, score_chips(plan.works, folder, **options))


@pytest.fixture(scope="module")
def over_time(tmp_path_factory):
    plan = plan_time(spec(), times_s=[86400.0, 25.0])
    folder = tmp_path_factory.mktemp("chips")
    return plan, folder, finished(plan, folder, jobs=1)


def test_a_study_over_time_has_every_chip_at_every_time(over_time):
    plan, _, result = over_time
    assert len(plan.works) == 3 * 2
    assert (result.quantity, result.chips) == ("bits per character", 2)
    assert [len(points) for points in result.curves.values()] == [2, 2, 2]
    none = result.curves["no compensation"]
    assert [point.label for point in none] == ["25 s", "1 day"]
    assert len(set(none[0].chips)) == 2


def test_drift_costs_and_compensation_helps(tmp_path: Path):
    plan = plan_time(spec(effects=["drift"]), times_s=[86400.0], compensations=["none", "column"])
    result = finished(plan, tmp_path, jobs=1)
    error = {label: points[0].output_error.mean for label, points in result.curves.items()}
    assert error["compensated per column"] < 0.7 * error["no compensation"]


def test_training_with_noise_helps(tmp_path: Path):
    # docs/device.md has the whole table: a day after programming, 1.71 bits against 1.33.
    points = {}
    for weights in (None, Path("hardware-aware")):
        looked_at = spec(weights=weights, samples=250, chips=3)
        plan = plan_time(looked_at, times_s=[86400.0], compensations=["tile"])
        result = finished(plan, tmp_path, jobs=1)
        points[weights] = result.curves["compensated per tile"][0].score
    plain, aware = points.values()
    assert aware.high + 0.15 < plain.low


def test_processes_change_nothing_and_finished_chips_are_kept(over_time, tmp_path: Path):
    plan, folder, result = over_time
    reused: list[bool] = []
    assert finished(plan, folder, jobs=1, on_work=reused.append) == result
    assert reused == [True] * len(plan.works)
    # Two are kept, one of those is damaged, of six.
    lines = (folder / "results.jsonl").read_text().splitlines()[:2]
    (tmp_path / "results.jsonl").write_text(f"{lines[0]}\n{lines[1][:-1]}\n")
    reused.clear()
    assert finished(plan, tmp_path, jobs=2, on_work=reused.append) == result
    assert reused.count(False) == 5


def test_resolution_alone_and_with_the_device(tmp_path: Path):
    plan = plan_adc(spec(device="hermes-1", after="1day", compensate="tile"), bits=[8, 3])
    result = finished(plan, tmp_path, jobs=1)
    alone, device = result.curves.values()
    # Eight bits are the ideal device's own resolution.
    assert alone[1].score.mean == result.ideal
    assert alone[1].output_error.mean == 0
    assert alone[0].output_error.mean > 0
    assert [point.label for point in device] == ["3 bits", "8 bits"]


def test_effects_alone_are_sorted_by_what_they_cost(tmp_path: Path):
    plan = plan_effects(spec(after="1day", effects=["drift", "read", "adc-saturation=16"]))
    result = finished(plan, tmp_path, jobs=1)
    (points,) = result.curves.values()
    errors = {point.label.partition(":")[0]: point.output_error.mean for point in points}
    assert errors["drift"] > errors["read"] > errors["adc-saturation=16"] == 0
    console = Console(record=True, width=120, file=io.StringIO())
    print_study(result, console)
    rows = [line for line in console.export_text().splitlines() if "adc-saturation=16:" in line]
    assert "0.000" in rows[0]
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        _, picture, _ = write_study(result, tmp_path)
    # Drawn from the bottom up: what costs fewest bits per character first, what costs most last.
    labels = re.findall(r">(drift|read|adc-saturation=16|all together)<", picture.read_text())
    bits = {point.label.partition(":")[0]: point.score.mean for point in points}
    assert labels == sorted(bits, key=bits.__getitem__)


def test_files(over_time, tmp_path: Path):
    _, _, result = over_time
    files = write_study(result, tmp_path)
    assert [file.name for file in files] == [
        "time-lstm-256.json",
        "time-lstm-256.svg",
        "time-lstm-256.png",
    ]
    stored = json.loads(files[0].read_text())
    assert stored["curves"]["no compensation"][0]["score"]["mean"] == pytest.approx(
        result.curves["no compensation"][0].score.mean
    )
    assert files[2].read_bytes().startswith(b"\x89PNG")


def test_loose_tiles_are_studied_as_those_of_a_core(tmp_path: Path):
    # Tiles without imperfections, whose codes have 8 bits, give what the network gives wherever
    # they sit.
    for case in ("1", "loose"):
        plan = plan_adc(study_spec("mlp", case=case, samples=20, chips=1), bits=[8])
        (work,) = plan.curves[0].points[0].works
        assert work.codes_alone
        ((score,),) = score_chips([work], tmp_path / case, jobs=1).values()
        task = prepared(work.spec)
        assert score.score == task.accuracy(task.golden())


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ({"network": "mlpp"}, "unknown network 'mlpp': did you mean mlp?"),
        ({"case": "digital"}, "case digital has no tiles to study"),
        ({"case": "9"}, "unknown case '9'"),
        ({"chips": 0}, "chips 0 is refused: give a whole number from 1 on, 65536 at most"),
        ({"seed": -1}, "seed must be 0 or more, not -1"),
        ({"samples": 10**6}, "inferences must be 1 to 10000"),
    ],
)
def test_subjects_that_cannot_be_studied(subject: dict, message: str):
    with pytest.raises(AlpineError, match=message):
        study_spec(**{"network": "mlp", **subject})


def test_nothing_to_look_at(tmp_path: Path):
    with pytest.raises(AlpineError, match="no time to look at"):
        plan_time(spec(), times_s=[])
    with pytest.raises(AlpineError, match="no resolution to look at"):
        plan_adc(spec(), bits=[])
    with pytest.raises(AlpineError, match="jobs must be 1 or more, not 0"):
        score_chips([], tmp_path, jobs=0)


def test_verification_is_part_of_a_study_and_of_its_title(tmp_path: Path):
    error = {}
    for verify in (None, "2"):
        looked_at = spec(effects=["programming"], verify=verify)
        plan = plan_time(looked_at, times_s=[25.0], compensations=["none"])
        result = finished(plan, tmp_path, jobs=1)
        error[verify] = result.curves["no compensation"][0].output_error.mean
    # The programming error, some 4 weights, is cut at 2.
    assert error["2"] < 0.6 * error[None]
    assert result.title == "lstm-256, case 1, on pcm, cells verified within 2 weights"
    assert (result.verify_margin, result.effects) == (2.0, ("programming",))
    effects = plan_effects(spec(after="1day", effects=["programming", "drift"], verify="8"))
    margins = [
        point.works[0].spec.device.analog.verify_margin for point in effects.curves[0].points
    ]
    assert margins == [8.0, 8.0, None]


def test_a_study_takes_a_described_run(tmp_path: Path):
    file = tmp_path / "run.toml"
    file.write_text('network = "lstm-256"\ncase = 2\ninferences = 3\nseed = 4\n')
    options = ["--times", "1day", "--compensate", "none", "--chips", "1", "--jobs", "1"]
    command = [
        "study",
        "time",
        "--spec",
        str(file),
        *options,
        "--out",
        str(tmp_path),
        "--seed",
        "5",
    ]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "time-lstm-256.json").read_text())
    found = [written[name] for name in ("case", "samples", "seed", "chips", "device")]
    assert found == ["2", 3, 5, 1, "pcm"]


INTERRUPTED = """
import os, signal
from alpine_cosim.cli import main
from alpine_cosim.campaigns.study import runs

evaluate, calls = runs.evaluate, []

def interrupted(work):
    calls.append(work)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return evaluate(work)

runs.evaluate = interrupted
main()
"""


def test_ctrl_c_keeps_every_finished_chip(tmp_path: Path):
    arguments = [
        "study", "time", "--network", "lstm-256", "--samples", "12", "--chips", "3", "--jobs", "1",
        "--compensate", "none,tile", "--times", "1day", "--out", str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGINT, done.stderr
    chips = tmp_path / "chips"
    # On a slow machine it says how far it is, too.
    assert done.stderr.endswith(
        f"alpine: interrupted; 2 of 6 chips are in {chips}, and the same command goes on from "
        f"there\n"
    )
    assert len((chips / "results.jsonl").read_text().splitlines()) == 2
