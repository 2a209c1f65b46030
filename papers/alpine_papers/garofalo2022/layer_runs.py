# SPDX-License-Identifier: Apache-2.0
"""Rows of the table on the simulated cluster: each from L2 to L2.

A layer that exceeds the TCDM is cut: rows of pixels for crossbars, blocks of channels for the
depthwise accelerator. The DMA brings the next part and takes the last one while one is computed,
where two of them fit. Weights are random, of 4 bits; what takes sums back to 8 bits is chosen so
that codes fill a good part of their range. Every output is compared.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from alpine_models.imc_cluster import CHANNELS_PER_BLOCK
from alpine_sw.riscv.command_list import ClusterUnit

from .golden import Codes, clipped, depthwise_sums, product_codes
from .layers import LayerKind, PublishedLayer, published_layers
from .packing import PlacedBlock, matrix_blocks, pack_blocks
from .part_stream import LayerPart, PartSizes, Transfer, stream_parts
from .rules import SIDE
from .workload import ClusterSetting, ClusterWorkload, WorkloadRun

__all__ = ["LayerRun", "run_layer", "run_network"]

RESIDUAL_SHIFT, RESIDUAL_SCALE = 7, 64
CODE_SPREAD = 40
"""Standard deviation of codes that is aimed at."""
BLOCK_ROWS = 3
"""Of a block, between its input and the residual addition."""
CONTEXTS = 2
"""Of an accelerator: one runs while the next is written."""
FIRST_NAME, WINDOW_SIDE, FIRST_CHANNELS = "2D_0", 3, 3
"""Of the first convolution, the one crossbar layer with a window."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """What a layer took.

    Members
    -------
    cycles : in which what computes it had work: of an accelerator from trigger or the end of the
        context before to the event; of the cores from barrier to barrier. Without
        ``stalled_cycles`` of the depthwise accelerator, whose every stall delays it; products of
        a crossbar hide stalls.
    stalled_cycles : in which the accelerator's access was not granted, as the DMA had the bank.
    partial_cycles : in which the cores added the codes of parts of rows.
    total_cycles : from the first byte read in L2 to the last one written there; of a residual
        addition, whose operands lie in the TCDM, as ``cycles``.
    parts : that the layer was cut into. dma_bytes : moved. jobs : contexts of accelerators.
    products : of a crossbar, or pixels times blocks of 16 channels.
    output : [height, width, channels], as it lay in memory.
    is_correct : whether it is what plain integer arithmetic gives.
    """

    cycles: int
    stalled_cycles: int
    partial_cycles: int
    total_cycles: int
    parts: int
    dma_bytes: int
    jobs: int
    products: int
    output: Codes
    is_correct: bool


def run_layer(
    layer: PublishedLayer,
    operands: Sequence[Codes] = (),
    *,
    setting: ClusterSetting,
) -> LayerRun:
    """Run one row of the table.

    Parameters
    ----------
    layer : of the table, or another one of its kinds; a crossbar layer of the table lies on the
        crossbars on which all layers together are packed, another one on a crossbar for each part.
    operands : maps [height, width, channels] that it takes, two for a residual addition; random
        ones where there are none.
    setting : on what.

    Raises
    ------
    AlpineError
        The program was stopped, or not even one part fits.
    """
    program = {
        LayerKind.CROSSBAR: _CrossbarProgram,
        LayerKind.DEPTHWISE: _DepthwiseProgram,
        LayerKind.RESIDUAL: _ResidualProgram,
    }[layer.kind](layer, operands, setting)
    return program.run()


def run_network(
    layers: Sequence[PublishedLayer],
    *,
    setting: ClusterSetting,
    on_layer: Callable[[], None] = lambda: None,
) -> dict[int, LayerRun]:
    """Run consecutive rows of the table, each on what the rows before it gave.

    The first one takes a random map. A residual addition takes the last row's output and that of
    the row before the three of its block.

    Parameters
    ----------
    layers : rows. setting : on what. on_layer : called after each.

    Returns
    -------
    What each row took and gave, by its number.
    """
    runs: dict[int, LayerRun] = {}
    for layer in layers:
        operands = [runs[layer.row - 1].output] if runs else []
        if layer.kind is LayerKind.RESIDUAL:
            operands.append(runs[layer.row - BLOCK_ROWS - 1].output)
        runs[layer.row] = run_layer(layer, operands, setting=setting)
        on_layer()
    return runs


class _LayerProgram:
    """Buffers and commands of one layer."""

    def __init__(
        self, layer: PublishedLayer, operands: Sequence[Codes], setting: ClusterSetting
    ) -> None:
        self.layer, self.operands, self.setting = layer, operands, setting
        self.work = ClusterWorkload(frequency_hz=setting.frequency_hz)
        self.commands = self.work.commands
        self.draw = np.random.default_rng([layer.row, setting.seed])
        self.parts = 1
        self.partial_marks: list[tuple[int, int]] = []

    def build(self) -> tuple[int, Codes]:
        """Write the commands; return where the output will lie, and what it will be."""
        raise NotImplementedError

    def run(self) -> LayerRun:
        begin = self.commands.mark()
        output, expected = self.build()
        end = self.commands.mark()
        found = self.work.run(engine=self.setting.engine, hardware=self.setting.hardware)
        total = found.marks[end] - found.marks[begin]
        counters = found.result.outcome.activity.counters
        depthwise = self.layer.kind is LayerKind.DEPTHWISE
        stalled = counters["depthwise" if depthwise else "ima"]["stalled_cycles"]
        lost = stalled if depthwise else 0
        given = found.result.array(output, expected.shape)
        layer = self.layer
        return LayerRun(
            cycles=(_busy_cycles(found) or total) - lost,
            stalled_cycles=stalled,
            partial_cycles=sum(found.marks[b] - found.marks[a] for a, b in self.partial_marks),
            total_cycles=total,
            parts=self.parts,
            dma_bytes=counters["dma"]["bytes"],
            jobs=len(found.result.outcome.activity.jobs),
            products=counters["ima"]["products"] + counters["depthwise"]["products"],
            output=given.reshape(layer.height, layer.width, layer.channels),
            is_correct=np.array_equal(given, expected),
        )

    def random(self, *shape: int, low: int = -128, high: int = 127) -> Codes:
        return self.draw.integers(low, high + 1, shape, np.int8)

    def operand(self, *shape: int) -> Codes:
        """The map that the layer takes, of this shape."""
        return self.operands[0].reshape(shape) if self.operands else self.random(*shape)


class _CrossbarProgram(_LayerProgram):
    def build(self) -> tuple[int, Codes]:
        layer = self.layer
        weights = self.random(layer.rows, layer.columns, low=-7, high=7)
        self.placed = _placed(layer)
        self.window = layer.name == FIRST_NAME
        if self.window:
            padded = np.zeros((2 * layer.height + 2, 2 * layer.width + 2, FIRST_CHANNELS), np.int8)
            padded[1:-1, 1:-1] = self.operand(2 * layer.height, 2 * layer.width, FIRST_CHANNELS)
            image, self.pitch = padded, padded.shape[1] * FIRST_CHANNELS
        else:
            image = self.operand(layer.height, layer.width, layer.rows)
            self.pitch = layer.width * layer.rows
        vectors = self._vectors(image)
        dots = vectors[:, :SIDE].astype(np.int64) @ weights[:SIDE].astype(np.int64)
        self.lsb = max(1.0, float(round(dots.std() / CODE_SPREAD)))
        self._program(weights)
        source = self.work.place("input", image, behind=True)
        output = self.work.room("output", layer.pixels * layer.columns, behind=True)
        self.row_parts = sorted({each.block.first_row for each in self.placed})
        line = layer.width * layer.columns
        copies = len(self.row_parts) + (len(self.row_parts) > 1)
        sizes = PartSizes(
            items=layer.height,
            bytes_in=lambda lines: self._lines_in(lines) * self.pitch,
            bytes_out=lambda lines: copies * lines * line,
        )
        parts = [
            LayerPart(
                first=first,
                items=lines,
                load=Transfer(
                    behind=source + first * self.pitch * (2 if self.window else 1),
                    row_bytes=self._lines_in(lines) * self.pitch,
                ),
                store=Transfer(behind=output + first * line, row_bytes=lines * line),
            )
            for first, lines in sizes.cut(self.work.free_bytes)
        ]
        self.parts = len(parts)
        stream_parts(self.work, parts, sizes, self._compute)
        return output, self._expected(vectors, weights)

    def _lines_in(self, lines: int) -> int:
        return 2 * lines + 1 if self.window else lines

    def _program(self, weights: Codes) -> None:
        for each in self.placed:
            block = each.block
            cells = self.work.weights.setdefault(each.crossbar, np.zeros((SIDE, SIDE), np.int64))
            cells[each.row : each.row + block.rows, each.column : each.column + block.columns] = (
                weights[
                    block.first_row : block.first_row + block.rows,
                    block.first_column : block.first_column + block.columns,
                ]
            )
            self.work.lsb[each.crossbar] = self.lsb

    def _compute(self, part: LayerPart, source: int, target: int) -> int:
        """One context for each block; return where the part's output lies."""
        layer, commands = self.layer, self.commands
        size = part.items * layer.width * layer.columns
        before = commands.started[ClusterUnit.IMA]
        codes = target + size if len(self.row_parts) > 1 else target
        for each in self.placed:
            block = each.block
            started = commands.started[ClusterUnit.IMA]
            if started - before >= CONTEXTS:
                commands.wait(ClusterUnit.IMA, started - CONTEXTS + 1)
            place = codes + self.row_parts.index(block.first_row) * size + block.first_column
            words = {
                "crossbar": each.crossbar, "row": each.row, "column": each.column,
                "rows": block.rows, "columns": block.columns, "destination": place,
                "jobs_x": layer.width, "destination_stride_x": layer.columns,
                "jobs_y": part.items, "destination_stride_y": layer.width * layer.columns,
            }  # fmt: skip
            commands.context(ClusterUnit.IMA, words | self._source_words(each, source))
        commands.wait(ClusterUnit.IMA)
        if len(self.row_parts) > 1:
            start = commands.mark()
            commands.kernel(
                "partial_sums", input=codes, output=target, elements=size,
                parts=len(self.row_parts), shift=1, low=-128,
            )  # fmt: skip
            self.partial_marks.append((start, commands.mark()))
        return target

    def _source_words(self, each: PlacedBlock, source: int) -> dict[str, int]:
        """Where a job's word lines come from."""
        if self.window:
            return {
                "source": source, "run_bytes": WINDOW_SIDE * FIRST_CHANNELS, "runs": WINDOW_SIDE,
                "run_stride": self.pitch, "source_stride_x": 2 * FIRST_CHANNELS,
                "source_stride_y": 2 * self.pitch,
            }  # fmt: skip
        return {
            "source": source + each.block.first_row, "run_bytes": each.block.rows, "runs": 1,
            "source_stride_x": self.layer.rows, "source_stride_y": self.pitch,
        }  # fmt: skip

    def _vectors(self, image: Codes) -> Codes:
        """What the word lines of every job see, [pixels, rows]."""
        layer, side = self.layer, WINDOW_SIDE
        if not self.window:
            return image.reshape(layer.pixels, -1)
        seen = np.lib.stride_tricks.sliding_window_view(image, (side, side), axis=(0, 1))
        seen = seen[: 2 * layer.height : 2, : 2 * layer.width : 2]
        return seen.transpose(0, 1, 3, 4, 2).reshape(layer.pixels, -1)

    def _expected(self, vectors: Codes, weights: Codes) -> Codes:
        codes = [
            product_codes(vectors[:, row : row + SIDE], weights[row : row + SIDE], self.lsb)
            for row in self.row_parts
        ]
        if len(codes) == 1:
            return codes[0]
        return clipped(np.sum(np.array(codes, np.int64), axis=0) >> 1)


class _DepthwiseProgram(_LayerProgram):
    def build(self) -> tuple[int, Codes]:
        layer, stride = self.layer, self.layer.stride
        self.height, self.width = stride * layer.height, stride * layer.width
        pixels = self.height * self.width
        image = self.operand(self.height, self.width, layer.channels)
        taps = self.random(9, layer.channels, low=-7, high=7)
        sums = depthwise_sums(image, taps, stride=stride)
        self.shift = max(0, round(math.log2(max(1.0, float(sums.std())) / CODE_SPREAD)))
        source = self.work.place("input", image, behind=True)
        output = self.work.room("output", layer.pixels * layer.channels, behind=True)
        sizes = PartSizes(
            items=layer.channels // CHANNELS_PER_BLOCK,
            bytes_in=lambda blocks: blocks * CHANNELS_PER_BLOCK * pixels,
            bytes_out=lambda blocks: blocks * CHANNELS_PER_BLOCK * layer.pixels,
        )
        parts: list[LayerPart] = []
        self.taps: list[int] = []
        for first, blocks in sizes.cut(self.work.free_bytes - taps.size - 16 * sizes.items):
            channel, channels = CHANNELS_PER_BLOCK * first, CHANNELS_PER_BLOCK * blocks
            own = np.ascontiguousarray(taps[:, channel : channel + channels])
            self.taps.append(self.work.place("depthwise weights", own))
            rows = {"row_bytes": channels, "stride": layer.channels}
            parts.append(
                LayerPart(
                    first=first,
                    items=blocks,
                    load=Transfer(behind=source + channel, rows=pixels, **rows),
                    store=Transfer(behind=output + channel, rows=layer.pixels, **rows),
                )
            )
        self.parts = len(parts)
        self.places = dict(zip((part.first for part in parts), self.taps, strict=True))
        stream_parts(self.work, parts, sizes, self._compute)
        return output, clipped(sums >> self.shift)

    def _compute(self, part: LayerPart, source: int, target: int) -> int:
        self.commands.context(
            ClusterUnit.DEPTHWISE,
            {
                "source": source, "destination": target, "weights": self.places[part.first],
                "height": self.height, "width": self.width,
                "channels": CHANNELS_PER_BLOCK * part.items, "mode": self.layer.stride | 0xF << 4,
                "activation": self.shift, "pitch": 0,
            },
        )  # fmt: skip
        self.commands.wait(ClusterUnit.DEPTHWISE)
        return target


class _ResidualProgram(_LayerProgram):
    def build(self) -> tuple[int, Codes]:
        layer = self.layer
        shape = (layer.height, layer.width, layer.channels)
        first, second = self.operands or (self.random(*shape), self.random(*shape))
        places = [self.work.place("operand", each) for each in (first, second)]
        output = self.work.room("output", first.size)
        self.commands.kernel(
            "addition", input=places[0], other=places[1], output=output, elements=first.size,
            scale=RESIDUAL_SCALE, other_scale=RESIDUAL_SCALE, shift=RESIDUAL_SHIFT, low=-128,
        )  # fmt: skip
        both = (first.astype(np.int64) + second) * RESIDUAL_SCALE
        return output, clipped(both >> RESIDUAL_SHIFT)


def _busy_cycles(found: WorkloadRun) -> int:
    """Cycles in which an accelerator had a triggered context."""
    busy, before = 0, 0
    for job in found.result.outcome.activity.jobs:
        assert job.end_cycle is not None
        busy += job.end_cycle - max(job.start_cycle, before)
        before = job.end_cycle
    return busy


@cache
def _packed() -> Sequence[PlacedBlock]:
    return pack_blocks(matrix_blocks(published_layers()))


def _placed(layer: PublishedLayer) -> list[PlacedBlock]:
    """Blocks of a layer in order of their places in its matrix."""
    if layer in published_layers():
        own = [each for each in _packed() if each.block.layer == layer.row]
    else:
        blocks = matrix_blocks([layer])
        own = [PlacedBlock(block=b, crossbar=n, row=0, column=0) for n, b in enumerate(blocks)]
    return sorted(own, key=lambda each: (each.block.first_row, each.block.first_column))
