# SPDX-License-Identifier: Apache-2.0
"""One program for the cluster: buffers, commands, and the run with what it left."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_cosim.runs.cluster_program import ClusterProgram, ClusterResult, run_cluster_program
from alpine_models.errors import AlpineError
from alpine_models.imc_cluster import ImcConfig
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster
from alpine_sw.riscv.command_list import ClusterUnit, CommandList
from alpine_sw.riscv.kernel_calls import kernel_program

from . import rules
from .golden import Codes
from .published import CROSSBARS

__all__ = ["ClusterSetting", "ClusterWorkload", "WorkloadRun"]

TCDM_END = 0x10000000 + (512 << 10) - (8 << 10)
"""Behind it are the stacks of eight cores."""
L2_DATA, L2_END = 0x1C100000, 0x1D000000
MARKS, MARK_BYTES = 0x1C080000, 0x10000
MAX_CYCLES = 100_000_000
"""Longer than any of these programs takes."""


@dataclass(frozen=True, kw_only=True)
class ClusterSetting:
    """On what programs run.

    Members
    -------
    engine : that the accelerators are. hardware : their geometry; 34 crossbars are published.
    frequency_hz : of the cluster. seed : of data and weights.
    """

    engine: str = "model"
    hardware: ImcConfig = field(default_factory=lambda: ImcConfig(crossbars=CROSSBARS))
    frequency_hz: float = rules.FREQUENCY_HZ
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkloadRun:
    """What a program left.

    Members
    -------
    result : memories and outcome. marks : cycles that were noted, in order.
    """

    result: ClusterResult
    marks: tuple[int, ...]


@dataclass(eq=False)
class ClusterWorkload:
    """Buffers and commands of one program.

    Members
    -------
    commands : in the order in which they are done. images : contents of buffers by address.
    weights, lsb : of crossbars, as of `ClusterProgram`. list_bytes : of the TCDM for the commands.
    frequency_hz : of the cluster, on which the cycles of a product depend.
    """

    commands: CommandList = field(default_factory=CommandList)
    images: dict[int, bytes] = field(default_factory=dict[int, bytes])
    weights: dict[int, npt.NDArray[np.integer[Any]]] = field(
        default_factory=dict[int, npt.NDArray[np.integer[Any]]]
    )
    lsb: dict[int, float] = field(default_factory=dict[int, float])
    list_bytes: int = 8 << 10
    frequency_hz: float = rules.FREQUENCY_HZ

    def __post_init__(self) -> None:
        """Put the list before all buffers."""
        heap = -(-_symbols()["alpine_heap"] // 16) * 16
        self._list = heap
        self._free = {False: heap + self.list_bytes, True: L2_DATA}
        if self.frequency_hz != rules.FREQUENCY_HZ:
            cycles = math.ceil(round(rules.PRODUCT_SECONDS * self.frequency_hz, 6))
            self.commands.writes(ClusterUnit.IMA, {"product_cycles": cycles})

    def room(self, name: str, size: int, *, behind: bool = False) -> int:
        """Return the address of so many bytes, at a multiple of 16.

        Parameters
        ----------
        name : of the buffer, for messages. size : in bytes.
        behind : in L2, where the TCDM would be the standard.

        Raises
        ------
        AlpineError
            They do not fit.
        """
        address = self._free[behind]
        self._free[behind] = address + -(-size // 16) * 16
        over = self._free[behind] - (L2_END if behind else TCDM_END)
        if over > 0:
            raise AlpineError(
                f"{name} of {size} bytes exceeds the {'L2' if behind else 'TCDM'} by {over} bytes: "
                f"choose smaller sizes"
            )
        return address

    def place(self, name: str, values: Codes, *, behind: bool = False) -> int:
        """Return the address of a buffer with these contents."""
        address = self.room(name, values.size, behind=behind)
        self.images[address] = values.tobytes()
        return address

    @property
    def free_bytes(self) -> int:
        """Of the TCDM."""
        return TCDM_END - self._free[False]

    @property
    def used_bytes(self) -> int:
        """Of the TCDM by all buffers."""
        return self._free[False] - self._list - self.list_bytes

    def run(self, *, engine: str, hardware: ImcConfig) -> WorkloadRun:
        """Run the program on eight cores.

        Raises
        ------
        AlpineError
            The program was stopped, or an accelerator refused something.
        """
        commands = self.commands.as_bytes()
        if len(commands) > self.list_bytes or 4 * self.commands.marks > MARK_BYTES:
            raise AlpineError(f"{len(commands)} bytes of commands are more than {self.list_bytes}")
        images = self.images | {
            self._list: commands,
            _symbols()["alpine_commands"]: struct.pack("<2I", self._list, MARKS),
        }
        result = run_cluster_program(
            ClusterProgram(
                path=kernel_program(), images=images, weights=self.weights, lsb=self.lsb
            ),
            engine=engine,
            hardware=hardware,
            system=imc_cluster(8, frequency_hz=self.frequency_hz),
            max_cycles=MAX_CYCLES,
        )
        if result.outcome.status:
            reason = result.outcome.message or f"accelerators' error {result.outcome.status}"
            raise AlpineError(f"the program was stopped: {reason}")
        marks = result.array(MARKS, (self.commands.marks,), np.uint32)
        return WorkloadRun(result=result, marks=tuple(map(int, marks)))


@cache
def _symbols() -> Mapping[str, int]:
    return load_program(kernel_program(), Architecture.RV32).symbols
