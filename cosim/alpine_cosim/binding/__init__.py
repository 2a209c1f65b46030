# SPDX-License-Identifier: Apache-2.0
"""Verilated hardware as Python objects.

from alpine_cosim.binding import VerilatedModel

with VerilatedModel.build(component) as sim:
    sim.reset()
    sim.io.enable = 1
    sim.step(10)
    print(sim.io.count)
"""

from .clocks import Clock
from .errors import ModelError, SimulationFinished, SimulationStopped
from .model import VerilatedModel
from .model_build import ModelBuild
from .model_memory import ModelState
from .plan import TraceFormat
from .ports import Port, PortDirection, ports_of

__all__ = [
    "Clock",
    "ModelBuild",
    "ModelError",
    "ModelState",
    "Port",
    "PortDirection",
    "SimulationFinished",
    "SimulationStopped",
    "TraceFormat",
    "VerilatedModel",
    "ports_of",
]
