# SPDX-License-Identifier: Apache-2.0
"""Programs of the Bottleneck's mappings, and beside them what plain integers give."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from alpine_sw.riscv.command_list import ClusterUnit

from .bottleneck import BlockPart, Bottleneck, BottleneckCase, BottleneckResult
from .depthwise_jobs import DepthwiseJobs
from .golden import Codes, clipped, depthwise_sums, product_codes
from .rules import SIDE, part_sizes
from .workload import ClusterSetting, ClusterWorkload

__all__ = ["run_bottleneck"]

POINTWISE_SHIFT, DEPTHWISE_SHIFT, PARTIAL_SHIFT, RESIDUAL_SHIFT = 6, 6, 1, 7
"""What takes sums back to 8 bit; weights are random, so values are chosen to use the range."""
LSB = 64.0
"""Of the ADC: as much of a dot product as the shifts of 6."""
RESIDUAL_SCALE = 64
CORES = 8
CONTEXTS = 2
"""Of an accelerator: one runs while the next is written."""
LIST_BYTES = 24 << 10
"""For the commands: a mapping in blocks of 8 channels has many contexts."""


def run_bottleneck(
    shape: Bottleneck, case: BottleneckCase, *, setting: ClusterSetting
) -> BottleneckResult:
    """Run a block once; the setting's seed is not used, as the block has its own.

    Raises
    ------
    AlpineError
        Its buffers exceed the TCDM, or the program was stopped.
    """
    return _Block(shape, case, setting).run()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pointwise:
    """One pointwise layer: codes [pixels, rows], weights [rows, columns], and where they lie.

    Members
    -------
    phase : of the products. image, weights : operands. source, target : addresses of the maps.
    source_pitch, target_pitch : bytes from pixel to pixel.
    target_line : bytes from a line of pixels to the next one, where the target has more between.
    partial : where the partial sums of a matrix with several parts of rows lie.
    """

    phase: BlockPart
    image: Codes
    weights: Codes
    source: int
    target: int
    source_pitch: int
    target_pitch: int
    target_line: int = 0
    partial: int = 0


class _Block:
    """The program of one mapping, built layer by layer, and beside it what comes out."""

    def __init__(self, shape: Bottleneck, case: BottleneckCase, setting: ClusterSetting) -> None:
        self.shape, self.case, self.setting = shape, case, setting
        self.work = ClusterWorkload(list_bytes=LIST_BYTES, frequency_hz=setting.frequency_hz)
        self.commands = self.work.commands
        self.phases: list[BlockPart] = []
        self.crossbars = 0
        self.weights = 0

    def run(self) -> BottleneckResult:
        output, expected = self._layers()
        found = self.work.run(engine=self.setting.engine, hardware=self.setting.hardware)
        phases = dict.fromkeys(self.phases, 0)
        for phase, (start, end) in zip(self.phases, pairwise(found.marks), strict=True):
            phases[phase] += end - start
        counters = found.result.outcome.activity.counters
        return BottleneckResult(
            case=self.case,
            phases=phases,
            output=found.result.array(output, expected.shape),
            expected=expected,
            jobs=len(found.result.outcome.activity.jobs),
            products=counters["ima"]["products"],
            depthwise_pixels=counters["depthwise"]["products"],
            stalled_cycles=sum(counters[unit]["stalled_cycles"] for unit in ("ima", "depthwise")),
            dma_bytes=counters["dma"]["bytes"],
            tcdm_bytes=self.work.used_bytes,
        )

    def _layers(self) -> tuple[int, Codes]:
        """Write the commands of all layers; return where the output lies and what it is."""
        shape, work = self.shape, self.work
        image, expand, taps, project = shape.data
        source = work.place("input", image)
        # With a border of zeros where crossbars are to see it.
        border = 1 if self.case.job_channels else 0
        line = (shape.width + 2 * border) * shape.pitch
        bordered = work.room("inner map", (shape.height + 2 * border) * line)
        maps = [bordered, work.room("its result", shape.pixels * shape.pitch)]
        output = work.room("output", image.size)
        if not self.case.on_crossbars:
            self.weights = work.place("pointwise weights", np.ascontiguousarray(expand.T))
        self.commands.mark()
        wide = self._pointwise(
            _Pointwise(
                phase=BlockPart.EXPAND, image=image, weights=expand, source=source,
                target=bordered + border * (line + shape.pitch), source_pitch=shape.channels,
                target_pitch=shape.pitch, target_line=line,
            )
        )  # fmt: skip
        if not self.case.on_crossbars:
            self._load(np.ascontiguousarray(project.T))
        filtered = self._depthwise(wide, taps, maps)
        # What the projection gives lies where the map that nobody needs any more was; its row
        # partials lie there too, so their sum goes to the output's place and is added in place.
        parted = self.case.on_crossbars and shape.inner > SIDE
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

    def _depthwise(self, image: Codes, taps: Codes, maps: list[int]) -> Codes:
        """Compute the depthwise layer; return what it gives, its place the first of the maps."""
        shape = self.shape
        sums = depthwise_sums(image.reshape(shape.height, shape.width, -1), taps)
        sums = sums.reshape(shape.pixels, -1)
        if not (self.case.job_channels or self.case is BottleneckCase.IMA_DW):
            self._depthwise_on_cores(taps, *maps)
            return clipped(sums >> DEPTHWISE_SHIFT)
        if self.case is BottleneckCase.IMA_DW:
            self._depthwise_engine(taps, *maps)
        else:
            jobs = DepthwiseJobs(self.work, shape, self.case.job_channels, self.crossbars)
            jobs.program(taps, lsb=LSB)
            jobs.add(*maps)
            self.crossbars += jobs.crossbars
            self._done(BlockPart.DEPTHWISE)
        maps.reverse()
        if self.case is BottleneckCase.IMA_DW:
            return clipped(sums >> DEPTHWISE_SHIFT)
        return clipped(np.rint(sums / LSB))

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
        if self.case.on_crossbars:
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
        shape = self.shape
        line = layer.target_line or shape.width * layer.target_pitch
        for column, width in enumerate(part_sizes(weights.shape[1])):
            self.work.weights[self.crossbars] = weights[:, SIDE * column : SIDE * column + width]
            self.work.lsb[self.crossbars] = LSB
            started = self.commands.started[ClusterUnit.IMA]
            if started >= CONTEXTS:
                self.commands.wait(ClusterUnit.IMA, started - CONTEXTS + 1)
            self.commands.context(
                ClusterUnit.IMA,
                {
                    "crossbar": self.crossbars, "row": 0, "column": 0,
                    "rows": len(weights), "columns": width,
                    "source": layer.source + first_row, "run_bytes": len(weights), "runs": 1,
                    "jobs_x": shape.width, "source_stride_x": layer.source_pitch,
                    "jobs_y": shape.height, "source_stride_y": shape.width * layer.source_pitch,
                    "destination": target + SIDE * column,
                    "destination_stride_x": layer.target_pitch, "destination_stride_y": line,
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
        pitch = shape.pitch if self.case.on_crossbars else shape.inner
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
