# SPDX-License-Identifier: Apache-2.0
"""What a program's numbers have to be: whatever would lose information on its way is refused.

One rule for every way by which numbers come in. Arrays that a person hands over may have any type
that holds their values exactly. Buffers lie in simulated memory, where loops move elements of one
size: their type has to be the one that the loop is written for.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX, CODE_MIN
from alpine_platform.memory.address_space import Buffer

__all__ = [
    "adc_steps",
    "check_buffers",
    "check_no_nan",
    "check_steps",
    "code_matrix",
    "finite_matrix",
    "positive",
    "real_scale",
]

SMALLEST, LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
"""Positive float32 of full precision."""


def code_matrix(values: npt.ArrayLike, *, name: str) -> npt.NDArray[np.int8]:
    """Return a matrix of whole numbers from -128 to 127 as int8; an int8 matrix itself.

    Parameters
    ----------
    values : two dimensions, of any type that holds them exactly.
    name : for messages.

    Raises
    ------
    AlpineError
        It is no matrix of numbers, is empty, or holds something else.
    """
    matrix = _matrix(values, name, kinds="biuf")
    if matrix.dtype.kind == "b" or matrix.dtype == np.int8:
        return matrix.astype(np.int8, copy=False)
    wrong = ~((matrix >= CODE_MIN) & (matrix <= CODE_MAX) & (np.trunc(matrix) == matrix))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise AlpineError(
            f"{name} holds {matrix[row, column]} at [{row}, {column}]: give whole numbers "
            f"from {CODE_MIN} to {CODE_MAX}; alpine_sw.quantisation.quantise turns real weights "
            "into such"
        )
    return matrix.astype(np.int8)


def finite_matrix(values: npt.ArrayLike, *, name: str) -> npt.NDArray[np.float64]:
    """Return a matrix of real numbers as float64.

    Raises
    ------
    AlpineError
        It is no matrix of numbers, is empty, or a number is not finite.
    """
    matrix = _matrix(values, name, kinds="iuf").astype(np.float64)
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise AlpineError(
            f"{name} holds {matrix[row, column]} at [{row}, {column}]: give finite numbers"
        )
    return matrix


def adc_steps(values: npt.ArrayLike, *, outputs: int, name: str) -> npt.NDArray[np.float32]:
    """Return ADC steps as float32 [outputs].

    Parameters
    ----------
    values : dot products per ADC code, for all outputs or [outputs].
    name : of the matrix, for messages.

    Raises
    ------
    AlpineError
        They are of another number than the outputs, or not all positive and finite in float32.
    """
    steps = _numbers(values, f"lsb of {name}", kinds="iuf")
    if steps.shape not in ((), (1,), (outputs,)):
        raise AlpineError(
            f"lsb of {name} has the shape {steps.shape}: give one number, or one for each of "
            f"{outputs} outputs"
        )
    positive(steps, name=f"lsb of {name}")
    return np.array(np.broadcast_to(steps, outputs), np.float32)


def real_scale(value: float, *, name: str) -> float:
    """Return a scale that is positive and finite in float32.

    Raises
    ------
    AlpineError
        It is not.
    """
    scale = _numbers(value, name, kinds="iuf")
    if scale.ndim:
        raise AlpineError(f"{name} has the shape {scale.shape}: give one number")
    return float(positive(scale, name=name))


def positive(values: npt.NDArray[Any], *, name: str) -> npt.NDArray[Any]:
    """Return numbers that are positive and finite in float32.

    Raises
    ------
    AlpineError
        One is not.
    """
    wrong = ~((values >= SMALLEST) & (values <= LARGEST))
    if wrong.any():
        raise AlpineError(
            f"{name} is {values[wrong].reshape(-1)[0]}: it must be positive and finite in float32"
        )
    return values


def check_buffers(dtype: type[np.generic], *buffers: Buffer, dimensions: int = 1) -> None:
    """Refuse buffers of another element type or number of dimensions than a loop is written for.

    Raises
    ------
    AlpineError
        A buffer has another one.
    """
    wanted = np.dtype(dtype)
    for buffer in buffers:
        if buffer.data.dtype != wanted:
            raise AlpineError(
                f"buffer {buffer.name} holds {buffer.data.dtype} where {wanted} is needed: place "
                f"or allocate it as {wanted}"
            )
        if buffer.data.ndim != dimensions:
            raise AlpineError(
                f"buffer {buffer.name} has the shape {buffer.data.shape} where "
                f"{dimensions}-dimensional data are needed: place it reshaped"
            )


def check_steps(buffer: Buffer) -> None:
    """Refuse steps by which nothing can be divided.

    Raises
    ------
    AlpineError
        One is not positive and finite, or the buffer is no float32 vector.
    """
    check_buffers(np.float32, buffer)
    positive(buffer.data, name=f"step in buffer {buffer.name}")


def check_no_nan(buffer: Buffer) -> None:
    """Refuse values for which no code stands.

    Raises
    ------
    AlpineError
        A value is NaN.
    """
    missing = np.flatnonzero(np.isnan(buffer.data))
    if missing.size:
        raise AlpineError(f"buffer {buffer.name} holds NaN at element {missing[0]}: no code is NaN")


def _numbers(values: npt.ArrayLike, name: str, *, kinds: str) -> npt.NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise AlpineError(f"{name} is no array of numbers: its rows differ in length") from error
    if array.dtype.kind not in kinds:
        raise AlpineError(f"{name} holds {array.dtype}: give real numbers")
    return array


def _matrix(values: npt.ArrayLike, name: str, *, kinds: str) -> npt.NDArray[Any]:
    matrix = _numbers(values, name, kinds=kinds)
    if matrix.ndim != 2 or matrix.size == 0:
        raise AlpineError(
            f"{name} has the shape {matrix.shape}: give two dimensions, neither of them empty"
        )
    return matrix
