# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 in the table of networks; its layers at full size are in tests/sw/test_resnet.py."""

import numpy as np
import pytest

from alpine_cosim import run_spec
from alpine_cosim.spec.networks import NETWORKS
from alpine_cosim.spec.resnet import own_tiles
from alpine_sw.graph import golden, matrix_products
from alpine_sw.graph.arithmetic import digitise, dot
from alpine_sw.networks.resnet import ResNetShape, resnet_graph, resnet_images
from alpine_sw.programs.batched import batched

SMALL = ResNetShape(side=32, widths=(4, 8), classes=3)


def test_every_matrix_lies_in_a_tile_of_its_own():
    """Tiles that are asked for by number, without a system, give the golden outputs."""
    graph = resnet_graph(SMALL)
    mapping = own_tiles(graph, run_spec("resnet-18"))
    matrices = list(matrix_products(graph).values())
    images = resnet_images(SMALL)[:2]

    def products(codes, *, tile: int, placement: int = 0, first: int = 0, step: int = 1):
        return digitise(dot(codes, matrices[tile].weights), matrices[tile].lsb)

    outputs = batched(graph, mapping)(images.reshape(2, -1), products)
    assert [(tile.rows, tile.columns) for tile in mapping.tiles][:2] == [(147, 4), (36, 4)]
    assert np.array_equal(outputs, golden(graph, images))


@pytest.mark.parametrize("case", ["1", "digital"])
def test_it_is_found_by_name(case: str):
    assert run_spec("resnet-18", case=case, engine="model").network == "resnet-18"
    assert NETWORKS["resnet-18"].cases == ("1", "digital")
