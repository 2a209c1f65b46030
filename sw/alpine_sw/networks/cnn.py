# SPDX-License-Identifier: Apache-2.0
"""Convolutional networks with seeded weights: five convolutions, three dense layers.

No freely licensed trained weights of the published networks exist, and none are needed: time and
energy do not depend on their values. Weights come from a seed, ADC steps from `calibrate` on the
shipped photographs, so that every layer uses its code range. Class scores mean nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpine_models import golden, golden_cnn
from alpine_models.activations import softmax
from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX
from alpine_sw.datasets.weight_file import read_weight_file

from .cnn_shapes import CnnShape, Convolution, cnn_shape

__all__ = [
    "SCORE_SCALE",
    "CnnNetwork",
    "calibrate",
    "load_cnn",
    "matrix_shapes",
    "seeded_weights",
    "step_name",
]

SCORE_SCALE = np.float32(1 / 8)
"""Logit per code of the last dense layer, for the softmax."""

COVERAGE = 0.99
"""Fraction of a column's dot products, on the photographs, that its ADC range covers."""

Codes = NDArray[np.int8]
Steps = NDArray[np.float32]
Dots = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CnnNetwork:
    """A quantised convolutional network.

    Members
    -------
    shape : layers and sizes.
    weights : one int8 [outputs, inputs] per layer, convolutions first; the inputs of a convolution
        in the order (window row, window column, channel).
    lsb : one float32 [outputs] per layer, dot product per code, positive and finite.

    Raises
    ------
    ValueError
        The arrays are not of these types and sizes.
    """

    shape: CnnShape
    weights: tuple[Codes, ...]
    lsb: tuple[Steps, ...]

    def __post_init__(self) -> None:
        expected = matrix_shapes(self.shape)
        for layer, (weights, lsb, size) in enumerate(
            zip(self.weights, self.lsb, expected, strict=True)
        ):
            if weights.dtype != np.int8 or weights.shape != size:
                raise ValueError(
                    f"weights of layer {layer + 1} must be int8 {size}, not {weights.dtype} "
                    f"{weights.shape}"
                )
            if lsb.dtype != np.float32 or lsb.shape != size[:1]:
                raise ValueError(
                    f"ADC steps of layer {layer + 1} must be float32 {size[:1]}, not {lsb.dtype} "
                    f"{lsb.shape}"
                )
            if not np.all(np.isfinite(lsb) & (lsb > 0)):
                raise ValueError(f"ADC steps of layer {layer + 1} must be positive and finite")

    @property
    def name(self) -> str:
        """Name of the shape."""
        return self.shape.name

    def check_inputs(self, inputs: NDArray[np.int8]) -> None:
        """Raise an `AlpineError` unless inputs are int8 [n, pixels of the network's image]."""
        shape = self.shape
        if inputs.dtype != np.int8 or inputs.ndim != 2 or inputs.shape[1] != shape.inputs:
            raise AlpineError(
                f"network {self.name} takes int8 images of {shape.side} x {shape.side} x "
                f"{shape.channels} = {shape.inputs} codes, not {inputs.dtype} of the shape "
                f"{inputs.shape}: scale and crop the image first"
            )

    def golden(
        self,
        inputs: NDArray[np.int8],
        *,
        on_layer: Callable[[int, Codes], None] = lambda layer, codes: None,
    ) -> NDArray[np.int8]:
        """Return the codes of the last dense layer, by the golden reference.

        Parameters
        ----------
        inputs : int8 [n, inputs]
            Images, row by row, channels last.
        on_layer : told every layer's number, from 0, and its codes before activation.

        Returns
        -------
        int8 [n, classes]

        Raises
        ------
        AlpineError
            The images have another size.
        """
        self.check_inputs(inputs)

        def product(layer: int, vectors: Codes) -> Codes:
            codes = golden.digitise(layer_dots(vectors, self.weights[layer]), self.lsb[layer])
            on_layer(layer, codes)
            return codes

        return np.concatenate(
            [forward(self.shape, inputs[i : i + 1], product) for i in range(len(inputs))]
        )

    def scores(self, outputs: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the class scores of output codes [n, classes]."""
        return softmax(outputs.astype(np.float32) * SCORE_SCALE)

    def classify(self, outputs: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return the class of every output vector: the first of the largest codes."""
        return outputs.argmax(axis=1)


def matrix_shapes(shape: CnnShape) -> list[tuple[int, int]]:
    """Shape [outputs, inputs] of every layer's matrix."""
    convolutions = [(place.layer.outputs, place.rows) for place in shape.geometry]
    return convolutions + list(shape.dense_shapes)


def forward(shape: CnnShape, images: Codes, product: Callable[[int, Codes], Codes]) -> Codes:
    """Run images [n, inputs] through a network whose codes come from `product(layer, vectors)`.

    `vectors` is int8 [values, inputs]: all positions of all images of one layer, in order.
    """
    maps = list(images.reshape(-1, shape.side, shape.side, shape.channels))
    for number, place in enumerate(shape.geometry):
        layer = place.layer
        inputs = np.concatenate(
            [
                golden_cnn.windows(image, kernel=layer.kernel, stride=layer.stride, pad=layer.pad)
                for image in maps
            ]
        )
        codes = golden.relu(product(number, inputs))
        size = (len(maps), place.out_side, place.out_side, layer.outputs)
        maps = [_behind(image, layer) for image in codes.reshape(size)]
    vectors = np.stack([image.reshape(-1) for image in maps])
    first = len(shape.convolutions)
    for number in range(first, first + len(shape.dense)):
        codes = product(number, vectors)
        vectors = golden.relu(codes) if number < first + len(shape.dense) - 1 else codes
    return vectors


def calibrate(shape: CnnShape, weights: Sequence[Codes], images: Codes) -> tuple[Steps, ...]:
    """Return ADC steps with which every layer uses its code range on images [n, inputs].

    Convolutions: code 127 of a column is the quantile `COVERAGE` of the magnitudes of its dot
    products, so that a column saturates at one position in a hundred. Dense layers see too few
    vectors for a range per column: one step for all columns, from the same quantile over all of
    them, without saturation in the last layer, whose largest code is the class.
    """
    steps: list[Steps] = []
    last = len(weights) - 1

    def product(layer: int, vectors: Codes) -> Codes:
        dots = layer_dots(vectors, weights[layer])
        sizes = np.abs(dots)
        if layer < len(shape.convolutions):
            top = np.quantile(sizes, COVERAGE, axis=0)
        else:
            top = np.full(dots.shape[1], np.quantile(sizes, 1.0 if layer == last else COVERAGE))
        steps.append(np.maximum(top / CODE_MAX, 1.0).astype(np.float32))
        return golden.digitise(dots, steps[-1])

    forward(shape, images, product)
    return tuple(steps)


def seeded_weights(shape: CnnShape, seed: int) -> tuple[Codes, ...]:
    """Return the weights of every layer: uniform on -127 to 127, 0 twice as likely as the others.

    They are the bytes that PCG64, seeded with SeedSequence([seed, layer]), gives in order, least
    significant first, as two's complement; -128 counts as 0. NumPy guarantees this stream, unlike
    those of its distributions.
    """
    return tuple(_codes(seed, layer, size) for layer, size in enumerate(matrix_shapes(shape)))


def step_name(shape: CnnShape, layer: int) -> str:
    """Name of a layer's ADC steps in the shipped file."""
    return f"{shape.name} {layer}"


def load_cnn(name: str, *, as_printed: bool = False, normalised: bool = True) -> CnnNetwork:
    """Return a published network with its seeded weights and shipped ADC steps.

    Parameters
    ----------
    name : one of `CNN_NAMES`.
    as_printed : as in `cnn_shape`.
    normalised : with local response normalisation.

    Raises
    ------
    AlpineError
        There is no such network, or the file of steps is missing or damaged.
    """
    shape = cnn_shape(name, as_printed=as_printed)
    if not normalised:
        shape = shape.without_normalisation()
    arrays = read_weight_file(STEPS_FILE, script=SCRIPT).arrays
    try:
        lsb = tuple(arrays[step_name(shape, layer)] for layer in range(len(matrix_shapes(shape))))
        return CnnNetwork(shape=shape, weights=seeded_weights(shape, SEED), lsb=lsb)
    except (KeyError, ValueError) as error:
        raise AlpineError(
            f"file of ADC steps {STEPS_FILE} does not fit {shape.name}: {error}; write a new one "
            f"with `python -m {SCRIPT}`"
        ) from None


SEED = 0
SCRIPT = "alpine_sw.training.cnn"
STEPS_FILE = Path(__file__).parents[1] / "data" / "cnn" / "adc_steps.npz"

CHUNK = 256


def _behind(codes: Codes, layer: Convolution) -> Codes:
    """Apply what follows a convolution's ReLU."""
    if layer.pool is not None:
        pool = layer.pool
        codes = golden_cnn.max_pool(codes, kernel=pool.kernel, stride=pool.stride, ceil=pool.ceil)
    return golden_cnn.normalise(codes) if layer.normalised else codes


def layer_dots(vectors: Codes, weights: Codes) -> Dots:
    """The product of `golden.dot`, some outputs at a time: the whole matrix is large in float64."""
    parts = [
        golden.dot(vectors, weights[start : start + CHUNK])
        for start in range(0, len(weights), CHUNK)
    ]
    return np.concatenate(parts, axis=1)


def _codes(seed: int, layer: int, size: tuple[int, int]) -> Codes:
    count = size[0] * size[1]
    raw = np.random.PCG64(np.random.SeedSequence([seed, layer])).random_raw(-(-count // 8))
    codes = np.asarray(raw, "<u8").view(np.int8)[:count].reshape(size)
    return np.where(codes == -128, np.int8(0), codes)
