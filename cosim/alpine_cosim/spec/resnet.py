# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 in the table of networks, on one core of a system whose cores have tiles."""

from dataclasses import replace

from alpine_sw.graph import Graph, matrix_products
from alpine_sw.mapping import MappedTile, Mapping
from alpine_sw.mapping.chain import chain_mapping
from alpine_sw.networks.resnet import resnet_graph, resnet_images

from .graph_network import Samples, chain_cases, graph_network
from .network import Asked

__all__ = ["RESNET_NETWORK"]


def own_tiles(graph: Graph, asked: Asked) -> Mapping:
    """Return the mapping of all layers onto core 0, each with a tile of its matrix's size."""
    chain = chain_mapping(graph, software=asked.software.style)
    return replace(
        chain,
        name="a tile per layer",
        tiles=tuple(
            MappedTile(name=name, core=0, rows=rows, columns=columns)
            for name, product in matrix_products(graph).items()
            for columns, rows in [product.weights.shape]
        ),
        parts=tuple(replace(part, tile=part.node, column=0) for part in chain.parts),
    )


RESNET_NETWORK = graph_network(
    graph=lambda options: resnet_graph(),
    samples=lambda: Samples(inputs=resnet_images()),
    cases={**chain_cases(), "1": own_tiles},
)
"""Case 1 on tiles, and the digital reference."""
