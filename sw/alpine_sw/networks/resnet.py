# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 with seeded weights, as a graph.

Source: He et al., Deep Residual Learning for Image Recognition, CVPR 2016, Table 1 (18 layers, with
projections where a stage begins). Nodes are numbered as in Bruschi et al., End-to-End DNN Inference
on a Massively Parallel Analog In Memory Computing Architecture, DATE 2023, Fig. 2: 0 is the 7 x 7
convolution, 1 the maximum pooling, then come two convolutions and what adds them to the block's
input, twice a stage, 26 is the average pooling and 27 the dense layer. A projection has the number
of the addition behind it.

Time and energy do not depend on weights, and no free trained ones were found: they come from a
seed, and class scores mean nothing. Normalisation is taken to be folded into weights and steps;
layers have no bias.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.checks import whole_number
from alpine_models.tile import CODE_MAX
from alpine_sw.datasets.photographs import SIDE, load_photographs
from alpine_sw.graph import (
    Add,
    Convolution,
    Dense,
    GlobalAveragePool,
    Graph,
    GraphBuilder,
    MaxPool,
    Relu,
    Requantise,
    Reshape,
    int8,
    square,
)

__all__ = ["RESNET_18", "SAMPLES", "ResNetShape", "resnet_graph", "resnet_images"]

BLOCKS = 2
"""Residual blocks of a stage."""

COVERED = 2.58
"""Standard deviations of a sum that its converter's range covers: 99 % of a normal distribution."""

RECTIFIED = CODE_MAX / COVERED / np.sqrt(2)
"""Root mean square of the codes behind a ReLU, if those in front of it are normal and centred."""

PIXELS = CODE_MAX / np.sqrt(3)
"""Root mean square of an image's codes, if all are equally frequent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNetShape:
    """A residual network of two blocks a stage, without its numbers.

    Members
    -------
    name : of the network.
    side : pixels along the square image's side; 32 at least, so that every stage has an image.
    widths : channels of the stages.
    classes : outputs of the dense layer.
    seed : of the weights.
    """

    name: str = "resnet-18"
    side: int = 256
    widths: tuple[int, ...] = (64, 128, 256, 512)
    classes: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        whole_number(f"side of the images of {self.name}", self.side, least=8 << len(self.widths))


RESNET_18 = ResNetShape()
"""The network of the publication."""


def resnet_graph(shape: ResNetShape = RESNET_18) -> Graph:
    """Return a residual network as a graph: an int8 image [side, side, 3] in, int8 scores out."""
    return _Maker(shape).graph()


class _Maker:
    """Adds layers to a graph; every matrix draws its weights from the seed and its number."""

    def __init__(self, shape: ResNetShape):
        self._shape = shape
        self._net = GraphBuilder(shape.name, {"image": int8(shape.side, shape.side, 3)})
        self._matrices = 0

    def graph(self) -> Graph:
        net, shape = self._net, self._shape
        value = self._convolution("0 conv", "image", shape.widths[0], 7, 2, root_mean_square=PIXELS)
        value = net.add("1 pool", MaxPool(window=square(3, stride=2, pad=1)), value)
        number = 2
        for stage, width in enumerate(shape.widths):
            for block in range(BLOCKS):
                stride = 2 if stage > 0 and block == 0 else 1
                value = self._block(number, value, width, stride)
                number += 3
        value = net.add(f"{number} pool", GlobalAveragePool(), value)
        value = net.add("vector", Reshape(), value)
        name = f"{number + 1} dense"
        weights = self._weights(shape.classes, shape.widths[-1])
        sums = net.add(name, Dense(weights=weights), value)
        return net.build(net.add(f"{name} codes", _steps(weights, RECTIFIED), sums))

    def _block(self, number: int, value: str, width: int, stride: int) -> str:
        """Two convolutions, and the block's input, projected where it has another shape."""
        net = self._net
        first = self._convolution(f"{number} conv", value, width, 3, stride)
        second = self._convolution(f"{number + 1} conv", first, width, 3, 1, rectified=False)
        if net.type_of(value) != net.type_of(second):
            name = f"{number + 2} projection"
            value = self._convolution(name, value, width, 1, stride, rectified=False)
        name = f"{number + 2} res"
        sums = net.add(name, Add(), second, value)
        # The variances of what is added add up.
        codes = net.add(f"{name} codes", Requantise(lsb=np.array(np.sqrt(2), np.float32)), sums)
        return net.add(f"{name} relu", Relu(), codes)

    def _convolution(
        self,
        name: str,
        image: str,
        outputs: int,
        side: int,
        stride: int,
        *,
        rectified: bool = True,
        root_mean_square: float = RECTIFIED,
    ) -> str:
        net = self._net
        channels = net.type_of(image).shape[2]
        weights = self._weights(outputs, side * side * channels)
        kernel = weights.reshape(outputs, side, side, channels)
        window = square(side, stride=stride, pad=side // 2)
        sums = net.add(name, Convolution(weights=kernel, window=window), image)
        codes = net.add(f"{name} codes", _steps(weights, root_mean_square), sums)
        return net.add(f"{name} relu", Relu(), codes) if rectified else codes

    def _weights(self, outputs: int, inputs: int) -> NDArray[np.int8]:
        """The bytes that PCG64 gives of seed and number of the matrix, -128 counting as 0."""
        count = outputs * inputs
        sequence = np.random.SeedSequence([self._shape.seed, self._matrices])
        self._matrices += 1
        raw = np.random.PCG64(sequence).random_raw(-(-count // 8))
        codes = np.asarray(raw, "<u8").view(np.int8)[:count].reshape(outputs, inputs)
        return np.where(codes == -128, np.int8(0), codes)


def _steps(weights: NDArray[np.int8], root_mean_square: float) -> Requantise:
    """Converters whose range covers the sums of inputs of a root mean square, per output."""
    norms = np.sqrt(np.square(weights, dtype=np.float64).sum(axis=1))
    steps = np.maximum(norms * root_mean_square * COVERED / CODE_MAX, 1.0)
    return Requantise(lsb=steps.astype(np.float32))


SAMPLES = 24
"""Images of `resnet_images`."""


def resnet_images(shape: ResNetShape = RESNET_18) -> NDArray[np.int8]:
    """Return the shipped photographs as a network reads them, int8 [24, side, side, 3].

    The three of them, the same mirrored, and all six turned by 90, 180 and 270 degrees; each scaled
    to the network's side by the nearest pixel.
    """
    inputs = load_photographs().inputs
    pixels = np.arange(shape.side) * SIDE // shape.side
    photographs = inputs.reshape(-1, SIDE, SIDE, 3)[:, pixels][:, :, pixels]
    six = np.concatenate([photographs, photographs[:, :, ::-1]])
    return np.concatenate([np.rot90(six, turns, axes=(1, 2)) for turns in range(4)])
