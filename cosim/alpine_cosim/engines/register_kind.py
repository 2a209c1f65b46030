# SPDX-License-Identifier: Apache-2.0
"""Kinds of hardware with a register port: a component and a timed twin are all that they need."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from amaranth.hdl import Elaboratable

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.hardware.hardware_kind import HardwareKind
from alpine_cosim.hardware.verilated_register_port import VerilatedRegisterPort
from alpine_platform.accelerators.register_port import TimedRegisterPort, TimedTwin

if TYPE_CHECKING:
    from alpine_cosim.cocotb.register_port import CocotbRegisterPort

__all__ = ["register_kind"]

SIZE_BYTES = 256
"""Addresses of a register port."""


def register_kind(
    name: str,
    *,
    component: Callable[[Any], Elaboratable],
    twin: Callable[[Any], TimedTwin],
) -> HardwareKind:
    """Return a kind whose hardware has the ports of `alpine_platform.accelerators.register_port`.

    Parameters
    ----------
    name : of the kind, and of its Verilog module.
    component : of a configuration, the Amaranth component; a class or a function of a module.
    twin : of a configuration, the timed twin; likewise.
    """
    return HardwareKind(
        name=name,
        top=name,
        component=component,
        timed=partial(_timed, twin),
        verilated=_verilated,
        in_cocotb=_in_cocotb,
    )


def _timed(
    twin: Callable[[Any], TimedTwin], configuration: Any, period_fs: int
) -> TimedRegisterPort:
    return TimedRegisterPort(twin(configuration), period_fs=period_fs, size_bytes=SIZE_BYTES)


def _verilated(_configuration: Any, model: VerilatedModel, period_fs: int) -> VerilatedRegisterPort:
    return VerilatedRegisterPort(model, period_fs=period_fs, size_bytes=SIZE_BYTES)


def _in_cocotb(_configuration: Any, dut: Any, clock: Any) -> "CocotbRegisterPort":
    from alpine_cosim.cocotb.register_port import CocotbRegisterPort

    return CocotbRegisterPort(dut, clock=clock, size_bytes=SIZE_BYTES)
