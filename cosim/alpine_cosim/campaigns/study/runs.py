# SPDX-License-Identifier: Apache-2.0
"""Chips of a study, on several processes; a folder keeps each finished one."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from alpine_cosim.campaigns.workers import worker_pool
from alpine_cosim.measurement.analog_outcome import relative_error
from alpine_cosim.runs.batched_run import BatchedChip
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder, write_text

from .plans import Work, prepared

__all__ = ["ChipScore", "Scores", "complete"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipScore:
    """One chip at one time.

    Members
    -------
    score : accuracy or bits per character, or None where the network has neither.
    output_error : as in `analog_outcome.ChipOutcome`.
    """

    score: float | None
    output_error: float


Scores = dict[str, list[ChipScore]]
"""For the key of every work, one score per time."""


def complete(
    works: Sequence[Work],
    folder: Path,
    *,
    jobs: int | None = None,
    on_work: Callable[[bool], None] = lambda reused: None,
) -> Scores:
    """Return the scores of all works, computing those that no earlier call has finished.

    Parameters
    ----------
    folder : where finished ones are kept; made if needed.
    jobs : processes; None for one per processor. Results do not depend on it.
    on_work : told of each that is done, and whether an earlier result served.

    Raises
    ------
    AlpineError
        The folder cannot be made, or the number of jobs is not 1 or more.
    """
    jobs = os.cpu_count() or 1 if jobs is None else jobs
    if jobs < 1:
        raise AlpineError(f"jobs must be 1 or more, not {jobs}")
    make_folder(folder)
    scores: Scores = {}
    missing: list[Work] = []
    for work in works:
        found = _load(folder / f"{work.key}.json")
        if found is None or len(found) != len(work.times_s):
            missing.append(work)
        else:
            scores[work.key] = found
            on_work(True)

    def keep(results: Iterable[tuple[str, list[ChipScore]]]) -> None:
        for key, found in results:
            text = json.dumps([asdict(score) for score in found], indent=1)
            write_text(folder / f"{key}.json", text + "\n")
            scores[key] = found
            on_work(False)

    if jobs == 1 or len(missing) < 2:
        keep(map(evaluate, missing))
    else:
        with worker_pool(min(jobs, len(missing))) as pool:
            keep(
                done.result()
                for done in as_completed([pool.submit(evaluate, work) for work in missing])
            )
    return scores


def evaluate(work: Work) -> tuple[str, list[ChipScore]]:
    """Compute one chip; return its key and a score per time."""
    task = prepared(work.spec)
    chip = BatchedChip(task.workload, device=work.device, seed=work.spec.seed, chip=work.chip)
    score = task.accuracy or task.bits_per_character
    scores: list[ChipScore] = []
    for time_s in work.times_s:
        chip.age(time_s)
        outputs = chip.outputs(task)
        scores.append(
            ChipScore(
                score=None if score is None else score(outputs),
                output_error=relative_error(outputs, task.golden()),
            )
        )
    return work.key, scores


def _load(path: Path) -> list[ChipScore] | None:
    try:
        return [ChipScore(**entry) for entry in json.loads(path.read_text())]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        path.unlink(missing_ok=True)
        return None
