# SPDX-License-Identifier: Apache-2.0
"""The backend of hardware under cocotb: the platform runs in the simulator's process."""

from alpine_cosim.cocotb.simulate import run_in_cocotb
from alpine_cosim.hardware.hardware_kind import CocotbAccelerator, Piece
from alpine_cosim.hardware.own_tile import read_own_tile
from alpine_cosim.measurement.measure import Measurement, measure
from alpine_cosim.measurement.observation import Observation
from alpine_cosim.spec.specification import RunSpec
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_sw.library.workloads import Workload

from .hardware_kinds import kind_of
from .verilated_hardware import tile_configs, trace_format, waveform_path

__all__ = ["measure_in_cocotb", "measure_on"]


def measure_in_cocotb(
    spec: RunSpec, workload: Workload, observation: Observation
) -> tuple[Measurement, int]:
    """Run under cocotb; return the measurement and the clock cycles simulated for it.

    Parameters
    ----------
    spec : of the run; the simulator's process makes the same workload from it.
    workload : one with one piece of hardware.
    observation : its waveform is of the whole run.

    Raises
    ------
    AlpineError
        The workload has several tiles, a tool is missing, or the simulation failed.
    """
    pieces = workload.hardware
    if len(pieces) != 1:
        # A core may hand over a batch for one piece that begins before the end of its last one for
        # another; engines with a clock per piece serve both exactly, a simulation with one time
        # cannot.
        raise AlpineError(f"engine cocotb simulates one tile, not {len(pieces)}: use engine rtl")
    (plan,) = pieces
    trace, waves = observation.trace, None
    if trace is not None:
        make_folder(trace)
        waves = waveform_path(trace, plan.name, trace_format())
    verilog = spec.tiles.verilog
    return run_in_cocotb(
        f"{__name__}:measure_on",
        {"spec": spec, "observation": observation.elsewhere()},
        kind=kind_of(plan),
        configuration=plan.configuration,
        period_fs=spec.system.config.tile_clock.period_fs,
        waves=waves,
        verilog=None if verilog is None else read_own_tile(verilog, tile_configs(workload)),
    )


def measure_on(
    accelerator: CocotbAccelerator, *, spec: RunSpec, observation: Observation
) -> tuple[Measurement, int]:
    """Run inside the simulation, in a thread of its own: what `measure_in_cocotb` asks for."""
    task = spec.task()
    (plan,) = task.workload.hardware
    before = 0

    def begin() -> None:
        nonlocal before
        before = accelerator.evaluated_cycles

    measured = measure(
        task.workload,
        [Piece(plan=plan, kind=kind_of(plan), accelerator=accelerator)],
        system=spec.system.config,
        inputs=task.inputs,
        back_door=spec.back_door,
        device=spec.chip_series,
        observation=observation,
        before_inferences=begin,
    )
    return measured, accelerator.evaluated_cycles - before
