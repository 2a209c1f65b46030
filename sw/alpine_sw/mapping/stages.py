# SPDX-License-Identifier: Apache-2.0
"""A mapping held against its graph: what every core computes, checked.

A stage is a node with a matrix, or a core's share of it, and the nodes behind it that need no
matrix: they run on the cores of the node whose result they take.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_sw.graph import Convolution, Graph, LstmCell, Node
from alpine_sw.graph.lstm import Gate
from alpine_sw.graph.products import MatrixProduct, matrix_products

from .records import Link, Mapping, Part, Range, Style
from .splits import check_network

__all__ = ["Stage", "linked_stages", "stages_of"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stage:
    """What a core computes of a node, and of what follows on it.

    Members
    -------
    product : the node with its matrix.
    parts : the core's parts of it.
    outputs : which of the node's results the core makes.
    followers : nodes behind it without a matrix, in the graph's order, the converter first.
    leaders : nodes without a matrix in front of it, which no other node with one precedes.
    number, count : which of the node's stages this is, from 0, and of how many.
    """

    product: MatrixProduct
    parts: tuple[Part, ...]
    outputs: Range
    followers: tuple[Node, ...]
    leaders: tuple[Node, ...]
    number: int
    count: int

    @property
    def node(self) -> Node:
        """The node with the matrix."""
        return self.product.node

    @property
    def core(self) -> int:
        """The core that computes it."""
        return self.parts[0].core

    @property
    def turn(self) -> int:
        """When the core works on it within a step."""
        return self.parts[0].turn

    @property
    def behind(self) -> int:
        """Inferences by which it works behind the core's first stages."""
        return self.parts[0].behind

    @property
    def label(self) -> str:
        """Beginning of its sections' names in the breakdown, or empty."""
        return self.parts[0].label

    @property
    def size(self) -> int:
        """Results that the core makes."""
        return self.outputs[1] - self.outputs[0]

    @property
    def name(self) -> str:
        """Its name among all stages."""
        return f"{self.node.name} on core {self.core}" if self.count > 1 else self.node.name

    @property
    def makes(self) -> tuple[str, ...]:
        """Tensors of which it makes all or a share."""
        return tuple(node.name for node in self.nodes)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes that it computes, in an order in which that can be done."""
        return (*self.leaders, self.node, *self.followers)

    @property
    def reads(self) -> tuple[str, ...]:
        """Tensors that its nodes read and that it does not make."""
        made = set(self.makes)
        operands = (name for node in self.nodes for name in node.operands)
        return tuple(dict.fromkeys(name for name in operands if name not in made))

    def style(self, mapping: Mapping) -> Style:
        """Style of its software."""
        return self.parts[0].style or mapping.style

    def rows_of(self, part: Part) -> NDArray[np.intp]:
        """Outputs of the node's matrix that a part holds, in the order of its bit lines."""
        ranges = part.outputs or ((0, len(self.product.weights)),)
        return np.concatenate([np.arange(first, end) for first, end in ranges])


def stages_of(graph: Graph, mapping: Mapping) -> tuple[Stage, ...]:
    """Return every stage of a mapped graph, in the graph's order.

    Raises
    ------
    AlpineError
        The mapping does not fit the graph.
    """
    check_network(graph, mapping)
    products = matrix_products(graph)
    _check_names(graph, mapping, products)
    leaders, followers = _others(graph, products)
    stages: list[Stage] = []
    for name, product in products.items():
        parts = [part for part in mapping.parts if part.node == name]
        if not parts:
            raise AlpineError(
                f"node {name} of network {graph.name} is on no core: give it a part in mapping "
                f"{mapping.name}"
            )
        by_core = [
            tuple(part for part in parts if part.core == core)
            for core in dict.fromkeys(part.core for part in parts)
        ]
        shares = [_share(product, parts) for parts in by_core]
        _check_cover(product, shares)
        stages += [
            Stage(
                product=product,
                parts=parts,
                outputs=share,
                followers=followers[name],
                leaders=leaders[name],
                number=number,
                count=len(by_core),
            )
            for number, (parts, share) in enumerate(zip(by_core, shares, strict=True))
        ]
    _check_tiles(mapping, stages)
    _check_order(stages)
    return tuple(stages)


def linked_stages(stages: Iterable[Stage], link: Link) -> tuple[list[Stage], list[Stage]]:
    """Return the stages that make what a buffer carries, and those that read it, in order."""
    stages = list(stages)
    makers = [stage for stage in stages if link.value in stage.makes]
    readers = [stage for name in link.to for stage in stages if stage.node.name == name]
    return makers, readers


def _check_names(graph: Graph, mapping: Mapping, products: dict[str, MatrixProduct]) -> None:
    for part in mapping.parts:
        here = f"mapping {mapping.name}"
        if part.node in graph.types and part.node not in products:
            raise AlpineError(
                f"{here} has a part of node {part.node}, which has no matrix of codes and runs "
                "with the node in front of it: leave the part out"
            )
        choose(f"node of {here}", part.node, products)
    for link in mapping.links:
        choose(f"value of a buffer of mapping {mapping.name}", link.value, graph.types)
        for reader in link.to:
            choose(f"reader of the buffer behind {link.value}", reader, products)
    names = [tile.name for tile in mapping.tiles]
    for name in names:
        if names.count(name) > 1:
            raise AlpineError(
                f"mapping {mapping.name} has two tiles called {name}: give each its own name"
            )


Nodes = dict[str, tuple[Node, ...]]
"""Nodes without a matrix by the node with one beside which they run."""


def _others(graph: Graph, products: dict[str, MatrixProduct]) -> tuple[Nodes, Nodes]:
    """Nodes in front of, and behind, the node with a matrix beside which they run.

    A node runs behind the last one with a matrix whose results reach it. What no matrix precedes,
    such as the conversion of the network's input, runs in front of the first one that reads it.
    """
    home = {name: name for name in products}
    order = {name: number for number, name in enumerate(products)}
    behind: dict[str, list[Node]] = {name: [] for name in products}
    early: list[Node] = []
    for node in graph.nodes:
        if node.name in home:
            continue
        homes = [home[name] for name in node.operands if name in home]
        if not homes:
            early.append(node)
            continue
        home[node.name] = max(homes, key=order.__getitem__)
        behind[home[node.name]].append(node)
    before: dict[str, list[Node]] = {name: [] for name in products}
    for node in reversed(early):
        readers = [home[reader.name] for reader in graph.readers(node.name) if reader.name in home]
        if not readers:
            raise AlpineError(
                f"node {node.name} of network {graph.name} neither reads nor feeds a node with a "
                "matrix of codes, beside which it could run: change the network so that it does"
            )
        home[node.name] = min(readers, key=order.__getitem__)
        before[home[node.name]].insert(0, node)
    return (
        {name: tuple(nodes) for name, nodes in before.items()},
        {name: tuple(nodes) for name, nodes in behind.items()},
    )


def _share(product: MatrixProduct, parts: Sequence[Part]) -> Range:
    """Results of the node that the parts of one core make together."""
    node, core = product.node, parts[0].core
    outputs = len(product.weights)
    for part in parts:
        for first, end in part.outputs or ():
            if end > outputs:
                raise AlpineError(
                    f"outputs {first} to {end - 1} of node {node.name} on core {core} are not all "
                    f"there: it has {outputs}"
                )
        for name in ("turn", "behind", "label", "style"):
            if getattr(part, name) != getattr(parts[0], name):
                raise AlpineError(
                    f"parts of node {node.name} on core {core} differ in {name}: give them the same"
                )
    ranges = [range_ for part in parts for range_ in part.outputs or ((0, outputs),)]
    if isinstance(node.operator, LstmCell):
        return _units(node, core, ranges, node.operator.hidden)
    joined = (ranges[0][0], ranges[-1][1])
    if sum(end - first for first, end in ranges) != joined[1] - joined[0] or any(
        one[1] != other[0] for one, other in pairwise(ranges)
    ):
        raise AlpineError(
            f"outputs of node {node.name} on core {core} do not follow one another: list ranges "
            "in order, without gaps"
        )
    return joined


def _units(node: Node, core: int, ranges: Sequence[Range], hidden: int) -> Range:
    """Units of an LSTM cell whose gates are listed gate by gate."""
    first, end = ranges[0]
    if list(ranges) == [(0, len(Gate) * hidden)]:
        return 0, hidden
    expected = [(gate * hidden + first, gate * hidden + end) for gate in Gate]
    if list(ranges) != expected or end > hidden:
        raise AlpineError(
            f"outputs of cell {node.name} on core {core} are not the four gates of some units, "
            f"gate by gate: with {hidden} units and outputs {first} to {end - 1} first they would "
            f"be {', '.join(str(list(one)) for one in expected)}"
        )
    return first, end


def _check_cover(product: MatrixProduct, shares: Sequence[Range]) -> None:
    """Every result is made once, by cores in order."""
    node = product.node
    size = len(product.weights)
    if isinstance(node.operator, LstmCell):
        size = node.operator.hidden
    place = 0
    for first, end in shares:
        if first != place:
            raise AlpineError(
                f"results {min(place, first)} to {max(place, first) - 1} of node {node.name} are "
                f"made {'twice' if first < place else 'nowhere'}: let its parts cover 0 to "
                f"{size - 1} in order"
            )
        place = end
    if place != size:
        raise AlpineError(
            f"results {place} to {size - 1} of node {node.name} are made nowhere: add a part"
        )
    if len(shares) > 1 and isinstance(node.operator, Convolution):
        raise AlpineError(f"convolution {node.name} is split over {len(shares)} cores: give it one")


def _check_tiles(mapping: Mapping, stages: Sequence[Stage]) -> None:
    tiles = {tile.name: tile for tile in mapping.tiles}
    for tile in mapping.tiles:
        if tile.feeds is not None:
            choose(f"tile that tile {tile.name} feeds", tile.feeds, tiles)
    for stage in stages:
        with_tile = {part.tile is not None for part in stage.parts}
        if len(with_tile) > 1:
            raise AlpineError(
                f"node {stage.node.name} on core {stage.core} has parts with and without a tile: "
                "give all of them one, or none"
            )
        for part in stage.parts:
            if part.tile is None:
                continue
            choose(f"tile of node {part.node}", part.tile, tiles)
            core = tiles[part.tile].core
            if core != part.core:
                raise AlpineError(
                    f"node {part.node} on core {part.core} lies in tile {part.tile}, which core "
                    f"{core} has: move one of them"
                )


def _check_order(stages: Sequence[Stage]) -> None:
    """A core works on what a stage reads before it works on the stage."""
    made_by = {name: stage.node.name for stage in stages for name in stage.makes}
    before: dict[str, set[str]] = {}
    for stage in stages:
        name = stage.node.name
        operands = {made_by[operand] for operand in stage.reads if operand in made_by} - {name}
        before[name] = operands.union(*(before[other] for other in operands))
    for stage in stages:
        for other in stages:
            if other.core != stage.core or other.node.name not in before[stage.node.name]:
                continue
            if (stage.behind, stage.turn) <= (other.behind, other.turn):
                raise AlpineError(
                    f"core {stage.core} works on node {stage.node.name} in turn {stage.turn}, but "
                    f"on node {other.node.name}, whose results it needs, in turn {other.turn}: "
                    "give it a later turn, or let it work one inference behind"
                )
