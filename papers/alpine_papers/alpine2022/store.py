# SPDX-License-Identifier: Apache-2.0
"""A folder of finished runs, and what fills it: several processes, one run each at a time."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alpine_cosim.campaigns.workers import worker_pool
from alpine_cosim.code_digest import code_digest
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder, write_text

from .plans import Effort, Plan

__all__ = ["Record", "RunStore"]

Record = dict[str, Any]
"""A run's result, as its JSON holds it."""


class RunStore:
    """Finished runs in a folder, so that a stopped report goes on where it was.

    A run counts as finished if its file is whole and was written by the present code.

    Parameters
    ----------
    folder : made if needed; one JSON file per run.
    effort : decides on the engines.
    on_damaged : told the path of every file that cannot be used and will be written again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        effort: Effort = Effort.NORMAL,
        on_damaged: Callable[[Path], None] = lambda path: None,
    ):
        self.folder = folder
        self._effort = effort
        self._on_damaged = on_damaged
        make_folder(folder)

    def load(self, plan: Plan) -> Record | None:
        """A finished run's result, or None."""
        path = self.path(plan)
        try:
            text = path.read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            text = ""
        record = _unpack(text, plan)
        if record is None:
            self._on_damaged(path)
        return record

    def path(self, plan: Plan) -> Path:
        """The run's file: a readable name, different for different runs, engines and codes."""
        engine = plan.engine(self._effort)
        text = json.dumps([asdict(plan), engine, code_digest()], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        cores = "" if plan.cores is None else f"-{plan.cores}cores"
        return self.folder / f"{plan.network}-{plan.system}-{plan.case}{cores}-{digest}.json"

    def complete(
        self,
        plans: Sequence[Plan],
        *,
        jobs: int = 1,
        on_run: Callable[[Plan, bool], None] = lambda plan, reused: None,
    ) -> dict[Plan, Record]:
        """Return the results of all plans, running those that no earlier call has finished.

        ``jobs`` processes run them; ``on_run`` is told of each plan when it is done, and whether an
        earlier result served.

        Raises
        ------
        AlpineError
            A run failed; what others finished before is kept.
        """
        results: dict[Plan, Record] = {}
        missing: list[Plan] = []
        for plan in plans:
            found = self.load(plan)
            if found is None:
                missing.append(plan)
            else:
                results[plan] = found
                on_run(plan, True)
        # Even one job has a process of its own: its memory goes back when it is done.
        with worker_pool(jobs) as pool:
            running: dict[Future[Record], Plan] = {
                pool.submit(_run, plan, plan.engine(self._effort), self.path(plan)): plan
                for plan in missing
            }
            for done in as_completed(running):
                results[running[done]] = _outcome(done, running[done])
                on_run(running[done], False)
        return {plan: results[plan] for plan in plans}


def _outcome(done: Future[Record], plan: Plan) -> Record:
    try:
        return done.result()
    except BrokenProcessPool as error:
        raise AlpineError(
            f"the process of run {plan.label} was killed, perhaps for lack of memory: start again "
            f"with --jobs 1, finished runs are kept"
        ) from error


def _run(plan: Plan, engine: str, path: Path) -> Record:
    """Run a plan and write its file."""
    from alpine_cosim.runs.network_run import run

    before = _processor_seconds()
    result = run(
        plan.network,
        system=plan.system,
        case=plan.case,
        engine=engine,
        cores=plan.cores,
        software=plan.software,
        digital_style=plan.digital_style,
        sync=plan.sync,
        activations=plan.activations,
        input_format=plan.input_format,
        inferences=plan.inferences,
        normalisation=plan.normalised,
        literal_table=plan.as_printed,
        settings=plan.settings,
        # Programming is the same for every run of a geometry and no part of a result.
        back_door=True,
    )
    record: Record = json.loads(result.to_json())
    record["processor_seconds"] = _processor_seconds() - before
    write_text(path, _pack(record, plan))
    return record


def _processor_seconds() -> float:
    """Of this process and of the compilers that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _pack(record: Record, plan: Plan) -> str:
    content = {"plan": asdict(plan), "result": record}
    return json.dumps({**content, "sha256": _digest(content)}, indent=1) + "\n"


def _unpack(text: str, plan: Plan) -> Record | None:
    """The result in a file, or None where the file is not what was written."""
    try:
        content = json.loads(text)
        digest = content.pop("sha256")
        wanted = json.loads(json.dumps(asdict(plan)))
        whole = digest == _digest(content) and content["plan"] == wanted
        return content["result"] if whole else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _digest(content: Record) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
