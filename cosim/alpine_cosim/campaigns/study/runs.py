# SPDX-License-Identifier: Apache-2.0
"""Chips of a study, on several processes; a folder keeps each finished one."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from alpine_cosim.campaigns.completion import complete
from alpine_cosim.campaigns.executor import Executor, ThisProcess
from alpine_cosim.campaigns.places import local_executor
from alpine_cosim.campaigns.store import Record, ResultStore
from alpine_cosim.measurement.analog_outcome import relative_error
from alpine_cosim.runs.batched_run import BatchedChip

from .plans import ChipWork, prepared

__all__ = ["ChipScore", "Scores", "score_chips"]


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


Scores = dict[ChipWork, list[ChipScore]]
"""For every work, one score per time."""


def score_chips(
    works: Sequence[ChipWork],
    folder: Path,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    on_work: Callable[[bool], None] = lambda reused: None,
) -> Scores:
    """Return the scores of all works, computing those that no earlier call has finished.

    Parameters
    ----------
    folder : where finished ones are kept; made if needed.
    jobs : processes; None for one per processor. Results do not depend on it.
    executor : computes the chips in place of processes of this machine, or None.
    on_work : told of each that is done, and whether an earlier result served.

    Raises
    ------
    AlpineError
        The folder cannot be made, the number of jobs is not 1 or more, or a chip failed; all others
        are kept.
    """
    local = local_executor(jobs)
    records = complete(
        works,
        evaluate,
        store=ResultStore(folder),
        executor=executor or (local if len(works) > 1 else ThisProcess()),
        label=lambda work: f"chip {work.chip} of {work.spec}",
        on_done=lambda work, reused: on_work(reused),
    )
    return {
        work: [ChipScore(**score) for score in record["scores"]] for work, record in records.items()
    }


def evaluate(work: ChipWork) -> Record:
    """Compute one chip; return a score per time."""
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
    return {"scores": [asdict(each) for each in scores]}
