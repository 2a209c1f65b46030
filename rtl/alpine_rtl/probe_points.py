# SPDX-License-Identifier: Apache-2.0
"""Probe points: registers of emitted hardware, and the file that makes Verilator expose them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ProbePoint", "control_file", "probe_points"]

MODULE = re.compile(r"module \\?(\S+?) ?\(")
REGISTER = re.compile(r"  reg (?:\[(\d+):0\] )?(\S+) +=")
UPDATE = re.compile(r"    (\S+) +<= ")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbePoint:
    """One register of a design.

    Members
    -------
    module : str, the module that holds it, which is also the path of its only instance.
    register : str, its name in the Verilog.
    width : int, bits.
    """

    module: str
    register: str
    width: int

    @property
    def block(self) -> str:
        """Path of the instance below the top, ``top`` for the top itself."""
        _, _, path = self.module.partition(".")
        return path or "top"

    @property
    def name(self) -> str:
        """Block and register, as in ``sequencer.phase``."""
        return f"{self.block}.{self.register}"


def probe_points(verilog: str) -> tuple[ProbePoint, ...]:
    """Return every register of a design, in the order of the text.

    Parameters
    ----------
    verilog : as `alpine_rtl.verilog.emit` writes it: one module per instance, its name the
        instance's path; registers are what clocked blocks assign.

    Raises
    ------
    ValueError
        A clocked assignment goes to something that was not declared as a register.
    """
    points: list[ProbePoint] = []
    module, widths = "", dict[str, int]()
    for line in verilog.splitlines():
        if found := MODULE.match(line):
            module, widths = found[1], {}
        elif found := REGISTER.match(line):
            widths[found[2]] = int(found[1] or 0) + 1
        elif found := UPDATE.match(line):
            if found[1] not in widths:
                raise ValueError(f"{found[1]} of {module} is assigned but not declared")
            points.append(
                ProbePoint(module=module, register=found[1].lstrip("\\"), width=widths[found[1]])
            )
    return tuple(points)


def control_file(points: Iterable[ProbePoint]) -> str:
    """Return a Verilator control file that lets a program read and write the registers.

    Verilator then keeps each of them as a variable of its own and evaluates what depends on it
    again at every evaluation, which costs speed: build a model for it apart.
    """
    lines = (f'public_flat_rw -module "{point.module}" -var "{point.register}"' for point in points)
    return "\n".join(["`verilator_config", *lines, ""])
