# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# An accelerator is often made for its signature alone.
"""The peripheral port's RTL engine: the verilated accelerator behind a native AXI transactor."""

import ctypes
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.binding.plan import TraceFormat
from alpine_models.registers import link_bytes
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.peripheral_port import IoBatch, IoResult, IoTimes
from alpine_rtl.accelerator import AimcAxi

from .hardware_accelerator import HardwareAccelerator
from .native_macro import MacroCalls
from .rtl_tile import TileFault, TileFaultError
from .verilated_top import verilated_top

__all__ = ["AXI_EXTENSIONS", "RtlAccelerator"]

AXI_EXTENSIONS = ("analog_macro.hpp", "axi_transactor.hpp")
"""Native sources beside an accelerator's model."""
LINK_CYCLES_PER_GROUP = 3
SETTLING_MARGIN_CYCLES = 64
"""Beyond a vector's way over a link: hand-over, start, the tiles' pipelines."""


ANSWER = ("data", "response", "issue_fs", "accept_cycle", "complete_cycle", "response_fs")


class _Answer(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ANSWER]


class _Path(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("request_fs", "response_fs", "taken_fs", "posted_stores")
    ]


PORT_ADDRESSES = (
    "dac",
    "adc",
    "start",
    "phase",
    "prog_valid",
    "prog_weight",
    "read_valid",
    "read_weight",
    "prog_row",
    "prog_col",
    "read_row",
    "read_col",
)


class _CrossbarPorts(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in PORT_ADDRESSES),
        *((name, ctypes.c_int64) for name in ("row_bytes", "column_bytes", "rows", "columns")),
    ]


class RtlAccelerator(HardwareAccelerator):
    """One verilated accelerator with the crossbars of its tiles and its transactor.

    Parameters
    ----------
    configs : the tiles, first of the chain first.
    period_fs : period of its clock.
    trace : waveform format to build in, or None.
    skip_idle : jump over clock edges at which nothing can change. Times and data do not depend on
        it.
    model : a verilated `AimcAxi` of these tiles with `AXI_EXTENSIONS`; built when None.

    Members
    -------
    macros : NativeMacro, one per tile.
    model : VerilatedModel.
    """

    def __init__(
        self,
        configs: Sequence[TileConfig],
        *,
        period_fs: int,
        trace: TraceFormat | None = None,
        skip_idle: bool = True,
        model: VerilatedModel | None = None,
    ):
        super().__init__(configs)
        self.model = model or _build(self._configs, trace)
        self.model.reset()
        self._library = _typed(self.model.library)
        self._period_fs, self._skip_idle = period_fs, skip_idle
        self.transactor = self._new_transactor()

    def _new_transactor(self) -> int:
        count = len(self._configs)
        ports = (_CrossbarPorts * count)(*map(self._crossbar_ports, range(count)))
        macros = (MacroCalls * count)(*(macro.calls for macro in self.macros))
        # Every link of the chain may move a vector after a single command of the host.
        groups = sum(-(-link // 4) for link in link_bytes(self._configs))
        transactor = self._library.axi_create(
            self.model.handle,
            ports,
            macros,
            count,
            self._period_fs,
            LINK_CYCLES_PER_GROUP * groups + SETTLING_MARGIN_CYCLES * count,
        )
        self._library.axi_skip_idle(transactor, self._skip_idle)
        return transactor

    @property
    def products(self) -> list[int]:
        """Matrix-vector products that each tile has begun."""
        return [
            self._library.axi_products(self.transactor, tile) for tile in range(len(self._configs))
        ]

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles that were really simulated."""
        return self._library.axi_evaluated(self.transactor)

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`.

        Raises
        ------
        TileFaultError
            The RTL did not answer, answered unasked, or moved its DAC codes during an MVM.
        """
        result = self._begin(batch)
        answer = _Answer(*(getattr(result, name).ctypes.data for name in ANSWER))
        path = _Path(times.request_fs, times.response_fs, times.taken_fs, int(times.posted_stores))
        records = np.ascontiguousarray(batch)
        outcome = self._library.axi_execute(
            self.transactor,
            records.ctypes.data,
            len(batch),
            start_fs,
            core_period_fs,
            ctypes.byref(path),
            ctypes.byref(answer),
        )
        if outcome < 0:
            self.model.check(-outcome)
        if outcome:
            raise TileFaultError(TileFault(outcome), "accelerator")
        return result

    def restart_time(self) -> None:
        """Give the next clock edge the number 0; the accelerator's state stays."""
        self._library.axi_restart_time(self.transactor)

    @contextmanager
    def trace(self, path: Path) -> Generator[None]:
        """Write a waveform while the ``with`` block runs."""
        with self.model.trace(path):
            yield

    def close(self) -> None:
        """Free the native objects."""
        if self.transactor:
            self._library.axi_destroy(self.transactor)
            self.transactor = 0
            self.model.close()

    def _crossbar_ports(self, tile: int) -> _CrossbarPorts:
        def address(name: str) -> int:
            return self.model.port_memory(f"xb{tile}_{name}")[0]

        def size(name: str) -> int:
            return self.model.port_memory(f"xb{tile}_{name}")[1]

        config = self._configs[tile]
        return _CrossbarPorts(
            *map(address, PORT_ADDRESSES),
            size("prog_row"),
            size("prog_col"),
            config.rows,
            config.columns,
        )


def _build(configs: tuple[TileConfig, ...], trace: TraceFormat | None) -> VerilatedModel:
    return verilated_top(
        AimcAxi(tiles=configs),
        name="aimc_axi",
        key=repr(configs),
        extensions=AXI_EXTENSIONS,
        trace=trace,
    )


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, i64, i32 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
    for name, result, arguments in (
        ("axi_create", pointer, [pointer, pointer, pointer, i64, i64, i64]),
        ("axi_destroy", None, [pointer]),
        ("axi_skip_idle", None, [pointer, i32]),
        ("axi_execute", i32, [pointer, pointer, i64, i64, i64, pointer, pointer]),
        ("axi_restart_time", None, [pointer]),
        ("axi_evaluated", i64, [pointer]),
        ("axi_products", i64, [pointer, i64]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
