# SPDX-License-Identifier: Apache-2.0
"""Makes garments.onnx, the model of the notebook: a small classifier of Fashion-MNIST.

Its filters and hidden weights are random, from a seed; its last layer is the ridge regression of
the labels on what they make of the first 8,000 of the shipped images, so that NumPy alone makes it.

python examples/garments_model.py examples/garments.onnx
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from alpine_sw import load_fashion_mnist, load_onnx

SEEN, FILTERS, HIDDEN, CLASSES, RIDGE = 8000, 8, 96, 10, 1.0
"""Images that the last layer is fitted to; sizes; weight of the squared coefficients."""

Reals = NDArray[np.float32]


def images() -> tuple[Reals, NDArray[np.int64]]:
    """Return the images [n, 1, 32, 32] with pixels from 0 to 1, and their labels [n]."""
    shipped = load_fashion_mnist()
    pixels = shipped.inputs.reshape(-1, 1, 32, 32).astype(np.float32) / 127
    return pixels, shipped.labels.astype(np.int64)


def model_of(weights: dict[str, Reals]) -> onnx.ModelProto:
    """Return the network of its weights: a convolution, pooling, two dense layers."""
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    nodes = [
        node("Conv", ["image", "filters", "shifts"], ["c"], "edges", strides=[2, 2]),
        node("Relu", ["c"], ["r"], "edges relu"),
        node("MaxPool", ["r"], ["p"], "pool", kernel_shape=[3, 3], strides=[3, 3]),
        node("Flatten", ["p"], ["f"], "flatten"),
        node("Gemm", ["f", "hidden", "bias"], ["h"], "hidden", transB=1),
        node("Relu", ["h"], ["features"], "hidden relu"),
        node("Gemm", ["features", "classes"], ["scores"], "classes", transB=1),
    ]
    real = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "garments",
        [value("image", real, ["n", 1, 32, 32])],
        [value("scores", real, ["n", CLASSES])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def fitted() -> onnx.ModelProto:
    """Return the model with its last layer fitted."""
    rng = np.random.default_rng(0)
    filters = rng.normal(size=(FILTERS, 1, 5, 5))
    filters -= filters.mean(axis=(2, 3), keepdims=True)
    inputs = FILTERS * 16
    weights = {
        "filters": filters.astype(np.float32),
        "shifts": np.zeros(FILTERS, np.float32),
        "hidden": (rng.normal(size=(HIDDEN, inputs)) / np.sqrt(inputs)).astype(np.float32),
        "bias": np.zeros(HIDDEN, np.float32),
        "classes": np.zeros((CLASSES, HIDDEN), np.float32),
    }
    pixels, labels = images()
    found: dict[str, Reals] = {}
    load_onnx(model_of(weights)).run_float({"image": pixels[:SEEN]}, observe=found.__setitem__)
    features = found["features"].astype(np.float64)
    wanted = np.eye(CLASSES)[labels[:SEEN]] - 1 / CLASSES
    squares = features.T @ features + RIDGE * np.eye(HIDDEN)
    weights["classes"] = np.linalg.solve(squares, features.T @ wanted).T.astype(np.float32)
    return model_of(weights)


if __name__ == "__main__":
    onnx.save(fitted(), Path(sys.argv[1]))
