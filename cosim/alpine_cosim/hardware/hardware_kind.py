# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""What a kind of hardware is: one description from which every backend takes what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from amaranth.hdl import Elaboratable

from alpine_cosim.binding import Port, VerilatedModel, ports_of
from alpine_cosim.binding.plan import TraceFormat
from alpine_platform.accelerators.accelerator import Accelerator
from alpine_platform.cores.operations import Program
from alpine_sw.library.hardware_plan import HardwarePlan

from .cell_access import CellDriver
from .verilated_top import cached_verilog, verilated_top

__all__ = ["HardwareKind", "Piece", "SimulatedAccelerator", "VerilatedAccelerator"]


class SimulatedAccelerator(Accelerator, Protocol):
    """An accelerator whose RTL a simulator evaluates."""

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles that were really simulated."""
        ...


class VerilatedAccelerator(SimulatedAccelerator, Protocol):
    """The same in this process."""

    @property
    def model(self) -> VerilatedModel:
        """The verilated model, which writes waveforms."""
        ...

    def close(self) -> None:
        """Free the native objects."""
        ...


class CocotbAccelerator(SimulatedAccelerator, Protocol):
    """The same in a cocotb simulation."""

    def start(self) -> None:
        """Begin to answer what the hardware asks for; its clock runs and it was reset."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class HardwareKind:
    """A kind of hardware: its description, and what stands for it on each backend.

    All its functions are of modules, not of other functions, because processes hand them on by
    name.

    Members
    -------
    name : as plans call it.
    top : name of its Verilog module.
    component : of a configuration, the Amaranth component.
    timed : of a configuration and a clock period in femtoseconds, the timed twin.
    verilated : of a configuration, a model with the ports of the component and a clock period, the
        accelerator that drives it.
    in_cocotb : of a configuration, cocotb's handle of the top and its `TileClock`, the same inside
        the simulator. Called before the clock runs.
    extensions : native sources compiled beside the model: names of this package's, paths of others.
    cells : of a plan and a macro's number, how programs reach the macro's cells; None where there
        are no macros.
    configure : of a plan, a program that applies its settings; None where there are none.
    """

    name: str
    top: str
    component: Callable[[Any], Elaboratable]
    timed: Callable[[Any, int], Accelerator]
    verilated: Callable[[Any, VerilatedModel, int], VerilatedAccelerator]
    in_cocotb: Callable[[Any, Any, Any], CocotbAccelerator]
    extensions: tuple[str | Path, ...] = ()
    cells: Callable[[HardwarePlan, int], CellDriver] | None = None
    configure: Callable[[HardwarePlan], Program] | None = None

    def verilog(self, configuration: Any) -> str:
        """Return the Verilog of its top."""
        return cached_verilog(self.component(configuration), name=self.top, key=repr(configuration))

    def ports(self, configuration: Any) -> list[Port]:
        """Return the ports of its top."""
        return ports_of(self.component(configuration))

    def build(
        self, configuration: Any, *, trace: TraceFormat | None = None, verilog: str | None = None
    ) -> VerilatedModel:
        """Return a verilated model with the kind's native sources compiled beside it.

        Parameters
        ----------
        configuration : of the hardware.
        trace : waveform format to build in, or None.
        verilog : a changed design to simulate instead, with the same ports.
        """
        return verilated_top(
            self.component(configuration),
            name=self.top,
            key=repr(configuration),
            extensions=self.extensions,
            trace=trace,
            verilog=verilog,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A piece of hardware in a run.

    Members
    -------
    plan : its place and contents. kind : its kind. accelerator : what stands for it.
    """

    plan: HardwarePlan
    kind: HardwareKind
    accelerator: Accelerator
