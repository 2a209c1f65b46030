# SPDX-License-Identifier: Apache-2.0
"""One run on whichever engine was chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.binding.toolchain import Toolchain
from alpine_cosim.measurement.accelerator_setup import (
    AcceleratorWithCrossbars,
    timed_accelerator,
)
from alpine_cosim.measurement.analog_tiles import ChipSeries, TilesWithCrossbars
from alpine_cosim.measurement.measure import Measurement, measure, timed_ports
from alpine_cosim.measurement.warm_up import compile_loops
from alpine_cosim.runs.tasks import Engine, Request
from alpine_models.background import in_background
from alpine_platform.config import SystemConfig
from alpine_sw.library.workloads import Workload

from .in_cocotb import measure_in_cocotb
from .verilated_tiles import RtlSession

__all__ = ["EngineRun"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineRun:
    """What every engine is given.

    Members
    -------
    request : what was asked for; its engine runs it.
    workload, inputs : made from the request.
    system : on which it runs.
    back_door : write weights into the crossbars directly.
    device : chips that the tiles are made of, or None for ideal ones.
    tile_verilog : design to simulate in place of the shipped tile, or None.
    trace : directory for waveforms of the first inference, or None.
    timeline : file for the cores' operations, or None.
    profile : say where host time goes.
    check_reads : refuse to read memory that nobody wrote.
    on_stage, on_step : told what begins, in how many steps, and each step.
    """

    request: Request
    workload: Workload
    inputs: NDArray[np.int8]
    system: SystemConfig
    back_door: bool
    device: ChipSeries | None
    tile_verilog: Path | None
    trace: Path | None
    timeline: Path | None
    profile: bool
    check_reads: bool
    on_stage: Callable[[str, int], None]
    on_step: Callable[[], None]

    def measure(self) -> tuple[Measurement, int | None]:
        """Run; return the measurement and the tile cycles that hardware evaluated for it.

        Raises
        ------
        AlpineError
            A tool is missing, or the engine cannot run this workload.
        """
        match self.request.engine:
            case Engine.RTL:
                return self._on_rtl()
            case Engine.COCOTB:
                return self._under_cocotb()
            case Engine.MODEL:
                return self._on_model(), None

    def _on_model(self) -> Measurement:
        return self._measure_on(
            timed_ports(self.workload, self.system),
            timed_accelerator(self.workload, self.system),
            on_step=self.on_step,
        )

    def _on_rtl(self) -> tuple[Measurement, int]:
        self.on_stage("building the tile and compiling loops, once per installation", 0)
        with self._rtl_session() as session:
            measured = self._measure_on(
                session.ports,
                session.accelerator,
                on_step=session.stop_trace_after(self.on_step),
                before_inferences=session.begin_inferences,
            )
            return measured, session.evaluated_cycles

    def _rtl_session(self) -> RtlSession:
        """Build the tiles while loops are compiled: a first run's time is that of compilers."""
        # What is missing is said before anything is compiled.
        Toolchain.find()
        build = partial(
            RtlSession,
            self.workload,
            tile_period_fs=self.system.tile_clock.period_fs,
            tile_verilog=self.tile_verilog,
            trace=self.trace,
        )
        with in_background(build) as session:
            compile_loops(self.system, {})
            return session.result()

    def _under_cocotb(self) -> tuple[Measurement, int]:
        self.on_stage("simulating under cocotb", 0)
        return measure_in_cocotb(
            self.workload,
            tile_period_fs=self.system.tile_clock.period_fs,
            tile_verilog=self.tile_verilog,
            trace=self.trace,
            arguments={
                "request": self.request,
                "system": self.system,
                "back_door": self.back_door,
                "device": self.device,
                "timeline": self.timeline,
                "profile": self.profile,
                "check_reads": self.check_reads,
            },
        )

    def _measure_on(
        self,
        ports: Mapping[int, TilesWithCrossbars],
        accelerator: AcceleratorWithCrossbars | None,
        *,
        on_step: Callable[[], None],
        before_inferences: Callable[[], None] = lambda: None,
    ) -> Measurement:
        return measure(
            self.workload,
            ports,
            system=self.system,
            inputs=self.inputs,
            back_door=self.back_door,
            accelerator=accelerator,
            device=self.device,
            timeline=self.timeline,
            profile=self.profile,
            check_reads=self.check_reads,
            on_stage=self.on_stage,
            on_step=on_step,
            before_inferences=before_inferences,
        )
