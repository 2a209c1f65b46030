# SPDX-License-Identifier: Apache-2.0
"""Runs on Dask's workers: of this machine, and of a scheduler in a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import dask
import pytest
from click.testing import CliRunner
from tests.cosim.cluster_calls import HOG_BYTES, Call, called, wait_for
from tests.cosim.small_perceptron import small_perceptron_is_mlp

from alpine_cosim.campaigns import dask_executor
from alpine_cosim.campaigns.completion import completed
from alpine_cosim.campaigns.dask_executor import DaskProcesses, DaskScheduler
from alpine_cosim.campaigns.executor import Executor, KilledCallError, LocalProcesses, ThisProcess
from alpine_cosim.campaigns.store import ResultStore
from alpine_cosim.campaigns.study import plan_adc, score_chips, study_spec
from alpine_cosim.campaigns.sweep.definition import definition_from_text
from alpine_cosim.campaigns.sweep.plan import plan_sweep
from alpine_cosim.campaigns.sweep.runs import open_folder, run_sweep
from alpine_cosim.commands.faults import faults
from alpine_cosim.commands.study import study
from alpine_cosim.commands.sweep import sweep
from alpine_models.errors import AlpineError
from alpine_papers.alpine2022.plans import Effort, analog
from alpine_papers.alpine2022.runs import complete_plans

ROOT = Path(__file__).parents[2]
SWEEP = (
    '[fixed]\nnetwork = "lstm-256"\nengine = "model"\ninferences = 1\ntiles.back_door = true\n'
    "[axes]\ncase = [1, 3]\nsystem.dram.backend_ns = [10, 60]\n"
)


class Cluster:
    """A scheduler and a worker, as a person starts them, each in a process of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--port", "0", "--scheduler-file", str(file))
        wait_for(file)
        deadline = time.monotonic() + 60
        while not file.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.address = json.loads(file.read_text())["address"]
        self.start(
            "worker", self.address, "--nthreads", "1", "--local-directory", str(folder),
            "--preload", "tests.cosim.small_perceptron_there",
        )  # fmt: skip

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words, "--no-dashboard"],
            # Workers find what tests call.
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.end()


def kept_failure(call: Call, error: Exception) -> dict[str, Any]:
    return {"error": str(error)}


def results(calls: list[Call], folder: Path, executor: Executor) -> dict[int, Any]:
    """What came of every call, a result or an error, by its value; errors are kept as well."""
    found = completed(
        calls, called, store=ResultStore(folder), executor=executor, failed=kept_failure
    )
    return {each.work.value: each.error or (each.record or {}).get("square") for each in found}


def kept(folder: Path) -> str:
    """What a store holds, sorted by key, without what depends on the machine."""
    lines: list[str] = []
    for content in ResultStore(folder).contents():
        content["result"].pop("host")
        lines.append(json.dumps(content, sort_keys=True))
    return "\n".join(sorted(lines))


def alpine(command: click.Command, *arguments: str) -> None:
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def not_here(*_: Any) -> Any:
    raise AssertionError("a run was made on this machine's own processes")


def test_a_schedulers_workers_give_what_this_process_gives(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plan = plan_sweep(definition_from_text(SWEEP))
    here, there = tmp_path / "here", tmp_path / "there"
    open_folder(here, SWEEP)
    assert run_sweep(plan, here, executor=ThisProcess()).failed == 0
    (file := tmp_path / "sweep.toml").write_text(SWEEP)
    monkeypatch.setattr(DaskProcesses, "outcomes", not_here)
    alpine(sweep, str(file), "--out", str(there), "--scheduler", cluster.address)
    assert kept(there) == kept(here)


def test_the_papers_runs_and_the_chips_of_a_study_go_there_as_well(
    cluster: Cluster, tmp_path: Path
):
    there = DaskScheduler(cluster.address)
    plans = [analog("lstm-256", "high-power", 1)]
    found = complete_plans(plans, tmp_path / "runs", effort=Effort.QUICK, executor=there)
    assert [record["outputs_equal_golden"] for record in found.values()] == [True]
    works = plan_adc(study_spec("lstm-256", chips=1, samples=2), bits=[8]).works
    assert len(works) == 2
    scores = score_chips(works, tmp_path / "there", executor=there)
    assert scores == score_chips(works, tmp_path / "here", jobs=1)


def test_a_campaign_and_a_study_run_there(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    one_chip = ["adc", "--network", "lstm-256", "--chips", "1", "--samples", "1", "--bits", "8"]
    one_fault = ["mlp", "--case", "2", "--inferences", "1", "--site", "streams", "--runs", "1"]
    there = ["--scheduler", cluster.address]
    for kind in (ThisProcess, LocalProcesses):
        monkeypatch.setattr(kind, "outcomes", not_here)
    alpine(study, *one_chip, *there, "--out", str(tmp_path / "study"))
    # With and without imperfections.
    assert len(ResultStore(tmp_path / "study/chips")) == 2
    with small_perceptron_is_mlp():
        alpine(faults, *one_fault, *there, "--json", str(tmp_path / "faults.json"))
    assert len(json.loads((tmp_path / "faults.json").read_text())["records"]) == 1


def test_a_worker_that_is_killed_loses_no_call(cluster: Cluster, tmp_path: Path):
    calls = [Call(1), Call(2, "die once", tmp_path), Call(3, "fail"), Call(4)]
    found = results(calls, tmp_path / "store", DaskScheduler(cluster.address))
    assert (tmp_path / "died").exists()
    assert str(found.pop(3)) == "3 cannot be done"
    assert found == {1: 1, 2: 4, 4: 16}


def test_workers_with_other_code_are_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dask_executor, "code_digest", lambda: "other")
    # A worker finds the function by its name and calls its own.
    with pytest.raises(AlpineError, match="has other code or data of this product than this proce"):
        list(DaskScheduler(cluster.address).outcomes(called, [Call(1)]))


def test_other_versions_are_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    versions, changes = dask_executor._versions, iter([{"dask": "2024.1.0"}])
    # This process's own versions are asked for first.
    monkeypatch.setattr(
        dask_executor, "_versions", lambda found: {**versions(found), **next(changes, {})}
    )
    with pytest.raises(AlpineError, match=r"^scheduler tcp://\S+ has dask \S+, this process 2024"):
        list(DaskScheduler(cluster.address).outcomes(called, [Call(1)]))


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dask_executor, "ANSWER_S", 0.2)
    for address in ("tcp://127.0.0.1:9", "nowhere", "nonsense://x"):
        with pytest.raises(AlpineError, match=f"^scheduler {address} does not answer") as error:
            list(DaskScheduler(address).outcomes(called, [Call(1)]))
        assert "\n" not in str(error.value)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dask_executor, "find_spec", lambda name: None)
    with pytest.raises(AlpineError, match=r"needs Dask, which is not installed: pip install 'alpi"):
        list(DaskScheduler("tcp://127.0.0.1:9").outcomes(called, [Call(1)]))


def test_a_scheduler_that_is_killed_loses_nothing_that_was_finished(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # How long a new scheduler at the same address is waited for.
    monkeypatch.setattr(dask_executor, "ANSWER_S", 1)
    calls = [Call(1), Call(2), Call(3, "wait", tmp_path)]
    running = completed(
        calls, called, store=ResultStore(tmp_path), executor=DaskScheduler(cluster.address)
    )
    assert {next(running).work.value, next(running).work.value} == {1, 2}
    os.killpg(cluster.scheduler.pid, signal.SIGKILL)
    with pytest.raises(AlpineError, match="is gone: finished runs are kept, and the same command"):
        next(running)
    (tmp_path / "go").touch()
    again = list(completed(calls, called, store=ResultStore(tmp_path), executor=ThisProcess()))
    assert [each.reused for each in again] == [True, True, False]


def test_a_call_that_takes_all_memory_is_a_row_with_an_error(tmp_path: Path):
    calls = [Call(1), Call(2, "hog"), *map(Call, range(3, 7))]
    # The only process may have all of the machine's memory, unless it is ended at the hog's.
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with dask.config.set({"distributed.worker.memory.terminate": HOG_BYTES / memory}):
        found = results(calls, tmp_path, DaskProcesses(1))
    told = "its process was killed 2 times, perhaps for lack of memory"
    error = found.pop(2)
    assert isinstance(error, KilledCallError) and str(error) == told
    assert ResultStore(tmp_path).find({"value": 2}) == {"error": told}
    assert found == {value: value**2 for value in (1, *range(3, 7))}
