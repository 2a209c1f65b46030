"""Run sessions inside a cocotb simulation: the platform runs in the simulator's process."""

from collections.abc import Mapping
from pathlib import Path

from alpine_models.errors import AlpineError
from alpine_platform.config import SystemConfig
from alpine_sw.workloads import Workload

from .analog_tiles import ChipSeries
from .cocotb.engine import CocotbTilePort, run_in_cocotb
from .measurement import Measurement, measure
from .rtl_session import read_verilog, trace_format
from .tasks import NETWORKS, Request

__all__ = ["measure_in_cocotb", "serve"]


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
    workload : one core with one tile.
    tile_period_fs, tile_verilog : as in `RtlSession`.
    trace : directory for the waveform of the whole run, or None.
    arguments : keyword arguments of `serve`, which makes the same workload in the other process.

    Raises
    ------
    AlpineError
        The workload has several tiles, a tool is missing, or the simulation failed.
    """
    plans = [(core, plan) for core, plans in workload.plans.items() for plan in plans]
    if len(plans) != 1:
        raise AlpineError(f"engine cocotb simulates one tile, not {len(plans)}: use engine rtl")
    ((core, plan),) = plans
    waves = None
    if trace is not None:
        trace.mkdir(parents=True, exist_ok=True)
        waves = trace / f"core{core}_tile0.{trace_format().value}"
    return run_in_cocotb(
        f"{__name__}:serve",
        {"core": core, **arguments},
        tile_config=plan.config,
        tile_period_fs=tile_period_fs,
        waves=waves,
        verilog=None if tile_verilog is None else read_verilog(tile_verilog),
    )


def serve(
    port: CocotbTilePort,
    *,
    core: int,
    request: Request,
    system: SystemConfig,
    back_door: bool,
    device: ChipSeries | None,
    timeline: Path | None,
    profile: bool,
) -> tuple[Measurement, int]:
    """Run inside the simulation, in a thread of its own: what `measure_in_cocotb` asks for."""
    task = NETWORKS[request.network].prepare(request)
    before = 0

    def begin() -> None:
        nonlocal before
        before = port.tiles[0].evaluated_cycles

    measured = measure(
        task.workload.with_product_cycles(system.tile_clock.product_cycles),
        {core: port},
        system=system,
        inputs=task.inputs,
        back_door=back_door,
        device=device,
        timeline=timeline,
        profile=profile,
        before_inferences=begin,
    )
    return measured, port.tiles[0].evaluated_cycles - before
