# SPDX-License-Identifier: Apache-2.0
"""Work for the IMC cluster as a list of commands, which the program of the kernels goes through.

Kernels run on every core, between two barriers; hart 0 alone writes registers of accelerators and
DMA and waits for them. An accelerator has two contexts: a third `context` needs a `wait` for the
first. Nothing waits by itself.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_models.register_map import RegisterMap

from .kernel_calls import KERNELS

__all__ = ["ClusterUnit", "CommandList", "ListCode", "command_header"]


class ListCode(IntEnum):
    """What hart 0 or all harts do."""

    END = 0
    KERNEL = 1
    CONTEXT = 2
    WRITES = 3
    WAIT = 4
    MARK = 5


class ClusterUnit(IntEnum):
    """What works beside the cores, by the address of its registers."""

    IMA = 0x10201000
    DEPTHWISE = 0x10201400
    DMA = 0x10201800

    @property
    def registers(self) -> RegisterMap:
        """Of its configuration port."""
        return {
            ClusterUnit.IMA: IMA_REGISTERS,
            ClusterUnit.DEPTHWISE: DEPTHWISE_REGISTERS,
            ClusterUnit.DMA: DMA_REGISTERS,
        }[self]

    @property
    def event_mask(self) -> int:
        """Of the event that it gives to every core."""
        return {ClusterUnit.DMA: 2, ClusterUnit.IMA: 4, ClusterUnit.DEPTHWISE: 8}[self]


@dataclass(eq=False)
class CommandList:
    """Commands in the order in which they are done.

    Members
    -------
    started : contexts and transfers so far, by unit.
    marks : cycles that are noted so far.
    """

    started: dict[ClusterUnit, int] = field(default_factory=lambda: dict.fromkeys(ClusterUnit, 0))
    marks: int = 0
    _words: list[int] = field(default_factory=list[int])

    def kernel(self, name: str, **parameters: int) -> None:
        """Run a kernel on all cores, when all of them are free.

        Raises
        ------
        ValueError
            The parameters are not those of the kernel.
        """
        names = KERNELS[name]
        if set(parameters) != set(names):
            raise ValueError(f"kernel {name} takes {', '.join(names)}, not {', '.join(parameters)}")
        number = list(KERNELS).index(name)
        self._add(ListCode.KERNEL, number, *(parameters[each] for each in names))

    def context(self, unit: ClusterUnit, words: Mapping[str, int]) -> None:
        """Acquire a context of an accelerator, write its registers by name, and trigger it."""
        self.started[unit] += 1
        self._add(ListCode.CONTEXT, unit, *_pairs(unit, words))

    def writes(self, unit: ClusterUnit, words: Mapping[str, int]) -> None:
        """Write registers by name, in this order."""
        self._add(ListCode.WRITES, unit, *_pairs(unit, words))

    def transfer(
        self,
        *,
        source: int,
        destination: int,
        row_bytes: int,
        rows: int = 1,
        source_stride: int = 0,
        destination_stride: int = 0,
    ) -> None:
        """Queue a transfer of the DMA: rows of bytes between TCDM and L2."""
        self.started[ClusterUnit.DMA] += 1
        self.writes(
            ClusterUnit.DMA,
            {
                "source": source, "destination": destination, "row_bytes": row_bytes,
                "rows": rows, "source_stride": source_stride,
                "destination_stride": destination_stride, "start": 1,
            },
        )  # fmt: skip

    def wait(self, unit: ClusterUnit, count: int | None = None) -> None:
        """Sleep until a unit has finished so much of what was started; all of it if not said."""
        register = "transfers" if unit is ClusterUnit.DMA else "finished"
        slot = {ClusterUnit.IMA: 0, ClusterUnit.DEPTHWISE: 1, ClusterUnit.DMA: -1}[unit]
        self._add(
            ListCode.WAIT,
            unit + unit.registers[register].offset,
            unit.event_mask,
            self.started[unit] if count is None else count,
            slot,
        )

    def mark(self) -> int:
        """Note the cycle, when hart 0 comes here; return the note's number."""
        self._add(ListCode.MARK)
        self.marks += 1
        return self.marks - 1

    def as_bytes(self) -> bytes:
        """Return the list as it lies in memory, with its end.

        The program's exit status is 0, or the errors of the accelerators that were used.
        """
        used = [unit for unit in (ClusterUnit.IMA, ClusterUnit.DEPTHWISE) if self.started[unit]]
        status = [unit + unit.registers["status"].offset for unit in used]
        words = [*self._words, ListCode.END, 2 + len(status), *status]
        return struct.pack(f"<{len(words)}I", *(word & 0xFFFFFFFF for word in words))

    def _add(self, command: ListCode, *words: int) -> None:
        self._words += [command, 2 + len(words), *words]


def command_header() -> str:
    """Return the codes of all commands, for the assembler."""
    return "".join(f"#define COMMAND_{each.name} {each.value}\n" for each in ListCode)


def _pairs(unit: ClusterUnit, words: Mapping[str, int]) -> list[int]:
    return [word for name, value in words.items()
            for word in (unit.registers[name].offset, value)]  # fmt: skip
