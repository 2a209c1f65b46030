# SPDX-License-Identifier: Apache-2.0
"""One run on whichever engine was chosen."""

from collections.abc import Callable, Mapping
from functools import partial

from alpine_cosim.binding.toolchain import Toolchain
from alpine_cosim.measurement.accelerator_setup import (
    AcceleratorWithCrossbars,
    timed_accelerator,
)
from alpine_cosim.measurement.analog_tiles import TilesWithCrossbars
from alpine_cosim.measurement.measure import Measurement, measure, timed_ports
from alpine_cosim.measurement.observation import Observation
from alpine_cosim.measurement.warm_up import compile_loops
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.network import Task
from alpine_cosim.spec.specification import RunSpec
from alpine_models.background import in_background
from alpine_platform.systems.system import check_cores

from .in_cocotb import measure_in_cocotb
from .verilated_tiles import RtlSession

__all__ = ["measure_on_engine"]


def measure_on_engine(
    spec: RunSpec, task: Task, observation: Observation
) -> tuple[Measurement, int | None]:
    """Run; return the measurement and the tile cycles that hardware evaluated for it.

    Parameters
    ----------
    task : as `spec.task` made it.

    Raises
    ------
    AlpineError
        A tool is missing, or the engine or the system cannot run this workload.
    """
    # Before tiles are built for cores that do not exist.
    check_cores(spec.system.config, task.workload.plans)
    match spec.engine:
        case Engine.RTL:
            return _on_rtl(spec, task, observation)
        case Engine.COCOTB:
            observation.on_stage("simulating under cocotb", 0)
            return measure_in_cocotb(spec, task.workload, observation)
        case Engine.MODEL:
            return _on_model(spec, task, observation), None


def _on_model(spec: RunSpec, task: Task, observation: Observation) -> Measurement:
    config = spec.system.config
    ports, accelerator = (
        timed_ports(task.workload, config),
        timed_accelerator(task.workload, config),
    )
    return _measured(spec, task, observation, ports=ports, accelerator=accelerator)


def _on_rtl(spec: RunSpec, task: Task, observation: Observation) -> tuple[Measurement, int]:
    observation.on_stage("building the tile and compiling loops, once per installation", 0)
    with _rtl_session(spec, task, observation) as session:
        measured = _measured(
            spec,
            task,
            observation.told_of_steps(session.stop_trace_after(observation.on_step)),
            ports=session.ports,
            accelerator=session.accelerator,
            before_inferences=session.begin_inferences,
        )
        return measured, session.evaluated_cycles


def _rtl_session(spec: RunSpec, task: Task, observation: Observation) -> RtlSession:
    """Build the tiles while loops are compiled: a first run's time is that of compilers."""
    # What is missing is said before anything is compiled.
    Toolchain.find()
    config = spec.system.config
    build = partial(
        RtlSession,
        task.workload,
        tile_period_fs=config.tile_clock.period_fs,
        tile_verilog=spec.tiles.verilog,
        trace=observation.trace,
    )
    with in_background(build) as session:
        compile_loops(config, {})
        return session.result()


def _measured(
    spec: RunSpec,
    task: Task,
    observation: Observation,
    *,
    ports: Mapping[int, TilesWithCrossbars],
    accelerator: AcceleratorWithCrossbars | None,
    before_inferences: Callable[[], None] = lambda: None,
) -> Measurement:
    return measure(
        task.workload,
        ports,
        system=spec.system.config,
        inputs=task.inputs,
        back_door=spec.back_door,
        accelerator=accelerator,
        device=spec.chip_series,
        observation=observation,
        before_inferences=before_inferences,
    )
