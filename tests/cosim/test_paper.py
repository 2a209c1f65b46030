"""The report: runs are kept and reused, and its numbers are the runs' numbers."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from alpine_cosim.paper import Plan, RunStore, plan_mlp, write_report
from alpine_models.published import Metric, mlp_factors

PLAN = Plan(
    network="mlp", system="low-power", case="1", engine="model", software="tuned", inferences=1
)


def test_finished_runs_are_reused_and_damaged_ones_run_again(tmp_path: Path):
    store = RunStore(tmp_path)
    told: list[bool] = []
    first = store.complete([PLAN], on_run=lambda plan, reused: told.append(reused))
    again = store.complete([PLAN], on_run=lambda plan, reused: told.append(reused))
    assert again == first
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text()[:100])
    repaired = store.complete([PLAN], on_run=lambda plan, reused: told.append(reused))
    assert told == [False, True, False]
    assert repaired[PLAN]["time_s"] == first[PLAN]["time_s"]
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_plans_cover_every_printed_factor():
    plans = plan_mlp()
    for factor in mlp_factors():
        analog = [p for p in plans if p.system == factor.system and p.case == str(factor.case)]
        digital = [p for p in plans if p.system == factor.system and p.cores == factor.cores]
        assert {p.software for p in analog} == {"released", "tuned"}
        assert {p.digital_style for p in digital} == {"neon4", "neon1", "eigen_i8row"}
    assert len({plan.key for plan in plans}) == len(plans)


def test_printed_factors_are_the_papers():
    # Fig. 7: single-core high-power time 12.8x, quad-core low-power energy 2.7x.
    factors = {(f.system, f.metric, f.cores): (f.case, f.factor) for f in mlp_factors()}
    assert factors["high-power", Metric.TIME, 1] == (1, 12.8)
    assert factors["low-power", Metric.ENERGY, 4] == (4, 2.7)
    assert len(factors) == 18


def test_report_shows_quotients_of_the_runs(tmp_path: Path):
    results = {
        plan: {
            "plan": asdict(plan),
            "time_s": 3.0 if plan.case == "digital" else 0.5,
            "energy_j": 8.0 if plan.case == "digital" else 2.0,
            "energy_memory_controller_io_j": 1.0,
            "llc_misses_per_instruction": 0.04 if plan.case == "digital" else 0.01,
            "instructions": 1000,
            "outputs_equal_golden": True,
            "breakdown": {"analog process": 0.02, "analog queue": 0.98},
        }
        for plan in plan_mlp()
    }
    files = write_report(results, tmp_path)
    text = (tmp_path / "report.md").read_text()
    # 3.0 / 0.5 = 6, against 12.8: 6 / 12.8 - 1 = -53 %.
    assert "| high-power | time | 1, 1 | 12.8x | 6.0x (-53%)" in text
    assert (
        "| a product ten times slower has minimal impact | released | +18% | does not hold" in text
    )
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 2
    assert 'src="mlp' not in page
    assert all(path.exists() for path in files)


def test_store_records_what_ran(tmp_path: Path):
    RunStore(tmp_path).complete([PLAN])
    (file,) = tmp_path.iterdir()
    record = json.loads(file.read_text())
    assert record["plan"]["system"] == record["system"] == "low-power"
    assert record["outputs_equal_golden"] is True
    assert record["time_s"] == pytest.approx(record["stats"]["time_fs"] / 1e15)
