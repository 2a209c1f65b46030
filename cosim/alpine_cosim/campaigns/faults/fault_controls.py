# SPDX-License-Identifier: Apache-2.0
"""Simulated hardware whose registers can be flipped and whose converters can die."""

import ctypes
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.binding.wrapper import wrapper_name
from alpine_cosim.hardware.native_macro import NativeMacro
from alpine_models.tile import TileConfig
from alpine_rtl.probe_points import ProbePoint

__all__ = ["PATIENCE_CYCLES", "FaultControls", "FaultyHardware"]

PATIENCE_CYCLES = 1 << 18
"""Cycles without an answer after which faulty hardware hangs: a flipped phase counter can make each
of three phases 65,536 cycles long, and answers after that."""


class FaultyHardware(Protocol):
    """Hardware with `FaultControls`, as a campaign uses it.

    Members
    -------
    model : VerilatedModel. macros : the analog parts.
    probes : every register, in the order of their numbers.
    """

    model: VerilatedModel
    probes: tuple[ProbePoint, ...]

    @property
    def macros(self) -> tuple[NativeMacro, ...]:
        """The analog parts."""
        ...

    @property
    def controls(self) -> "FaultControls":
        """What makes it fail."""
        ...

    @property
    def sticky_error(self) -> int:
        """The highest sticky error code of its tiles; moves its time on.

        A `CmStatus` in a tile without faults; a flip can make it any number of four bits.
        """
        ...

    def restart(self) -> None:
        """Make it as new: registers, time, counters and converters, but not its cells."""
        ...

    def close(self) -> None:
        """Free the native objects."""
        ...


class FaultControls:
    """The transactor of a model in which Verilator keeps every register where it can be written.

    Parameters
    ----------
    library : of the model, with ``fault_interface.hpp``.
    top : name of the hardware's Verilog module.
    probes : its registers.
    tiles : its tiles, in the order of their macros.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        *,
        top: str,
        probes: Sequence[ProbePoint],
        tiles: Sequence[TileConfig],
    ):
        self._library, self._top = library, top
        self._probes, self._tiles = tuple(probes), tuple(tiles)
        self._transactor = 0
        _declare(library)

    def attach(self, transactor: int) -> None:
        """Take over a transactor that was just made."""
        self._transactor, library = transactor, self._library
        scope = wrapper_name(self._top)
        for probe in self._probes:
            width = library.fault_add_register(
                transactor, f"{scope}.{probe.module}".encode(), probe.register.encode()
            )
            if width != probe.width:
                raise RuntimeError(f"the model exposes {width} bits as {probe.name}")
        longest = max(tile.mvm_cycles for tile in self._tiles)
        library.fault_set_patience(transactor, PATIENCE_CYCLES + longest)
        for macro, tile in enumerate(self._tiles):
            library.fault_set_integration(transactor, macro, tile.integrate_cycles)

    @property
    def state(self) -> bytes:
        """Every register's storage, one after the other."""
        buffer = ctypes.create_string_buffer(self._library.fault_state_bytes(self._transactor))
        self._library.fault_save(self._transactor, buffer)
        return buffer.raw

    @state.setter
    def state(self, state: bytes) -> None:
        self._library.fault_restore(self._transactor, state)

    def flip(self, probe: int, bit: int, *, cycle: int) -> None:
        """Flip one bit of a register at the beginning of a cycle that has not begun.

        Cycle n ends with clock edge n. One flip is kept; another replaces it.
        """
        self._library.fault_arm(self._transactor, probe, bit, cycle)

    def stick_adc(self, macro: int, column: int, code: int) -> None:
        """Let a bit line's ADC give the same code always, until the hardware restarts."""
        self._library.fault_stick_adc(self._transactor, macro, column, code)

    @property
    def flipped(self) -> bool:
        """Whether the flip has happened."""
        return bool(self._library.fault_flipped(self._transactor))

    @property
    def codes_moved(self) -> bool:
        """Whether DAC codes changed while a crossbar integrated."""
        return bool(self._library.fault_codes_moved(self._transactor))

    @property
    def busy_stretches(self) -> NDArray[np.int64]:
        """Busy cycles so far, int64 [stretches, (first cycle, length)]."""
        count = self._library.fault_busy_stretches(self._transactor)
        stretches = np.empty((count, 2), np.int64)
        self._library.fault_copy_busy(self._transactor, stretches.ctypes.data)
        return stretches


def _declare(library: ctypes.CDLL) -> None:
    pointer, i64, text = ctypes.c_void_p, ctypes.c_int64, ctypes.c_char_p
    declarations: Sequence[tuple[str, Any, list[Any]]] = (
        ("fault_add_register", i64, [pointer, text, text]),
        ("fault_set_patience", None, [pointer, i64]),
        ("fault_set_integration", None, [pointer, i64, i64]),
        ("fault_state_bytes", i64, [pointer]),
        ("fault_save", None, [pointer, pointer]),
        ("fault_restore", None, [pointer, text]),
        ("fault_arm", None, [pointer, i64, i64, i64]),
        ("fault_stick_adc", None, [pointer, i64, i64, ctypes.c_int8]),
        ("fault_flipped", ctypes.c_int, [pointer]),
        ("fault_codes_moved", ctypes.c_int, [pointer]),
        ("fault_busy_stretches", i64, [pointer]),
        ("fault_copy_busy", None, [pointer, pointer]),
    )
    for name, result, arguments in declarations:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
