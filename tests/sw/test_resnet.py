# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_sw.graph import Convolution, Interpreter, MatrixOperator, matrix_products
from alpine_sw.networks.resnet import (
    RESNET_18,
    SAMPLES,
    ResNetShape,
    resnet_graph,
    resnet_images,
)


@pytest.fixture(scope="module")
def graph():
    return resnet_graph()


# Facts of Bruschi et al., DATE 2023: layers by number, side and channels of the result, rows and
# columns of the matrix, MMAC, products per image.
LAYERS = [
    ((0,), (128, 64), (147, 64), 154.1, 16384),
    ((2, 3, 5, 6), (64, 64), (576, 64), 151.0, 4096),
    ((8,), (32, 128), (576, 128), 75.5, 1024),
    ((9, 11, 12), (32, 128), (1152, 128), 151.0, 1024),
    ((10,), (32, 128), (64, 128), 8.4, 1024),
    ((14,), (16, 256), (1152, 256), 75.5, 256),
    ((15, 17, 18), (16, 256), (2304, 256), 151.0, 256),
    ((16,), (16, 256), (128, 256), 8.4, 256),
    ((20,), (8, 512), (2304, 512), 75.5, 64),
    ((21, 23, 24), (8, 512), (4608, 512), 151.0, 64),
    ((22,), (8, 512), (256, 512), 8.4, 64),
]


@pytest.mark.parametrize("layers", LAYERS, ids=lambda row: str(row[0]))
def test_published_layers(graph, layers):
    numbers, (side, channels), (rows, columns), mmac, vectors = layers
    products = matrix_products(graph)
    for number in numbers:
        name = next(n for n in products if n.split()[0] == str(number))
        found = products[name]
        assert graph.types[name].shape == (side, side, channels)
        assert found.weights.shape == (columns, rows)
        assert found.vectors == vectors
        assert graph.macs(found.node) / 1e6 == pytest.approx(mmac, abs=0.05)


def test_published_totals(graph):
    operators = [node.operator for node in graph.nodes]
    matrices = [operator for operator in operators if isinstance(operator, MatrixOperator)]
    assert sum(operator.weight_count for operator in matrices) == 11_678_912
    assert sum(map(graph.macs, graph.nodes)) == pytest.approx(2369e6, abs=0.5e6)
    assert graph["27 dense"].operator.weights.shape == (1000, 512)
    # Twenty convolutions, projections included.
    assert sum(isinstance(operator, Convolution) for operator in operators) == 20


def test_blocks_add_their_input_where_it_has_their_shape(graph):
    assert graph["4 res"].operands == ("3 conv codes", "1 pool")
    assert graph["7 res"].operands == ("6 conv codes", "4 res relu")
    assert graph["10 res"].operands == ("9 conv codes", "10 projection codes")
    assert graph["10 projection"].operands == graph["8 conv"].operands == ("7 res relu",)


def test_no_layer_saturates_or_falls_silent():
    shape = ResNetShape(side=64, widths=(16, 32), classes=10)
    sizes: dict[str, float] = {}

    def observe(name: str, values) -> None:
        if name.endswith("codes"):
            sizes[name] = float(np.quantile(np.abs(values.astype(int)), 0.9))

    Interpreter(resnet_graph(shape), observe=observe).run({"image": resnet_images(shape)[:3]})
    assert len(sizes) == 15
    assert all(25 <= size <= 110 for size in sizes.values()), sizes


def test_weights_follow_from_the_seed():
    small = {"side": 32, "widths": (4, 8), "classes": 3}
    assert resnet_graph(ResNetShape(**small)) == resnet_graph(ResNetShape(**small))
    assert resnet_graph(ResNetShape(**small)) != resnet_graph(ResNetShape(**small, seed=1))


def test_images_differ():
    images = resnet_images()
    assert images.shape == (SAMPLES, 256, 256, 3)
    assert images.dtype == np.int8
    assert len({image.tobytes() for image in images}) == SAMPLES


def test_an_image_that_is_too_small_is_refused():
    with pytest.raises(AlpineError, match=r"side of the images of resnet-18 .* 128"):
        ResNetShape(side=100)
    assert RESNET_18.side == 256
