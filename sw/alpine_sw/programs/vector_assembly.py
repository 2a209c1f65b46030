# SPDX-License-Identifier: Apache-2.0
"""Stages with one vector per inference, put together: dense layers and LSTM cells."""

from collections.abc import Mapping as Table
from dataclasses import replace

from alpine_sw.graph import ElementType, LstmCell
from alpine_sw.graph.sequences import SequenceOperator
from alpine_sw.library.accelerator_driver import AcceleratorDriver
from alpine_sw.library.aimclib import PACKING
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.mapping import Stage, TileAttachment

from .cell_stage import CellStage
from .core_context import CoreContext
from .dense_stage import DenseStage
from .ends import BufferSource, ChosenSource, InputSource, OwnSource, VectorSource
from .following import Following
from .network_plan import NetworkPlan
from .products import Product, ProductSpec
from .results import BufferResult, OutputResult
from .sequence_product import SequenceProduct
from .tensor_stage import TensorStage
from .tile_products import AcceleratorProduct, TileProduct

__all__ = ["VectorAssembly", "product_spec"]


def product_spec(plan: NetworkPlan, stage: Stage) -> ProductSpec:
    """Return what a stage multiplies with."""
    rows = [row for part in stage.parts for row in stage.rows_of(part)]
    operator, following = stage.node.operator, plan.following.get(stage.name)
    shape = plan.shapes.get(stage.name)
    scale = following.scale if following else None
    if isinstance(operator, LstmCell):
        scale = operator.gate_scale
    return ProductSpec(
        name=stage.name,
        weights=stage.product.weights[rows],
        steps=stage.product.lsb[rows],
        source_scale=plan.source_scale(stage),
        result_scale=scale,
        relu=following.relu if following else shape is not None and shape.relu,
        label=stage.label,
        style=stage.style(plan.mapping),
    )


class VectorAssembly:
    """What dense layers and cells of a run are made from.

    Parameters
    ----------
    plan : of the network.
    channels : ping-pong buffers by the tensor that they carry.
    access_bytes : per access to the accelerator.
    """

    def __init__(
        self, plan: NetworkPlan, channels: Table[str, PingPong], *, access_bytes: int
    ) -> None:
        self._plan, self._channels, self._access_bytes = plan, channels, access_bytes

    def stage(
        self, stage: Stage, context: CoreContext, product: Product | None
    ) -> DenseStage | CellStage | TensorStage:
        """Return a stage; `product` is its product by the core, or None for one on a tile."""
        if product is None:
            product = self._on_tile(stage, context)
        results = [self._handed_on(stage, link.value) for link in self._plan.link_from(stage)]
        if stage.name in self._plan.general:
            return self._whole(stage, context, product, results)
        source = self._source(stage, context)
        if isinstance(stage.node.operator, LstmCell):
            assert source is not None
            state = None
            if stage.count > 1:
                state = self._from_buffer(stage, stage.node.name)
            return CellStage(
                stage, context, source=source, state_source=state, product=product, results=results
            )
        plan = self._plan
        outputs = self._outputs(stage, context)
        operand = stage.node.operands[0]
        element = plan.held(operand).element
        if operand == plan.input_name:
            element = ElementType.INT8
        return DenseStage(
            stage,
            context,
            source=source,
            element=element,
            product=product,
            following=self._following(stage),
            results=[*results, *outputs],
        )

    def _outputs(self, stage: Stage, context: CoreContext) -> list[OutputResult]:
        return [
            OutputResult(tensor=name, stage=stage, context=context)
            for name in self._plan.graph.outputs[:1]
            if name in stage.makes
        ]

    def _whole(
        self, stage: Stage, context: CoreContext, product: Product, results: list[BufferResult]
    ) -> TensorStage:
        """A stage that works on whole tensors."""
        plan = self._plan
        sources: dict[str, VectorSource] = {}
        for tensor in stage.reads:
            if plan.link_to(stage, tensor) is not None:
                sources[tensor] = self._from_buffer(stage, tensor)
            elif tensor in plan.graph.inputs:
                sources[tensor] = InputSource(context.run)
        return TensorStage(
            stage,
            context,
            graph=plan.graph,
            sources=sources,
            product=product,
            following=plan.following[stage.name],
            results=[*results, *self._outputs(stage, context)],
        )

    def _following(self, stage: Stage) -> Following:
        """What follows on the core: nothing where a tile hands its results to another."""
        following = self._plan.following[stage.name]
        feeding = {tile.name for tile in self._plan.mapping.tiles if tile.feeds is not None}
        if feeding.isdisjoint(part.tile for part in stage.parts):
            return following
        return replace(following, nodes=(), memory={}, types={})

    def _on_tile(self, stage: Stage, context: CoreContext) -> Product:
        plan = self._plan
        spec = product_spec(plan, stage)
        tiles = {tile.name: tile for tile in plan.mapping.tiles}
        (name, *_) = (part.tile for part in stage.parts)
        assert name is not None
        rectangles = plan.tiles.rectangles(stage)
        if tiles[name].attached is TileAttachment.CORE:
            product = TileProduct(spec, context.library(stage), context.tiles, rectangles)
            if isinstance(stage.node.operator, SequenceOperator):
                return SequenceProduct(stage.node, product, context.tiles)
            return product
        accelerator = plan.tiles.accelerator
        assert accelerator is not None and accelerator.base is not None
        driver = AcceleratorDriver(
            base=accelerator.base,
            access_bytes=self._access_bytes,
            packing=PACKING[spec.style.operands],
        )
        return AcceleratorProduct(
            spec,
            driver,
            tile=rectangles[0].tile,
            fed=self._fed(stage),
            feeds=tiles[name].feeds is not None,
        )

    def _fed(self, stage: Stage) -> bool:
        """Whether another tile hands a stage's tile its vectors."""
        names = {part.tile for part in stage.parts}
        return any(tile.feeds in names for tile in self._plan.mapping.tiles if tile.feeds)

    def _source(self, stage: Stage, context: CoreContext) -> VectorSource | None:
        plan, operand = self._plan, stage.node.operands[0]
        if self._fed(stage):
            return None
        link = plan.link_to(stage, operand)
        if operand == plan.input_name:
            if link is None or context.run.writing is None:
                return InputSource(context.run)
            return ChosenSource(context.run, self._from_buffer(stage, operand))
        return self._from_buffer(stage, operand) if link else OwnSource(context, operand)

    def _from_buffer(self, stage: Stage, tensor: str) -> BufferSource:
        link = self._plan.link_to(stage, tensor)
        assert link is not None
        return BufferSource(self._channels[tensor], self._plan.readers(link).index(stage))

    def _handed_on(self, stage: Stage, tensor: str) -> BufferResult:
        plan = self._plan
        (link,) = (link for link in plan.link_from(stage) if link.value == tensor)
        return BufferResult(
            tensor=tensor,
            channel=self._channels[tensor],
            maker=stage.number,
            early=link.claimed_early,
            copied=bool(plan.read_here(stage, tensor)) or tensor in plan.graph.outputs,
        )
