# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is often made for its signature alone.
"""The tile port's RTL engine: verilated tiles driven by the native transactor."""

import ctypes
from enum import Enum

import numpy as np

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.binding.plan import TraceFormat
from alpine_models.errors import AlpineError
from alpine_models.register_driver import RegisterDriver
from alpine_models.registers import TILE_REGISTERS
from alpine_models.tile import MAX_PHASE_CYCLES, TileConfig
from alpine_platform.accelerators.tile_port import CmBatch, CmResult
from alpine_rtl.tile import AimcTile

from .native_macro import NativeMacro
from .verilated_top import cached_verilog, verilated_top

__all__ = [
    "TILE_EXTENSIONS",
    "RtlTile",
    "TileFault",
    "TileFaultError",
    "build_tile_model",
    "tile_verilog",
]

TILE_EXTENSIONS = ("analog_macro.hpp", "boundary.hpp", "transactor.hpp")
"""Native sources beside a tile's model."""


class TileFault(Enum):
    """What a tile did that none does whose RTL is right; the values are the transactors'."""

    HANG = 1
    """It did not answer."""
    DAC_CHANGED = 2
    """Its DAC codes changed during a matrix-vector multiplication."""
    UNASKED = 3
    """It answered a request that was not made."""


class TileFaultError(AlpineError):
    """The RTL of a tile, or of an accelerator with tiles, is faulty.

    Members
    -------
    fault : TileFault. what : the hardware, as messages call it.
    """

    def __init__(self, fault: TileFault, what: str = "tile"):
        # SimPy makes exceptions anew from their arguments.
        super().__init__(fault, what)
        self.fault, self.what = fault, what

    def __str__(self) -> str:
        return f"the {self.what}'s RTL is faulty: {_FAULTS[self.fault]}"


_FAULTS = {
    TileFault.HANG: "it hung",
    TileFault.DAC_CHANGED: "its DAC codes changed during a matrix-vector multiplication",
    TileFault.UNASKED: "it answered a request that was not made",
}


class _Answer(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_void_p)
        for name in ("rd", "status", "issue_fs", "accept_cycle", "complete_cycle", "response_fs")
    ]


class RtlTile:
    """One verilated tile with its macro and its transactor.

    Parameters
    ----------
    config : geometry and phases of the tile.
    tile_period_fs : period of the tile clock.
    trace : waveform format to build in, or None.
    skip_idle : jump over clock edges at which the tile is idle. Times and data do not depend on it,
        because an idle tile is a fixed point.
    verilog : a changed design to simulate instead of this version's tile, with the same ports.
    model : what `build_tile_model` returned for this configuration; built when None.

    Members
    -------
    macro : NativeMacro, the analog part.
    registers : RegisterDriver, the tile's registers. An access takes one cycle of the tile clock,
        between batches.
    """

    def __init__(
        self,
        *,
        config: TileConfig,
        tile_period_fs: int,
        trace: TraceFormat | None = None,
        skip_idle: bool = True,
        verilog: str | None = None,
        model: VerilatedModel | None = None,
    ):
        self.config = config
        self.macro = NativeMacro(rows=config.rows, columns=config.columns)
        self.model = model or build_tile_model(config, trace=trace, verilog=verilog)
        self.model.reset()
        self._overridden = False
        self._phases = {
            TILE_REGISTERS[name].offset: getattr(config, name)
            for name in ("precharge_cycles", "integrate_cycles", "digitise_cycles")
        }
        self.registers = RegisterDriver(
            TILE_REGISTERS, read=self.read_register, write=self.write_register
        )
        self._tile_period_fs, self._skip_idle = tile_period_fs, skip_idle
        library, pointer, i64 = self.model.library, ctypes.c_void_p, ctypes.c_int64
        u32 = ctypes.c_uint32
        for name, result, arguments in (
            ("transactor_create", pointer, [pointer, pointer, i64, i64, i64, i64]),
            ("transactor_destroy", None, [pointer]),
            ("transactor_skip_idle", None, [pointer, ctypes.c_int]),
            ("transactor_execute", ctypes.c_int, [pointer, pointer, i64, i64, i64, pointer]),
            ("transactor_saturate", i64, [pointer, i64, ctypes.c_int]),
            ("transactor_evaluated", i64, [pointer]),
            ("transactor_busy", i64, [pointer]),
            ("transactor_edge", i64, [pointer]),
            ("transactor_restart_time", None, [pointer]),
            (
                "transactor_access_register",
                ctypes.c_int,
                [pointer, u32, ctypes.c_int, u32, ctypes.POINTER(u32)],
            ),
            ("transactor_set_mvm_cycles", None, [pointer, i64]),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self.transactor = self._new_transactor()

    def _new_transactor(self) -> int:
        calls = self.macro.calls
        transactor = self.model.library.transactor_create(
            self.model.handle,
            ctypes.byref(calls),
            self.config.rows,
            self.config.columns,
            self.config.mvm_cycles,
            self._tile_period_fs,
        )
        self.model.library.transactor_skip_idle(transactor, self._skip_idle)
        return transactor

    @property
    def macros(self) -> tuple[NativeMacro]:
        """The analog part, as a list."""
        return (self.macro,)

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles that were really simulated."""
        return self.model.library.transactor_evaluated(self.transactor)

    @property
    def busy_cycles(self) -> int:
        """Clock cycles in which a request was pending or a response outstanding."""
        return self.model.library.transactor_busy(self.transactor)

    @property
    def next_edge(self) -> int:
        """Number of the next clock edge; a batch cannot start before it."""
        return self.model.library.transactor_edge(self.transactor)

    def restart_time(self) -> None:
        """Give the next clock edge the number 0; the tile's state and the counters stay."""
        self.model.library.transactor_restart_time(self.transactor)

    def execute(self, batch: CmBatch, *, start_fs: int, core_period_fs: int) -> CmResult:
        """Run a batch; the contract is `TilePort.execute`.

        Raises
        ------
        TileFaultError
            The RTL did not answer, answered unasked, or moved its DAC codes during an MVM.
        SimulationStopped
            The design stopped by itself, as one that somebody changed may do.
        """
        length = len(batch)
        result = CmResult.empty(length)
        answer = _Answer(
            result.rd.ctypes.data,
            result.status.ctypes.data,
            result.issue_fs.ctypes.data,
            result.accept_cycle.ctypes.data,
            result.complete_cycle.ctypes.data,
            result.response_fs.ctypes.data,
        )
        records = np.ascontiguousarray(batch)
        outcome = self.model.library.transactor_execute(
            self.transactor,
            records.ctypes.data,
            length,
            start_fs,
            core_period_fs,
            ctypes.byref(answer),
        )
        self._check_design(outcome)
        if outcome:
            raise TileFaultError(TileFault(outcome))
        return result

    def read_register(self, address: int) -> int:
        """Return the word at a byte address of the register port.

        Raises
        ------
        AlpineError
            There is no register at that address.
        """
        word, done = self._access(address)
        if not done:
            raise AlpineError(f"the tile has no register at {address:#x}")
        return word

    def write_register(self, address: int, word: int) -> None:
        """Write a word at a byte address of the register port.

        Raises
        ------
        AlpineError
            The tile refuses the write.
        """
        _, done = self._access(address, word)
        if not done:
            raise AlpineError(f"the tile refuses {word:#x} at register address {address:#x}")
        if address == TILE_REGISTERS["control"].offset:
            self._overridden = bool(word & 1)
        elif address in self._phases:
            self._phases[address] = word & MAX_PHASE_CYCLES
        # The converters show their codes when the tile's last phase ends.
        cycles = sum(self._phases.values()) if self._overridden else self.config.mvm_cycles
        self.model.library.transactor_set_mvm_cycles(self.transactor, cycles)

    def _access(self, address: int, word: int | None = None) -> tuple[int, bool]:
        read = ctypes.c_uint32()
        done = self.model.library.transactor_access_register(
            self.transactor, address, word is not None, word or 0, ctypes.byref(read)
        )
        self._check_design(done)
        return read.value, bool(done)

    def _check_design(self, outcome: int) -> None:
        """Raise `SimulationStopped` for the negative outcome of a design that stopped by itself."""
        if outcome < 0:
            self.model.check(-outcome)

    def saturate(self, cycles: int, *, multiply: bool) -> int:
        """Clock the tile under back-to-back traffic in native code; return commands accepted."""
        accepted = self.model.library.transactor_saturate(self.transactor, cycles, multiply)
        self._check_design(accepted)
        return accepted

    def close(self) -> None:
        """Free the native objects."""
        if self.transactor:
            self.model.library.transactor_destroy(self.transactor)
            self.transactor = 0
            self.model.close()


def tile_verilog(config: TileConfig) -> str:
    """Return the Verilog of a tile, from the cache when this version has emitted it before."""
    return cached_verilog(AimcTile(config=config), name="aimc_tile", key=repr(config))


def build_tile_model(
    config: TileConfig, *, trace: TraceFormat | None, verilog: str | None = None
) -> VerilatedModel:
    """Return a verilated tile with a transactor compiled beside it."""
    return verilated_top(
        AimcTile(config=config),
        name="aimc_tile",
        key=repr(config),
        extensions=TILE_EXTENSIONS,
        trace=trace,
        verilog=verilog,
    )
