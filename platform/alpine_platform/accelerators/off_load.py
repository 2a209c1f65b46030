# SPDX-License-Identifier: Apache-2.0
"""A tile that a RISC-V core off-loads single instructions to, through CV-X-IF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from alpine_models.errors import AlpineError
from alpine_models.isa import RISCV_CUSTOM_0, cm_word_of_riscv
from alpine_models.tile import TileConfig

from .tile_coupling import CvxifAdapter
from .tile_port import empty_batch
from .timed_tile import TimedTile

__all__ = ["OffLoadResult", "OffLoadTile", "TimedOffLoadTile"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OffLoadResult:
    """What an instruction gave.

    Members
    -------
    data : for the destination register, if it writes one.
    accept_cycle, complete_cycle : clock edges at which it was issued and its result was taken.
    """

    data: int
    accept_cycle: int
    complete_cycle: int


class OffLoadTile(Protocol):
    """A tile behind CV-X-IF, on the clock of its core.

    Members
    -------
    config : of the tile. macro : its analog part, whose ``lsb`` is the dot product per ADC code of
    each bit line. busy_cycles : clock edges with an instruction at the interface or under way.
    """

    config: TileConfig

    @property
    def macro(self) -> Any:
        """See above."""
        ...

    @property
    def busy_cycles(self) -> int:
        """See above."""
        ...

    def off_load(self, word: int, operands: Sequence[int], *, cycle: int) -> OffLoadResult:
        """Execute one instruction, which is committed in the cycle of its issue.

        Parameters
        ----------
        word : the RISC-V instruction. operands : values of rs1, rs2 and rs3.
        cycle : clock edge at which it is shown first, behind the last one's completion.

        Raises
        ------
        AlpineError
            The word is none of the tile's, or the hardware is faulty.
        """
        ...


class TimedOffLoadTile:
    """Satisfies `OffLoadTile` by the timed tile, which agrees with the RTL in every edge.

    Parameters
    ----------
    config : of the tile. opcode : major opcode of CM instructions.
    """

    def __init__(self, config: TileConfig, *, opcode: int = RISCV_CUSTOM_0):
        self.config, self._opcode = config, opcode
        # Times are in cycles: a period of one unit.
        self._tile = TimedTile(config=config, tile_period_fs=1, coupling=CvxifAdapter())

    @property
    def macro(self) -> Any:
        """The analog part."""
        return self._tile.macro

    @property
    def busy_cycles(self) -> int:
        """Clock edges with an instruction at the interface or under way."""
        return self._tile.busy_cycles

    def off_load(self, word: int, operands: Sequence[int], *, cycle: int) -> OffLoadResult:
        """Execute one instruction; see `OffLoadTile.off_load`."""
        form = cm_word_of_riscv(word, self._opcode)
        if form is None:
            raise AlpineError(f"word {word:#010x} is no CM instruction of {self._opcode:#04x}")
        batch = empty_batch(1)
        batch[0]["word"] = form
        batch[0]["rm"], batch[0]["rn"], batch[0]["ra"] = operands
        result = self._tile.execute(batch, start_fs=cycle, core_period_fs=1)
        return OffLoadResult(
            data=int(result.rd[0]),
            accept_cycle=int(result.accept_cycle[0]),
            complete_cycle=int(result.complete_cycle[0]),
        )
