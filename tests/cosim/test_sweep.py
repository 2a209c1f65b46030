# SPDX-License-Identifier: Apache-2.0
"""Sweeps from file to rows: what runs, what is refused, what is kept."""

import errno
import json
import os
from itertools import product
from pathlib import Path
from typing import Any

import pandas
import pytest

from alpine_cosim.campaigns.executor import ThisProcess
from alpine_cosim.campaigns.store import ResultStore
from alpine_cosim.campaigns.sweep import runs as sweep_runs
from alpine_cosim.campaigns.sweep.definition import SweepDefinition, definition_from_text
from alpine_cosim.campaigns.sweep.estimate import estimate
from alpine_cosim.campaigns.sweep.parquet import write_parquet
from alpine_cosim.campaigns.sweep.plan import SweepPlan, plan_sweep
from alpine_cosim.campaigns.sweep.rows import HOST_PREFIX, read_rows
from alpine_cosim.campaigns.sweep.runs import open_folder, run_sweep
from alpine_cosim.spec.keywords import run_spec
from alpine_cosim.spec.trees import tree
from alpine_models.errors import AlpineError

FIXED = '[fixed]\nnetwork = "lstm-256"\nengine = "model"\ninferences = 1\ntiles.back_door = true\n'
SMALL = FIXED + "[axes]\ncase = [1, 3]\nsystem.dram.backend_ns = [10, 60]\n"


def plan_of(text: str) -> SweepPlan:
    return plan_sweep(definition_from_text(text))


def settings_of(text: str, *names: str) -> list[tuple[Any, ...]]:
    found = definition_from_text(text).combinations()
    return [tuple(settings.get(name) for name in names) for settings in found]


def test_a_grid_is_every_value_with_every_other_and_a_zip_one_by_one():
    axes = "[axes]\ncase = [1, 2]\nseed = [5, 6]\n"
    assert settings_of(axes, "case", "seed") == list(product([1, 2], [5, 6]))
    assert settings_of('combine = "zip"\n' + axes, "case", "seed") == [(1, 5), (2, 6)]


def test_listed_points_are_combined_with_the_axes():
    text = (
        "[axes]\nseed = [0, 1]\n"
        '[[points]]\nnetwork = "mlp"\ncase = 3\n[[points]]\nnetwork = "cnn-f"\n'
    )
    assert settings_of(text, "network", "case", "seed") == [
        ("mlp", 3, 0), ("mlp", 3, 1), ("cnn-f", None, 0), ("cnn-f", None, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("case == 1", [(2, 5), (2, 6)]),
        ("case * 5 <= seed", [(2, 5), (2, 6)]),
        ("not (case == 1 and seed in [5, 7])", [(1, 5)]),
        ("1 <= case < 2 or seed == 6", [(2, 5)]),
        ("seed % 2 == 1", [(1, 6), (2, 6)]),
        ("case - 3 == -seed + 3", [(1, 6), (2, 5), (2, 6)]),
        ("engine != 'model'", list(product([1, 2], [5, 6]))),
    ],
)
def test_conditions_drop_combinations(condition: str, left: list[tuple[int, int]]):
    text = f'drop = ["{condition}"]\n[fixed]\nengine = "model"\n[axes]\ncase = [1, 2]\n'
    assert settings_of(text + "seed = [5, 6]\n", "case", "seed") == left


def test_settings_are_those_of_a_runs_file_and_fields_of_the_system():
    plan = plan_of(
        '[fixed]\nnetwork = "lstm-256"\nsystem = "low-power"\nengine = "model"\n'
        'device = "pcm"\noptions.activations = "libm"\n'
        '[axes]\ndevice.after_s = ["25s", "1day"]\nsystem.l2.size_bytes = ["512kB", "1MB"]\n'
        "software.style = ['tuned']\n"
    )
    common: dict[str, Any] = {
        "engine": "model", "system": "low-power", "device": "pcm", "activations": "libm",
        "software": "tuned",
    }  # fmt: skip
    # 512 kB is what the low-power system has.
    assert list(plan.runs) == [
        run_spec("lstm-256", after=after, settings=settings, **common)
        for after, settings in product(("25s", "1day"), ((), ["l2.size_bytes=1048576"]))
    ]


def test_combinations_that_describe_the_same_run_are_one():
    plan = plan_of(FIXED + "[axes]\nseed = [0, 0]\nsystem.dram.backend_ns = [10, 10.0]\n")
    assert len(plan.runs) == 1 and plan.definition.size == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[axe]\nseed = [1]\n", "unknown entry of a sweep file 'axe': did you mean axes"),
        (FIXED, "nothing varies: give [axes] with lists of values, or [[points]]"),
        (FIXED + "[axes]\nseed = []\n", "axis seed has no values, so there is nothing to run"),
        (FIXED + "[axes]\nseed = 3\n", "axis seed is 3: give a list of values, as in [1, 2]"),
        (FIXED + "[axes]\nsed = [1]\n", "a run has no sed: did you mean seed"),
        (FIXED + "[axes]\ndevice.adcbits = [4]\n", "a run has no device.adcbits: did you mean dev"),
        (FIXED + "[axes]\nsystem.l2.assoc = [4]\n", "did you mean l2.associativity"),
        (FIXED + '[axes]\ncase = ["digitl"]\n', "unknown case 'digitl': did you mean digital?"),
        (FIXED + '[axes]\nsystem = ["high-power", "low-pwr"]\n', "did you mean low-power"),
        (
            FIXED + '[axes]\ncase = ["digital"]\ndevice = ["pcm"]\n',
            "point case=digital, device.name=pcm cannot run: case digital has no tile",
        ),
        ('combine = "grdi"\n[axes]\nseed = [1]\n', "unknown way to combine axes 'grdi': did you"),
        (
            'combine = "zip"\n[axes]\nseed = [1]\ncase = [1, 2]\n',
            "axes that are zipped need equally many values: seed has 1, case has 2",
        ),
        ("drop = ['sed == 1']\n[axes]\nseed = [1]\n", "unknown setting in condition 'sed == 1'"),
        ("drop = ['seed =']\n[axes]\nseed = [1]\n", "condition 'seed =' cannot be read: write com"),
        ("drop = ['f(seed)']\n[axes]\nseed = [1]\n", "has f(seed), which is refused"),
        ("drop = ['seed < \"a\"']\n[axes]\nseed = [1]\n", "cannot be decided ('<' not supported"),
        (
            "drop = ['seed < 9']\n[axes]\nseed = [1, 2]\n",
            "conditions drop all of 2 combinations, so there is nothing to run",
        ),
        ("[[points]]\nseed = 1\n[axes]\nseed = [1]\n", "is an axis and stands in [[points]]"),
        ("title = 3\n[axes]\nseed = [1]\n", "title 3 is refused: give a text"),
        ("[axes]\nseed = [1\n", "Unclosed array"),
        (
            f"{FIXED}[axes]\nseed = {list(range(1000))}\nsystem.dram.backend_ns = "
            f"{list(range(1000))}\n",
            "the sweep has 1,000,000 combinations: shorten an axis, or confirm with --yes",
        ),
    ],
)
def test_mistakes_are_one_line(text: str, message: str):
    with pytest.raises(AlpineError) as error:
        plan_of(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepPlan, Path]:
    """A sweep of four runs, made in this process one after the other."""
    folder = tmp_path_factory.mktemp("finished")
    plan = plan_of(SMALL)
    open_folder(folder, SMALL)
    run_sweep(plan, folder, executor=ThisProcess())
    return plan, folder


def kept(folder: Path) -> str:
    """What a store holds, sorted by key, without what depends on the machine."""
    lines: list[str] = []
    for content in ResultStore(folder).contents():
        content["result"].pop("host")
        lines.append(json.dumps(content, sort_keys=True))
    return "\n".join(sorted(lines))


def test_results_do_not_depend_on_their_order(finished: tuple[SweepPlan, Path], tmp_path: Path):
    plan, folder = finished
    backwards = SweepPlan(definition=plan.definition, runs=plan.runs[::-1])
    open_folder(tmp_path, SMALL)
    run_sweep(backwards, tmp_path, executor=ThisProcess())
    assert kept(tmp_path) == kept(folder)
    files: list[bytes] = []
    for number, each in enumerate((folder, tmp_path)):
        rows = read_rows(each)
        for name in [name for name in rows.columns if name.startswith(HOST_PREFIX)]:
            del rows.columns[name]
        write_parquet(rows, tmp_path / f"{number}.parquet")
        files.append((tmp_path / f"{number}.parquet").read_bytes())
    assert files[0] == files[1]


def test_rows_have_settings_result_configuration_and_versions(
    finished: tuple[SweepPlan, Path], tmp_path: Path
):
    plan, folder = finished
    write_parquet(read_rows(folder), tmp_path / "results.parquet")
    frame = pandas.read_parquet(tmp_path / "results.parquet")
    # 10 ns is the preset's own value, so no change in the specification says it.
    assert list(zip(frame["case"], frame["system.dram.backend_ns"], strict=True)) == list(
        product(["1", "3"], [10.0, 60.0])
    )
    slow, quick = frame["time_s"][1], frame["time_s"][0]
    assert slow > quick > 0 and list(frame["seed"]) == [0] * 4
    specs = {
        run.digest: json.loads(text) for run, text in zip(plan.runs, frame["spec"], strict=True)
    }
    assert [tree(run) for run in plan.runs] == list(specs.values())
    assert json.loads(frame["versions"][0])["numpy"]
    assert frame["outputs_sha256"].str.len().eq(64).all()
    assert frame["host.run_seconds"].gt(0).all() and frame["error"].isna().all()


def test_finished_runs_are_not_made_again_and_an_extended_sweep_keeps_them(
    finished: tuple[SweepPlan, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _, folder = finished
    (tmp_path / "results.jsonl").write_bytes((folder / "results.jsonl").read_bytes())
    (tmp_path / "sweep.toml").write_text(SMALL)
    more = SMALL.replace("[10, 60]", "[10, 60, 90]")
    with pytest.raises(AlpineError, match="holds another sweep, which differs in axes: choose "):
        open_folder(tmp_path, more)
    open_folder(tmp_path, more, extend=True)
    open_folder(tmp_path, more)
    made: list[str] = []
    monkeypatch.setattr(sweep_runs, "measured_run", lambda spec: made.append(str(spec)) or {
        "spec": tree(spec), "error": "not made", "versions": {}
    })  # fmt: skip
    outcome = run_sweep(plan_of(more), tmp_path, executor=ThisProcess())
    assert len(made) == 2 and all("backend_ns=90" in text for text in made)
    assert (outcome.runs, outcome.reused, outcome.lost) == (6, 4, 0)


def failing(*failed: str):
    """A run that fails for some cases, and else gives nothing but its case."""

    def make(spec: Any) -> dict[str, Any]:
        if spec.case in failed:
            raise ZeroDivisionError(f"case {spec.case} has nothing")
        return {
            "spec": tree(spec),
            "versions": {},
            "host": {"run_seconds": 1.0, "peak_memory_bytes": 1 << 30},
        }

    return make


def test_a_failing_point_is_a_row_and_is_made_again_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plan = plan_of(SMALL)
    open_folder(tmp_path, SMALL)
    monkeypatch.setattr(sweep_runs, "measured_run", failing("3"))
    first = run_sweep(plan, tmp_path, executor=ThisProcess())
    assert (first.failed, first.reused, first.lost) == (2, 0, 0)
    told = "ZeroDivisionError: case 3 has nothing"
    assert read_rows(tmp_path).columns["error"] == [None, None, told, told]
    monkeypatch.setattr(sweep_runs, "measured_run", failing())
    again = run_sweep(plan, tmp_path, executor=ThisProcess())
    assert (again.failed, again.reused) == (2, 4)
    retried = run_sweep(plan, tmp_path, executor=ThisProcess(), retry_failed=True)
    assert (retried.failed, retried.reused) == (0, 2)
    # The newest row of a run counts.
    assert read_rows(tmp_path).columns["error"] == [None] * 4


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plan = plan_of(SMALL)
    open_folder(tmp_path, SMALL)
    monkeypatch.setattr(sweep_runs, "measured_run", failing())
    room, write = 1500, os.write

    def small_disk(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fits = data[:room]
        room -= len(fits)
        return write(descriptor, fits)

    with monkeypatch.context() as patch:
        patch.setattr("alpine_models.files.os.write", small_disk)
        with pytest.raises(AlpineError, match=r"results.jsonl cannot be written \(No space left"):
            run_sweep(plan, tmp_path, executor=ThisProcess())
    whole = len(ResultStore(tmp_path, on_damaged=lambda *_: pytest.fail("half a line")))
    assert 0 < whole < 4
    assert run_sweep(plan, tmp_path, executor=ThisProcess()).reused == whole


def test_two_sweeps_in_one_folder_are_refused(tmp_path: Path):
    plan = plan_of(SMALL)
    open_folder(tmp_path, SMALL)
    told: list[str] = []

    class Second:
        def outcomes(self, function: Any, items: Any) -> Any:
            with pytest.raises(AlpineError, match="is in use by a sweep that is running") as error:
                run_sweep(plan, tmp_path, executor=ThisProcess())
            told.append(str(error.value))
            yield from ()

    run_sweep(plan, tmp_path, executor=Second())
    assert len(told) == 1


def test_a_folder_of_something_else_is_refused(tmp_path: Path):
    with pytest.raises(AlpineError, match="is no folder of a sweep"):
        read_rows(tmp_path)
    ResultStore(tmp_path).add({"value": 1}, {})
    with pytest.raises(AlpineError, match="holds results of something else than a sweep"):
        open_folder(tmp_path, SMALL)
    open_folder(tmp_path / "new", SMALL)
    with pytest.raises(AlpineError, match="has no results yet"):
        read_rows(tmp_path / "new")


def test_statistics_stand_in_files_of_their_own(tmp_path: Path):
    text = "statistics = true\n" + FIXED + "[axes]\ncase = [1]\n"
    open_folder(tmp_path, text)
    run_sweep(plan_of(text), tmp_path, executor=ThisProcess())
    (content,) = ResultStore(tmp_path).contents()
    large = json.loads((tmp_path / "large" / f"{content['key']}.json").read_text())
    assert (
        sum(core["instructions"] for core in large["stats"]["cores"].values())
        == (content["result"]["result"]["instructions"])
    )
    assert "large" not in content["result"]


def test_an_estimate_comes_from_finished_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plan = plan_of(SMALL.replace("[10, 60]", "[10, 60, 90]"))
    open_folder(tmp_path, SMALL)
    monkeypatch.setattr(sweep_runs, "measured_run", failing("3"))
    run_sweep(plan_of(SMALL), tmp_path, executor=ThisProcess())
    # Two runs of 1 s and 1 GB are finished, two failed, two more are to come.
    assert estimate(plan, tmp_path).text(2) == (
        "6 runs, 4 of them finished; one failed: ZeroDivisionError: case 3 has nothing; from 2 "
        "runs: 1 s each, 1 GB per process, 2.0 s of one process; 1.0 s and 2 GB on 2 processes"
    )


def test_a_definition_compares_by_what_it_asks_for():
    assert definition_from_text(SMALL) == definition_from_text("# a remark\n" + SMALL)
    assert isinstance(definition_from_text(SMALL), SweepDefinition)


def test_a_file_counts_by_its_content_and_is_named_in_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    text = FIXED + '[axes]\noptions.weights = ["a.npz", "b.npz"]\n'
    for name in ("a.npz", "b.npz"):
        Path(name).write_bytes(name.encode())
    plan = plan_of(text)
    open_folder(tmp_path / "out", text)
    monkeypatch.setattr(sweep_runs, "measured_run", failing())
    run_sweep(plan, tmp_path / "out", executor=ThisProcess())
    monkeypatch.chdir("/")
    assert read_rows(tmp_path / "out").columns["options.weights"] == [
        str(tmp_path / "a.npz"), str(tmp_path / "b.npz"),
    ]  # fmt: skip
    (tmp_path / "b.npz").write_bytes(b"new")
    assert run_sweep(plan, tmp_path / "out", executor=ThisProcess()).reused == 1
