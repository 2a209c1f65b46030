# SPDX-License-Identifier: Apache-2.0
"""Networks from model files as graphs of codes: against onnxruntime and plain arithmetic."""

import numpy as np
import pytest
from onnx_models import model, node, small_cnn

from alpine_models.errors import AlpineError
from alpine_sw import load_onnx, quantise
from alpine_sw.graph import Convolution, Dense, Rescale, int8
from alpine_sw.importing.noise import accuracy_of, layer_noise, noise_table

onnxruntime = pytest.importorskip("onnxruntime")


def test_a_cnn_equals_onnxruntime_and_its_codes_are_close():
    rng = np.random.default_rng(1)
    source = small_cnn(rng)
    network = load_onnx(source)
    images = rng.normal(size=(40, 3, 8, 8)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(source.SerializeToString()).run(None, {"x": images})
    found = network.run_float({"x": images})["y"]
    assert np.abs(found - expected).max() < 1e-5
    for method in ("min-max", "percentile", "mse"):
        result = quantise(network, {"x": images}, method=method)
        golden = result.run({"x": images})["y"]
        assert golden.shape == expected.shape
        noise = np.square(golden - expected).mean() / np.square(expected).mean()
        # Codes of 8 bits in six layers one behind the other: below 3 % of the power, by far.
        assert noise < 0.01, method
    assert result.graph.inputs["x"] == int8(8, 8, 3)
    noise = layer_noise(result, {"x": images[:8]})
    assert [each.node for each in noise] == ["first", "Conv 4", "Conv 5", "Gemm 9"]
    # The first layer sees exact codes of its inputs at most; the last has all noise before it too.
    assert all(each.own_db >= each.total_db - 1 for each in noise)
    assert noise[-1].total_db < noise[0].total_db
    whole = -10 * np.log10(
        np.square(golden[:8] - expected[:8]).sum() / np.square(expected[:8]).sum()
    )
    assert noise[-1].total_db == pytest.approx(whole, abs=0.1)
    assert f"| Gemm 9 | {whole:.1f} |" in noise_table(noise)
    labels = expected.argmax(axis=1)
    accuracy = accuracy_of(result, {"x": images}, labels)
    assert accuracy.samples == 40
    assert accuracy.floating == 1
    assert accuracy.golden == accuracy.agreement == np.mean(golden.argmax(axis=1) == labels)
    with pytest.raises(AlpineError, match="one per sample"):
        accuracy_of(result, {"x": images}, labels[1:])
    # The normalisation is in the weights of the convolution before it.
    kinds = [type(each.operator) for each in result.graph.nodes]
    assert kinds.count(Convolution) == 3
    assert kinds.count(Dense) == 1
    assert "first" in [each.name for each in result.graph.nodes]


def test_a_layer_with_exact_codes_gives_exact_results():
    # Every scale is a power of two and every value a code, so that nothing is rounded:
    # inputs to 127, weights of both columns to 127, and y = 64 x0 - 127 x1 + 1 = 127 * 128 at most.
    weights = np.array([[127.0, 0.0], [0.0, 127.0]], np.float32)
    source = model(
        [node("Gemm", ["x", "w"], ["y"], transB=1)],
        {"x": ["n", 2]},
        {"y": ["n", 2]},
        {"w": weights},
    )
    inputs = np.array([[127, 1], [3, -127], [-5, 8]], np.float32)
    result = quantise(load_onnx(source), {"x": inputs}, method="min-max")
    assert result.encode({"x": inputs})["x"].tolist() == inputs.tolist()
    assert result.run({"x": inputs})["y"].tolist() == (127 * inputs).tolist()


def test_a_bias_is_added_behind_the_converter():
    # Codes of one column of step 1 and of scale 1: y = x + 100, of which 127 is the most.
    source = model(
        [node("Gemm", ["x", "w", "b"], ["y"])],
        {"x": ["n", 1]},
        {"y": ["n", 1]},
        {"w": np.ones((1, 1), np.float32), "b": np.array([100], np.float32)},
    )
    inputs = np.array([[-27], [0], [27]], np.float32)
    result = quantise(load_onnx(source), {"x": inputs}, method="min-max")
    (rescale,) = [
        each.operator for each in result.graph.nodes if isinstance(each.operator, Rescale)
    ]
    # The column's sums reach 27, its results 127: a code of the former is 27 / 127 of the latter.
    assert rescale.factor == pytest.approx(27 / 127)
    assert rescale.addend == pytest.approx(100)
    assert result.run({"x": inputs})["y"][:, 0].tolist() == pytest.approx([73, 100, 127])


def test_a_mask_that_nobody_reads_is_left_out():
    nodes = [node("Relu", ["x"], ["r"]), node("Dropout", ["r"], ["y", "mask"], name="drop")]
    inputs = np.array([[-1, 1]], np.float32)
    source = model(nodes, {"x": ["n", 2]}, {"y": ["n", 2]})
    result = quantise(load_onnx(source), {"x": inputs}).run({"x": inputs})["y"]
    assert result[0].tolist() == pytest.approx([0, 1])
    read = model([*nodes, node("Not", ["mask"], ["z"])], {"x": ["n", 2]}, {"y": ["n", 2]})
    with pytest.raises(AlpineError, match=r"Not|drop"):
        quantise(load_onnx(read), {"x": inputs})


def test_what_has_no_form_in_codes_is_named():
    source = model(
        [node("Abs", ["x"], ["a"], name="size"), node("Relu", ["a"], ["y"])],
        {"x": ["n", 2]},
        {"y": ["n", 2]},
    )
    with pytest.raises(AlpineError, match=r"node size .Abs. of network small cannot be quantised"):
        quantise(load_onnx(source), {"x": np.ones((1, 2), np.float32)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "network small reads x, but given is nothing"),
        ({"x": np.ones((0, 2), np.float32)}, "have 0 samples: give one or more"),
        ({"x": np.ones((4, 3), np.float32)}, r"input x .* is float32 \[1, 3\], but expected"),
        ({"x": np.full((4, 2), np.nan, np.float32)}, "holds NaN"),
        ({"x": np.array([["a", "b"]])}, r"input x .* but expected is float32"),
    ],
)
def test_data_that_do_not_fit_are_refused(data: dict[str, np.ndarray], message: str):
    source = model([node("Relu", ["x"], ["y"])], {"x": ["n", 2]}, {"y": ["n", 2]})
    with pytest.raises(AlpineError, match=message):
        quantise(load_onnx(source), data)


def test_an_unknown_range_method_is_refused():
    network = load_onnx(model([node("Relu", ["x"], ["y"])], {"x": ["n", 2]}, {"y": ["n", 2]}))
    with pytest.raises(AlpineError, match="choose from min-max, percentile, mse"):
        quantise(network, {"x": np.ones((1, 2), np.float32)}, method="largest")
