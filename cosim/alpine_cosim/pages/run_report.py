# SPDX-License-Identifier: Apache-2.0
"""A run's folder: one page that says everything about it, and the files that it was made from."""

import json
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from alpine_cosim.measurement.observation import Observation
from alpine_cosim.measurement.results import RunResult
from alpine_cosim.runs.network_run import run_task
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.network import DIGITAL, Task
from alpine_cosim.spec.spec_file import spec_text
from alpine_cosim.spec.specification import RunSpec
from alpine_models.errors import AlpineError
from alpine_models.files import new_folder, write_text
from alpine_sw.mapping.yaml_file import write_mapping

from .report_sections import ReportSection, sections_of

__all__ = ["ReportSection", "run_with_report", "template"]

TRACE, PAGE, RESULT, MAPPING, WAVES = (
    "trace.json",
    "report.html",
    "result.json",
    "mapping.yaml",
    "waves",
)
"""What lies in the folder; beside them `run.toml`, which runs it again."""


def run_with_report(spec: RunSpec, folder: Path, observation: Observation) -> RunResult:
    """Run what a specification describes and leave a folder with everything about it.

    The folder has its name when it is complete, and not before.

    Parameters
    ----------
    spec : the run.
    folder : to make; it must not exist, or be empty.
    observation : what is looked at besides; timeline and waveform are the folder's.

    Raises
    ------
    AlpineError
        The folder exists or cannot be made, timeline or waveform are to go elsewhere, or as
        `run_task`.
    """
    if observation.timeline is not None or observation.trace is not None:
        raise AlpineError(
            f"report {folder} holds timeline and waveform itself: leave --timeline and --trace out"
        )
    with new_folder(folder) as made:
        waves = spec.engine is not Engine.MODEL and spec.case != DIGITAL
        watched = replace(observation, timeline=made / TRACE, trace=made / WAVES if waves else None)
        task = spec.task()
        result = run_task(spec, task, watched)
        write_text(made / RESULT, result.to_json())
        write_text(made / "run.toml", spec_text(spec))
        if task.mapping is not None:
            write_mapping(task.mapping, made / MAPPING)
        events = json.loads((made / TRACE).read_text())["traceEvents"]
        files = sorted(str(file.relative_to(made)) for file in made.rglob("*") if file.is_file())
        write_text(made / PAGE, _page(spec, task, result, events, [*files, PAGE]))
    return result


@dataclass(frozen=True, slots=True)
class Card:
    """One number at the top of the page.

    Members
    -------
    name, value, note : in words.
    kind : class of its style, or empty.
    """

    name: str
    value: str
    note: str
    kind: str = ""


def template() -> str:
    """Return the page's template."""
    return resources.files("alpine_cosim.pages").joinpath("run_report.html.j2").read_text()


def _page(
    spec: RunSpec,
    task: Task,
    result: RunResult,
    events: Sequence[Table[str, Any]],
    files: Sequence[str],
) -> str:
    """The page as HTML that refers to nothing outside of it."""
    from jinja2 import Environment, StrictUndefined

    # Names of nodes and files come from a person's model.
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    parts: list[ReportSection] = sections_of(spec, task, result, events, files)
    title = result.variant or result.network or result.program or "run"
    return environment.from_string(template()).render(
        title=f"{title} on {result.system}",
        subtitle=str(spec),
        cards=_cards(result),
        parts=parts,
    )


def _cards(result: RunResult) -> list[Card]:
    count = max(result.inferences, 1)
    cards = [
        Card("time per inference", f"{result.time_s / count * 1e6:,.2f} us", "simulated"),
        Card(
            "energy per inference",
            f"{result.energy_j / count * 1e6:,.2f} uJ",
            "cores, caches, DRAM, tiles",
        ),
    ]
    equal = result.outputs_equal_golden
    if equal is not None:
        cards.append(
            Card(
                "outputs equal golden",
                "yes" if equal else "NO",
                "bit for bit"
                if result.first_mismatch is None
                else f"inference {result.first_mismatch} is the first with others",
                "yes" if equal else "no",
            )
        )
    if result.accuracy is not None:
        golden = result.accuracy_golden
        cards.append(
            Card(
                "accuracy",
                f"{result.accuracy:.2%}",
                "" if golden is None else f"int8 golden {golden:.2%}",
            )
        )
    elif result.bits_per_character is not None:
        cards.append(Card("bits per character", f"{result.bits_per_character:.3f}", "of the run"))
    return cards
