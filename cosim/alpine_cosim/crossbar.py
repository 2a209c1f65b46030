"""The native crossbar: ideal array and converters, as fast as the processor's vectors allow."""

import ctypes
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from .verilated.compile import compile_library

__all__ = ["AnalogMacro", "NativeCrossbar"]


class AnalogMacro(ctypes.Structure):
    """Addresses of the functions that a transactor calls at the tile's analog boundary."""

    _fields_ = [
        ("context", ctypes.c_void_p),
        ("multiply", ctypes.c_void_p),
        ("program", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
    ]


class NativeCrossbar:
    """A crossbar of ideal int8 cells between 8-bit converters.

    ADC code = clamp(rint(dot product / lsb), -128, 127), halves to even, from an exact integer dot
    product in float64. Unprogrammed cells hold 0.

    Parameters
    ----------
    rows, columns : word lines and bit lines.

    Members
    -------
    lsb : float64 array, [columns]
        Size of one ADC code per bit line, live; set from float32 values. 1 reproduces the published
        functional model.
    """

    def __init__(self, *, rows: int, columns: int):
        self.rows, self.columns = rows, columns
        self._library = _library()
        self._handle: int = self._library.crossbar_create(rows, columns)
        stride = self._library.crossbar_stride(self._handle)
        self._cells: npt.NDArray[np.int8] = np.ctypeslib.as_array(
            self._library.crossbar_weights(self._handle), (columns, stride)
        )
        self.lsb: npt.NDArray[np.float64] = np.ctypeslib.as_array(
            self._library.crossbar_lsb(self._handle), (columns,)
        )

    @property
    def weights(self) -> npt.NDArray[np.int8]:
        """Live view of the cells, [columns, rows]: the back door past the CM commands."""
        return self._cells[:, : self.rows]

    @property
    def macro(self) -> AnalogMacro:
        """Addresses for a transactor; valid as long as this object lives."""
        functions = (
            ctypes.cast(getattr(self._library, name), ctypes.c_void_p)
            for name in ("crossbar_multiply", "crossbar_program", "crossbar_read")
        )
        return AnalogMacro(self._handle, *functions)

    def multiply(self, dac_codes: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Return the ADC codes for one vector of DAC codes."""
        codes = np.ascontiguousarray(dac_codes, np.int8)
        out = np.empty(self.columns, np.int8)
        self._library.crossbar_multiply(self._handle, codes.ctypes.data, out.ctypes.data)
        return out

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            self._library.crossbar_destroy(self._handle)
            self._handle = 0


@functools.cache
def _library() -> Any:
    library = ctypes.CDLL(str(compile_library("crossbar.cpp")))
    pointer, i64 = ctypes.c_void_p, ctypes.c_int64
    for name, result, arguments in (
        ("crossbar_create", pointer, [i64, i64]),
        ("crossbar_destroy", None, [pointer]),
        ("crossbar_weights", ctypes.POINTER(ctypes.c_int8), [pointer]),
        ("crossbar_stride", i64, [pointer]),
        ("crossbar_lsb", ctypes.POINTER(ctypes.c_double), [pointer]),
        ("crossbar_multiply", None, [pointer, pointer, pointer]),
        ("crossbar_program", None, [pointer, i64, i64, ctypes.c_int8]),
        ("crossbar_read", ctypes.c_int8, [pointer, i64, i64]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
