# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers: as graphs against the cell of one step, as imported against onnxruntime."""

import numpy as np
import pytest
from onnx_models import model, node

from alpine_models.errors import AlpineError
from alpine_sw import load_onnx, quantise
from alpine_sw.graph import GraphBuilder, Interpreter, LstmCell, LstmLayer, int8

onnxruntime = pytest.importorskip("onnxruntime")

STEPS, INPUTS, HIDDEN = 7, 5, 4


def reals(rng: np.random.Generator, *shape: int, size: float = 0.5) -> np.ndarray:
    return (rng.normal(size=shape) * size).astype(np.float32)


def test_a_layer_without_biases_is_the_cell_step_by_step():
    rng = np.random.default_rng(3)
    weights = rng.integers(-127, 128, (4 * HIDDEN, HIDDEN + INPUTS), np.int8)
    lsb = rng.uniform(100, 300, 4 * HIDDEN).astype(np.float32)
    x = rng.integers(-128, 128, (2, STEPS, INPUTS), np.int8)
    cell = GraphBuilder("cell", {"x": int8(INPUTS)})
    cell_graph = cell.build(cell.add("h", LstmCell(weights=weights, lsb=lsb, gate_scale=0.05), "x"))
    layer = GraphBuilder("layer", {"x": int8(STEPS, INPUTS)})
    flat = {"factor": np.full(16, 0.05, np.float32), "bias": np.zeros(16, np.float32)}
    layer_graph = layer.build(layer.add("h", LstmLayer(weights=weights, lsb=lsb, **flat), "x"))
    found = Interpreter(layer_graph).run({"x": x})["h"]
    for number in range(2):
        expected = Interpreter(cell_graph).run({"x": x[number]})["h"]
        assert np.array_equal(found[number], expected)
    assert layer_graph.macs(layer_graph["h"]) == STEPS * weights.size


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_an_imported_layer_is_close_to_onnxruntime(kind: str, direction: str):
    rng = np.random.default_rng(4)
    gates, directions = (4 if kind == "LSTM" else 3), 2 if direction == "bidirectional" else 1
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    operands = ["x", "w", "r", "b", "", "h", "c"][: 7 if kind == "LSTM" else 6]
    weights = {
        "w": reals(rng, directions, gates * HIDDEN, INPUTS),
        "r": reals(rng, directions, gates * HIDDEN, HIDDEN),
        "b": reals(rng, directions, 2 * gates * HIDDEN),
        "h": reals(rng, directions, 1, HIDDEN, size=0.3),
        "c": reals(rng, directions, 1, HIDDEN),
    }
    source = model(
        [node(kind, operands, ["y", "last"], hidden_size=HIDDEN, direction=direction, **more)],
        {"x": [STEPS, 1, INPUTS]},
        {"y": [STEPS, directions, 1, HIDDEN], "last": [directions, 1, HIDDEN]},
        {name: values for name, values in weights.items() if name in operands},
    )
    network = load_onnx(source)
    data = {"x": reals(rng, 6, STEPS, 1, INPUTS, size=1)}
    session = onnxruntime.InferenceSession(source.SerializeToString())
    result = quantise(network, data)
    golden = result.run(data)
    for number in range(6):
        expected = session.run(None, {"x": data["x"][number]})
        floats = network.run_float({"x": data["x"][number]})
        for name, values in zip(network.outputs, expected, strict=True):
            assert np.abs(floats[name] - values).max() < 1e-5
            found = golden[name][number]
            # |h| is below 1: some steps of a code of 1 / 127 each, for weights, inputs and gates.
            assert np.abs(found.reshape(values.shape) - values).max() < 0.06


def test_what_a_tile_does_not_compute_is_refused():
    rng = np.random.default_rng(5)
    weights = {"w": reals(rng, 1, 12, 2), "r": reals(rng, 1, 12, 4)}
    gru = model(
        [node("GRU", ["x", "w", "r"], ["y"], hidden_size=4, name="cells")],
        {"x": [3, 1, 2]},
        {"y": [3, 1, 1, 4]},
        weights,
    )
    with pytest.raises(AlpineError, match=r"node cells .GRU. .* linear_before_reset 0"):
        quantise(load_onnx(gru), {"x": np.ones((1, 3, 1, 2), np.float32)})
    weights = {"w": reals(rng, 1, 16, 2), "r": reals(rng, 1, 16, 4), "p": reals(rng, 1, 12)}
    lstm = model(
        [node("LSTM", ["x", "w", "r", "", "", "", "", "p"], ["y"], hidden_size=4)],
        {"x": [3, 1, 2]},
        {"y": [3, 1, 1, 4]},
        weights,
    )
    with pytest.raises(AlpineError, match="peepholes are not supported"):
        load_onnx(lstm).run_float({"x": np.ones((3, 1, 2), np.float32)})
