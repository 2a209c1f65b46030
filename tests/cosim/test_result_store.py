# SPDX-License-Identifier: Apache-2.0
"""Finished results: found again, damaged ones not, and nothing lost by errors, kills or Ctrl-C."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alpine_cosim.campaigns.completion import complete, completed, failure_text
from alpine_cosim.campaigns.executor import (
    Executor,
    LocalProcesses,
    ThisProcess,
    WorkerDiedError,
)
from alpine_cosim.campaigns.store import ResultStore


@dataclass(frozen=True)
class Number:
    """Something to compute: its square, slowly or not at all."""

    value: int
    action: str = ""
    folder: Path | None = None

    def identity(self) -> dict[str, Any]:
        return {"value": self.value}


def squared(number: Number) -> dict[str, Any]:
    if number.action == "fail":
        raise ZeroDivisionError(f"{number.value} cannot be done")
    if number.action == "die":
        # Not before another one is finished and kept.
        wait_for(lambda: len((number.folder / "results.jsonl").read_text().splitlines()) == 1)
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": number.value**2, "process": os.getpid()}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except FileNotFoundError:
            pass
        time.sleep(0.01)


def squares(
    numbers: list[Number], folder: Path, executor: Executor
) -> tuple[dict[int, dict[str, Any]], dict[int, Exception], set[int]]:
    """Results, errors, and which results were there, by number."""
    found = list(completed(numbers, squared, store=ResultStore(folder), executor=executor))
    return (
        {each.work.value: each.record for each in found if each.record is not None},
        {each.work.value: each.error for each in found if each.error is not None},
        {each.work.value for each in found if each.reused},
    )


@pytest.mark.parametrize("executor", [ThisProcess(), LocalProcesses(2)], ids=["here", "processes"])
def test_what_is_finished_is_not_computed_again_and_a_failure_ends_nothing_else(
    tmp_path: Path, executor: Executor
):
    numbers = [Number(3), Number(1, action="fail"), Number(2)]
    first, failures, reused = squares(numbers, tmp_path, executor)
    assert ({value: each["square"] for value, each in first.items()}, reused) == (
        {2: 4, 3: 9}, set(),
    )  # fmt: skip
    assert {value: str(error) for value, error in failures.items()} == {1: "1 cannot be done"}
    again, failures, reused = squares([Number(1), Number(2), Number(3)], tmp_path, executor)
    assert (again[1]["square"], failures, reused) == (1, {}, {2, 3})
    assert {value: again[value] for value in (2, 3)} == first


def test_a_killed_worker_loses_its_own_run_alone(tmp_path: Path):
    numbers = [Number(1), Number(2, action="die", folder=tmp_path)]
    found, failures, _ = squares(numbers, tmp_path, LocalProcesses(1))
    assert list(found) == [1] and isinstance(failures[2], WorkerDiedError)
    assert len(ResultStore(tmp_path)) == 1
    assert "killed in one of 1 run, perhaps in x, " in failure_text({"x": failures[2]})


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path):
    def interrupt(work: Number, reused: bool) -> None:
        if work.value == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        complete(
            [Number(1), Number(2), Number(3)],
            squared,
            store=ResultStore(tmp_path),
            executor=ThisProcess(),
            label=str,
            on_done=interrupt,
        )
    assert len(ResultStore(tmp_path)) == 2


def test_damaged_lines_are_told_and_taken_out(tmp_path: Path):
    store = ResultStore(tmp_path)
    for value in range(5):
        store.add({"value": value}, {"square": value**2})
    lines = store.path.read_text().splitlines()
    # A digit changed; no JSON; JSON that is no result; cut off by a kill.
    lines[0] = lines[0].replace('"square": 0', '"square": 7')
    lines[1] = "\x00\x00"
    lines[3] = json.dumps([1])
    store.path.write_text("\n".join(lines)[:-9])
    damaged: list[int] = []
    read = ResultStore(tmp_path, on_damaged=lambda path, line: damaged.append(line))
    assert damaged == [1, 2, 4, 5]
    assert [read.find({"value": value}) for value in range(5)] == [
        None, None, {"square": 4}, None, None,
    ]  # fmt: skip
    read.add({"value": 9}, {"square": 81})
    assert ResultStore(tmp_path, on_damaged=lambda *_: pytest.fail("damaged")).find(
        {"value": 9}
    ) == {"square": 81}


def test_two_stores_of_one_folder_lose_nothing(tmp_path: Path):
    one, other = ResultStore(tmp_path), ResultStore(tmp_path)
    for value in range(4):
        (one, other)[value % 2].add({"value": value}, {"square": value**2})
    assert [ResultStore(tmp_path).find({"value": value}) for value in range(4)] == [
        {"square": value**2} for value in range(4)
    ]
    assert one.find({"value": 2}) == {"square": 4}


def test_half_a_line_is_ended_before_the_next(tmp_path: Path):
    store = ResultStore(tmp_path)
    store.add({"value": 1}, {})
    with store.path.open("a") as file:
        file.write('{"key": "half')
    store.add({"value": 2}, {"late": True})
    assert store.find({"value": 2}) == {"late": True}
    assert ResultStore(tmp_path).find({"value": 2}) == {"late": True}


def test_results_of_other_code_are_kept_and_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ResultStore(tmp_path).add({"value": 1}, {"square": 1})
    with monkeypatch.context() as patch:
        patch.setattr("alpine_cosim.campaigns.store.code_digest", lambda: "other code")
        other = ResultStore(tmp_path)
        assert other.find({"value": 1}) is None
        other.add({"value": 1}, {"square": -1})
    assert ResultStore(tmp_path).find({"value": 1}) == {"square": 1}
