# SPDX-License-Identifier: Apache-2.0
"""One run of a mapped network put together: memory, stages, a program per core."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Program
from alpine_sw.graph import Convolution
from alpine_sw.graph.sequences import SequenceOperator
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.row_ring import RowRing
from alpine_sw.mapping import Link, LinkKind, Stage

from .core_context import CoreContext
from .core_products import Int8Product
from .core_program import CoreStage, core_program
from .layout import lay_out
from .network_plan import NetworkPlan
from .products import CoreProduct, CoreProducts
from .row_assembly import RowAssembly
from .row_products import RowProduct
from .run_memory import RunMemory
from .sequence_product import SequenceProduct
from .vector_assembly import VectorAssembly, product_spec

__all__ = ["Parts", "assemble", "values_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What programs are made with, for comparisons with other people's.

    Members
    -------
    buffers : hands vectors from core to core.
    core_products : makes products without tiles of one vector.
    """

    buffers: type[PingPong] = PingPong
    core_products: CoreProducts = Int8Product


def assemble(
    plan: NetworkPlan, run: RunMemory, config: SystemConfig, parts: Parts
) -> dict[int, Program]:
    """Lay a run's memory out and return a program per core.

    Parameters
    ----------
    plan : of the network.
    run : where inputs and outputs lie.
    config : of the system.
    parts : what programs are made with.
    """
    return _Assembly(plan, run, config, parts).programs()


def values_of(codes: NDArray[np.int8], scale: float) -> NDArray[np.float32]:
    """Return the real values that a scaled queue turns into these codes.

    Parameters
    ----------
    codes : int8, any shape.
    scale : codes per unit, which the queue multiplies with before it cuts off toward zero.
    """
    factor = np.float32(scale)
    known = np.arange(-128, 128, dtype=np.float32)
    values = known / factor
    short = np.abs(np.trunc(values * factor)) < np.abs(known)
    values[short] = np.nextafter(values[short], np.float32(2) * values[short])
    return values[codes.astype(np.int16) + 128]


class _Assembly:
    def __init__(
        self, plan: NetworkPlan, run: RunMemory, config: SystemConfig, parts: Parts
    ) -> None:
        self._plan, self._run, self._parts = plan, run, parts
        self._channels: dict[str, PingPong] = {}
        self._rings: dict[str, RowRing] = {}
        self._rows = RowAssembly(
            plan, config, run.space, channels=self._channels, rings=self._rings
        )
        self._vectors = VectorAssembly(plan, self._channels, access_bytes=config.io.access_bytes)
        self._row_products: dict[str, RowProduct] = {}
        self._core_products: dict[str, CoreProduct] = {}
        for stage in plan.stages:
            if stage.name in plan.shapes:
                self._row_products[stage.name] = self._rows.product(stage)
            elif isinstance(stage.node.operator, Convolution):
                self._core_products[stage.name] = self._rows.whole(stage)
            elif stage.parts[0].tile is None and isinstance(stage.node.operator, SequenceOperator):
                inner = parts.core_products(product_spec(plan, stage))
                self._core_products[stage.name] = SequenceProduct(stage.node, inner, None)
            elif stage.parts[0].tile is None:
                self._core_products[stage.name] = parts.core_products(product_spec(plan, stage))

    def programs(self) -> dict[int, Program]:
        """A program per core."""
        lay_out(self._plan.mapping, self._blocks())
        programs: dict[int, Program] = {}
        for core in sorted({stage.core for stage in self._plan.stages}):
            context = CoreContext(
                run=self._run,
                mapping=self._plan.mapping,
                choice=self._channels.get(self._plan.input_name),
            )
            stages = [
                self._stage(stage, context) for stage in self._plan.stages if stage.core == core
            ]
            programs[core] = core_program(stages, self._run, context.tiles)
        return programs

    def _stage(self, stage: Stage, context: CoreContext) -> CoreStage:
        if stage.name in self._row_products:
            return self._rows.stage(stage, context, self._row_products[stage.name])
        return self._vectors.stage(stage, context, self._core_products.get(stage.name))

    def _blocks(self) -> dict[str, Callable[[], None]]:
        space = self._run.space
        blocks: dict[str, Callable[[], None]] = {}
        for name, product in (self._core_products | self._row_products).items():
            blocks[f"weights {name}"] = partial(product.place_weights, space)
            blocks[f"scratch {name}"] = partial(product.allocate_scratch, space)
        for link in self._plan.mapping.links:
            blocks[f"buffer {link.value}"] = partial(self._lay_out_link, link)
        for stage in self._plan.stages:
            if stage.name in self._row_products:
                blocks |= self._rows.blocks(stage)
        return blocks

    def _lay_out_link(self, link: Link) -> None:
        plan, space = self._plan, self._run.space
        readers = plan.readers(link)
        name = f"input of {readers[0].node.name}"
        if link.kind is LinkKind.ROW_RING:
            shape = plan.shapes[readers[0].name]
            size = shape.padded_columns * shape.channels
            self._rings[link.value] = RowRing(space, name=name, size=size, slots=link.slots)
            return
        kind = plan.held(link.value)
        makers = [stage.size for stage in plan.makers(link.value)]
        self._channels[link.value] = self._parts.buffers(
            space,
            name=name,
            size=kind.elements,
            producers=makers if len(makers) > 1 else 1,
            consumers=len(readers),
            slots=link.slots,
            dtype=kind.element.dtype,
        )
