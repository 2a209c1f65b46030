# SPDX-License-Identifier: Apache-2.0
"""The first inference of a run whose outputs are wrong, and its waveforms."""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from alpine_cosim.engines.engine_run import measure_on_engine
from alpine_cosim.engines.verilated_hardware import TraceWindow
from alpine_cosim.measurement.observation import Observation
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.network import Task
from alpine_cosim.spec.specification import RunSpec

__all__ = ["AHEAD_PER_CORE", "MISMATCH", "first_mismatch", "trace_mismatch"]

MISMATCH = "-mismatch"
"""Ends the name of its waveform."""
AHEAD_PER_CORE = 2
"""Inferences by which a core may be ahead of the one that reads its results: a buffer's slots."""


def first_mismatch(outputs: NDArray[Any], golden: NDArray[Any]) -> int | None:
    """Return the first inference whose outputs differ, or None where all are alike.

    Parameters
    ----------
    outputs, golden : [inferences, ...] of one shape.
    """
    wrong = (outputs != golden).reshape(len(outputs), -1).any(axis=1)
    return int(wrong.argmax()) if wrong.any() else None


def trace_mismatch(spec: RunSpec, task: Task, observation: Observation, inference: int) -> None:
    """Run again up to an inference, and leave waveforms of what led to its outputs.

    They begin as many inferences before it as the cores of a pipeline may be ahead of its end, for
    its first product to be among them. Engines other than rtl and runs without waveforms are left
    alone; engine cocotb shows the whole run in any case.
    """
    if observation.trace is None or spec.engine is not Engine.RTL:
        return
    cores = len({plan.core for plan in task.workload.hardware})
    window = TraceWindow(
        suffix=MISMATCH,
        first=max(inference - AHEAD_PER_CORE * (cores - 1), 0),
        last=inference,
    )
    measure_on_engine(
        spec,
        replace(task, inputs=task.inputs[: inference + 1]),
        replace(observation, timeline=None, profile=False, check_reads=False),
        (window,),
    )
