# SPDX-License-Identifier: Apache-2.0
"""Compilation of what runs call, before anything is timed."""

from collections.abc import Sequence

import numpy as np

from alpine_cosim.hardware.hardware_kind import Piece
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import TilePort
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.kernels.products import int8_product

__all__ = ["compile_loops"]

ELEMENTS = 4


def compile_loops(system: SystemConfig, pieces: Sequence[Piece]) -> None:
    """Call every compiled function that programs on a system call, on data of its own.

    Numba compiles at the first call, once per installation, and that is not the time of inferences.
    No program that is to be measured runs for it: what it does, it does once. Compiled code depends
    on the types of its arguments only, which are the same for all programs. An accelerator's is
    compiled when its counters are read, before anything is programmed.

    Parameters
    ----------
    system : on which programs will run.
    pieces : its hardware.
    """
    period = system.tile_clock.period_fs
    own_ports: dict[int, TilePort] = {}
    if any(isinstance(piece.accelerator, TimedTile) for piece in pieces):
        tile = TimedTile(config=TileConfig(rows=ELEMENTS, columns=ELEMENTS), tile_period_fs=period)
        own_ports[0] = TimedTilePort([tile], tile_period_fs=period)
    machine = System(system, tile_ports=own_ports)
    machine.run({0: _calls(machine, tile=bool(own_ports))})
    codes = np.zeros(ELEMENTS, np.int8)
    int8_product(codes[np.newaxis], codes, np.zeros(1, np.int32))


def _calls(machine: System, *, tile: bool) -> Program:
    yield from kernels.relu8(machine.memory.allocate("codes", ELEMENTS))
    if tile:
        yield from kernels.process()
