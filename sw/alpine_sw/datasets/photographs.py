# SPDX-License-Identifier: Apache-2.0
"""The shipped photographs as the DAC codes that a convolutional network takes in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

from .weight_file import read_weight_file

__all__ = ["PHOTOGRAPHS_FILE", "SIDE", "Photographs", "image_codes", "load_photographs"]

SIDE = 224
"""Pixels along a side."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Photographs:
    """Colour photographs as input vectors.

    Members
    -------
    inputs : int8 [n, 224 * 224 * 3], row by row, channels red, green, blue last; read-only.
    titles : what each shows.
    """

    inputs: NDArray[np.int8]
    titles: tuple[str, ...]


def image_codes(pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return pixels as DAC codes in one vector: 0 to 255 become -128 to 127.

    The published networks subtract a mean image; subtracting 128 stands for that.

    Parameters
    ----------
    pixels : uint8 [224, 224, 3]

    Raises
    ------
    AlpineError
        The picture has another size or type.
    """
    if pixels.dtype != np.uint8 or pixels.shape != (SIDE, SIDE, 3):
        raise AlpineError(
            f"image must have {SIDE} x {SIDE} pixels of three 8-bit colours, not {pixels.dtype} of "
            f"the shape {pixels.shape}: scale and crop it first"
        )
    return (pixels ^ 0x80).view(np.int8).reshape(-1)


def load_photographs() -> Photographs:
    """Return the shipped photographs; their sources are in the file LICENSE beside them.

    Raises
    ------
    AlpineError
        The file is missing or damaged.
    """
    file = read_weight_file(PHOTOGRAPHS_FILE, script="alpine_sw.training.photographs")
    inputs = np.stack([image_codes(pixels) for pixels in file.arrays["pixels"]])
    inputs.flags.writeable = False
    titles = str(file.facts["titles"]).split("; ")
    return Photographs(inputs=inputs, titles=tuple(titles))


PHOTOGRAPHS_FILE = Path(__file__).parents[1] / "data" / "photographs" / "photographs.npz"
