# SPDX-License-Identifier: Apache-2.0
"""Run sessions inside a cocotb simulation: the platform runs in the simulator's process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from alpine_cosim.cocotb.accelerator import CocotbAccelerator
from alpine_cosim.cocotb.engine import CocotbTilePort, run_accelerator_in_cocotb, run_in_cocotb
from alpine_cosim.hardware.own_tile import read_own_tile
from alpine_cosim.measurement.analog_tiles import ChipSeries
from alpine_cosim.measurement.measure import Measurement, measure
from alpine_cosim.runs.tasks import NETWORKS, Request
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_platform.config import SystemConfig
from alpine_sw.library.workloads import Workload

from .verilated_tiles import trace_format

__all__ = ["measure_in_cocotb", "serve", "serve_accelerator"]


class Arguments(TypedDict):
    """What the function in the simulation is given besides its port."""

    request: Request
    system: SystemConfig
    back_door: bool
    device: ChipSeries | None
    timeline: Path | None
    profile: bool
    check_reads: bool


def measure_in_cocotb(
    workload: Workload,
    *,
    tile_period_fs: int,
    tile_verilog: Path | None,
    trace: Path | None,
    arguments: Mapping[str, object],
) -> tuple[Measurement, int]:
    """Run a workload under cocotb; return the measurement and the tile cycles simulated for it.

    Parameters
    ----------
    workload : one core with one tile, or with an accelerator.
    tile_period_fs, tile_verilog : as in `RtlSession`.
    trace : directory for the waveform of the whole run, or None.
    arguments : `Arguments`, from which the other process makes the same workload.

    Raises
    ------
    AlpineError
        The workload has several tiles, a tool is missing, or the simulation failed.
    """
    waves = None
    if trace is not None:
        make_folder(trace)
        waves = trace / f"{_name(workload)}.{trace_format().value}"
    if workload.accelerator is not None:
        return run_accelerator_in_cocotb(
            f"{__name__}:serve_accelerator",
            arguments,
            configs=[tile.config for tile in workload.accelerator.tiles],
            period_fs=tile_period_fs,
            waves=waves,
        )
    plans = [(core, plan) for core, plans in workload.plans.items() for plan in plans]
    if len(plans) != 1:
        raise AlpineError(f"engine cocotb simulates one tile, not {len(plans)}: use engine rtl")
    ((core, plan),) = plans
    return run_in_cocotb(
        f"{__name__}:serve",
        {"core": core, **arguments},
        tile_config=plan.config,
        tile_period_fs=tile_period_fs,
        waves=waves,
        verilog=None if tile_verilog is None else read_own_tile(tile_verilog, [plan.config]),
    )


def serve(
    port: CocotbTilePort, *, core: int, **arguments: Unpack[Arguments]
) -> tuple[Measurement, int]:
    """Run inside the simulation, in a thread of its own: what `measure_in_cocotb` asks for."""
    return _measured({core: port}, None, lambda: port.tiles[0].evaluated_cycles, arguments)


def serve_accelerator(
    accelerator: CocotbAccelerator, **arguments: Unpack[Arguments]
) -> tuple[Measurement, int]:
    """The same with an accelerator."""
    return _measured({}, accelerator, lambda: accelerator.evaluated_cycles, arguments)


def _measured(
    ports: Mapping[int, CocotbTilePort],
    accelerator: CocotbAccelerator | None,
    evaluated_cycles: Callable[[], int],
    arguments: Arguments,
) -> tuple[Measurement, int]:
    request, system = arguments["request"], arguments["system"]
    task = NETWORKS[request.network].prepare(request)
    before = 0

    def begin() -> None:
        nonlocal before
        before = evaluated_cycles()

    measured = measure(
        task.workload.with_product_cycles(system.tile_clock.product_cycles),
        ports,
        system=system,
        inputs=task.inputs,
        accelerator=accelerator,
        back_door=arguments["back_door"],
        device=arguments["device"],
        timeline=arguments["timeline"],
        profile=arguments["profile"],
        check_reads=arguments["check_reads"],
        before_inferences=begin,
    )
    return measured, evaluated_cycles() - before


def _name(workload: Workload) -> str:
    """What a waveform of a workload's hardware is called."""
    if workload.accelerator is not None:
        return "accelerator"
    return f"core{next(iter(workload.plans))}_tile0"
