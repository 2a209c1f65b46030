# SPDX-License-Identifier: Apache-2.0
"""A mapped network, checked as far as that needs no system: what programs are generated from."""

from collections.abc import Mapping as Table
from dataclasses import dataclass

from alpine_sw.graph import ElementType, Graph, LstmCell, TensorType
from alpine_sw.mapping import (
    InputFormat,
    Link,
    Mapping,
    Stage,
)

from .following import Following
from .row_shape import RowShape
from .tile_plans import TilePlans

__all__ = ["NetworkPlan"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NetworkPlan:
    """A graph, its mapping, and what follows from both.

    Members
    -------
    graph, mapping : the network and where it runs.
    stages : in the graph's order.
    tiles : contents of all tiles.
    following : what follows behind every stage but those that work row by row, by its name.
    shapes : sizes of every convolution's stage that works row by row, by its name.
    images : sizes of convolutions that work on whole images, by the name of the stage; those that
        are missing have no program by rows at all.
    general : names of the stages that work on whole tensors, by programs for any operator.
    """

    graph: Graph
    mapping: Mapping
    stages: tuple[Stage, ...]
    tiles: TilePlans
    following: Table[str, Following]
    shapes: Table[str, RowShape]
    images: Table[str, RowShape]
    general: frozenset[str]

    @property
    def input_name(self) -> str:
        """Name of the network's input."""
        return next(iter(self.graph.inputs))

    @property
    def output_name(self) -> str:
        """Name of the network's output."""
        return self.graph.outputs[0]

    @property
    def cores(self) -> int:
        """Cores that a system needs."""
        return 1 + max(stage.core for stage in self.stages)

    def makers(self, tensor: str) -> list[Stage]:
        """Stages that make a tensor, or a share of it, in order."""
        return [stage for stage in self.stages if tensor in stage.makes]

    def readers(self, link: Link) -> list[Stage]:
        """Stages that read from a buffer, in order."""
        return [stage for name in link.to for stage in self.stages if stage.node.name == name]

    def link_from(self, stage: Stage) -> list[Link]:
        """Buffers that a stage fills."""
        return [link for link in self.mapping.links if link.value in stage.makes]

    def link_to(self, stage: Stage, tensor: str) -> Link | None:
        """The buffer from which a stage reads a tensor, or None."""
        for link in self.mapping.links:
            if link.value == tensor and stage.node.name in link.to:
                return link
        return None

    def held(self, tensor: str) -> TensorType:
        """Type of a tensor in memory: an LSTM's h, and inputs if so chosen, are values there."""
        kind = self.graph.types[tensor]
        values = tensor == self.input_name and self.mapping.inputs is InputFormat.FP32
        if values or self._cell(tensor) is not None:
            return TensorType(ElementType.FLOAT32, kind.shape)
        return kind

    def source_scale(self, stage: Stage) -> float | None:
        """Codes per unit of the values that a stage's product reads; None where it reads codes."""
        operator = stage.node.operator
        if isinstance(operator, LstmCell):
            return operator.state_scale
        cell = self._cell(stage.node.operands[0])
        return None if cell is None else cell.state_scale

    @property
    def input_scale(self) -> float:
        """Codes per unit of the inputs where these are values."""
        for stage in self.stages:
            if isinstance(stage.node.operator, LstmCell) and self.input_name in stage.node.operands:
                return stage.node.operator.state_scale
        return 1.0

    def read_here(self, stage: Stage, tensor: str) -> list[Stage]:
        """Other stages on a stage's core that read a tensor of it where it lies."""
        return [
            other
            for other in self.stages
            if other.core == stage.core
            and other is not stage
            and tensor in other.reads
            and self.link_to(other, tensor) is None
        ]

    def leaving(self, stage: Stage) -> list[str]:
        """Tensors of a stage that others read, or that are the network's output."""
        others = [other for other in self.stages if other.node.name != stage.node.name]
        read = {tensor for other in others for tensor in other.reads}
        return [name for name in stage.makes if name in read or name == self.output_name]

    def _cell(self, tensor: str) -> LstmCell | None:
        """The LSTM cell whose h a tensor is, or None."""
        if tensor in self.graph.inputs:
            return None
        operator = self.graph[tensor].operator
        return operator if isinstance(operator, LstmCell) else None
