# SPDX-License-Identifier: Apache-2.0
"""Shapes, weights, ADC steps and images of the convolutional networks."""

import numpy as np
import pytest
from cnn_helpers import SHAPE, images, tiny

from alpine_models.errors import AlpineError
from alpine_sw.datasets.photographs import image_codes, load_photographs
from alpine_sw.graph import Interpreter, arithmetic
from alpine_sw.networks import cnn
from alpine_sw.networks.cnn import CnnNetwork, load_cnn, matrix_shapes, seeded_weights
from alpine_sw.networks.cnn_shapes import CNN_NAMES, CnnShape, ConvolutionLayer, Pool, cnn_shape

# Per convolution: rows x columns of the tile, output positions, millions of products; then inputs
# of the first dense layer, millions of products of convolutions and of dense layers. Derived in the
# reference document from Fig. 12(b) of Klein et al. 2022 and from the original CNN-M.
PUBLISHED = {
    ("cnn-f", False): (
        [(363, 64, 2916, 67.7), (1600, 256, 625, 256.0)] + [(2304, 256, 144, 84.9)] * 3,
        9216, 579, 58.6,
    ),
    ("cnn-m", False): (
        [(147, 96, 11881, 167.7), (2400, 256, 676, 415.3), (2304, 512, 169, 199.4)]
        + [(4608, 512, 169, 398.7)] * 2,
        18432, 1580, 96.4,
    ),
    ("cnn-m", True): (
        [(147, 96, 11881, 167.7), (2400, 256, 2704, 1661), (2304, 512, 676, 797)]
        + [(4608, 512, 676, 1595)] * 2,
        86528, 5816, None,
    ),
    ("cnn-s", False): (
        [(147, 96, 11881, 167.7), (2400, 256, 1156, 710.2), (2304, 512, 289, 340.9)]
        + [(4608, 512, 289, 681.8)] * 2,
        12800, 2583, 73.3,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "as_printed"), PUBLISHED)
def test_geometry_is_that_of_the_published_tables(name: str, as_printed: bool):
    layers, width, convolved, dense = PUBLISHED[name, as_printed]
    shape = cnn_shape(name, as_printed=as_printed)
    for place, (rows, columns, positions, products) in zip(shape.geometry, layers, strict=True):
        assert (place.rows, place.layer.outputs, place.positions) == (rows, columns, positions)
        assert place.products / 1e6 == pytest.approx(products, rel=1e-3)
    assert [size for _, size in shape.dense_shapes] == [width, 4096, 4096]
    assert sum(place.products for place in shape.geometry) / 1e6 == pytest.approx(
        convolved, rel=1e-3
    )
    if dense is not None:
        found = sum(outputs * inputs for outputs, inputs in shape.dense_shapes)
        assert found / 1e6 == pytest.approx(dense, rel=2e-3)


def test_printed_table_differs_for_cnn_m_only():
    assert cnn_shape("cnn-f", as_printed=True) == cnn_shape("cnn-f")
    assert cnn_shape("cnn-s", as_printed=True) == cnn_shape("cnn-s")
    assert cnn_shape("cnn-m", as_printed=True) != cnn_shape("cnn-m")


def test_normalisation_stands_where_the_figure_has_it():
    normalised = {
        name: [layer.normalised for layer in cnn_shape(name).convolutions] for name in CNN_NAMES
    }
    assert normalised == {
        "cnn-f": [True, True, False, False, False],
        "cnn-m": [True, True, False, False, False],
        "cnn-s": [True, False, False, False, False],
    }
    without = cnn_shape("cnn-f").without_normalisation()
    assert not any(layer.normalised for layer in without.convolutions)


def test_unknown_network_is_named():
    with pytest.raises(AlpineError, match="unknown network 'cnn-x': did you mean cnn-s"):
        cnn_shape("cnn-x")


def test_shapes_that_leave_nothing_are_refused():
    small = ConvolutionLayer(outputs=2, kernel=3, pool=Pool(kernel=4, stride=4))
    with pytest.raises(ValueError, match="convolution 1 of x has nothing left"):
        CnnShape(name="x", side=5, channels=1, convolutions=(small,), dense=(2,))
    padded = ConvolutionLayer(outputs=2, kernel=3, pad=1)
    with pytest.raises(ValueError, match="cannot be padded"):
        CnnShape(name="x", side=5, channels=1, convolutions=(padded,), dense=(2,))


def test_weights_are_the_stated_bytes():
    first, *_ = seeded_weights(SHAPE, 7)
    generator = np.random.PCG64(np.random.SeedSequence([7, 0]))
    expected: list[int] = []
    while len(expected) < first.size:
        word = int(generator.random_raw())
        for place in range(8):
            byte = word >> 8 * place & 0xFF
            signed = byte - 256 if byte > 127 else byte
            expected.append(0 if signed == -128 else signed)
    assert first.reshape(-1).tolist() == expected[: first.size]
    assert [array.shape for array in seeded_weights(SHAPE, 7)] == matrix_shapes(SHAPE)


@pytest.mark.parametrize(
    ("name", "as_printed", "normalised"),
    [
        *((name, False, True) for name in CNN_NAMES),
        ("cnn-m", True, True),
        ("cnn-f", False, False),
    ],
)
def test_every_layer_uses_its_codes_on_the_photographs(
    name: str, as_printed: bool, normalised: bool
):
    network = load_cnn(name, as_printed=as_printed, normalised=normalised)
    photographs = load_photographs()
    codes: dict[str, np.ndarray] = {}
    observed = Interpreter(network.graph(), together=3, observe=codes.__setitem__)
    observed.run({"image": photographs.inputs})
    layers = [found for name, found in codes.items() if name.endswith("codes")]
    assert len(layers) == 8
    for layer in layers:
        # Half of the range -128 to 127 on either side.
        assert layer.max() >= 64
        assert layer.min() <= -64
        assert np.mean((layer == 127) | (layer == -128)) < 0.02


def test_steps_of_the_file_are_what_calibration_gives():
    network = load_cnn("cnn-f")
    again = cnn.calibrate(network.shape, network.weights, load_photographs().inputs)
    for steps, expected in zip(network.lsb, again, strict=True):
        assert np.array_equal(steps, expected)


def test_variants_have_steps_of_their_own():
    plain = load_cnn("cnn-f", normalised=False)
    assert plain.name == "cnn-f-unnormalised"
    assert np.array_equal(plain.lsb[0], load_cnn("cnn-f").lsb[0])
    assert not np.array_equal(plain.lsb[1], load_cnn("cnn-f").lsb[1])


def test_golden_is_the_layers_one_after_another():
    network, inputs = tiny(), images(2)
    first, last = network.golden(inputs), network.golden(inputs[1:])
    assert first.shape == (2, 5)
    assert np.array_equal(first[1:], last)
    # The last layer keeps its sign, every other one is cut off at 0.
    seen: dict[str, np.ndarray] = {}
    Interpreter(network.graph(), observe=seen.__setitem__).run({"image": inputs[:1]})
    assert np.array_equal(seen["dense 2 codes"], first[:1])
    assert (first < 0).any()
    hidden = arithmetic.relu(seen["dense 1 codes"])
    assert np.array_equal(
        seen["dense 2 codes"], arithmetic.dense(hidden, network.weights[-1], network.lsb[-1])
    )
    assert network.classify(first).tolist() == [row.tolist().index(row.max()) for row in first]
    assert seen["scores"].sum(axis=1) == pytest.approx([1])
    assert seen["scores"].argmax() == first[0].argmax()


def test_images_of_the_wrong_size_are_named():
    with pytest.raises(AlpineError, match=r"takes int8 images of 15 x 15 x 3 = 675 codes"):
        tiny().golden(np.zeros((1, 674), np.int8))
    with pytest.raises(AlpineError, match=r"not uint8 of the shape"):
        tiny().golden(np.zeros((1, 675), np.uint8))  # type: ignore[arg-type]
    with pytest.raises(AlpineError, match=r"image must have 224 x 224 pixels"):
        image_codes(np.zeros((224, 200, 3), np.uint8))


def test_pixels_become_signed_codes():
    pixels = np.zeros((224, 224, 3), np.uint8)
    pixels[0, 0], pixels[0, 1] = 255, 128
    codes = image_codes(pixels)
    assert codes[:6].tolist() == [127] * 3 + [0] * 3
    assert codes[6] == -128


def test_photographs_are_pictures():
    photographs = load_photographs()
    assert photographs.inputs.shape == (3, 224 * 224 * 3)
    assert len(photographs.titles) == 3
    for image in photographs.inputs.reshape(3, 224, 224, 3).astype(int):
        # Neighbouring pixels of a photograph are alike, unlike those of noise (difference 85).
        assert np.abs(np.diff(image, axis=0)).mean() < 20
        assert image.std() > 30


def test_networks_of_other_arrays_are_refused():
    good = tiny()
    with pytest.raises(ValueError, match="weights of layer 1 must be int8"):
        CnnNetwork(shape=SHAPE, weights=(good.weights[1], *good.weights[1:]), lsb=good.lsb)
    with pytest.raises(ValueError, match="ADC steps of layer 2 must be float32"):
        CnnNetwork(shape=SHAPE, weights=good.weights, lsb=(good.lsb[0], good.lsb[0], *good.lsb[2:]))
    with pytest.raises(ValueError, match="must be positive and finite"):
        CnnNetwork(shape=SHAPE, weights=good.weights, lsb=(-good.lsb[0], *good.lsb[1:]))


def test_damaged_file_of_steps_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(cnn, "STEPS_FILE", tmp_path / "steps.npz")
    with pytest.raises(AlpineError, match=r"steps.npz cannot be read .* alpine_sw.training.cnn"):
        load_cnn("cnn-f")
