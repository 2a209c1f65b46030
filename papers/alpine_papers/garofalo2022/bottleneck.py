# SPDX-License-Identifier: Apache-2.0
"""The Bottleneck benchmark on the simulated cluster: one layer block in several mappings.

Its dimensions are printed in a picture alone; 120 channels, 600 inside, 16 x 16 pixels fit the
quoted overheads in cells and the size of the TCDM (inferred). Maps are HWC. There is no activation
between the layers: the published ADC clips to 8 bit on both sides, and so do the kernels here.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

import numpy as np

from alpine_models.imc_cluster import CHANNELS_PER_BLOCK, ImcConfig
from alpine_sw.riscv.command_list import ClusterUnit

from .golden import Codes, clipped, depthwise_codes, product_codes
from .rules import SIDE, part_sizes
from .workload import ClusterWorkload

__all__ = ["BlockPart", "Bottleneck", "BottleneckCase", "BottleneckResult", "run_bottleneck"]

POINTWISE_SHIFT, DEPTHWISE_SHIFT, PARTIAL_SHIFT, RESIDUAL_SHIFT = 6, 6, 1, 7
"""What takes sums back to 8 bit; weights are random, so values are chosen to use the range."""
LSB = 64.0
"""Of the ADC: as much of a dot product as the shift of a pointwise layer on the cores."""
RESIDUAL_SCALE = 64
CORES = 8
CONTEXTS = 2
"""Of an accelerator: one runs while the next is written."""


class BottleneckCase(StrEnum):
    """What computes which layer."""

    CORES = "cores"
    """All on the cores, depthwise by the 3 x 3 kernel on transposed maps."""
    CORES_GENERIC = "cores, generic depthwise"
    """The same with the kernel for any window."""
    HYBRID = "hybrid"
    """Pointwise on crossbars, depthwise by the 3 x 3 kernel on transposed maps."""
    HYBRID_GENERIC = "hybrid, generic depthwise"
    """The same with the kernel for any window."""
    IMA_DW = "ima-dw"
    """Pointwise on crossbars, depthwise on its accelerator."""


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
    jobs : products of the in-memory accelerator. tcdm_bytes : of all buffers.
    dma_bytes : moved while it ran.
    """

    case: BottleneckCase
    phases: dict[BlockPart, int]
    output: Codes
    expected: Codes
    jobs: int
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


def run_bottleneck(
    shape: Bottleneck, case: BottleneckCase, *, engine: str, hardware: ImcConfig | None = None
) -> BottleneckResult:
    """Run a block once.

    Raises
    ------
    AlpineError
        Its buffers exceed the TCDM, or the program was stopped.
    """
    return _Block(shape, case).run(engine, hardware or ImcConfig(crossbars=34))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pointwise:
    """One pointwise layer: codes [pixels, rows], weights [rows, columns], and where they lie.

    Members
    -------
    phase : of the products. image, weights : operands. source, target : addresses of the maps.
    source_pitch, target_pitch : bytes from pixel to pixel.
    partial : where the partial sums of a matrix with several parts of rows lie.
    """

    phase: BlockPart
    image: Codes
    weights: Codes
    source: int
    target: int
    source_pitch: int
    target_pitch: int
    partial: int = 0


class _Block:
    """The program of one mapping, built layer by layer, and beside it what comes out."""

    def __init__(self, shape: Bottleneck, case: BottleneckCase) -> None:
        self.shape, self.case = shape, case
        self.work = ClusterWorkload()
        self.commands = self.work.commands
        self.phases: list[BlockPart] = []
        self.on_crossbars = case not in (BottleneckCase.CORES, BottleneckCase.CORES_GENERIC)
        self.crossbars = 0
        self.weights = 0

    def run(self, engine: str, hardware: ImcConfig) -> BottleneckResult:
        output, expected = self._layers()
        found = self.work.run(engine=engine, hardware=hardware)
        phases = dict.fromkeys(self.phases, 0)
        for phase, (start, end) in zip(self.phases, pairwise(found.marks), strict=True):
            phases[phase] += end - start
        counters = found.result.outcome.activity.counters
        return BottleneckResult(
            case=self.case,
            phases=phases,
            output=found.result.array(output, expected.shape),
            expected=expected,
            jobs=counters["ima"]["products"],
            dma_bytes=counters["dma"]["bytes"],
            tcdm_bytes=self.work.used_bytes,
        )

    def _layers(self) -> tuple[int, Codes]:
        """Write the commands of all layers; return where the output lies and what it is."""
        shape, work = self.shape, self.work
        image, expand, taps, project = shape.data
        source = work.place("input", image)
        maps = [work.room(name, shape.pixels * shape.pitch) for name in ("inner map", "its result")]
        output = work.room("output", image.size)
        if not self.on_crossbars:
            self.weights = work.place("pointwise weights", np.ascontiguousarray(expand.T))
        self.commands.mark()
        wide = self._pointwise(
            _Pointwise(
                phase=BlockPart.EXPAND, image=image, weights=expand, source=source, target=maps[0],
                source_pitch=shape.channels, target_pitch=shape.pitch,
            )
        )  # fmt: skip
        if not self.on_crossbars:
            self._load(np.ascontiguousarray(project.T))
        if self.case is BottleneckCase.IMA_DW:
            self._depthwise_engine(taps, *maps)
            maps.reverse()
        else:
            self._depthwise_on_cores(taps, *maps)
        filtered = depthwise_codes(
            wide.reshape(shape.height, shape.width, -1), taps, shift=DEPTHWISE_SHIFT
        ).reshape(shape.pixels, -1)
        # What the projection gives lies where the map that nobody needs any more was; its row
        # partials lie there too, so their sum goes to the output's place and is added in place.
        parted = self.on_crossbars and shape.inner > SIDE
        projected = output if parted else maps[1]
        narrow = self._pointwise(
            _Pointwise(
                phase=BlockPart.PROJECT, image=filtered, weights=project, source=maps[0],
                target=projected, source_pitch=shape.pitch, target_pitch=shape.channels,
                partial=maps[1],
            )
        )  # fmt: skip
        self._kernel(
            BlockPart.RESIDUAL, "addition", input=projected, output=output, other=source,
            elements=image.size, scale=RESIDUAL_SCALE, other_scale=RESIDUAL_SCALE,
            shift=RESIDUAL_SHIFT, low=-128,
        )  # fmt: skip
        both = (narrow.astype(np.int64) + image) * RESIDUAL_SCALE
        return output, clipped(both >> RESIDUAL_SHIFT)

    def _load(self, weights: Codes) -> None:
        """Bring the second pointwise layer's weights while the depthwise layer runs."""
        behind = self.work.place("pointwise weights", weights, behind=True)
        self.commands.transfer(source=behind, destination=self.weights, row_bytes=weights.size)

    def _done(self, phase: BlockPart) -> None:
        self.commands.mark()
        self.phases.append(phase)

    def _kernel(self, phase: BlockPart, name: str, **parameters: int) -> None:
        self.commands.kernel(name, **parameters)
        self._done(phase)

    def _pointwise(self, layer: _Pointwise) -> Codes:
        """Compute a layer; return what it gives."""
        if self.on_crossbars:
            return self._crossbars(layer)
        self.commands.wait(ClusterUnit.DMA)
        self._kernel(
            layer.phase, "pointwise", input=layer.source, output=layer.target,
            weights=self.weights, pixels=self.shape.pixels, channels_in=layer.weights.shape[0],
            channels_out=layer.weights.shape[1], shift=POINTWISE_SHIFT, low=-128,
        )  # fmt: skip
        sums = layer.image.astype(np.int64) @ layer.weights.astype(np.int64)
        return clipped(sums >> POINTWISE_SHIFT)

    def _crossbars(self, layer: _Pointwise) -> Codes:
        """One job for each pixel and part of the matrix; parts of rows are added by the cores."""
        rows = part_sizes(layer.weights.shape[0])
        area = self.shape.pixels * layer.target_pitch
        partial = layer.partial if len(rows) > 1 else layer.target
        parts: list[Codes] = []
        for row, height in enumerate(rows):
            lines = slice(SIDE * row, SIDE * row + height)
            weights = layer.weights[lines]
            parts.append(product_codes(layer.image[:, lines], weights, LSB))
            self._jobs(layer, weights, first_row=SIDE * row, target=partial + row * area)
        self.commands.wait(ClusterUnit.IMA)
        self._done(layer.phase)
        if len(rows) == 1:
            return parts[0]
        self._kernel(
            BlockPart.PARTIAL, "partial_sums", input=partial, output=layer.target, elements=area,
            parts=len(rows), shift=PARTIAL_SHIFT, low=-128,
        )  # fmt: skip
        return clipped(np.sum(np.array(parts, np.int64), axis=0) >> PARTIAL_SHIFT)

    def _jobs(self, layer: _Pointwise, weights: Codes, *, first_row: int, target: int) -> None:
        """A context for each crossbar that some rows of the matrix are divided among."""
        for column, width in enumerate(part_sizes(weights.shape[1])):
            self.work.weights[self.crossbars] = weights[:, SIDE * column : SIDE * column + width]
            self.work.lsb[self.crossbars] = LSB
            started = self.commands.started[ClusterUnit.IMA]
            if started >= CONTEXTS:
                self.commands.wait(ClusterUnit.IMA, started - CONTEXTS + 1)
            self.commands.context(
                ClusterUnit.IMA,
                {
                    "crossbar": self.crossbars, "rows": len(weights), "columns": width,
                    "source": layer.source + first_row, "run_bytes": len(weights), "runs": 1,
                    "jobs_x": self.shape.pixels, "source_stride_x": layer.source_pitch,
                    "jobs_y": 1, "destination": target + SIDE * column,
                    "destination_stride_x": layer.target_pitch,
                },
            )  # fmt: skip
            self.crossbars += 1

    def _depthwise_engine(self, taps: Codes, source: int, target: int) -> None:
        shape = self.shape
        padded = np.pad(taps, ((0, 0), (0, shape.pitch - shape.inner)))
        self.commands.context(
            ClusterUnit.DEPTHWISE,
            {
                "source": source, "destination": target,
                "weights": self.work.place("depthwise weights", padded),
                "height": shape.height, "width": shape.width, "channels": shape.pitch,
                "mode": 1 | 0xF << 4, "activation": DEPTHWISE_SHIFT,
            },
        )  # fmt: skip
        self.commands.wait(ClusterUnit.DEPTHWISE)
        self._done(BlockPart.DEPTHWISE)

    def _depthwise_on_cores(self, taps: Codes, source: int, target: int) -> None:
        """Transposition to CHW into the target, then a kernel that writes HWC into the source."""
        shape, generic = self.shape, self.case.endswith("generic depthwise")
        pitch = shape.pitch if self.on_crossbars else shape.inner
        row = -(-(shape.width + 2) // 4) * 4
        scratch_bytes = (shape.height + 2) * row + 8
        window = {"side": 3, "stride": 1} if generic else {}
        self._kernel(
            BlockPart.TRANSPOSE, "transposition", input=source, output=target, rows=shape.pixels,
            columns=pitch,
        )  # fmt: skip
        self._kernel(
            BlockPart.DEPTHWISE, "depthwise_generic" if generic else "depthwise_3x3", input=target,
            output=source, weights=self.work.place("depthwise weights", taps),
            channels=shape.inner, height=shape.height, width=shape.width, shift=DEPTHWISE_SHIFT,
            low=-128, scratch=self.work.room("scratch", CORES * scratch_bytes),
            scratch_bytes=scratch_bytes, pitch=row, padding=1, out_height=shape.height,
            out_width=shape.width, pixel_stride=pitch, channel_stride=1, **window,
        )  # fmt: skip
