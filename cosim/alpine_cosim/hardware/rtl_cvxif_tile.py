# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its signature alone.
"""Engine `rtl` of a RISC-V core's tile: verilated, behind CV-X-IF."""

import ctypes
from collections.abc import Sequence

from alpine_cosim.binding.plan import TraceFormat
from alpine_models.errors import AlpineError
from alpine_models.isa import RISCV_CUSTOM_0
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.off_load import OffLoadResult
from alpine_rtl.cvxif import AimcTileCvxif

from .native_macro import NativeMacro
from .rtl_tile import TileFault, TileFaultError
from .verilated_top import verilated_top

__all__ = ["RtlCvxifTile"]

TOP = "aimc_tile_cvxif"
EXTENSIONS = ("analog_macro.hpp", "boundary.hpp", "cvxif_transactor.hpp")
OPERANDS = 3


class _Answer(ctypes.Structure):
    """`OffLoadAnswer` of native/cvxif_transactor.hpp."""

    _fields_ = [
        *((name, ctypes.c_uint32) for name in ("taken", "writes", "rd", "data")),
        *((name, ctypes.c_int64) for name in ("accept_cycle", "complete_cycle")),
    ]
    taken: int
    data: int
    accept_cycle: int
    complete_cycle: int


class RtlCvxifTile:
    """Satisfies `OffLoadTile`.

    Parameters
    ----------
    config : of the tile. opcode : major opcode of CM instructions.
    trace : waveform format to build in, or None. Over clock edges at which the tile rests a
        waveform's time goes on without a change.

    Members
    -------
    macro : NativeMacro, the analog part. model : the verilated top.
    """

    def __init__(
        self,
        config: TileConfig,
        *,
        opcode: int = RISCV_CUSTOM_0,
        trace: TraceFormat | None = None,
    ):
        self.config = config
        self.macro = NativeMacro(rows=config.rows, columns=config.columns)
        self.model = verilated_top(
            AimcTileCvxif(config=config, opcode=opcode),
            name=TOP,
            key=f"{config!r} opcode {opcode}",
            extensions=EXTENSIONS,
            trace=trace,
        )
        self.model.reset()
        library, pointer, i64 = self.model.library, ctypes.c_void_p, ctypes.c_int64
        operands = ctypes.POINTER(ctypes.c_uint32)
        for name, result, arguments in (
            ("create", pointer, [pointer, pointer, i64, i64, i64]),
            ("destroy", None, [pointer]),
            ("execute", ctypes.c_int, [pointer, ctypes.c_uint32, operands, i64, pointer]),
            ("busy", i64, [pointer]),
        ):
            function = getattr(library, f"cvxif_{name}")
            function.restype, function.argtypes = result, arguments
        self._transactor: int = library.cvxif_create(
            self.model.handle,
            ctypes.byref(self.macro.calls),
            config.rows,
            config.columns,
            config.mvm_cycles,
        )

    @property
    def busy_cycles(self) -> int:
        """Clock edges with an instruction at the interface or under way."""
        return self.model.library.cvxif_busy(self._transactor)

    def off_load(self, word: int, operands: Sequence[int], *, cycle: int) -> OffLoadResult:
        """Execute one instruction; see `OffLoadTile.off_load`.

        Raises
        ------
        TileFaultError
            The RTL did not answer, answered unasked, or moved its DAC codes during a product.
        """
        answer = _Answer()
        outcome = self.model.library.cvxif_execute(
            self._transactor,
            word,
            (ctypes.c_uint32 * OPERANDS)(*operands),
            cycle,
            ctypes.byref(answer),
        )
        if outcome < 0:
            self.model.check(-outcome)
        if outcome:
            raise TileFaultError(TileFault(outcome))
        if not answer.taken:
            raise AlpineError(f"the tile's CV-X-IF adapter rejects word {word:#010x}")
        return OffLoadResult(
            data=answer.data,
            accept_cycle=answer.accept_cycle,
            complete_cycle=answer.complete_cycle,
        )

    def close(self) -> None:
        """Free the native objects and complete the waveform."""
        if self._transactor:
            self.model.library.cvxif_destroy(self._transactor)
            self._transactor = 0
            self.model.close()
