# SPDX-License-Identifier: Apache-2.0
"""A mapping for any network that is a chain of layers: consecutive layers on each core."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_sw.graph import Convolution, Graph, LstmCell
from alpine_sw.graph.products import MatrixProduct, matrix_products
from alpine_sw.library.software import InputFormat, Software

from .records import Link, LinkKind, MappedTile, Mapping, Part, Style

__all__ = ["buffer_in_front", "chain_mapping"]


def chain_mapping(
    graph: Graph,
    *,
    cores: int = 1,
    on_tiles: bool = True,
    software: Software = Software.RELEASED,
    style: str = "neon4",
) -> Mapping:
    """Map layers onto cores in order, so that the core with the most work has as little as can be.

    Layers of one core lie side by side in one tile and take turns; between cores there are
    ping-pong buffers and row rings. Work is counted in multiply-accumulate operations.

    Parameters
    ----------
    graph : layers with matrices, each reading what the one before it makes.
    cores : 1 up to the number of layers.
    on_tiles : whether every core has a tile, or computes products by itself.
    software : how operands are packed.
    style : of products without tiles, one of `alpine_sw.kernels.MVM_STYLES` that need no scratch
        memory.

    Raises
    ------
    AlpineError
        The graph has no layer with a matrix of codes, or fewer layers than cores.
    """
    layers = list(matrix_products(graph).values())
    if not layers:
        raise AlpineError(
            f"network {graph.name} has no layer with a matrix of codes: there is nothing to map"
        )
    whole_number(f"cores of a mapping of {graph.name}", cores, least=1, most=len(layers))
    groups = [
        layers[group.start : group.stop]
        for group in _groups([graph.macs(layer.node) for layer in layers], cores)
    ]
    tiles = (
        MappedTile(
            name=f"tile {core}",
            core=core,
            rows=max(layer.weights.shape[1] for layer in group),
            columns=sum(len(layer.weights) for layer in group),
        )
        for core, group in enumerate(groups)
    )
    cell = isinstance(layers[0].node.operator, LstmCell)
    return Mapping(
        name=f"chain on {cores}",
        network=graph.name,
        tiles=tuple(tiles) if on_tiles else (),
        parts=tuple(
            part
            for core, group in enumerate(groups)
            for part in _side_by_side(core, group, on_tiles=on_tiles)
        ),
        links=tuple(buffer_in_front(graph, group[0]) for group in groups[1:]),
        style=Style(operands=software, product=style),
        inputs=InputFormat.FP32 if cell else InputFormat.INT8,
    )


def buffer_in_front(graph: Graph, layer: MatrixProduct) -> Link:
    """Return the buffer in front of a layer: vectors, or the rows of a window and its next step."""
    value, operator = layer.node.operands[0], layer.node.operator
    if not isinstance(operator, Convolution):
        return Link(value=value, to=(layer.node.name,))
    window, rows = operator.window, graph.types[value].shape[0]
    return Link(
        value=value,
        to=(layer.node.name,),
        kind=LinkKind.ROW_RING,
        slots=min(window.size[0], rows) + window.strides[0],
    )


def _side_by_side(core: int, layers: Sequence[MatrixProduct], *, on_tiles: bool) -> list[Part]:
    """Layers of one core, one turn each, from the first word line on."""
    starts = accumulate((len(layer.weights) for layer in layers), initial=0)
    return [
        Part(
            node=layer.node.name,
            core=core,
            tile=f"tile {core}" if on_tiles else None,
            column=start if on_tiles else 0,
            turn=turn,
        )
        for turn, (layer, start) in enumerate(zip(layers, starts, strict=False))
    ]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A way to cut the first layers: the largest sum of a group, and where groups begin."""

    largest: int
    starts: tuple[int, ...]


def _groups(work: Sequence[int], count: int) -> list[range]:
    """Consecutive groups whose largest sum is the least, by dynamic programming."""
    sums = [0, *accumulate(work)]
    best = {end: _Cut(sums[end], (0,)) for end in range(1, len(sums))}
    for number in range(2, count + 1):
        best = {
            end: min(
                (
                    _Cut(max(cut.largest, sums[end] - sums[start]), (*cut.starts, start))
                    for start, cut in best.items()
                    if start < end
                ),
                key=lambda cut: cut.largest,
            )
            for end in range(number, len(sums))
        }
    return [range(start, stop) for start, stop in pairwise((*best[len(work)].starts, len(work)))]
