# SPDX-License-Identifier: Apache-2.0
"""The Bottleneck benchmark: one layer block, its mappings, and what a run of one gives.

Its dimensions are printed in a picture alone; 120 channels, 600 inside, 16 x 16 pixels fit the
quoted overheads in cells and the size of the TCDM (inferred). Maps are HWC. There is no activation
between the layers: the published ADC clips to 8 bit on both sides, and so do the kernels here.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from alpine_models.imc_cluster import CHANNELS_PER_BLOCK

from .golden import Codes

__all__ = ["BlockPart", "Bottleneck", "BottleneckCase", "BottleneckResult"]


class BottleneckCase(StrEnum):
    """What computes which layer."""

    CORES = "cores"
    """All on the cores, depthwise by the 3 x 3 kernel on transposed maps."""
    CORES_GENERIC = "cores, generic depthwise"
    """The same with the kernel for any window."""
    IMA_CJOB8 = "ima-cjob8"
    """All but the residual on crossbars, depthwise in blocks of 8 channels."""
    IMA_CJOB16 = "ima-cjob16"
    """The same in blocks of 16 channels."""
    HYBRID = "hybrid"
    """Pointwise on crossbars, depthwise by the 3 x 3 kernel on transposed maps."""
    HYBRID_GENERIC = "hybrid, generic depthwise"
    """The same with the kernel for any window."""
    IMA_DW = "ima-dw"
    """Pointwise on crossbars, depthwise on its accelerator."""

    @property
    def on_crossbars(self) -> bool:
        """Whether crossbars compute the pointwise layers."""
        return self not in (BottleneckCase.CORES, BottleneckCase.CORES_GENERIC)

    @property
    def job_channels(self) -> int:
        """Channels of a depthwise job on crossbars; 0 where there are none."""
        return {BottleneckCase.IMA_CJOB8: 8, BottleneckCase.IMA_CJOB16: 16}.get(self, 0)


class BlockPart(StrEnum):
    """Parts of a block, in order."""

    EXPAND = "pointwise, expanding"
    TRANSPOSE = "transposition"
    DEPTHWISE = "depthwise"
    PROJECT = "pointwise, projecting"
    PARTIAL = "adding row partials"
    RESIDUAL = "residual"


@dataclass(frozen=True)
class Bottleneck:
    """Sizes, data and weights.

    Members
    -------
    channels : of input and output. inner : of the depthwise layer. height, width : of all maps.
    seed : of data and weights; weights of pointwise layers are of 4 bit, -7 to 7.
    """

    channels: int = 120
    inner: int = 600
    height: int = 16
    width: int = 16
    seed: int = 1

    @property
    def pixels(self) -> int:
        """Of every map."""
        return self.height * self.width

    @property
    def pitch(self) -> int:
        """Bytes of an inner pixel: whole blocks of the depthwise accelerator."""
        return -(-self.inner // CHANNELS_PER_BLOCK) * CHANNELS_PER_BLOCK

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations, without the residual addition."""
        return self.pixels * self.inner * (2 * self.channels + 9)

    @cached_property
    def data(self) -> tuple[Codes, Codes, Codes, Codes]:
        """Input [pixels, channels], weights [channels, inner], [9, inner], [inner, channels]."""
        draw = np.random.default_rng(self.seed)

        def weights(*shape: int) -> Codes:
            return draw.integers(-7, 8, shape, np.int8)

        image = draw.integers(-128, 128, (self.pixels, self.channels), np.int8)
        return (
            image,
            weights(self.channels, self.inner),
            weights(9, self.inner),
            weights(self.inner, self.channels),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class BottleneckResult:
    """What a mapping took and gave.

    Members
    -------
    case : mapping. phases : cycles of each part. output, expected : int8 [pixels, channels].
    jobs : contexts of accelerators. products : of crossbars. depthwise_pixels : times blocks of 16
    channels, of the depthwise accelerator. stalled_cycles : of both.
    dma_bytes : moved while it ran. tcdm_bytes : of all buffers.
    """

    case: BottleneckCase
    phases: dict[BlockPart, int]
    output: Codes
    expected: Codes
    jobs: int
    products: int
    depthwise_pixels: int
    stalled_cycles: int
    dma_bytes: int
    tcdm_bytes: int

    @property
    def is_correct(self) -> bool:
        """Whether the output is what plain integer arithmetic gives."""
        return np.array_equal(self.output, self.expected)

    @property
    def cycles(self) -> int:
        """Of the whole block."""
        return sum(self.phases.values())
