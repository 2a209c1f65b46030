# SPDX-License-Identifier: Apache-2.0
"""Runs inside a cocotb simulation: the platform runs in the simulator's process."""

from collections.abc import Callable, Mapping

from alpine_cosim.cocotb.accelerator import CocotbAccelerator
from alpine_cosim.cocotb.engine import CocotbTilePort, run_accelerator_in_cocotb, run_in_cocotb
from alpine_cosim.hardware.own_tile import read_own_tile
from alpine_cosim.measurement.measure import Measurement, measure
from alpine_cosim.measurement.observation import Observation
from alpine_cosim.spec.specification import RunSpec
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_sw.library.workloads import Workload

from .verilated_tiles import trace_format

__all__ = ["measure_in_cocotb", "serve", "serve_accelerator"]


def measure_in_cocotb(
    spec: RunSpec, workload: Workload, observation: Observation
) -> tuple[Measurement, int]:
    """Run under cocotb; return the measurement and the tile cycles simulated for it.

    Parameters
    ----------
    spec : of the run; the simulator's process makes the same workload from it.
    workload : one core with one tile, or with an accelerator.
    observation : its waveform is of the whole run.

    Raises
    ------
    AlpineError
        The workload has several tiles, a tool is missing, or the simulation failed.
    """
    trace, waves = observation.trace, None
    if trace is not None:
        make_folder(trace)
        waves = trace / f"{_name(workload)}.{trace_format().value}"
    arguments = {"spec": spec, "observation": observation.elsewhere()}
    period_fs = spec.system.config.tile_clock.period_fs
    if workload.accelerator is not None:
        return run_accelerator_in_cocotb(
            f"{__name__}:serve_accelerator",
            arguments,
            configs=[tile.config for tile in workload.accelerator.tiles],
            period_fs=period_fs,
            waves=waves,
        )
    plans = [(core, plan) for core, plans in workload.plans.items() for plan in plans]
    if len(plans) != 1:
        raise AlpineError(f"engine cocotb simulates one tile, not {len(plans)}: use engine rtl")
    ((core, plan),) = plans
    verilog = spec.tiles.verilog
    return run_in_cocotb(
        f"{__name__}:serve",
        {"core": core, **arguments},
        tile_config=plan.config,
        tile_period_fs=period_fs,
        waves=waves,
        verilog=None if verilog is None else read_own_tile(verilog, [plan.config]),
    )


def serve(
    port: CocotbTilePort, *, core: int, spec: RunSpec, observation: Observation
) -> tuple[Measurement, int]:
    """Run inside the simulation, in a thread of its own: what `measure_in_cocotb` asks for."""
    return _measured(spec, observation, {core: port}, None, lambda: port.tiles[0].evaluated_cycles)


def serve_accelerator(
    accelerator: CocotbAccelerator, *, spec: RunSpec, observation: Observation
) -> tuple[Measurement, int]:
    """The same with an accelerator."""
    return _measured(spec, observation, {}, accelerator, lambda: accelerator.evaluated_cycles)


def _measured(
    spec: RunSpec,
    observation: Observation,
    ports: Mapping[int, CocotbTilePort],
    accelerator: CocotbAccelerator | None,
    evaluated_cycles: Callable[[], int],
) -> tuple[Measurement, int]:
    task = spec.task()
    before = 0

    def begin() -> None:
        nonlocal before
        before = evaluated_cycles()

    measured = measure(
        task.workload,
        ports,
        system=spec.system.config,
        inputs=task.inputs,
        accelerator=accelerator,
        back_door=spec.back_door,
        device=spec.chip_series,
        observation=observation,
        before_inferences=begin,
    )
    return measured, evaluated_cycles() - before


def _name(workload: Workload) -> str:
    """What a waveform of a workload's hardware is called."""
    if workload.accelerator is not None:
        return "accelerator"
    return f"core{next(iter(workload.plans))}_tile0"
