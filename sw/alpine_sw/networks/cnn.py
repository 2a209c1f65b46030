# SPDX-License-Identifier: Apache-2.0
"""Convolutional networks with seeded weights: five convolutions, three dense layers.

No freely licensed trained weights of the published networks exist, and none are needed: time and
energy do not depend on their values. Weights come from a seed, ADC steps from `calibrate` on the
shipped photographs, so that every layer uses its code range. Class scores mean nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX
from alpine_sw.datasets.weight_file import read_weight_file
from alpine_sw.graph import (
    Convolution,
    Dense,
    Dequantise,
    Graph,
    GraphBuilder,
    Interpreter,
    LocalResponseNormalisation,
    MaxPool,
    Relu,
    Requantise,
    Reshape,
    Softmax,
    golden,
    int8,
    square,
)
from alpine_sw.graph.arithmetic import digitise, dot
from alpine_sw.graph.operator import Product

from .cnn_shapes import CnnShape, ConvGeometry, cnn_shape

__all__ = [
    "SCORE_SCALE",
    "CnnNetwork",
    "calibrate",
    "cnn_graph",
    "layer_name",
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

    def graph(self) -> Graph:
        """Return the network as a graph: an image in; codes of the classes and scores out."""
        return cnn_graph(self.shape, self.weights, self.lsb)

    def golden(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the codes of the last dense layer, by the golden model.

        Parameters
        ----------
        inputs : int8 [n, inputs]
            Images, row by row, channels last.

        Returns
        -------
        int8 [n, classes]

        Raises
        ------
        AlpineError
            The images have another size.
        """
        self.check_inputs(inputs)
        return golden(self.graph(), inputs)

    def classify(self, outputs: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return the class of every output vector: the first of the largest codes."""
        return outputs.argmax(axis=1)


def matrix_shapes(shape: CnnShape) -> list[tuple[int, int]]:
    """Shape [outputs, inputs] of every layer's matrix."""
    convolutions = [(place.layer.outputs, place.rows) for place in shape.geometry]
    return convolutions + list(shape.dense_shapes)


def layer_name(shape: CnnShape, layer: int) -> str:
    """Name of the node with a layer's matrix, layers counted from 0, convolutions first."""
    first = len(shape.convolutions)
    return f"convolution {layer + 1}" if layer < first else f"dense {layer - first + 1}"


def cnn_graph(shape: CnnShape, weights: Sequence[Codes], lsb: Sequence[Steps]) -> Graph:
    """Return a network as a graph; its arrays are those of `CnnNetwork`.

    Outputs are the codes of the last dense layer, and the class scores that they stand for.
    """
    net = GraphBuilder(shape.name, {"image": int8(shape.side, shape.side, shape.channels)})
    value = "image"
    for number, place in enumerate(shape.geometry):
        value = _add_convolution(net, value, place, weights[number], lsb[number])
    first, last = len(shape.convolutions), len(weights) - 1
    value = net.add("vector", Reshape(), value)
    for number in range(first, last + 1):
        dense = number - first + 1
        sums = net.add(layer_name(shape, number), Dense(weights=weights[number]), value)
        value = net.add(f"dense {dense} codes", Requantise(lsb=lsb[number]), sums)
        if number < last:
            value = net.add(f"dense {dense} relu", Relu(), value)
    logits = net.add("logits", Dequantise(scale=float(SCORE_SCALE)), value)
    return net.build(value, net.add("scores", Softmax(), logits))


def _add_convolution(
    net: GraphBuilder, image: str, place: ConvGeometry, weights: Codes, lsb: Steps
) -> str:
    """Add a convolution and what follows it; return the last one's result."""
    layer, name = place.layer, f"convolution {place.number}"
    kernel = weights.reshape(-1, layer.kernel, layer.kernel, place.in_channels)
    window = square(layer.kernel, stride=layer.stride, pad=layer.pad)
    sums = net.add(name, Convolution(weights=kernel, window=window), image)
    value = net.add(f"{name} relu", Relu(), net.add(f"{name} codes", Requantise(lsb=lsb), sums))
    if layer.pool is not None:
        pool = layer.pool
        window = square(pool.kernel, stride=pool.stride, ceil=pool.ceil)
        value = net.add(f"{name} pool", MaxPool(window=window), value)
    if layer.normalised:
        value = net.add(f"{name} normalised", LocalResponseNormalisation(), value)
    return value


def calibrate(shape: CnnShape, weights: Sequence[Codes], images: Codes) -> tuple[Steps, ...]:
    """Return ADC steps with which every layer uses its code range on images [n, inputs].

    Convolutions: code 127 of a column is the quantile `COVERAGE` of the magnitudes of its dot
    products, so that a column saturates at one position in a hundred. Dense layers see too few
    vectors for a range per column: one step for all columns, from the same quantile over all of
    them, without saturation in the last layer, whose largest code is the class.
    """
    steps: list[Steps] = []
    last = len(weights) - 1

    def calibrated(layer: int) -> Product:
        def product(vectors: Codes) -> Codes:
            sums = dot(vectors, weights[layer])
            sizes = np.abs(sums)
            if layer < len(shape.convolutions):
                top = np.quantile(sizes, COVERAGE, axis=0)
            else:
                top = np.full(sums.shape[1], np.quantile(sizes, 1.0 if layer == last else COVERAGE))
            steps.append(np.maximum(top / CODE_MAX, 1.0).astype(np.float32))
            return digitise(sums, steps[-1])

        return product

    unknown = [np.ones(len(matrix), np.float32) for matrix in weights]
    network = cnn_graph(shape, weights, unknown)
    # Layers run in order, each on all images at once.
    products = {layer_name(shape, layer): calibrated(layer) for layer in range(len(weights))}
    Interpreter(network, products=products, together=len(images)).run({"image": images})
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


def _codes(seed: int, layer: int, size: tuple[int, int]) -> Codes:
    count = size[0] * size[1]
    raw = np.random.PCG64(np.random.SeedSequence([seed, layer])).random_raw(-(-count // 8))
    codes = np.asarray(raw, "<u8").view(np.int8)[:count].reshape(size)
    return np.where(codes == -128, np.int8(0), codes)
