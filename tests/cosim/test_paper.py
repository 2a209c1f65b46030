# SPDX-License-Identifier: Apache-2.0
"""The report: runs are kept and reused, and its numbers are the runs' numbers."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alpine_cosim.campaigns.executor import ThisProcess
from alpine_cosim.campaigns.store import ResultStore
from alpine_cosim.cli import main
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.specification import RunSpec
from alpine_models.errors import AlpineError
from alpine_models.published import Metric, cnn_factors, lstm_factors, mlp_factors
from alpine_papers import alpine2022
from alpine_papers.alpine2022 import (
    EXPLORATIONS,
    Effort,
    complete_plans,
    label_of,
    plans_for,
    plots,
    runs,
    tables,
    write_report,
)
from alpine_papers.alpine2022.constant_costs import fits
from alpine_papers.alpine2022.findings import Verdict, against, slightly
from alpine_papers.alpine2022.plans import (
    BASE,
    SENSITIVITIES,
    VARIATIONS,
    analog,
    cached,
    changed,
    digital,
    engine_of,
    settings_of,
)
from alpine_papers.alpine2022.results import Results
from alpine_papers.alpine2022.unused_cores import unused_cores_section, used_cores_energy_j
from alpine_platform.systems.presets import SYSTEMS

PLAN = replace(analog("mlp", "low-power", 1, VARIATIONS[1]), inferences=1)
FACTORS = [*mlp_factors(), *lstm_factors(), *cnn_factors()]


def made_up(plan: RunSpec) -> dict[str, object]:
    """A record of a run that never was: 3 s and 8 J digital, 0.5 s and 2 J analog."""
    is_digital = plan.case == "digital"
    count = {"mlp": 4 if plan.case == "4" else 2}.get(plan.network, 8)
    return {
        "inferences": plan.inferences,
        "time_s": (3.0 if is_digital else 0.5) * plan.inferences,
        "energy_j": (8.0 if is_digital else 2.0) * plan.inferences,
        "energy_memory_controller_io_j": 1.0 * plan.inferences,
        "llc_misses_per_instruction": 0.04 if is_digital else 0.01,
        "instructions": 1000 * plan.inferences,
        "outputs_equal_golden": True,
        "engine": "model",
        "breakdown": {
            "analog process": 0.02, "analog queue": 0.38, "cell dequeue": 0.2,
            "cell activation": 0.2, "synchronisation": 0.2,
        },
        "cores": [
            {"core": number, "idle": 0.2 if is_digital else 0.1,
             "instructions_per_cycle": 0.1 if is_digital else 0.3}
            for number in range(count)
        ],
        "stats": {
            "unused_cores": 8 - count,
            "memory": {"l2_misses": 40 if is_digital else 4},
            "cores": {
                "0": {"active_cycles": 3, "wait_cycles": 1, "io_reads": 4, "io_writes": 6}
            },
        },
    }  # fmt: skip


def test_finished_runs_are_reused_and_damaged_ones_run_again(tmp_path: Path):
    told: list[bool] = []
    damaged: list[tuple[Path, int]] = []

    def completed() -> dict[str, Any]:
        return complete_plans(
            [PLAN],
            tmp_path,
            effort=Effort.QUICK,
            on_run=lambda plan, reused: told.append(reused),
            on_damaged=lambda path, line: damaged.append((path, line)),
        )[PLAN]

    first = completed()
    assert completed() == first
    file = tmp_path / "results.jsonl"
    whole = file.read_text()
    digit = whole.index('"time_s": ') + len('"time_s": ') + 3
    file.write_text(whole[:digit] + str((int(whole[digit]) + 1) % 10) + whole[digit + 1 :])
    assert completed()["time_s"] == first["time_s"]
    assert (told, damaged) == ([False, True, False], [(file, 1)])
    assert (first["system"], first["software"]) == ("low-power", "tuned")
    assert first["outputs_equal_golden"] is True
    assert first["processor_seconds"] > 0


def failing(spec: RunSpec) -> dict[str, Any]:
    if spec.case == "2":
        raise AlpineError("no such luck")
    return {"case": spec.case}


def test_a_run_that_fails_is_named_and_ends_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runs, "LocalProcesses", lambda jobs: ThisProcess())
    monkeypatch.setattr(runs, "record_of", failing)
    plans = [analog("mlp", "high-power", case) for case in (1, 2, 3)]
    told = "1 run failed, finished runs are kept; first mlp, high-power, case 2, released: no such"
    with pytest.raises(AlpineError, match=told):
        complete_plans(plans, tmp_path)
    assert len(ResultStore(tmp_path)) == 2


@pytest.mark.parametrize("effort", Effort)
def test_plans_cover_every_printed_factor(effort: Effort):
    plans = plans_for(EXPLORATIONS, effort)
    assert len(set(plans)) == len(plans)
    results = Results(
        {plan: made_up(plan) for plan in plans}, images=1 if effort is Effort.QUICK else 3
    )
    for factor in FACTORS:
        # 3 s over 0.5 s, 0.04 over 0.01, 8 J over 2 J.
        expected = {Metric.TIME: 6.0, Metric.LLC_MISSES_PER_INSTRUCTION: 4.0, Metric.ENERGY: 4.0}
        assert results.factor(factor) == pytest.approx(expected[factor.metric])
    for network in ("mlp", "lstm-750", "cnn-f"):
        for settings in ((), *SENSITIVITIES.values()):
            assert all(plan in results for plan in changed(network, settings))
    for factor in (*mlp_factors(), *lstm_factors()):
        assert {plan.system.config.l2.size_bytes for plan in cached(factor) if plan in results} == {
            8 << 20
        }


def test_every_case_goes_through_the_rtl_once():
    plans = plans_for(EXPLORATIONS, Effort.NORMAL)
    through = [(p.network, p.case) for p in plans if engine_of(p, Effort.NORMAL) is Engine.RTL]
    cases = [(n, c) for n in ("mlp", "lstm-256", "lstm-512", "lstm-750") for c in "1234"]
    cases += [(name, "1") for name in ("cnn-f", "cnn-m", "cnn-s")]
    # CNN-M as printed has tiles of its own.
    assert sorted(through) == sorted([*cases, ("mlp", "loose"), ("cnn-m", "1")])
    assert not [p for p in plans if engine_of(p, Effort.QUICK) is Engine.RTL]
    # Full: every analog run of the published systems; a digital reference has no tile.
    for plan in plans:
        tiled = plan.case != "digital" and not settings_of(plan)
        assert (engine_of(plan, Effort.FULL) is Engine.RTL) == tiled


def test_printed_factors_are_the_papers():
    # Fig. 7: single-core high-power time 12.8x, quad-core low-power energy 2.7x. Fig. 10: 9.4x on
    # one core, 9.9x fewer misses on two. Fig. 13: CNN-S 20.5x, low-power CNN-F energy 8.9x.
    found = {(f.network, f.system, f.metric, f.cores): (f.case, f.factor) for f in FACTORS}
    assert found["mlp", "high-power", Metric.TIME, 1] == (1, 12.8)
    assert found["mlp", "low-power", Metric.ENERGY, 4] == (4, 2.7)
    assert found["lstm-750", "high-power", Metric.TIME, 1] == (1, 9.4)
    assert found["lstm-750", "high-power", Metric.LLC_MISSES_PER_INSTRUCTION, 2] == (3, 9.9)
    assert found["cnn-s", "high-power", Metric.TIME, 8] == (1, 20.5)
    assert found["cnn-f", "low-power", Metric.ENERGY, 8] == (1, 8.9)
    assert len(found) == 54


def test_report_shows_quotients_of_the_runs(tmp_path: Path):
    records = {plan: made_up(plan) for plan in plans_for(EXPLORATIONS, Effort.NORMAL)}
    files = write_report(records, list(EXPLORATIONS), Effort.NORMAL, tmp_path)
    text = (tmp_path / "paper.md").read_text()
    # 3.0 / 0.5 = 6, against 12.8: 6 / 12.8 - 1 = -53 %; against 5.1 +18 %.
    assert "| mlp, high-power, 1 core, case 1 | time | 12.8x | 6.0x (-53%) |" in text
    # 6 is within a fifth of 7.3; 4 of 3.7 and 3.8; of the printed energies none is.
    assert "| CNNs | 18 | 3 | 3 |" in text
    # (12.8 x 0.5 - 3) is more than 0: nothing added to both gives 12.8; 3 / 12.8 s would.
    assert "exact if the analog run took 234 ms, not 500 ms" in text
    # (3 - 3.1 x 0.5) / (3.1 - 1) = 0.690 s.
    assert "misses 10.0x over instructions 1.0x; with a cache of 8 MB 4.0x (-38%) |" in text
    assert "exact if both took 690 ms longer per inference" in text
    # Cores of the digital run work 0.8 of 3 s, of the analog one 0.9 of 0.5 s: 5.3 against 12.4.
    assert (
        "core 1 of the digital run works 2.4 s per image, core 1 of the analog run 450 ms: full "
        "pipelines would give 5.3x (-57%)"
    ) in text
    # Fig. 14: half as idle, three times the instructions per cycle.
    assert "| 2, convolution | 20.0% | 10.0% | 2.0x | 0.100 | 0.300 | 3.0x |" in text
    # 0.02 of the 0.8 of the time that is not spent waiting.
    assert "| MVM operation | 2.5% | 96.0% |" in text
    # Median of |6 / printed - 1| over 12.8, 5.1, 3.1, 8.3, 3.5, 2.2, 9.4, 5.0, 2.5, 6.1, 3.4, 1.9:
    # 0.53, 0.18, 0.94, 0.28, 0.71, 1.73, 0.36, 0.20, 1.40, 0.02, 0.76, 2.16, so (0.53 + 0.71) / 2.
    assert "with the large cache: time 62% and 62%;" in (tmp_path / "sensitivity.md").read_text()
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 6
    assert 'src="paper_' not in page
    assert 'href="#sensitivity"' in page
    assert '<h1 id="sensitivity">' in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert all(path.exists() for path in files)


def test_report_of_one_exploration_shows_nothing_else(tmp_path: Path):
    records = {plan: made_up(plan) for plan in plans_for(["lstm"], Effort.QUICK)}
    names = [path.name for path in write_report(records, ["lstm"], Effort.QUICK, tmp_path)]
    assert names == ["report.html", "paper.md", "paper_fig10.svg", "paper_fig11.svg"]
    text = (tmp_path / "paper.md").read_text()
    assert "mlp" not in text
    assert "sensitivity.md" not in text
    assert ".\n\n## In short\n" in text


def test_constant_that_was_added_is_found_again():
    # Runs whose factors are exactly the printed ones once 100,000 cycles are added to both.
    cycles = 1e5

    def record(plan: RunSpec) -> dict[str, object]:
        printed = {
            (f.network, f.system, str(f.case)): f
            for f in FACTORS
            if f.metric is Metric.TIME and f.network in ("mlp", "lstm-750")
        }
        more = cycles / SYSTEMS[plan.system.name].core.frequency_hz
        analog_s = 2 * more
        if plan.case != "digital":
            return {"inferences": 1, "time_s": analog_s}
        (factor,) = (
            f for f in printed.values()
            if (f.network, f.system, f.cores)
            == (plan.network, plan.system.name, plan.software.cores)
        )  # fmt: skip
        return {"inferences": 1, "time_s": factor.factor * (analog_s + more) - more}

    plans = [
        plan
        for network, cases in (("mlp", ((1, 1), (3, 2), (4, 4))),
                               ("lstm-750", ((1, 1), (3, 2), (4, 5))))
        for system in SYSTEMS
        for case, cores in cases
        for plan in (analog(network, system, case), digital(network, system, cores))
    ]  # fmt: skip
    found = fits(Results({plan: record(plan) for plan in plans}))
    base = next(fit for fit in found if fit.variation is BASE)
    # The grid of constants has steps of 0.5 %.
    assert base.cycles == pytest.approx(cycles, rel=0.005)
    assert max([*base.fitted, *base.others]) < 0.01


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [(0.2, 0.2, "holds"), (0.29, 0.2, "holds"), (0.5, 0.2, "in direction only"),
     (0.1, 0.2, "in direction only"), (-0.2, 0.2, "does not hold"), (0.0, 0.2, "does not hold")],
)  # fmt: skip
def test_verdicts_on_numbers(ours: float, theirs: float, verdict: str):
    assert against(ours, theirs, "x").verdict == verdict


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9996, "1 s"), (0.0421, "42.1 ms"), (9.996e-4, "1 ms"), (3e-9, "3 ns")]
)
def test_times_are_told_in_the_unit_that_suits_them(seconds: float, text: str):
    assert tables.time(seconds) == text


def test_verdicts_on_slight_effects():
    verdicts = [slightly(value, "x").verdict for value in (-0.01, 0.05, 0.3)]
    assert verdicts == [Verdict.FAILS, Verdict.HOLDS, Verdict.DIRECTION]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "lstn"], "unknown exploration 'lstn': did you mean lstm?"),
        (["--quick", "--full"], "--quick and --full exclude each other"),
        (["--only", "mlp", "--write-docs", "docs"], "--write-docs needs all explorations"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--out", "file/below"], "folder file/below cannot be made: Not a directory"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["alpine", "paper", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capsys.readouterr()
    assert (stopped.value.code, said.out) == (2, "")
    assert message in said.err
    assert said.err.count("\n") == 1


def test_command_tells_what_the_runs_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def completed(plans: list[RunSpec], *_: object, **__: object) -> dict[RunSpec, Any]:
        # A minute each, and one takes three.
        return {plan: made_up(plan) | {"processor_seconds": 60.0 + 120.0 * (plan == slow)}
                for plan in plans}  # fmt: skip

    slow = plans_for(["lstm"], Effort.QUICK)[-1]
    monkeypatch.setattr(alpine2022, "complete_plans", completed, raising=False)
    options = ["--only", "lstm", "--quick", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["alpine", "paper", *options])
    with pytest.raises(SystemExit, match="0"):
        main()
    count = len(plans_for(["lstm"], Effort.QUICK))
    said = (
        f"{count} runs, {count + 2}.0 minutes of processor time; longest: {label_of(slow)} (180 s);"
    )
    assert said in capsys.readouterr().out


def test_stopped_report_keeps_what_is_finished(tmp_path: Path):
    command = ["env", "--default-signal=INT", sys.executable, "-m", "alpine_cosim", "paper"]
    process = subprocess.Popen(
        [*command, "--only", "mlp", "--quick", "--jobs", "1", "--out", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    file = tmp_path / "runs" / "results.jsonl"
    deadline = time.monotonic() + 120
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    lines = file.read_text().splitlines()
    assert lines
    for line in lines:
        assert json.loads(line)["result"]["outputs_equal_golden"] is True
    # Nobody of its session is left.
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)


@pytest.mark.parametrize("factors", [mlp_factors(), lstm_factors(), cnn_factors()])
def test_no_label_of_a_factor_covers_another(factors, monkeypatch: pytest.MonkeyPatch):
    def look(picture, path: Path) -> None:
        picture.canvas.draw()
        for axis in picture.axes:
            boxes = [text.get_window_extent() for text in axis.texts]
            # The paper's factor and one of ours at least, over every group of bars.
            assert len(boxes) >= 2 * len(factors) / len(picture.axes)
            pairs = itertools.combinations(boxes, 2)
            assert not [pair for pair in pairs if pair[0].overlaps(pair[1])]
            assert all(box.y1 < axis.get_window_extent().y1 + 1 for box in boxes)
        seen.append(picture)

    seen: list[object] = []
    monkeypatch.setattr(plots, "_save", look)
    records = {plan: made_up(plan) for plan in plans_for(EXPLORATIONS, Effort.QUICK)}
    for plan, record in records.items():
        if plan.case == "digital":
            # Wide labels: 150 s over 0.5 s is 300x.
            record["time_s"] = 150.0 * plan.inferences
    plots.plot_factors(Results(records, images=1), factors, figure="Fig. 0", path=Path("unused"))
    assert len(seen) == 1


def test_idle_energy_of_unused_cores_is_taken_out_by_its_arithmetic():
    plan = digital("mlp", "high-power", 1, images=3)
    results = Results({plan: made_up(plan)}, images=3)
    # 6 cores for 3 s at 2.3 GHz and 126.03 pJ per cycle, out of 8 J.
    idle_j = 6 * 3 * 2.3e9 * 126.03e-12
    assert used_cores_energy_j(results, plan) == pytest.approx(8 - idle_j)


def test_section_on_unused_cores_shows_both_counts():
    factor = next(f for f in mlp_factors() if f.metric is Metric.ENERGY and f.cores == 1)
    results = Results({}, images=3)
    records = {plan: made_up(plan) for plan in results.pair(factor)}
    section = unused_cores_section(Results(records, images=3), mlp_factors())
    # 8 J over 2 J, and without 5.218 J and 0.870 J: 2.782 over 1.130; times are 6 to 1.
    assert "| 12.5x | 4.0x (-68%) | 2.5x (-80%) | 0.98 | 0.67 | 0.41 |" in section
    # 2.667 W, or 0.927 W, of which 0.12 J last 45 ms, or 129 ms, of the axis' 30 ms.
    assert "| 0.12 J, 0.03 s | 2.67 W: 100.0% | 0.93 W: 100.0% |" in section
