# SPDX-License-Identifier: Apache-2.0
"""One run on whichever engine was chosen."""

from collections.abc import Callable, Sequence
from functools import partial

from alpine_cosim.binding.toolchain import Toolchain
from alpine_cosim.hardware.hardware_kind import Piece
from alpine_cosim.measurement.measure import Measurement, measure
from alpine_cosim.measurement.observation import Observation
from alpine_cosim.measurement.warm_up import compile_loops
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.network import Task
from alpine_cosim.spec.specification import RunSpec
from alpine_models.background import in_background
from alpine_models.waiting import result_of
from alpine_platform.systems.system import check_cores

from .in_cocotb import measure_in_cocotb
from .timed_hardware import timed_pieces
from .verilated_hardware import TraceWindow, VerilatedHardware, first_and_last

__all__ = ["measure_on_engine"]


def measure_on_engine(
    spec: RunSpec,
    task: Task,
    observation: Observation,
    windows: Sequence[TraceWindow] | None = None,
) -> tuple[Measurement, int | None]:
    """Run; return the measurement and the tile cycles that hardware evaluated for it.

    Parameters
    ----------
    task : as `spec.task` made it.
    windows : of which engine rtl leaves waveforms; None is the first and the last inference.

    Raises
    ------
    AlpineError
        A tool is missing, or the engine or the system cannot run this workload.
    """
    # Before tiles are built for cores that do not exist.
    check_cores(spec.system.config, [plan.core for plan in task.workload.hardware])
    match spec.engine:
        case Engine.RTL:
            windows = first_and_last(len(task.inputs)) if windows is None else windows
            return _on_rtl(spec, task, observation, windows)
        case Engine.COCOTB:
            observation.on_stage("simulating under cocotb", 0)
            return measure_in_cocotb(spec, task.workload, observation)
        case Engine.MODEL:
            return _on_model(spec, task, observation), None


def _on_model(spec: RunSpec, task: Task, observation: Observation) -> Measurement:
    pieces = timed_pieces(task.workload, spec.system.config)
    return _measured(spec, task, observation, pieces)


def _on_rtl(
    spec: RunSpec, task: Task, observation: Observation, windows: Sequence[TraceWindow]
) -> tuple[Measurement, int]:
    observation.on_stage("building the tile and compiling loops, once per installation", 0)
    with _verilated(spec, task, observation, windows) as hardware:
        measured = _measured(
            spec,
            task,
            observation.told_of_steps(hardware.trace_windows(observation.on_step)),
            hardware.pieces,
            before_inferences=hardware.begin_inferences,
        )
        return measured, hardware.evaluated_cycles


def _verilated(
    spec: RunSpec, task: Task, observation: Observation, windows: Sequence[TraceWindow]
) -> VerilatedHardware:
    """Build the hardware while loops are compiled: a first run's time is that of compilers."""
    # What is missing is said before anything is compiled.
    Toolchain.find()
    config = spec.system.config
    build = partial(
        VerilatedHardware,
        task.workload,
        tile_period_fs=config.tile_clock.period_fs,
        tile_verilog=spec.tiles.verilog,
        trace=observation.trace,
        windows=windows,
    )
    with in_background(build) as hardware:
        compile_loops(config, [])
        return result_of(hardware)


def _measured(
    spec: RunSpec,
    task: Task,
    observation: Observation,
    pieces: Sequence[Piece],
    *,
    before_inferences: Callable[[], None] = lambda: None,
) -> Measurement:
    return measure(
        task.workload,
        pieces,
        system=spec.system.config,
        inputs=task.inputs,
        back_door=spec.back_door,
        device=spec.chip_series,
        observation=observation,
        before_inferences=before_inferences,
    )
