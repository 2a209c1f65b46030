# SPDX-License-Identifier: Apache-2.0
"""Choose the ADC steps of the convolutional networks on the shipped photographs.

    python -m alpine_sw.training.cnn

writes the shipped file of steps. It takes a minute, draws nothing, and gives the same steps each
time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_sw.datasets.photographs import load_photographs
from alpine_sw.datasets.weight_file import write_weight_file
from alpine_sw.networks import cnn
from alpine_sw.networks.cnn_shapes import CNN_NAMES, CnnShape, cnn_shape

__all__ = ["calibrated_shapes", "write_steps"]


def calibrated_shapes() -> list[CnnShape]:
    """Every variant of a published network whose steps are shipped."""
    shapes = [*map(cnn_shape, CNN_NAMES), cnn_shape("cnn-m", as_printed=True)]
    return [*shapes, *(shape.without_normalisation() for shape in shapes)]


def write_steps() -> None:
    """Calibrate every variant and write the shipped file."""
    images = load_photographs().inputs
    arrays: dict[str, NDArray[Any]] = {}
    for shape in calibrated_shapes():
        weights = cnn.seeded_weights(shape, cnn.SEED)
        for layer, steps in enumerate(cnn.calibrate(shape, weights, images)):
            arrays[cnn.step_name(shape, layer)] = np.asarray(steps)
    cnn.STEPS_FILE.parent.mkdir(parents=True, exist_ok=True)
    facts = {"coverage": cnn.COVERAGE, "seed": cnn.SEED, "images": len(images)}
    write_weight_file(cnn.STEPS_FILE, arrays=arrays, facts=facts)


if __name__ == "__main__":
    write_steps()
