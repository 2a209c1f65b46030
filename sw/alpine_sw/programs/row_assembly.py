# SPDX-License-Identifier: Apache-2.0
"""Convolutions of a run, put together: memory, where rows come from and where they go."""

from collections.abc import Callable
from collections.abc import Mapping as Table
from functools import partial

from alpine_platform.config import SystemConfig
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw.kernels.positions import time_position
from alpine_sw.library.aimclib import PACKING
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.row_ring import RowRing
from alpine_sw.mapping import Stage

from .core_context import CoreContext
from .image_product import ImageProduct, OperatorProduct
from .network_plan import NetworkPlan
from .products import CoreProduct
from .results import OutputResult
from .row_ends import (
    ImageSource,
    MapSink,
    MapSource,
    PaddedImageSource,
    RingSink,
    RingSource,
    RowSink,
    RowSource,
    VectorSink,
)
from .row_products import Int8Rows, RowProduct, TileRows
from .row_shape import RowShape
from .row_stage import RowStage, rows_between
from .vector_assembly import product_spec

__all__ = ["RowAssembly"]


class RowAssembly:
    """What the convolutions of a run are made from.

    Parameters
    ----------
    plan : of the network.
    config : of the system.
    space : of the run.
    channels, rings : buffers between cores by the tensor that they carry.
    """

    def __init__(
        self,
        plan: NetworkPlan,
        config: SystemConfig,
        space: AddressSpace,
        *,
        channels: Table[str, PingPong],
        rings: Table[str, RowRing],
    ) -> None:
        self._plan, self._config, self._space = plan, config, space
        self._channels, self._rings = channels, rings
        self._carried = {link.value for link in plan.mapping.links}
        self._padding: dict[str, list[Buffer]] = {}
        self._maps: dict[str, list[Buffer]] = {}
        self._between: dict[str, tuple[list[Buffer], Buffer]] = {}

    def product(self, stage: Stage) -> RowProduct:
        """Return what computes the rows of a convolution."""
        spec, shape = product_spec(self._plan, stage), self._shape(stage)
        if stage.parts[0].tile is None:
            return Int8Rows(spec, shape)
        (rectangle,) = self._plan.tiles.rectangles(stage)
        timing = time_position(
            self._config,
            self._plan.tiles.cores[stage.core][rectangle.tile].config,
            inputs=shape.window,
            outputs=shape.outputs,
            packing=PACKING[spec.style.operands],
            row=rectangle.row,
            column=rectangle.column,
        )
        return TileRows(spec, shape, timing=timing, tile=rectangle.tile)

    def whole(self, stage: Stage) -> CoreProduct:
        """Return what computes a convolution of an image that lies in memory."""
        plan = self._plan
        if stage.name in plan.images:
            return ImageProduct(stage.name, plan.images[stage.name], self.product(stage))
        relu = plan.following[stage.name].relu
        return OperatorProduct(plan.graph, stage.node, stage.followers[: 2 if relu else 1])

    def _shape(self, stage: Stage) -> RowShape:
        plan = self._plan
        return plan.shapes[stage.name] if stage.name in plan.shapes else plan.images[stage.name]

    def blocks(self, stage: Stage) -> dict[str, Callable[[], None]]:
        """Return what allocates the rows of a convolution, by the name of the block."""
        tensor, name = self._leaving(stage), stage.name
        shape = self._plan.shapes[name]
        padded_input = shape.padded or shape.top
        operand = stage.node.operands[0]
        blocks: dict[str, Callable[[], None]] = {}
        if tensor not in self._carried:
            blocks[f"map {tensor}"] = partial(self._lay_out_map, stage, tensor)
        if operand != self._plan.input_name or padded_input:
            blocks[f"padding {name}"] = partial(self._lay_out_padding, stage)
        blocks[f"rows {name}"] = partial(self._lay_out_between, stage)
        return blocks

    def stage(self, stage: Stage, context: CoreContext, product: RowProduct) -> RowStage:
        """Return a stage whose blocks are laid out."""
        tensor = self._leaving(stage)
        outputs = None
        if tensor == self._plan.output_name:
            (vector,) = self._maps[tensor]
            outputs = OutputResult(tensor=tensor, stage=stage, context=context), vector
        if len(self._maps.get(tensor, ())) == 1:
            context.buffers[tensor] = self._maps[tensor][0]
        return RowStage(
            stage,
            self._plan.shapes[stage.name],
            source=self._source(stage, context),
            sink=self._sink(stage),
            product=product,
            between=self._between[stage.name],
            outputs=outputs,
        )

    def _leaving(self, stage: Stage) -> str:
        (tensor,) = self._plan.leaving(stage)
        return tensor

    def _reader(self, tensor: str) -> RowShape | None:
        """Shape of the convolution that reads a tensor, or None where that is none."""
        for stage in self._plan.stages:
            if tensor == stage.node.operands[0] and stage.name in self._plan.shapes:
                return self._plan.shapes[stage.name]
        return None

    def _lay_out_map(self, stage: Stage, tensor: str) -> None:
        """A row of its own for each row that a convolution reads, else one vector."""
        reader = self._reader(tensor)
        if reader is None:
            size = self._plan.graph.types[tensor].elements
            self._maps[tensor] = [self._space.allocate(tensor, size)]
            return
        size = reader.padded_columns * reader.channels
        self._maps[tensor] = [
            self._space.allocate(f"{tensor} row {row}", size) for row in range(reader.in_rows)
        ]

    def _lay_out_padding(self, stage: Stage) -> None:
        """A row of zeros; before it a window of rows where images have to be padded."""
        shape = self._plan.shapes[stage.name]
        size = shape.padded_columns * shape.channels
        copied = shape.kernel if stage.node.operands[0] == self._plan.input_name else 0
        names = [*(f"row {row}" for row in range(copied)), "padding"]
        self._padding[stage.name] = [
            self._space.allocate(f"{name} of {stage.name}", size) for name in names
        ]

    def _lay_out_between(self, stage: Stage) -> None:
        shape = self._plan.shapes[stage.name]
        self._between[stage.name] = rows_between(self._space, shape, stage.name)

    def _source(self, stage: Stage, context: CoreContext) -> RowSource:
        operand, shape = stage.node.operands[0], self._plan.shapes[stage.name]
        padding = self._padding.get(stage.name, [])
        if operand == self._plan.input_name:
            images = context.run.inputs
            return (
                PaddedImageSource(padding, images, shape) if padding else ImageSource(images, shape)
            )
        if operand in self._rings:
            return RingSource(padding[0], self._rings[operand], shape)
        return MapSource(self._maps[operand], padding[0], shape)

    def _sink(self, stage: Stage) -> RowSink:
        tensor, shape = self._leaving(stage), self._plan.shapes[stage.name]
        reader = self._reader(tensor)
        if tensor in self._channels:
            return VectorSink(self._channels[tensor], shape)
        if reader is None:
            return VectorSink(self._maps[tensor][0], shape)
        if tensor in self._rings:
            return RingSink(self._rings[tensor], reader)
        return MapSink(self._maps[tensor], reader)
