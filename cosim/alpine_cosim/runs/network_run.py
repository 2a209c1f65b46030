# SPDX-License-Identifier: Apache-2.0
"""Runs of networks and programs, from a specification to a result."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.engines.engine_run import measure_on_engine
from alpine_cosim.measurement.analog_outcome import AnalogOutcome, Spread, analog_outcome
from alpine_cosim.measurement.measure import Measurement
from alpine_cosim.measurement.observation import OBSERVED, Observation, ObservationKeywords
from alpine_cosim.measurement.results import RunResult, core_activity
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.keywords import SpecKeywords, changed, run_spec
from alpine_cosim.spec.network import Task
from alpine_cosim.spec.specification import RunSpec
from alpine_platform.config.overrides import changed_fields
from alpine_platform.systems.presets import SYSTEMS

from .first_mismatch import first_mismatch, trace_mismatch

__all__ = ["Engine", "RunKeywords", "run", "run_task"]


class RunKeywords(SpecKeywords, ObservationKeywords, total=False):
    """Everything that can be said of a run beside its network."""


@overload
def run(network: RunSpec, *, observation: Observation | None = None) -> RunResult: ...


@overload
def run(
    network: str | None = None,
    *,
    observation: Observation | None = None,
    **keywords: Unpack[RunKeywords],
) -> RunResult: ...


def run(
    network: RunSpec | str | None = None,
    *,
    observation: Observation | None = None,
    **keywords: Any,
) -> RunResult:
    """Run a network or a program on a simulated system and return what it produced.

    Parameters
    ----------
    network : the specification of the run, or a network's name, with which keywords make one; None
        where they name a program.
    observation : what is looked at meanwhile; None looks at nothing.
    keywords : those of `alpine_cosim.spec.keywords.run_spec` and of `Observation`. Beside a
        specification they replace what it says.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, a file unusable, or a tool missing.
    """
    watched = {name: keywords.pop(name) for name in OBSERVED if name in keywords}
    if isinstance(network, RunSpec):
        spec = changed(network, **keywords) if keywords else network
    else:
        spec = run_spec(network, **keywords)
    if observation is None:
        observation = Observation(**watched)
    elif watched:
        raise TypeError(f"observation and {', '.join(watched)} say the same thing: pass one")
    if observation.trace is not None:
        spec.check_traceable()
    return run_task(spec, spec.task(), observation)


def run_task(spec: RunSpec, task: Task, observation: Observation) -> RunResult:
    """Run what a specification describes and return what it produced.

    Parameters
    ----------
    task : as `spec.task` makes it.

    Raises
    ------
    AlpineError
        A tool is missing, or the engine or the system cannot run it.
    """
    measured, evaluated = measure_on_engine(spec, task, observation)
    is_program = spec.network is None
    outcome = _of_program(task) if is_program else _of_network(spec, task, measured)
    wrong = outcome.get("first_mismatch")
    if wrong is not None:
        trace_mismatch(spec, task, observation, wrong)
    config = spec.system.config
    return RunResult(
        network=spec.network,
        program=spec.program,
        variant=spec.options.variant,
        system=spec.system.name,
        case=None if is_program else spec.case,
        engine=spec.engine,
        software=None if is_program else spec.software.style,
        sync=spec.system.sync,
        settings=changed_fields(config, SYSTEMS[spec.system.name]),
        inferences=len(task.inputs),
        seed=spec.seed,
        time_s=measured.time_s,
        energy_j=sum(measured.energy_parts_j.values()),
        energy_parts_j=measured.energy_parts_j,
        energy_memory_controller_io_j=measured.energy_memory_controller_io_j,
        instructions=measured.instructions,
        llc_misses_per_instruction=measured.llc_misses_per_instruction,
        tile_cycles=measured.tile_cycles,
        cm_instructions=measured.cm_instructions,
        breakdown=measured.breakdown,
        cores=core_activity(measured.stats),
        stats=measured.stats,
        device=spec.device.name,
        **outcome,
        programming=measured.programming,
        host_seconds=measured.host_seconds,
        host_tile_cycles_per_second=(evaluated / measured.host_seconds if evaluated else None),
        host_profile_s=measured.host_profile_s,
        warnings=measured.warnings,
    )


SCORES = (
    "accuracy", "accuracy_golden", "accuracy_fp32",
    "bits_per_character", "bits_per_character_golden", "bits_per_character_fp32",
)  # fmt: skip
"""Members of a result that say how good the outputs are."""


def _of_program(task: Task) -> dict[str, Any]:
    """What a program's result has and lacks: what it computes is its own affair."""
    lacking = ("analog", "outputs_equal_golden", "outputs_sha256", "text", *SCORES)
    return {**dict.fromkeys(lacking), "returned": task.returned}


def _of_network(spec: RunSpec, task: Task, measured: Measurement) -> dict[str, Any]:
    """Outputs of all chips, compared and scored."""
    outputs = measured.outputs[0]
    written = task.text and task.text(outputs)
    series = spec.chip_series
    golden = _golden(task, written, ideal=series is None)
    analog = series and analog_outcome(
        series.device,
        measured.outputs,
        golden,
        accuracy=task.accuracy,
        bits_per_character=task.bits_per_character,
    )
    return {
        "analog": analog,
        "outputs_equal_golden": None if analog else bool(np.array_equal(outputs, golden)),
        "first_mismatch": None if analog else first_mismatch(outputs, golden),
        "outputs_sha256": _sha256(measured.outputs),
        "text": written,
        **_scores(task, outputs, golden, analog),
    }


def _scores(
    task: Task, outputs: NDArray[Any], golden: NDArray[Any], analog: AnalogOutcome | None
) -> dict[str, float | None]:
    """How good the outputs are, those of all chips, the golden model's and before quantisation."""
    return {
        "accuracy": _mean(analog.accuracy) if analog else _score(task.accuracy, outputs),
        "accuracy_golden": _score(task.accuracy, golden),
        "accuracy_fp32": task.accuracy_fp32,
        "bits_per_character": (
            _mean(analog.bits_per_character) if analog else _score(task.bits_per_character, outputs)
        ),
        "bits_per_character_golden": _score(task.bits_per_character, golden),
        "bits_per_character_fp32": task.bits_fp32,
    }


def _score(score: Callable[[NDArray[Any]], float] | None, outputs: NDArray[Any]) -> float | None:
    return None if score is None else score(outputs)


def _mean(spread: Spread | None) -> float | None:
    return None if spread is None else spread.mean


def _sha256(outputs: Sequence[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for values in outputs:
        digest.update(values.tobytes())
    return digest.hexdigest()


def _golden(task: Task, written: str | None, *, ideal: bool) -> NDArray[Any]:
    """Outputs to compare with: of an ideal system, which reads what an imperfect chip has read."""
    if ideal or written is None or task.golden_reading is None:
        return task.golden()
    return task.golden_reading(written)
