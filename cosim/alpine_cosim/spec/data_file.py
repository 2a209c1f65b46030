# SPDX-License-Identifier: Apache-2.0
"""Samples for a network from a file of arrays."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_sw.importing.network import InputType

__all__ = ["LABELS", "read_data"]

LABELS = "labels"
"""Name of the array with the classes of the samples."""
MOST_BYTES = 4 << 30
"""Largest sum of all arrays that is read."""


def read_data(
    file: Path, inputs: Mapping[str, InputType]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.integer] | None]:
    """Return every input's samples by name, and their labels if there are any.

    Parameters
    ----------
    file : written by `numpy.savez`: one array per input, the first axis samples, and `labels`.
    inputs : what the network reads, by name; each must be there.

    Raises
    ------
    AlpineError
        The file cannot be read, or an array is missing, unknown, empty, or of another length, shape
        or type.
    """
    arrays = _arrays(file)
    labels = arrays.pop(LABELS, None)
    names = list(inputs)
    for name in names:
        if name not in arrays:
            raise AlpineError(
                f"data file {file} has no array {name!r}: it has {', '.join(arrays) or 'none'}, "
                f"and the network reads {', '.join(names)}"
            )
    for name in arrays:
        if name not in names:
            raise AlpineError(
                f"data file {file} has an array {name!r}, but the network reads {', '.join(names)} "
                f"and {LABELS}: leave it out"
            )
    counts = {name: len(values) if values.ndim else 0 for name, values in arrays.items()}
    for name, count in counts.items():
        if count == 0 or count != next(iter(counts.values())):
            raise AlpineError(
                f"array {name!r} of data file {file} has {count} samples: give one or more, as "
                "many for every input"
            )
        _check_numbers(file, name, arrays[name])
        _check_type(file, name, arrays[name], inputs[name])
    return arrays, _labels(file, labels, next(iter(counts.values()), 0))


def _check_type(file: Path, name: str, values: NDArray[Any], kind: InputType) -> None:
    """One sample has the input's shape, with a first axis of 1 or without it."""
    shape = values.shape[1:]
    here = f"array {name!r} of data file {file}"
    if not (kind.fits(shape) or kind.fits((1, *shape))):
        raise AlpineError(
            f"{here} has samples of the shape {list(shape)}, but the network's input is {kind}: "
            "give the first axis to the samples and the others to the input"
        )
    if values.dtype != kind.dtype:
        raise AlpineError(
            f"{here} holds {values.dtype}, but the network's input is {kind}: save "
            f"{name}.astype({str(kind.dtype)!r})"
        )


def _check_numbers(file: Path, name: str, values: NDArray[Any]) -> None:
    if values.dtype.kind not in "fiub":
        raise AlpineError(
            f"array {name!r} of data file {file} holds values of type {values.dtype}: give real "
            "numbers"
        )
    finite = np.isfinite(values)
    if not finite.all():
        place = np.argwhere(~finite)[0]
        raise AlpineError(
            f"array {name!r} of data file {file} holds {values[tuple(place)]} at index "
            f"{place.tolist()}: give finite numbers"
        )


def _labels(file: Path, labels: Any, count: int) -> NDArray[np.integer] | None:
    if labels is None:
        return None
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise AlpineError(
            f"labels of data file {file} are {labels.dtype} {list(labels.shape)}: give {count} "
            "whole numbers, one per sample"
        )
    return labels


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(item.file_size for item in archive.infolist())
        if size > MOST_BYTES:
            raise AlpineError(f"data file {file} holds {size:,} bytes: give at most {MOST_BYTES:,}")
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise AlpineError(f"data file {file}: {error.strerror or 'no array file'}") from None
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
        words = " ".join(str(error).split())[:200]
        raise AlpineError(
            f"data file {file} is no file of arrays as numpy.savez writes them ({words})"
        ) from None
