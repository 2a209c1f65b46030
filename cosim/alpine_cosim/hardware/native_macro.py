# SPDX-License-Identifier: Apache-2.0
"""The native macro: array and converters, as fast as the processor's vectors allow."""

import ctypes
import functools
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_cosim.binding.build import compile_library
from alpine_models.device import AnalogCrossbar

__all__ = ["AnalogProducts", "MacroCalls", "NativeMacro"]


class MacroCalls(ctypes.Structure):
    """Addresses of the functions that a transactor calls at the tile's analog boundary."""

    _fields_ = [
        ("context", ctypes.c_void_p),
        ("multiply", ctypes.c_void_p),
        ("program", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
    ]


class _Stage(ctypes.Structure):
    """`AnalogStage` of native/crossbar.cpp."""

    _fields_ = [
        ("rows", ctypes.c_int),
        ("columns", ctypes.c_int),
        *(
            (name, ctypes.c_void_p)
            for name in ("conductances", "variance_steps", "variance_unit", "extents")
        ),
        ("noisy", ctypes.c_bool),
        ("reading_key", ctypes.c_uint32 * 3),
        ("adc_columns", ctypes.c_void_p * 8),
        ("adc_sizes", ctypes.c_double * 4),
        ("adc_step", ctypes.c_int),
        ("adc_key", ctypes.c_uint32 * 3),
        ("drives", ctypes.c_void_p),
        ("drive_stride", ctypes.c_int64),
        ("read_back", ctypes.c_void_p),
    ]


class AnalogProducts:
    """The products of an analog crossbar at its present age, compiled, with the same bits.

    Parameters
    ----------
    analog : what to multiply with. Ageing it later does not change this object.

    Members
    -------
    address : of the native structure, valid as long as this object lives.
    """

    def __init__(self, analog: AnalogCrossbar):
        reading, adcs = analog.reading, analog.adcs
        key = (ctypes.c_uint32 * 3)(*map(int, reading.key.words))
        self._arrays: list[npt.NDArray[Any]] = []
        table = analog.dac.table
        self._stage = _Stage(
            analog.array.rows,
            analog.array.columns,
            self._keep(reading.conductances),
            self._keep(reading.variance_steps),
            self._keep(reading.variance_unit),
            self._keep(_extents(reading.conductances, reading.variance_steps)),
            reading.noisy,
            key,
            (ctypes.c_void_p * 8)(
                *map(
                    self._keep,
                    (
                        analog.units_per_code,
                        *adcs.arrays,
                        analog.compensation.astype(np.float64),
                    ),
                )
            ),
            (ctypes.c_double * 4)(*adcs.effect_sizes),
            adcs.step,
            key,
            self._keep(table),
            0 if len(table) == 1 else table.shape[1],
            self._keep(analog.read_back),
        )
        self.address = ctypes.addressof(self._stage)

    def multiply(
        self,
        dac_codes: npt.NDArray[np.int8],
        *,
        row: int,
        column: int,
        columns: int,
        first: int,
        step: int = 1,
    ) -> npt.NDArray[np.int8]:
        """Return the ADC codes of many products on a part of the array; threads may share this.

        Parameters
        ----------
        dac_codes : int8 [n, rows], of the word lines from ``row`` on; the others are at 0.
        column, columns : first bit line, and how many.
        first, step : vector i is the tile's product number first + i * step.

        Returns
        -------
        int8 [n, columns]
        """
        codes = np.ascontiguousarray(dac_codes, np.int8)
        count, rows = codes.shape
        out = np.empty((count, columns), np.int8)
        _library().analog_stage_products(
            self.address, row, rows, column, columns, codes.ctypes.data, count, first, step,
            out.ctypes.data,
        )  # fmt: skip
        return out

    def _keep(self, array: npt.NDArray[Any]) -> int:
        kept = np.ascontiguousarray(array)
        self._arrays.append(kept)
        return kept.ctypes.data


def _extents(
    conductances: npt.NDArray[np.int16], variances: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int32]:
    """Return the rows [columns, (begin, end)] outside which a column holds nothing."""
    used = (conductances != 0) | (variances != 0)
    rows = used.shape[1]
    some = used.any(axis=1)
    begin = np.where(some, used.argmax(axis=1), 0)
    end = np.where(some, rows - used[:, ::-1].argmax(axis=1), 0)
    return np.stack([begin, end], axis=1).astype(np.int32)


class NativeMacro:
    """A `Macro` of int8 cells between 8-bit converters, ideal until `install`.

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
        self._analog: AnalogProducts | None = None
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
    def host_seconds(self) -> float:
        """Host time that all products so far have taken."""
        return float(self._library.crossbar_seconds(self._handle))

    @property
    def calls(self) -> MacroCalls:
        """Addresses for a transactor; valid as long as this object lives."""
        functions = (
            ctypes.cast(getattr(self._library, name), ctypes.c_void_p)
            for name in ("crossbar_multiply", "crossbar_program", "crossbar_read")
        )
        return MacroCalls(self._handle, *functions)

    def install(self, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        self._analog = None if analog is None else AnalogProducts(analog)
        self.recount()

    def recount(self) -> None:
        """Count products from 0 again, so that their noise repeats itself."""
        address = None if self._analog is None else self._analog.address
        self._library.crossbar_install(self._handle, address)

    def read(self, *, row: int, column: int) -> int:
        """Return the weight that CM_PARAM_READ finds in a cell."""
        return int(self._library.crossbar_read(self._handle, row, column))

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
    header = "analog_product.hpp"
    text = (resources.files("alpine_models.device") / header).read_text()
    # A fused multiplication and addition would round once where the models round twice.
    path = compile_library("crossbar.cpp", headers={header: text}, flags=["-ffp-contract=off"])
    library = ctypes.CDLL(str(path))
    pointer, i64 = ctypes.c_void_p, ctypes.c_int64
    for name, result, arguments in (
        ("crossbar_create", pointer, [i64, i64]),
        ("crossbar_destroy", None, [pointer]),
        ("crossbar_weights", ctypes.POINTER(ctypes.c_int8), [pointer]),
        ("crossbar_stride", i64, [pointer]),
        ("crossbar_lsb", ctypes.POINTER(ctypes.c_double), [pointer]),
        ("crossbar_seconds", ctypes.c_double, [pointer]),
        ("crossbar_install", None, [pointer, pointer]),
        (
            "analog_stage_products",
            None,
            [pointer, i64, i64, i64, i64, pointer, i64, ctypes.c_uint64, ctypes.c_uint64, pointer],
        ),
        ("crossbar_multiply", None, [pointer, pointer, pointer]),
        ("crossbar_program", None, [pointer, i64, i64, ctypes.c_int8]),
        ("crossbar_read", ctypes.c_int8, [pointer, i64, i64]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
