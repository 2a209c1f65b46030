# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its signature alone.
"""A verilated tile whose registers can be flipped and whose converters can die."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.binding import VerilatedModel, ports_of
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.binding.wrapper import wrapper_name
from alpine_cosim.hardware.rtl_tile import RtlTile, tile_verilog
from alpine_models.tile import TileConfig
from alpine_rtl.probe_points import ProbePoint, control_file, probe_points
from alpine_rtl.tile import AimcTile

__all__ = ["PATIENCE_CYCLES", "FaultyTile"]

PATIENCE_CYCLES = 1 << 18
"""Tile cycles without an answer after which a faulty tile hangs: a flipped phase counter can make
each of three phases 65,536 cycles long, and answers after that."""


class FaultyTile(RtlTile):
    """An `RtlTile` that can be made to fail, and started again as new.

    Its model is a build of its own, in which Verilator keeps every register where it can be
    written. Its crossbar follows the tile's phase lines: word lines are driven during the phase
    ``INTEGRATE``, each as long as its code says, and a code that changes meanwhile counts for the
    time that it is shown. A tile without faults computes what `RtlTile` does, at the same times.

    Parameters
    ----------
    config : geometry and phases of the tile.
    tile_period_fs : period of the tile clock.
    skip_idle : jump over clock edges at which the tile is idle; see `RtlTile`. After a flip, a tile
        counts as idle once an edge has changed none of its registers.
    trace : waveform format to build in, or None.

    Members
    -------
    probes : every register of the tile, in the order of their numbers.
    """

    def __init__(
        self,
        *,
        config: TileConfig,
        tile_period_fs: int,
        skip_idle: bool = True,
        trace: TraceFormat | None = None,
    ):
        verilog = tile_verilog(config)
        self.probes: tuple[ProbePoint, ...] = probe_points(verilog)
        model = VerilatedModel.build(
            verilog,
            top="aimc_tile",
            ports=ports_of(AimcTile(config=config)),
            trace=trace,
            extensions=[
                "analog_macro.hpp",
                "boundary.hpp",
                "fault_boundary.hpp",
                "transactor.hpp",
                "fault_interface.hpp",
            ],
            control=control_file(self.probes),
            strict=True,
        )
        _declare(model.library)
        super().__init__(
            config=config, tile_period_fs=tile_period_fs, skip_idle=skip_idle, model=model
        )
        # One cycle more, in which the tile clears its memories: no later start repeats it.
        model.step()
        self._fresh = self.state()

    def restart(self) -> None:
        """Make the tile as new: registers, time, counters and converters, but not its cells."""
        self.model.library.transactor_destroy(self.transactor)
        for port in self.model.ports:
            if port.name.startswith(("csr_", "cm_req_")) and port.name in _INPUTS:
                setattr(self.model.io, port.name, 0)
        self.transactor = self._new_transactor()
        self.set_state(self._fresh)

    def state(self) -> bytes:
        """Return every register's storage, one after the other."""
        library = self.model.library
        buffer = ctypes.create_string_buffer(library.fault_state_bytes(self.transactor))
        library.fault_save(self.transactor, buffer)
        return buffer.raw

    def set_state(self, state: bytes) -> None:
        """Set every register to what `state` returned before."""
        self.model.library.fault_restore(self.transactor, state)

    def flip(self, probe: int, bit: int, *, cycle: int) -> None:
        """Flip one bit of a register at the beginning of a cycle that has not begun.

        Cycle n ends with clock edge n. One flip is kept; another replaces it.
        """
        self.model.library.fault_arm(self.transactor, probe, bit, cycle)

    def stick_adc(self, column: int, code: int) -> None:
        """Let a bit line's ADC give the same code always, until `restart`."""
        self.model.library.fault_stick_adc(self.transactor, column, code)

    @property
    def flipped(self) -> bool:
        """Whether the flip has happened."""
        return bool(self.model.library.fault_flipped(self.transactor))

    @property
    def codes_moved(self) -> bool:
        """Whether DAC codes changed while the crossbar integrated."""
        return bool(self.model.library.fault_codes_moved(self.transactor))

    @property
    def busy_stretches(self) -> NDArray[np.int64]:
        """Busy cycles so far, int64 [stretches, (first cycle, length)]."""
        library = self.model.library
        count = library.fault_busy_stretches(self.transactor)
        stretches = np.empty((count, 2), np.int64)
        library.fault_copy_busy(self.transactor, stretches.ctypes.data)
        return stretches

    @property
    def sticky_error(self) -> int:
        """The tile's sticky error code, through its register port; takes one cycle.

        A `CmStatus` in a tile without faults; a flip can make it any number of four bits.
        """
        return self.registers.read("error", "code")

    def _new_transactor(self) -> int:
        transactor = super()._new_transactor()
        library = self.model.library
        for probe in self.probes:
            width = library.fault_add_register(
                transactor,
                f"{wrapper_name('aimc_tile')}.{probe.module}".encode(),
                probe.register.encode(),
            )
            if width != probe.width:
                raise RuntimeError(f"the model exposes {width} bits as {probe.name}")
        library.fault_configure(
            transactor, self.config.integrate_cycles, PATIENCE_CYCLES + self.config.mvm_cycles
        )
        return transactor


_INPUTS = ("csr_addr", "cm_req_valid", "cm_req_instr", "cm_req_rn", "cm_req_rm", "cm_req_ra")


def _declare(library: ctypes.CDLL) -> None:
    pointer, i64, text = ctypes.c_void_p, ctypes.c_int64, ctypes.c_char_p
    for name, result, arguments in (
        ("fault_add_register", i64, [pointer, text, text]),
        ("fault_configure", None, [pointer, i64, i64]),
        ("fault_state_bytes", i64, [pointer]),
        ("fault_save", None, [pointer, pointer]),
        ("fault_restore", None, [pointer, text]),
        ("fault_arm", None, [pointer, i64, i64, i64]),
        ("fault_stick_adc", None, [pointer, i64, ctypes.c_int8]),
        ("fault_flipped", ctypes.c_int, [pointer]),
        ("fault_codes_moved", ctypes.c_int, [pointer]),
        ("fault_busy_stretches", i64, [pointer]),
        ("fault_copy_busy", None, [pointer, pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
