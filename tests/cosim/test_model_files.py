# SPDX-License-Identifier: Apache-2.0
"""Networks from model files: mapped, run, compared with their golden model, refused in one line."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console
from tests.cosim.small_perceptron import EVERY_TILE

from alpine_cosim import run
from alpine_cosim.cli import cli
from alpine_cosim.measurement.result_table import print_result
from alpine_cosim.spec.data_file import read_data
from alpine_models.errors import AlpineError
from alpine_sw.importing.network import InputType
from alpine_sw.mapping.yaml_file import read_mapping

onnx = pytest.importorskip("onnx", reason="the extra onnx reads model files")

SAMPLES = 12
TILES = {"tile_rows": 32, "tile_columns": 16, "tiles_per_core": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A perceptron of 40, 24 and 6 and samples whose labels are its own answers."""
    made = tmp_path_factory.mktemp("model")
    rng = np.random.default_rng(5)
    weights = [rng.normal(size=size).astype(np.float32) for size in ((40, 24), (24, 6))]
    helper, value = onnx.helper, onnx.helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w0"], ["h"]),
            helper.make_node("Relu", ["h"], ["r"]),
            helper.make_node("MatMul", ["r", "w1"], ["y"]),
        ],
        "perceptron",
        [value("x", onnx.TensorProto.FLOAT, ["n", 40])],
        [value("y", onnx.TensorProto.FLOAT, ["n", 6])],
        [onnx.numpy_helper.from_array(w, f"w{n}") for n, w in enumerate(weights)],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), made / "small.onnx")
    x = rng.normal(size=(SAMPLES, 40)).astype(np.float32)
    labels = (np.maximum(x @ weights[0], 0) @ weights[1]).argmax(axis=1)
    np.savez(made / "data.npz", x=x, labels=labels)
    return made


def test_a_model_file_runs_in_pieces_and_its_mapping_may_be_edited(folder: Path, tmp_path: Path):
    model, data = str(folder / "small.onnx"), folder / "data.npz"
    result = run(model, data=data, engine="model", **TILES)
    assert result.outputs_equal_golden
    assert result.accuracy_fp32 == 1.0  # the labels are the network's own answers
    assert result.accuracy == result.accuracy_golden
    assert result.inferences == SAMPLES
    assert result.variant == "small.onnx with ranges from the first 64 samples"
    digital = run(model, data=data, engine="model", case="digital", inferences=2)
    assert digital.outputs_equal_golden and digital.cm_instructions == 0
    console = Console(width=200)
    with console.capture() as capture:
        print_result(digital, console)
        # As if the mapper had found the cores faster.
        print_result(replace(digital, case="1"), console)
    without, found = " ".join(capture.get().split()).split("small.onnx")[1:]
    assert "mapped without tiles, engine model" in without and "none used" not in without
    assert "mapped by the mapper, engine model" in found
    assert re.search(r"tiles \W+none used \W+the mapping has every layer on cores", found), found
    file = tmp_path / "mapping.yaml"
    shown = CliRunner().invoke(
        cli,
        ["mapping", model, "--data", str(data), "--tile-rows", "32", "--tile-columns", "16",
         "--tiles-per-core", "4", "--write", str(file)],
        catch_exceptions=False,
    )  # fmt: skip
    assert shown.exit_code == 0 and "busiest core" in shown.output, shown.output
    assert read_mapping(file).splits
    again = run(model, data=data, engine="model", mapping=file)
    assert (again.outputs_sha256, again.time_s) == (result.outputs_sha256, result.time_s)
    noisy = run(model, data=data, engine="model", device="pcm", inferences=2, **TILES)
    assert noisy.analog is not None


def test_a_convolution_of_a_model_file_in_rtl_is_as_on_the_timed_tile(tmp_path: Path):
    """Images of 6 x 6 with 3 channels: 27 word lines for the windows, 72 for the dense layer."""
    helper, value = onnx.helper, onnx.helper.make_tensor_value_info
    rng = np.random.default_rng(8)
    sizes = {"k": (8, 3, 3, 3), "b": (8,), "w": (10, 72)}
    weights = {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "k", "b"], ["c"], "conv", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Flatten", ["p"], ["f"]),
            helper.make_node("Gemm", ["f", "w"], ["y"], "dense", transB=1),
        ],
        "images",
        [value("x", onnx.TensorProto.FLOAT, [1, 3, 6, 6])],
        [value("y", onnx.TensorProto.FLOAT, [1, 10])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = helper.make_opsetid("", 17)
    file, data, mapping = (tmp_path / name for name in ("m.onnx", "x.npz", "m.yaml"))
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), file)
    np.savez(data, x=rng.normal(size=(2, 3, 6, 6)).astype(np.float32))
    mapping.write_text(
        "name: one tile\nnetwork: m\nparts:\n- {node: conv, core: 0, tile: t}\n"
        "- {node: dense, core: 0, turn: 1, tile: t, column: 8}\n"
        f"tiles:\n- {{name: t, core: 0, rows: {EVERY_TILE.rows}, columns: {EVERY_TILE.columns}}}\n"
    )
    rtl, timed = (
        run(str(file), data=data, engine=engine, mapping=mapping) for engine in ("rtl", "model")
    )
    assert rtl.outputs_equal_golden and timed.outputs_equal_golden
    # A product per position and one of the dense layer, for each of two images.
    assert rtl.stats["cores"]["0"]["cm_products"] == 2 * (6 * 6 + 1)
    for member in ("outputs_sha256", "time_s", "energy_j", "tile_cycles", "stats"):
        assert getattr(rtl, member) == getattr(timed, member), member


def test_a_model_with_several_inputs_reads_an_array_for_each(tmp_path: Path):
    """An image and what was before it: one layer reads the former, the next one both."""
    helper, value = onnx.helper, onnx.helper.make_tensor_value_info
    rng = np.random.default_rng(7)
    sizes = {"w0": (20, 24), "w1": (24, 6)}
    weights = {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["image"], ["x"]),
            helper.make_node("MatMul", ["x", "w0"], ["h"]),
            helper.make_node("Add", ["h", "before"], ["s"]),
            helper.make_node("MatMul", ["s", "w1"], ["y"]),
        ],
        "both",
        [
            value("image", onnx.TensorProto.FLOAT, [1, 1, 4, 5]),
            value("before", onnx.TensorProto.FLOAT, [1, 24]),
        ],
        [value("y", onnx.TensorProto.FLOAT, [1, 6])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = helper.make_opsetid("", 17)
    file, data = tmp_path / "both.onnx", tmp_path / "both.npz"
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), file)
    image = rng.normal(size=(3, 1, 4, 5)).astype(np.float32)
    before = rng.normal(size=(3, 24)).astype(np.float32)
    labels = ((image.reshape(3, 20) @ weights["w0"] + before) @ weights["w1"]).argmax(axis=1)
    np.savez(data, image=image, before=before, labels=labels)
    result = run(str(file), data=data, engine="model", **TILES)
    assert result.outputs_equal_golden
    # The labels are numpy's: both inputs count.
    assert result.accuracy_fp32 == 1.0
    assert result.accuracy == result.accuracy_golden
    np.savez(data, image=image)
    with pytest.raises(AlpineError, match=r"no array 'before': it has image, and the network"):
        run(str(file), data=data, engine="model", **TILES)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_recurrent_layers_run_between_other_nodes_on_tiles_and_without(kind: str, tmp_path: Path):
    """Five steps of 6 inputs: a ReLU in front, the states' ReLU and a dense layer behind."""
    helper, value = onnx.helper, onnx.helper.make_tensor_value_info
    rng = np.random.default_rng(6)
    gates, extra = (4, {}) if kind == "LSTM" else (3, {"linear_before_reset": 1})
    shapes = {"w": (1, gates * 8, 6), "r": (1, gates * 8, 8), "b": (1, gates * 16), "v": (8, 3)}
    weights = {name: rng.normal(size=size).astype(np.float32) for name, size in shapes.items()}
    weights["axis"] = np.array([1])
    graph = helper.make_graph(
        [
            helper.make_node("Relu", ["x"], ["p"]),
            helper.make_node(kind, ["p", "w", "r", "b"], ["s"], hidden_size=8, **extra),
            helper.make_node("Squeeze", ["s", "axis"], ["t"]),
            helper.make_node("Relu", ["t"], ["u"]),
            helper.make_node("MatMul", ["u", "v"], ["y"]),
        ],
        "recurrent",
        [value("x", onnx.TensorProto.FLOAT, [5, 1, 6])],
        [value("y", onnx.TensorProto.FLOAT, [5, 1, 3])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = helper.make_opsetid("", 17)
    file = tmp_path / "recurrent.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), file)
    np.savez(tmp_path / "x.npz", x=rng.normal(size=(3, 5, 1, 6)).astype(np.float32))
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "name: on tiles\nnetwork: recurrent\nparts:\n"
        "- {node: LSTM 1, core: 0, tile: t}\n- {node: MatMul 4, core: 0, turn: 1}\n"
        "tiles:\n- {name: t, core: 0, rows: 16, columns: 32}\n".replace("LSTM", kind)
    )
    on_tiles = run(str(file), data=tmp_path / "x.npz", engine="model", mapping=mapping)
    assert on_tiles.outputs_equal_golden
    # A product per step of every sample.
    assert on_tiles.stats["cores"]["0"]["cm_products"] == 3 * 5
    without = run(str(file), data=tmp_path / "x.npz", engine="model", case="digital")
    assert without.outputs_equal_golden and without.cm_instructions == 0
    assert without.outputs_sha256 == on_tiles.outputs_sha256


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.zeros((2, 40))}, r"has no array 'x': it has y, and the network reads x"),
        ({"x": np.zeros((2, 40)), "z": np.zeros(2)}, r"has an array 'z', but the network reads x"),
        ({"x": np.zeros((0, 40))}, r"array 'x' of data file .* has 0 samples: give one or more"),
        ({"x": np.diag([1, np.inf])}, r"array 'x' of .* holds inf at index \[1, 1\]: give finite"),
        ({"x": np.full((2, 40), "1")}, r"array 'x' of .* holds values of type <U1: give real"),
        (
            {"x": np.zeros((2, 40), np.float32), "labels": np.zeros(3, int)},
            r"labels .* give 2 whole numbers",
        ),
        (
            {"x": np.zeros((2, 41))},
            r"'x' of .* of the shape \[41\], but .* \[n, 40\]: give",
        ),
        ({"x": np.zeros((2, 40))}, r"'x' of .* holds float64, but .*: save x.astype\('float32'\)"),
    ],
)
def test_data_that_do_not_fit_are_one_line(tmp_path: Path, arrays, message: str):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(AlpineError, match=message) as caught:
        read_data(tmp_path / "data.npz", {"x": InputType(dtype=np.dtype("f4"), shape=("n", 40))})
    assert "\n" not in str(caught.value)


def test_files_that_are_no_data_are_one_line(folder: Path, tmp_path: Path):
    model = str(folder / "small.onnx")
    with pytest.raises(AlpineError, match=r"has no data: give --data FILE.npz"):
        run(model, engine="model")
    (tmp_path / "text.npz").write_text("x")
    np.savez(tmp_path / "pickled.npz", x=np.array([{}], object))
    for name, message in (
        ("none.npz", r"none.npz cannot be read: No such file"),
        ("text.npz", r"data file .*text.npz is no file of arrays as numpy.savez writes them"),
        ("pickled.npz", r"data file .*pickled.npz is no file of arrays"),
    ):
        with pytest.raises(AlpineError, match=message):
            run(model, data=tmp_path / name, engine="model")
    np.savez(tmp_path / "labels.npz", x=np.ones((2, 40), np.float32), labels=[5, 6])
    with pytest.raises(AlpineError, match=r"label 6 of sample 1 .* 6 outputs: give 0 to 5"):
        run(model, data=tmp_path / "labels.npz", engine="model")
    with pytest.raises(AlpineError, match=r"mapper's choice: leave --cores out, or give --map-c"):
        run(model, data=folder / "data.npz", engine="model", case="digital", cores=2)
    np.savez(tmp_path / "wide.npz", x=np.zeros((2, 41), np.float32))
    with pytest.raises(AlpineError, match=r"41"):
        run(model, data=tmp_path / "wide.npz", engine="model")
    with pytest.raises(AlpineError, match=r"mapping case 1 is for network mlp"):
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text("name: case 1\nnetwork: mlp\nparts:\n- {node: a, core: 0}\n")
        run(model, data=folder / "data.npz", engine="model", mapping=wrong)
    with pytest.raises(AlpineError, match=r"mapping case 1 is for network mlp"):
        # Splits are made before parts are looked at.
        wrong.write_text(
            "name: case 1\nnetwork: mlp\nparts:\n- {node: a, core: 0}\n"
            "splits:\n- {node: a, by: inputs, ranges: [[0, 2], [2, 4]]}\n"
        )
        run(model, data=folder / "data.npz", engine="model", mapping=wrong)
