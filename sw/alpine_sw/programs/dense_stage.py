# SPDX-License-Identifier: Apache-2.0
"""A dense layer, or a core's share of it, and what follows on the core."""

from collections.abc import Sequence

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw.graph import ElementType
from alpine_sw.library.aimclib import section
from alpine_sw.mapping import Stage

from .core_context import CoreContext
from .ends import InputSource, VectorSource, load
from .following import Following
from .products import Product, run_sections
from .results import BufferResult, OutputResult

__all__ = ["DenseStage"]


class DenseStage:
    """A stage that multiplies one vector per inference.

    Parameters
    ----------
    stage : of the mapping.
    context : of the core.
    source : of the vectors, or None where a tile hands them to the next one.
    element : type of their elements in the core's own memory.
    product : with the stage's matrix.
    following : what follows on the core.
    results : what leaves the core.
    """

    def __init__(
        self,
        stage: Stage,
        context: CoreContext,
        *,
        source: VectorSource | None,
        element: ElementType,
        product: Product,
        following: Following,
        results: Sequence[BufferResult | OutputResult],
    ) -> None:
        self.stage, self.product = stage, product
        self._context, self._source, self._element = context, source, element
        self._following = following
        self._outputs = [one for one in results if isinstance(one, OutputResult)]
        self._handed_on = [one for one in results if isinstance(one, BufferResult)]
        self._vector: Buffer | None = None
        self._fed: Buffer | None = None
        self._fresh = context.style(stage).fresh_results

    def start(self) -> None:
        """Lay out the stage's own memory."""
        space, source = self._context.run.space, self._source
        if source is not None and not source.own:
            width = self.stage.product.weights.shape[1]
            name = f"input of {self.stage.name}"
            self._vector = space.allocate(name, width, self._element.dtype)
        self.product.start(space)
        if not self._fresh:
            self._lay_out_results()

    def _lay_out_results(self) -> None:
        """Allocate what the product and the nodes behind it make, but for what cores hand on."""
        following, space = self._following, self._context.run.space
        elsewhere = {following.memory[one.tensor] for one in self._handed_on if not one.copied}
        for name, (element, size) in following.types.items():
            if name not in elsewhere:
                self._stands_at(name, space.allocate(name, size, element.dtype))

    def _stands_at(self, owner: str, buffer: Buffer) -> None:
        """Note where a tensor and those in its memory lie."""
        for tensor, name in self._following.memory.items():
            if name == owner:
                self._context.buffers[tensor] = buffer

    def feed(self, inference: int) -> Program:
        """Fetch a vector and hand it to the product."""
        source = self._source
        if source is None:
            return
        vector: Buffer = yield from source.wait(inference)
        if not source.own:
            assert self._vector is not None
            style = self._context.style(self.stage)
            inline = style.inline_copies and isinstance(source, InputSource)
            program = load(self._vector, vector, style=style, inline=inline)
            yield from section("input load", program)
            yield from source.release(inference)
            vector = self._vector
        self._fed = vector
        yield from self.product.feed(vector)

    def drain(self, inference: int) -> Program:
        """Make the results and hand them on."""
        if self._fresh:
            self._lay_out_results()
        yield from self._claim(early=True)
        if self._fed is not None:
            yield from self.product.multiply(self._fed)
        yield from self._claim(early=False)
        following = self._following
        if not following.memory:  # the tile hands its results to another
            return
        sections = [*self.product.convert(self._find(following.first))]
        sections += following.sections(self._find, self._context.library(self.stage))
        yield from run_sections(sections)
        for result in self._handed_on:
            yield from result.copy(self._find(result.tensor)) if result.copied else result.put()
        for result in self._outputs:
            yield from result.write(inference, self._find(result.tensor))

    def _claim(self, *, early: bool) -> Program:
        for result in self._handed_on:
            if result.early == early and not result.copied:
                place: Buffer = yield from result.claim()
                self._stands_at(self._following.memory[result.tensor], place)

    def _find(self, tensor: str) -> Buffer:
        """Memory of a tensor: the stage's own, or an earlier stage's on the same core."""
        return self._context.buffers[tensor]
