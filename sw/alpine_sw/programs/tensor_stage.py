# SPDX-License-Identifier: Apache-2.0
"""A stage that works on whole tensors: any operators in front of its product and behind it."""

from collections.abc import Callable, Mapping, Sequence

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw.graph import Graph, Node, Operator, Sigmoid, Softmax, Tanh
from alpine_sw.kernels.operators import Tensor, alias, run_operator, weights_of
from alpine_sw.library.aimclib import section
from alpine_sw.mapping import Stage

from .core_context import CoreContext
from .ends import VectorSource
from .following import Following
from .products import Product, run_sections
from .results import BufferResult, OutputResult

__all__ = ["TensorStage"]


class TensorStage:
    """A stage whose nodes run one after the other, each on all elements of its operands.

    What other cores make is read where they hand it over, and given back when the stage has
    finished the inference.

    Parameters
    ----------
    stage : of the mapping.
    context : of the core.
    graph : of the network.
    sources : of what the stage reads and does not find in the core's own memory, by tensor.
    product : with the stage's matrix.
    following : what the product includes, and what stands behind it.
    results : what leaves the core.
    """

    def __init__(
        self,
        stage: Stage,
        context: CoreContext,
        *,
        graph: Graph,
        sources: Mapping[str, VectorSource],
        product: Product,
        following: Following,
        results: Sequence[BufferResult | OutputResult],
    ) -> None:
        self.stage, self.product = stage, product
        self._context, self._graph, self._sources = context, graph, sources
        self._following, self._results = following, results
        self._weights: dict[str, Buffer] = {}

    def start(self) -> None:
        """Lay out the stage's own memory."""
        space, following = self._context.run.space, self._following
        self.product.start(space)
        for node in (*self.stage.leaders, *following.nodes):
            values = weights_of(node.operator)
            if values is not None:
                self._weights[node.name] = space.place(f"weights of {node.name}", values)
            if values is not None and not node.operands:
                self._context.buffers[node.name] = self._weights[node.name]
            elif self._alias(node) is None:
                self._lay_out(node.name)
        self._lay_out(following.first)

    def _lay_out(self, tensor: str) -> None:
        kind = self._graph.types[tensor]
        self._context.buffers[tensor] = self._context.run.space.allocate(
            tensor, kind.elements, kind.element.dtype
        )

    def _alias(self, node: Node) -> tuple[int, int] | None:
        """Elements of its operand that are a node's results, where it only names memory."""
        if len(node.operands) != 1:
            return None
        return alias(node.operator, self._graph.types[node.operands[0]])

    def feed(self, inference: int) -> Program:
        """Wait for what others make, run what stands in front, hand the vector to the product."""
        for tensor, source in self._sources.items():
            self._context.buffers[tensor] = yield from source.wait(inference)
        yield from self._run(self.stage.leaders)
        yield from self.product.feed(self._find(self.stage.node.operands[0]))

    def drain(self, inference: int) -> Program:
        """Make the results and hand them on."""
        following = self._following
        yield from self.product.multiply(self._find(self.stage.node.operands[0]))
        yield from run_sections(self.product.convert(self._find(following.first)))
        yield from self._run(following.nodes)
        for source in self._sources.values():
            yield from source.release(inference)
        for result in self._results:
            if isinstance(result, BufferResult):
                yield from result.copy(self._find(result.tensor))
            else:
                yield from result.write(inference, self._find(result.tensor))

    def _run(self, nodes: Sequence[Node]) -> Program:
        for node in nodes:
            if not node.operands:
                continue
            same = self._alias(node)
            if same is not None:
                self._context.buffers[node.name] = self._find(node.operands[0]).part(*same)
                continue
            operands = [Tensor(self._find(name), self._graph.types[name]) for name in node.operands]
            yield from section(node.operator.kind, self._program(node, operands))

    def _program(self, node: Node, operands: Sequence[Tensor]) -> Program:
        target = self._find(node.name)
        aimc = self._context.library(self.stage)
        known: dict[type[Operator], Callable[[Buffer, Buffer], Program]] = {
            Softmax: aimc.softmax,
            Sigmoid: aimc.sigmoid,
            Tanh: aimc.tanh,
        }
        if type(node.operator) in known and len(operands[0].kind.shape) == 1:
            return known[type(node.operator)](operands[0].buffer, target)
        result = Tensor(target, self._graph.types[node.name])
        return run_operator(node.operator, operands, result, self._weights.get(node.name))

    def _find(self, tensor: str) -> Buffer:
        return self._context.buffers[tensor]
