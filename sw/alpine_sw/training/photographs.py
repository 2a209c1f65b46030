# SPDX-License-Identifier: Apache-2.0
"""Make the shipped photographs from scikit-image's sample images.

    python -m alpine_sw.training.photographs

needs the packages scikit-image and pillow. The largest centred square of each picture is scaled to
224 x 224 pixels with Pillow's Lanczos filter.
"""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_sw.datasets import photographs
from alpine_sw.datasets.weight_file import write_weight_file

__all__ = ["make_photographs"]

SOURCES = {
    "chelsea": "Chelsea the cat, by Stefan van der Walt",
    "coffee": "coffee cup, by Rachel Michetti",
    "rocket": "launch of DSCOVR on Falcon 9, by SpaceX",
}


def square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the centred square of a picture, scaled to the network's size."""
    image: Any = importlib.import_module("PIL.Image")
    rows, columns = pixels.shape[:2]
    side = min(rows, columns)
    top, left = (rows - side) // 2, (columns - side) // 2
    cut = image.fromarray(np.ascontiguousarray(pixels[top : top + side, left : left + side, :3]))
    size = (photographs.SIDE, photographs.SIDE)
    return np.asarray(cut.resize(size, image.Resampling.LANCZOS), np.uint8)


def make_photographs() -> None:
    """Write the shipped file."""
    data: Any = importlib.import_module("skimage.data")
    pixels = np.stack([square(getattr(data, name)()) for name in SOURCES])
    path = photographs.PHOTOGRAPHS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_weight_file(
        path, arrays={"pixels": pixels}, facts={"titles": "; ".join(SOURCES.values())}
    )


if __name__ == "__main__":
    make_photographs()
