# SPDX-License-Identifier: Apache-2.0
"""Model files of all kinds: what is read, and what is refused in one line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from mutated_models import mutated, originals, try_file
from onnx import TensorProto, helper, numpy_helper
from onnx_models import model, node, small_cnn

from alpine_models.errors import AlpineError
from alpine_sw import load_onnx, quantise
from alpine_sw.importing.conformance import outcome_of, stored_cases
from alpine_sw.importing.network import FloatNetwork
from alpine_sw.importing.operators_page import CODE_ERROR_BOUND, code_error


def dense(weights: np.ndarray) -> onnx.ModelProto:
    return model(
        [node("Gemm", ["x", "w"], ["y"], name="layer")],
        {"x": ["n", weights.shape[0]]},
        {"y": ["n", weights.shape[1]]},
        {"w": weights},
    )


CODED = ("test_Linear_no_bias", "test_Conv1d_pad1size1", "test_operator_maxpool")


def test_cases_exported_by_pytorch_give_its_results():
    # Those that are not computed say why; none gives another result.
    outcomes = {c.name: outcome_of(c) for c in stored_cases() if c.concerns}
    assert not {name: o.difference for name, o in outcomes.items() if o.difference}
    passed = [name for name, outcome in outcomes.items() if outcome.passed]
    assert {"test_Conv2d_groups", "test_PReLU_2d_multiparam", "test_GLU"} <= {*passed}
    errors = {c.name: code_error(c) for c in stored_cases() if c.name in CODED}
    assert {*errors} == {*CODED}
    assert all(error is not None and 0 < error < CODE_ERROR_BOUND for error in errors.values())
    refused = {name: o.refused for name, o in outcomes.items() if not o.passed}
    assert not refused


def test_an_old_model_is_converted():
    weights = np.eye(3, dtype=np.float32)
    # Version 9 of Softmax takes all axes from 1 on together.
    old = model(
        [node("Softmax", ["x"], ["y"])], {"x": [1, 2, 2]}, {"y": [1, 2, 2]}, {"w": weights}, opset=9
    )
    found = load_onnx(old).run_float({"x": np.zeros((1, 2, 2), np.float32)})["y"]
    assert found.tolist() == [[[0.25, 0.25], [0.25, 0.25]]]


def test_weights_may_lie_beside_the_file_and_nowhere_else(tmp_path: Path):
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    folder = tmp_path / "inner"
    folder.mkdir()
    path = folder / "model.onnx"
    onnx.save_model(
        dense(weights), path, save_as_external_data=True, location="w.bin", size_threshold=0
    )
    assert load_onnx(path).run_float({"x": np.ones((1, 2), np.float32)})["y"].tolist() == [
        [3, 5, 7]
    ]
    (tmp_path / "w.bin").write_bytes((folder / "w.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    for location in ("../w.bin", str(tmp_path / "w.bin"), "link.bin", "", "missing", "."):
        changed = onnx.load(path, load_external_data=False)
        changed.graph.initializer[0].external_data[0].value = location
        path.write_bytes(changed.SerializeToString())
        with pytest.raises(AlpineError, match="is no file in the model's folder or below it"):
            load_onnx(path)
    with pytest.raises(AlpineError, match="lies in a file of its own"):
        load_onnx(path.read_bytes())
    changed.graph.initializer[0].external_data[0].value = "w.bin"
    changed.graph.initializer[0].external_data.add(key="offset", value="20")
    changed.graph.initializer[0].external_data.add(key="length", value="24")
    path.write_bytes(changed.SerializeToString())
    with pytest.raises(AlpineError, match=r"is said to lie outside of w.bin|cannot be read"):
        load_onnx(path)


def with_nan() -> onnx.ModelProto:
    return dense(np.array([[1, np.nan]], np.float32))


def with_subgraph() -> onnx.ModelProto:
    branch = helper.make_graph(
        [node("Relu", ["x"], ["z"])],
        "branch",
        [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])],
    )
    return model(
        [node("If", ["c"], ["y"], name="choice", then_branch=branch, else_branch=branch)],
        {"x": [1], "c": [1]},
        {"y": [1]},
    )


def with_custom_domain() -> onnx.ModelProto:
    made = model([node("Relu", ["x"], ["y"], domain="org.example")], {"x": [1]}, {"y": [1]})
    made.opset_import.append(helper.make_opsetid("org.example", 1))
    return made


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "has no graph with a node"),
        (b"not a model", "no ONNX file, or a damaged one"),
        (Path("missing.onnx"), r"model missing\.onnx is no file"),
        (17, "give the path of a file, its bytes, or an onnx.ModelProto"),
        (with_nan(), "tensor 'w' of network small holds NaN"),
        (with_subgraph(), "operator If of node 'choice' .* is not supported: supported are Abs, "),
        (with_custom_domain(), "operator Relu of org.example of node 'y' .* is not supported"),
        (
            model([node("ConvTranspose", ["x", "x"], ["y"])], {"x": [1, 1, 3]}, {"y": [1, 1, 3]}),
            "operator ConvTranspose .* is refused: its outputs are sums",
        ),
        (
            model([node("Relu", ["x"], ["y"], name="a\nb")], {"x": [1]}, {"y": [1]}),
            r"has the name 'a\\nb': names have at most",
        ),
        (
            model([node("Relu", ["z"], ["y"])], {"x": [1]}, {"y": [1]}),
            "is not valid ONNX",
        ),
        (
            model(
                [node("Resize", ["x", "", "s"], ["y"], mode="cubic")],
                {"x": [1, 1, 3, 3], "s": [4]},
                {"y": [1, 1, 3, 3]},
            ),
            "mode cubic is not supported: only nearest is",
        ),
        (
            model([node("Relu", ["x"], ["y"])], {"x": [1]}, {"y": [1]}, opset=99),
            "operators of version 99|not valid ONNX",
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(source: object, message: str):
    with pytest.raises(AlpineError, match=message) as caught:
        load_onnx(source)
    assert "\n" not in str(caught.value)


def test_an_array_larger_than_allowed_is_refused_before_it_is_made():
    shape = np.array([1 << 20, 1 << 20], np.int64)
    network = load_onnx(
        model([node("ConstantOfShape", ["s"], ["y"])], {}, {"y": ["a", "b"]}, {"s": shape})
    )
    with pytest.raises(AlpineError, match="has more than the 134217728 elements that are allowed"):
        network.run_float({})


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "network small reads x, but given is nothing"),
        ({"x": np.zeros((1, 3), np.float32), "z": np.zeros(1)}, "but given is x, z"),
        (
            {"x": np.zeros((1, 3), np.float32)},
            r"is float32 \[1, 3\], but expected is float32 \[n, 2",
        ),
        ({"x": np.zeros(2, np.float32)}, r"is float32 \[2\], but expected"),
        ({"x": np.zeros((1, 2), complex)}, r"is complex128 \[1, 2\], but expected"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs: dict[str, np.ndarray], message: str):
    network = load_onnx(dense(np.ones((2, 2), np.float32)))
    with pytest.raises(AlpineError, match=message):
        network.run_float(inputs)


def test_a_quantised_model_keeps_its_codes_and_scales():
    codes = np.array([[3, -4], [100, 127]], np.int8)
    source = model(
        [
            node("QuantizeLinear", ["x", "sx", "z"], ["qx"]),
            node("DequantizeLinear", ["qx", "sx", "z"], ["dx"]),
            node("DequantizeLinear", ["w", "sw", "z2"], ["dw"], axis=0),
            node("Gemm", ["dx", "dw"], ["g"], transB=1, name="layer"),
            node("QuantizeLinear", ["g", "sg", "z"], ["qg"]),
            node("DequantizeLinear", ["qg", "sg", "z"], ["y"]),
        ],
        {"x": ["n", 2]},
        {"y": ["n", 2]},
        {
            "sx": np.float32([0.5]),
            "sg": np.float32([16]),
            "sw": np.float32([0.25, 2]),
            "z": np.int8([0]),
            "z2": np.int8([0, 0]),
            "w": codes,
        },
    )
    data = {"x": np.array([[10, -3], [4, 60]], np.float32)}
    result = quantise(load_onnx(source), data)
    assert np.array_equal(result.graph["layer"].operator.weights, codes)
    # One code of the sum is 16 / (0.5 * 0.25) and 16 / (0.5 * 2) dot products.
    assert result.graph["layer codes"].operator.lsb.tolist() == [128, 16]
    assert result.encode(data)["x"].tolist() == [[20, -6], [8, 120]]
    expected = load_onnx(source).run_float(data)["y"]
    assert np.array_equal(result.run(data)["y"], expected)


def test_files_with_mistakes_are_read_or_refused():
    files = originals()
    found = [try_file(mutated(files, np.random.default_rng([1, n]))) for n in range(400)]
    assert {"refused", "run"} <= {*found}


@pytest.mark.parametrize("number", range(5))
def test_the_originals_of_those_run(number: int):
    assert try_file(originals()[number]) == "run"


def test_without_the_onnx_package_one_line_says_so():
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "from alpine_sw import load_onnx\n"
        "try:\n    load_onnx(b'')\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("AlpineError ONNX files need the onnx package")
    assert done.stdout.count("\n") == 1


def test_a_network_prints_its_nodes_and_the_source_stays_as_it_is():
    source = small_cnn(np.random.default_rng(0))
    before = source.SerializeToString()
    network = load_onnx(source)
    assert isinstance(network, FloatNetwork)
    assert "c1 = Conv(x, w1 [8, 3, 3, 3], b1 [8])" in str(network)
    assert "input x: float32 [n, 3, 8, 8]" in str(network)
    assert source.SerializeToString() == before
    assert numpy_helper.to_array(source.graph.initializer[0]).shape == (8, 3, 3, 3)
