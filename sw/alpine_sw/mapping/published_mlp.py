# SPDX-License-Identifier: Apache-2.0
"""The published mappings of a perceptron of two dense layers.

Source: Klein et al., ALPINE, IEEE TC 2022, Fig. 6 and Sec. VII.
"""

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_sw.graph import Graph
from alpine_sw.graph.products import MatrixProduct, matrix_products

from .records import (
    InputFormat,
    Link,
    MappedTile,
    Mapping,
    Part,
    Software,
    Style,
    TileAttachment,
)

__all__ = ["MLP_CASES", "MLP_DIGITAL_CORES", "analog_mlp", "digital_mlp", "loose_mlp"]

MLP_CASES = (1, 2, 3, 4)
"""1: one core, both layers on the block diagonal of one tile, one CM_PROCESS per inference, the
second layer working on the inference before. 2: one core, the layers side by side in one tile, two
CM_PROCESS per inference. 3: two cores with a tile and a layer each. 4: four cores, each layer split
between two."""

MLP_DIGITAL_CORES = (1, 2, 4)
"""Cores of the published digital references."""


def analog_mlp(
    graph: Graph,
    *,
    case: int,
    software: Software = Software.RELEASED,
    config: TileConfig | None = None,
    inputs: InputFormat = InputFormat.INT8,
) -> Mapping:
    """Map two dense layers onto tiles.

    Parameters
    ----------
    graph : with two matrices, one behind the other.
    case : one of `MLP_CASES`.
    software : how operands are packed.
    config : size of every tile; just large enough when None, which for the published network gives
        the paper's 2048 x 2048, 1024 x 2048, 1024 x 1024 and 1024 x 512.
    inputs : what the inputs are in memory.

    Raises
    ------
    AlpineError
        The graph has other layers, or one cannot be halved.
    """
    first, second = _layers(graph)
    tiles, parts = (
        _one_tile(first, second, case, config)
        if case in (1, 2)
        else _tile_per_core(first, second, case, config)
    )
    return Mapping(
        name=f"case {case}",
        network=graph.name,
        tiles=tiles,
        parts=parts,
        links=_links(graph, second, early=False) if case in (3, 4) else (),
        style=Style(operands=software),
        inputs=inputs,
    )


def _one_tile(
    first: MatrixProduct, second: MatrixProduct, case: int, config: TileConfig | None
) -> tuple[tuple[MappedTile, ...], tuple[Part, ...]]:
    """Cases 1 and 2: both layers in the tile of core 0."""
    hidden, width = first.weights.shape
    size = len(second.weights)
    block_diagonal = case == 1
    rows = width + hidden if block_diagonal else max(width, hidden)
    tile = MappedTile(
        name="tile",
        core=0,
        rows=config.rows if config else rows,
        columns=config.columns if config else hidden + size,
    )
    parts = (
        Part(node=first.node.name, core=0, tile=tile.name),
        Part(
            node=second.node.name,
            core=0,
            tile=tile.name,
            row=width if block_diagonal else 0,
            column=hidden,
            turn=0 if block_diagonal else 1,
            behind=1 if block_diagonal else 0,
        ),
    )
    return (tile,), parts


def _tile_per_core(
    first: MatrixProduct, second: MatrixProduct, case: int, config: TileConfig | None
) -> tuple[tuple[MappedTile, ...], tuple[Part, ...]]:
    """Cases 3 and 4: every layer on one or two cores, the first layer's cores first."""
    parts = _shares(first, second, case - 2, f"tiles of case {case}", on_tiles=True)
    tiles: list[MappedTile] = []
    for part, layer in zip(parts, [first] * (case - 2) + [second] * (case - 2), strict=True):
        outputs, width = layer.weights.shape
        assert part.tile is not None
        tiles.append(
            MappedTile(
                name=part.tile,
                core=part.core,
                rows=config.rows if config else width,
                columns=config.columns if config else outputs // (case - 2),
            )
        )
    return tuple(tiles), parts


def _shares(
    first: MatrixProduct, second: MatrixProduct, shares: int, what: str, *, on_tiles: bool
) -> tuple[Part, ...]:
    """Parts of both layers, each on as many cores."""
    parts: list[Part] = []
    for number, layer in enumerate((first, second)):
        outputs = len(layer.weights)
        if outputs % shares:
            raise AlpineError(
                f"{what} take half of every layer, but layer {number + 1} has {outputs} outputs: "
                "use a mapping that does not, or an even number"
            )
        for share in range(shares):
            core, size = number * shares + share, outputs // shares
            parts.append(
                Part(
                    node=layer.node.name,
                    core=core,
                    outputs=((share * size, (share + 1) * size),) if shares > 1 else None,
                    tile=f"tile {core}" if on_tiles else None,
                )
            )
    return tuple(parts)


def digital_mlp(
    graph: Graph,
    *,
    cores: int,
    style: str = "neon4",
    inputs: InputFormat = InputFormat.INT8,
) -> Mapping:
    """Map two dense layers onto one, two or four cores without tiles.

    Two cores take a layer each, four half a layer each, pipelined through the same ping-pong
    buffers as the analog mappings.

    Parameters
    ----------
    graph : with two matrices, one behind the other.
    cores : one of `MLP_DIGITAL_CORES`.
    style : of the products, one of `alpine_sw.kernels.MVM_STYLES` that need no scratch memory.
    inputs : what the inputs are in memory; values are turned into codes sixteen at a time.

    Raises
    ------
    AlpineError
        The graph has other layers, or one cannot be halved for four cores.
    """
    first, second = _layers(graph)
    if cores == 1:
        parts = (
            Part(node=first.node.name, core=0),
            Part(node=second.node.name, core=0, turn=1),
        )
    else:
        parts = _shares(first, second, cores // 2, f"{cores} cores", on_tiles=False)
    return Mapping(
        name=f"digital on {cores}",
        network=graph.name,
        parts=parts,
        links=_links(graph, second, early=True) if cores > 1 else (),
        style=Style(operands=Software.TUNED, product=style),
        inputs=inputs,
    )


def loose_mlp(
    graph: Graph,
    *,
    software: Software = Software.RELEASED,
    inputs: InputFormat = InputFormat.INT8,
) -> Mapping:
    """Map two dense layers onto two chained tiles of an accelerator, with a ReLU between them.

    One core feeds and drains them: it fetches the results of an inference when it has sent the next
    one, so that it never waits for a product.

    Parameters
    ----------
    graph : with two matrices, one behind the other.
    software : how operands are packed.
    inputs : what the inputs are in memory.

    Raises
    ------
    AlpineError
        The graph has other layers.
    """
    first, second = _layers(graph)
    names = ("tile 0", "tile 1")
    tiles = tuple(
        MappedTile(
            name=name,
            core=0,
            rows=layer.weights.shape[1],
            columns=len(layer.weights),
            attached=TileAttachment.IO,
            feeds=names[1] if name == names[0] else None,
        )
        for name, layer in zip(names, (first, second), strict=True)
    )
    return Mapping(
        name="loose",
        network=graph.name,
        tiles=tiles,
        parts=(
            Part(node=first.node.name, core=0, tile=names[0]),
            Part(node=second.node.name, core=0, tile=names[1], behind=1),
        ),
        style=Style(operands=software),
        inputs=inputs,
    )


def _layers(graph: Graph) -> tuple[MatrixProduct, MatrixProduct]:
    layers = list(matrix_products(graph).values())
    if len(layers) != 2:
        raise AlpineError(
            f"the perceptron's mappings are for two layers, but network {graph.name} has "
            f"{len(layers)}: use another mapping"
        )
    return layers[0], layers[1]


def _links(graph: Graph, second: MatrixProduct, *, early: bool) -> tuple[Link, ...]:
    """The buffer between the layers."""
    hidden = second.node.operands[0]
    return (Link(value=hidden, to=(second.node.name,), claimed_early=early),)
