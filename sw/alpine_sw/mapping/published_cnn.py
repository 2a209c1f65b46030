# SPDX-License-Identifier: Apache-2.0
"""The published mappings of a convolutional network: a core per layer, convolutions on tiles.

Source: Klein et al., ALPINE, IEEE TC 2022, Fig. 12.
"""

from collections.abc import Sequence

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_sw.graph import Convolution, Graph
from alpine_sw.graph.products import MatrixProduct, matrix_products
from alpine_sw.library.software import Software

from .chain import buffer_in_front
from .records import Link, LinkKind, MappedTile, Mapping, Part, Style

__all__ = ["BLOCK", "DENSE_STYLE", "analog_cnn", "digital_cnn"]

DENSE_STYLE = "neon4"
"""Products of the dense layers beside tiles, which have none."""

BLOCK = 128
"""Outputs per call of the dense layers' products, which bounds the host's memory."""


def analog_cnn(
    graph: Graph,
    *,
    software: Software = Software.RELEASED,
    dense_style: str = DENSE_STYLE,
    configs: Sequence[TileConfig] | None = None,
) -> Mapping:
    """Map layers onto a core with a tile per convolution and one without per dense layer.

    Parameters
    ----------
    graph : convolutions, then dense layers.
    software : how operands are packed.
    dense_style : of the dense layers' products.
    configs : tiles of the convolutions; just large enough when None.

    Raises
    ------
    AlpineError
        The graph has other layers.
    """
    convolutions, _ = _layers(graph)
    tiles = tuple(
        MappedTile(
            name=f"tile {core}",
            core=core,
            rows=configs[core].rows if configs else layer.weights.shape[1],
            columns=configs[core].columns if configs else len(layer.weights),
        )
        for core, layer in enumerate(convolutions)
    )
    return _mapping(graph, "case 1", tiles, Style(operands=software, product=dense_style))


def digital_cnn(graph: Graph, *, style: str = DENSE_STYLE) -> Mapping:
    """Map a chain of layers onto a core per layer without tiles, pipelined as the analog mapping.

    Parameters
    ----------
    graph : convolutions, then dense layers.
    style : of all products, one of `alpine_sw.kernels.MVM_STYLES` that need no scratch memory.

    Raises
    ------
    AlpineError
        The graph has other layers.
    """
    return _mapping(graph, "digital", (), Style(operands=Software.TUNED, product=style))


def _mapping(graph: Graph, name: str, tiles: tuple[MappedTile, ...], style: Style) -> Mapping:
    convolutions, dense = _layers(graph)
    layers = [*convolutions, *dense]
    parts = [
        Part(
            node=layer.node.name,
            core=core,
            tile=tiles[core].name if core < len(tiles) else None,
        )
        for core, layer in enumerate(convolutions)
    ]
    dense_style = Style(
        operands=style.operands, product=style.product, block=BLOCK, fresh_results=True
    )
    parts += [
        Part(node=layer.node.name, core=core, style=dense_style)
        for core, layer in enumerate(dense, start=len(convolutions))
    ]
    links = [buffer_in_front(graph, layer) for layer in layers[1:]]
    return Mapping(
        name=name,
        network=graph.name,
        tiles=tiles,
        parts=tuple(parts),
        links=tuple(links),
        style=style,
        memory=_memory(layers, links, digital=not tiles),
    )


def _memory(
    layers: Sequence[MatrixProduct], links: Sequence[Link], *, digital: bool
) -> tuple[str, ...]:
    """Vectors, what the convolutions need, the rings between them, the dense layers' weights."""
    convolutions = [layer for layer in layers if isinstance(layer.node.operator, Convolution)]
    names = [layer.node.name for layer in convolutions]
    blocks = [f"buffer {link.value}" for link in links if link.kind is LinkKind.PING_PONG]
    for name in names:
        blocks += [f"weights {name}", f"scratch {name}"]
    blocks += [f"buffer {link.value}" for link in links if link.kind is LinkKind.ROW_RING]
    blocks += [f"padding {name}" for name in names[1:]]
    blocks += [f"rows {name}" for name in names]
    return (*blocks, *(f"weights {layer.node.name}" for layer in layers[len(names) :]))


def _layers(graph: Graph) -> tuple[list[MatrixProduct], list[MatrixProduct]]:
    layers = list(matrix_products(graph).values())
    convolutions = [layer for layer in layers if isinstance(layer.node.operator, Convolution)]
    count = len(convolutions)
    if not 0 < count < len(layers) or layers[:count] != convolutions:
        raise AlpineError(
            f"the CNNs' mappings are for convolutions and dense layers behind them, but network "
            f"{graph.name} has {', '.join(layer.node.operator.kind for layer in layers) or 'none'}:"
            " use another mapping"
        )
    return convolutions, layers[count:]
