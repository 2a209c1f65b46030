# SPDX-License-Identifier: Apache-2.0
"""Faults on imperfect chips, and campaigns of which a run fails or that a person ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small_perceptron import HIDDEN, OUTPUTS, small_perceptron

from alpine_cosim.campaigns.faults.campaign import CampaignPlan
from alpine_cosim.campaigns.faults.kinds import DeadAdc, Flip, OpenColumn, StuckCell
from alpine_cosim.campaigns.faults.repeated_run import FaultSession, Outcome
from alpine_cosim.cli import cli
from alpine_cosim.measurement.analog_tiles import ChipSeries, analog_crossbar
from alpine_cosim.spec.network import Task
from alpine_models.device import AnalogCrossbar, Polarity, StuckAt, StuckDevice, analog_device
from alpine_platform.systems.presets import SYSTEMS
from alpine_sw.graph import arithmetic

CHIP = ChipSeries(device=analog_device("pcm", after_s=86400.0), seed=5, chips=1)
MASKED = Flip(register="cells.weight", bit=3, cycle=5)
"""The weight last read back, which no command reads."""


@pytest.fixture(scope="module")
def task() -> Task:
    return small_perceptron()


@pytest.fixture(scope="module")
def session(task) -> Iterator[FaultSession]:
    with FaultSession(task, SYSTEMS["high-power"], device=CHIP) as made:
        yield made


def outputs_of(task: Task, *, devices: list[StuckDevice] | None = None) -> np.ndarray:
    """Both layers of both samples by the device model alone, products 0 to 3 of the tile."""
    ((plan,),) = task.workload.plans.values()
    weights = np.zeros((plan.config.columns, plan.config.rows), np.int8)
    for placement in plan.placements:
        weights[placement.columns, placement.rows] = placement.weights
    crossbar: AnalogCrossbar = analog_crossbar(
        plan,
        weights=weights,
        lsb=np.asarray(plan.lsb, np.float64),
        series=ChipSeries(
            device=CHIP.device.with_defects(devices=devices or ()), seed=CHIP.seed, chips=1
        ),
        chip=0,
        tile=0,
    )
    outputs = []
    for sample, values in enumerate(task.inputs):
        for layer, placement in enumerate(plan.placements):
            codes = np.zeros(plan.config.rows, np.int8)
            codes[placement.rows] = outputs[-1] if layer else values
            sums = crossbar.multiply(codes, product=2 * sample + layer)
            outputs.append(arithmetic.relu(sums[placement.columns]))
    return np.stack(outputs[1::2])


def test_the_chip_is_the_device_models(session, task):
    np.testing.assert_array_equal(session.golden.outputs, outputs_of(task))
    assert not np.array_equal(session.golden.outputs, task.golden())


def test_noise_repeats_itself_so_that_a_harmless_fault_is_masked(session):
    for fault in (
        MASKED,
        OpenColumn(column=1),
        StuckCell(row=0, column=0, polarity=Polarity.NEGATIVE, at=StuckAt.SET),
        DeadAdc(column=3, code=127),
    ):
        session.run(fault)
        result = session.run(MASKED)
        assert (result.outcome, result.wrong_outputs, result.score_loss) == (
            Outcome.MASKED, 0.0, 0.0,
        )  # fmt: skip


def test_an_open_column_takes_one_output_from_the_chip(session):
    reference = session.golden.outputs
    for output in range(OUTPUTS):
        result = session.run(OpenColumn(column=HIDDEN + output))
        wrong = np.count_nonzero(reference[:, output]) / reference.size
        assert result.wrong_outputs == pytest.approx(wrong)


@pytest.mark.parametrize("at", list(StuckAt))
def test_a_stuck_device_is_the_only_change_of_the_chip(session, task, at):
    found = set()
    for row in range(8):
        place = {"row": row, "column": HIDDEN + 4, "polarity": Polarity.POSITIVE, "at": at}
        outputs = outputs_of(task, devices=[StuckDevice(**place)])
        wrong = np.count_nonzero(outputs != session.golden.outputs) / outputs.size
        assert session.run(StuckCell(**place)).wrong_outputs == pytest.approx(wrong)
        found.add(wrong)
    # A device of output 4 changes this output alone, and not whatever it holds.
    assert 0 < max(found) <= 1 / OUTPUTS


@pytest.fixture
def small_campaigns(monkeypatch):
    monkeypatch.setattr(CampaignPlan, "task", lambda _plan: small_perceptron())


ARGUMENTS = ["faults", "mlp", "--site", "streams", "--runs", "6", "--workers", "1"]


def test_a_run_that_fails_is_named_and_ends_no_campaign(small_campaigns, monkeypatch, tmp_path):
    path, run, calls = tmp_path / "faults.json", FaultSession.run, []

    def failing(self, fault, **options):
        calls.append(fault)
        if len(calls) == 3:
            raise ZeroDivisionError("nothing to divide by")
        return run(self, fault, **options)

    monkeypatch.setattr(FaultSession, "run", failing)
    result = CliRunner().invoke(cli, [*ARGUMENTS, "--json", str(path)], standalone_mode=False)
    assert result.return_value == 1
    assert "failed: run 2 of streams, fault streams." in result.stderr
    assert "ZeroDivisionError: nothing to divide by" in result.stderr
    assert "1 of 6 runs could not be made" in result.stderr
    content = json.loads(path.read_text())
    assert [record["index"] for record in content["records"]] == [0, 1, 3, 4, 5]
    assert not content["complete"] and len(content["failures"]) == 1
    # The run is made when the cause is gone.
    arguments = [*ARGUMENTS, "--json", str(path), "--resume"]
    result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert result.return_value == 0, result.output
    assert len(calls) == 7 and json.loads(path.read_text())["complete"]


def test_runs_are_kept_before_the_campaign_is_written(small_campaigns, tmp_path):
    path = tmp_path / "faults.json"
    arguments = [*ARGUMENTS, "--json", str(path)]

    def made(*more: str) -> str:
        result = CliRunner().invoke(cli, [*arguments, *more])
        assert result.exit_code == 0, result.output
        return result.output

    assert "6 runs in" in made()
    whole = json.loads(path.read_text())["records"]
    # As a kill leaves it, which gives no time to write the campaign.
    path.unlink()
    assert "1 run in" in made("--resume", "--runs", "7")
    assert json.loads(path.read_text())["records"][:6] == whole
    assert "6 runs in" in made()


def test_a_campaign_takes_a_described_run(small_campaigns, tmp_path):
    path, file = tmp_path / "faults.json", tmp_path / "run.toml"
    file.write_text('network = "mlp"\ncase = 2\nengine = "model"\nseed = 4\nsystem = "low-power"')
    arguments = ["faults", "--spec", str(file), *ARGUMENTS[2:], "--json", str(path), "--seed", "5"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    plan = json.loads(path.read_text())["plan"]
    assert (plan["system"], plan["seed"], plan["inferences"]) == ("low-power", 5, 4)


def test_a_file_of_another_chip_is_not_continued(small_campaigns, tmp_path):
    path = tmp_path / "faults.json"
    arguments = [*ARGUMENTS, "--runs", "1", "--json", str(path)]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    result = CliRunner().invoke(cli, [*arguments, "--resume", "--device", "pcm"])
    assert "its device is None, not {'name': 'pcm'" in str(result.exception)


def test_waveforms_of_chosen_faults_begin_with_the_run(small_campaigns, tmp_path):
    arguments = ["faults", "mlp", "--inject", "cells.weight[3]@5", "--trace", str(tmp_path / "w")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    names = sorted(path.stem for path in (tmp_path / "w").iterdir())
    assert names == ["fault0_core0_tile0", "without_fault_core0_tile0"]
    drawn = CliRunner().invoke(cli, [*ARGUMENTS, "--trace", str(tmp_path / "w")])
    assert "name the faults with --inject" in str(drawn.exception)


INTERRUPTED = """
import os, signal
from alpine_cosim.cli import main
from alpine_cosim.campaigns.faults.campaign import CampaignPlan
from alpine_cosim.campaigns.faults.repeated_run import FaultSession
from small_perceptron import small_perceptron

CampaignPlan.task = lambda plan: small_perceptron()
run, calls = FaultSession.run, []

def interrupted(self, fault, **options):
    calls.append(fault)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return run(self, fault, **options)

FaultSession.run = interrupted
main()
"""


def test_ctrl_c_prints_and_writes_what_was_run(tmp_path):
    path = tmp_path / "faults.json"
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *ARGUMENTS, "--json", str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGINT, done.stderr
    assert "interrupted: 2 of 6 runs made" in done.stdout and "streams" in done.stdout
    assert "Traceback" not in done.stderr
    assert [record["index"] for record in json.loads(path.read_text())["records"]] == [0, 1]


SWALLOWED = """
import os, signal, click
from alpine_cosim.cli import cli, main

def half():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise RuntimeError("no compiled object yet")

cli.add_command(click.Command("half", callback=half))
main()
"""


def test_ctrl_c_that_a_library_swallows_is_one_line():
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED, "half"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr == "alpine: interrupted; nothing half-written was left behind\n"
