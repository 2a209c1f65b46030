# SPDX-License-Identifier: Apache-2.0
"""Small models, made with the onnx package alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

__all__ = ["model", "node", "small_cnn"]

node = helper.make_node


def model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Sequence[Any]],
    outputs: Mapping[str, Sequence[Any]],
    weights: Mapping[str, np.ndarray] | None = None,
    *,
    opset: int = 17,
) -> ModelProto:
    """A model of float32 inputs and outputs."""
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def small_cnn(rng: np.random.Generator) -> ModelProto:
    """Two convolutions, one of them depthwise, between them a residual; then a dense layer."""

    def reals(*shape: int, size: float = 0.3) -> np.ndarray:
        return (rng.normal(size=shape) * size).astype(np.float32)

    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], name="first"),
        node("BatchNormalization", ["c1", "s", "o", "m", "v"], ["n1"]),
        node("Relu", ["n1"], ["r1"]),
        node("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1]),
        node("Conv", ["p1", "wd"], ["cd"], pads=[1, 1, 1, 1], group=8),
        node("Add", ["c2", "cd"], ["a"]),
        node("Relu", ["a"], ["r2"]),
        node("Flatten", ["r2"], ["f"]),
        node("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
    ]
    weights = {
        "w1": reals(8, 3, 3, 3),
        "b1": reals(8),
        "s": reals(8, size=1),
        "o": reals(8),
        "m": reals(8),
        "v": np.full(8, 0.7, np.float32),
        "w2": reals(8, 8, 3, 3, size=0.1),
        "b2": reals(8),
        "wd": reals(8, 1, 3, 3),
        "w3": reals(10, 8 * 16, size=0.1),
        "b3": reals(10),
    }
    return model(nodes, {"x": ["n", 3, 8, 8]}, {"y": ["n", 10]}, weights)
