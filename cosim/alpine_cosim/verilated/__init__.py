"""Verilated hardware as Python objects.

from alpine_cosim.verilated import VerilatedModel

with VerilatedModel.build(component) as sim:
    sim.reset()
    sim.io.enable = 1
    sim.step(10)
    print(sim.io.count)
"""

from .model import VerilatedModel
from .ports import Port, PortDirection, ports_of

__all__ = ["Port", "PortDirection", "VerilatedModel", "ports_of"]
