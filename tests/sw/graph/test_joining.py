# SPDX-License-Identifier: Apache-2.0
"""Several inputs as one vector."""

import numpy as np

from alpine_sw.graph import (
    Add,
    Concatenate,
    Dequantise,
    GraphBuilder,
    Interpreter,
    Reshape,
    float32,
    golden,
    int8,
)
from alpine_sw.graph.joining import join_inputs, joined_inputs


def test_the_joined_vector_gives_what_the_inputs_gave():
    net = GraphBuilder("two", {"image": int8(2, 3), "past": int8(2)})
    flat = net.add("flat", Reshape(), "image")
    graph = net.build(net.add("y", Concatenate(axis=0), "past", flat))
    codes = {
        "image": np.arange(12, dtype=np.int8).reshape(2, 2, 3),
        "past": np.array([[-1, -2], [-3, -4]], np.int8),
    }
    joined = join_inputs(graph)
    assert joined.inputs == {"image+past": int8(8)}
    vectors = joined_inputs(graph, codes)
    assert vectors[1].tolist() == [6, 7, 8, 9, 10, 11, -3, -4]
    assert np.array_equal(golden(joined, vectors), Interpreter(graph).run(codes)["y"])
    assert join_inputs(joined) is joined


def test_codes_beside_values_are_whole_numbers_of_one_vector():
    net = GraphBuilder("two", {"a": int8(2), "b": float32(2)})
    values = net.add("values", Dequantise(scale=0.5), "a")
    graph = net.build(net.add("y", Add(), values, "b"))
    inputs = {"a": np.array([[-128, 127]], np.int8), "b": np.array([[0.25, -3]], np.float32)}
    vector = joined_inputs(graph, inputs)
    assert vector.tolist() == [[-128, 127, 0.25, -3]]
    assert golden(join_inputs(graph), vector).tolist() == [[-63.75, 60.5]]
