# SPDX-License-Identifier: Apache-2.0
"""A run's hardware, and the systems that use it one after the other."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from alpine_cosim.hardware.hardware_kind import Piece
from alpine_cosim.hardware.native_macro import NativeMacro
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.macro import Macro
from alpine_platform.accelerators.peripheral_port import PeripheralPort
from alpine_platform.accelerators.tile_port import PortTile, TileGroup
from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Program
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System

from .profile import profiled

__all__ = ["Bench"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Builds systems around hardware and runs programs on them.

    Members
    -------
    system : of what the systems are. pieces : the hardware.
    """

    system: SystemConfig
    pieces: Sequence[Piece]

    def machine(self, *, trace: bool = False, check_reads: bool = False) -> System:
        """Return a system with the hardware, at time 0 and as its reset leaves it."""
        tiles: dict[int, list[PortTile]] = {}
        configs: dict[int, list[TileConfig]] = {}
        peripherals: dict[int, PeripheralPort] = {}
        for piece in self.pieces:
            plan = piece.plan
            if plan.base is not None:
                peripherals[plan.base] = cast(PeripheralPort, piece.accelerator)
                continue
            tiles.setdefault(plan.core, []).append(cast(PortTile, piece.accelerator))
            configs.setdefault(plan.core, []).extend(macro.config for macro in plan.macros)
        period = self.system.tile_clock.period_fs
        return System(
            self.system,
            trace=trace,
            check_reads=check_reads,
            peripherals=peripherals,
            tile_ports={
                core: TileGroup(group, tile_period_fs=period) for core, group in tiles.items()
            },
            tile_configs=configs,
        )

    def machine_at_rest(self, *, trace: bool = False, check_reads: bool = False) -> System:
        """The same when the hardware was used before: its time, too, begins at 0."""
        for piece in self.pieces:
            piece.accelerator.restart_time()
        return self.machine(trace=trace, check_reads=check_reads)

    def run(
        self, machine: System, programs: Mapping[int, Program], *, profile: bool = False
    ) -> tuple[SystemResult, float, dict[str, float] | None]:
        """Run programs; return the result, the host's seconds and, profiled, their parts."""
        start = time.perf_counter()
        if not profile:
            return machine.run(programs), time.perf_counter() - start, None
        macros = [macro for piece in self.pieces for macro in piece.accelerator.macros]
        result, layers = profiled(
            machine.run, programs, native_products_s=lambda: _products_s(macros)
        )
        return result, time.perf_counter() - start, layers


def _products_s(macros: Sequence[Macro]) -> float:
    return sum(each.host_seconds for each in macros if isinstance(each, NativeMacro))
