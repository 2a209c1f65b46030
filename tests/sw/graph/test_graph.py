# SPDX-License-Identifier: Apache-2.0
"""Graphs: types, messages, equality, tables, and random ones against a naive interpreter."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    Concatenate,
    Constant,
    Convolution,
    Dense,
    Dequantise,
    Graph,
    GraphBuilder,
    Interpreter,
    MaxPool,
    Node,
    Relu,
    Requantise,
    Reshape,
    Softmax,
    Subtract,
    float32,
    golden,
    graph_table,
    int8,
    int32,
    matrix_products,
    square,
)

WEIGHTS = np.arange(-6, 6, dtype=np.int8).reshape(3, 4)
LSB = np.array([2, 5, 9], np.float32)


def small(name: str = "small", *, weights: np.ndarray = WEIGHTS) -> Graph:
    net = GraphBuilder(name, {"x": int8(4)})
    codes = net.add("codes", Requantise(lsb=LSB), net.add("layer", Dense(weights=weights), "x"))
    return net.build(net.add("y", Relu(), codes))


def message(action) -> str:
    with pytest.raises(AlpineError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_tensor_has_a_type():
    graph = small()
    assert dict(graph.types) == {"x": int8(4), "layer": int32(3), "codes": int8(3), "y": int8(3)}
    assert [node.name for node in graph.readers("layer")] == ["codes"]
    assert graph.operand_types(graph["codes"]) == (int32(3),)
    assert graph.macs(graph["layer"]) == 12
    assert not graph.recurrent


def test_a_graph_is_a_table():
    assert graph_table(small()) == (
        "| node | operator | operands | result | weights | MACs |\n"
        "| --- | --- | --- | --- | ---: | ---: |\n"
        "| x | input |  | int8 [4] |  |  |\n"
        "| layer | dense | x | int32 [3] | 12 | 12 |\n"
        "| codes | requantise | layer | int8 [3] |  |  |\n"
        "| y | relu | codes | int8 [3] |  |  |\n"
    )


def test_graphs_are_equal_where_structure_and_weights_are():
    other = WEIGHTS.copy()
    other[0, 0] += 1
    assert small() == small("another name")
    assert hash(small()) == hash(small())
    assert small() != small(weights=other)
    assert small() != small(weights=WEIGHTS.reshape(3, 4).astype(np.int8)[::-1])
    graph = small()
    shorter = Graph(name="small", inputs=graph.inputs, nodes=graph.nodes[:2], outputs=("codes",))
    assert graph != shorter
    renamed = Node(name="z", operator=Relu(), operands=("codes",))
    nodes = (*graph.nodes[:2], renamed)
    assert graph != Graph(name="small", inputs=graph.inputs, nodes=nodes, outputs=("z",))


def test_weights_of_a_graph_cannot_be_written():
    graph = small(weights=WEIGHTS.copy())
    with pytest.raises(ValueError, match="read-only"):
        graph["layer"].operator.weights[0, 0] = 1


def test_an_operand_of_another_type_is_named():
    net = GraphBuilder("g", {"x": int8(5)})
    assert message(lambda: net.add("layer", Dense(weights=WEIGHTS), "x")) == (
        "node layer of graph g: tensor x is int8 [5], but dense expects int8 [4], the inputs of "
        "weights [3, 4]"
    )
    image = GraphBuilder("g", {"x": int8(5, 5, 2)})
    kernel = Convolution(weights=np.ones((1, 3, 3, 3), np.int8), window=square(3))
    assert message(lambda: image.add("c", kernel, "x")) == (
        "node c of graph g: tensor x is int8 [5, 5, 2], but convolution expects int8 "
        "[rows, columns, 3], padded by [0, 0, 0, 0] at least 3 rows and 3 columns"
    )
    assert message(lambda: image.add("p", MaxPool(window=square(6)), "x")) == (
        "node p of graph g: tensor x is int8 [5, 5, 2], but max pool expects "
        "[rows, columns, channels], padded by [0, 0, 0, 0] at least 6 rows and 6 columns"
    )


def test_names_that_do_not_fit_are_named():
    net = GraphBuilder("g", {"x": float32(4)})
    net.add("y", Relu(), "x")
    assert message(lambda: net.add("z", Relu(), "q")) == (
        "node z of graph g reads tensor 'q', which is neither an input nor the result of a node "
        "before it: choose from x, y"
    )
    assert message(lambda: net.add("y", Relu(), "x")) == (
        "node y of graph g has a name that is empty or taken: give it one of its own"
    )
    assert message(lambda: net.add("z", Add(), "x")) == (
        "node z of graph g reads 1 tensors (x), but add expects 2"
    )
    assert message(lambda: net.add("z", Concatenate())) == (
        "node z of graph g reads 0 tensors (none), but concatenate expects 1 or more"
    )
    assert message(lambda: net.build("q")) == (
        "output 'q' of graph g is no tensor of it: choose from x, y"
    )
    assert message(net.build) == "graph g has no output: name one tensor or more"
    assert message(lambda: net.build("y")["q"]) == "graph g has no node 'q': choose from y"


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, "graph small reads x, but given is nothing"),
        ({"z": np.zeros((1, 4), np.int8)}, "graph small reads x, but given is z"),
        (
            {"x": np.zeros((1, 5), np.int8)},
            "tensor x is int8 [1, 5], but expected is int8 [n, 4], where n counts inferences",
        ),
        (
            {"x": np.zeros((1, 4), np.float32)},
            "tensor x is float32 [1, 4], but expected is int8 [n, 4], where n counts inferences",
        ),
    ],
)
def test_inputs_of_another_type_are_named(inputs: dict[str, np.ndarray], expected: str):
    assert message(lambda: Interpreter(small()).run(inputs)) == expected


def test_inputs_differ_in_inferences():
    net = GraphBuilder("g", {"a": int8(2), "b": int8(2)})
    graph = net.build(net.add("sum", Add(), "a", "b"))
    inputs = {"a": np.zeros((3, 2), np.int8), "b": np.zeros((4, 2), np.int8)}
    assert message(lambda: Interpreter(graph).run(inputs)) == (
        "inputs of graph g differ in inferences: 3 of a, 4 of b"
    )


def test_products_of_a_graph_are_those_that_become_codes():
    net = GraphBuilder("g", {"x": int8(5, 5, 2), "r": float32(4)})
    kernel = np.ones((3, 2, 2, 2), np.int8)
    sums = net.add("conv", Convolution(weights=kernel, window=square(2, stride=2)), "x")
    codes = net.add("conv codes", Requantise(lsb=np.float32(7)), sums)
    depthwise = np.ones((3, 2, 2, 1), np.int8)
    apart = net.add("apart", Convolution(weights=depthwise, window=square(2), groups=3), codes)
    net.add("apart codes", Requantise(lsb=np.float32(7)), apart)
    flat = net.add("flat", Reshape(), codes)
    twice = net.add("twice", Dense(weights=np.ones((2, 12), np.int8)), flat)
    net.add("a", Requantise(lsb=np.float32(7)), twice)
    net.add("b", Requantise(lsb=np.float32(9)), twice)
    net.add("real", Dense(weights=np.ones((2, 4), np.float32)), "r")
    shown = net.add("shown", Dense(weights=np.ones((2, 12), np.int8)), flat)
    net.add("shown codes", Requantise(lsb=np.float32(7)), shown)
    products = matrix_products(net.build("shown"))
    assert list(products) == ["conv"]
    found = products["conv"]
    assert found.weights.shape == (3, 8)
    assert found.vectors == 4
    assert found.lsb.tolist() == [7, 7, 7]
    assert found.converter is not None
    assert found.converter.name == "conv codes"


def test_a_product_from_outside_gives_the_codes():
    graph = small()
    seen: list[np.ndarray] = []

    def outside(vectors: np.ndarray) -> np.ndarray:
        seen.append(vectors)
        return np.full((len(vectors), 3), 5, np.int8)

    inputs = np.arange(8, dtype=np.int8).reshape(2, 4)
    observed: dict[str, np.ndarray] = {}
    interpreter = Interpreter(graph, products={"layer": outside}, observe=observed.__setitem__)
    assert interpreter.run({"x": inputs})["y"].tolist() == [[5, 5, 5]] * 2
    assert np.array_equal(seen[0], inputs)
    assert list(observed) == ["layer", "codes", "y"]
    assert message(lambda: Interpreter(graph, products={"y": outside})) == (
        "node y of graph small has no product that a tile can compute: choose from layer"
    )


def test_inferences_may_be_evaluated_in_parts():
    inputs = np.random.default_rng(1).integers(-128, 128, (7, 4), np.int8)
    whole = golden(small(), inputs)
    assert np.array_equal(Interpreter(small(), together=3).run({"x": inputs})["y"], whole)
    assert golden(small(), inputs[:0]).shape == (0, 3)


def test_a_constant_is_there_for_every_inference():
    net = GraphBuilder("g", {"x": int8(2)})
    bias = net.add("bias", Constant(values=np.array([10, -10], np.int8)))
    graph = net.build(net.add("y", Add(), "x", bias), net.add("z", Concatenate(), "x", bias))
    outputs = Interpreter(graph).run({"x": np.array([[1, 2], [3, 4]], np.int8)})
    assert outputs["y"].tolist() == [[11, -8], [13, -6]]
    assert outputs["z"].tolist() == [[1, 2, 10, -10], [3, 4, 10, -10]]


def test_real_outputs_come_beside_codes():
    net = GraphBuilder("g", {"x": int8(4)})
    codes = net.add("codes", Requantise(lsb=LSB), net.add("sums", Dense(weights=WEIGHTS), "x"))
    logits = net.add("logits", Dequantise(scale=0.5), codes)
    graph = net.build(codes, net.add("scores", Softmax(), logits))
    outputs = Interpreter(graph).run({"x": np.ones((1, 4), np.int8)})
    # Sums -18, -2 and 14; over 2, 5 and 9: codes -9, 0 and 2.
    assert outputs["codes"].tolist() == [[-9, 0, 2]]
    assert outputs["scores"].sum() == pytest.approx(1)


# Random graphs against an interpreter in plain Python, element by element.


def naive_code(total: int, lsb: float) -> int:
    return max(-128, min(127, round(Fraction(total) / Fraction(lsb))))


def naive(graph: Graph, x: list[list[list[int]]]) -> list[int]:
    """Values of one image [rows, columns, channels] by definition; nested lists throughout."""
    values: dict[str, list] = {"x": x}
    for node in graph.nodes:
        operator, (value, *others) = node.operator, [values[name] for name in node.operands]
        if isinstance(operator, Convolution):
            weights, window = operator.weights.tolist(), operator.window
            result = [
                [
                    [
                        sum(
                            value[r * window.strides[0] + i][c * window.strides[1] + j][k] * w
                            for i, row in enumerate(out)
                            for j, cell in enumerate(row)
                            for k, w in enumerate(cell)
                        )
                        for out in weights
                    ]
                    for c in range((len(value[0]) - window.size[1]) // window.strides[1] + 1)
                ]
                for r in range((len(value) - window.size[0]) // window.strides[0] + 1)
            ]
        elif isinstance(operator, MaxPool):
            size, stride = operator.window.size[0], operator.window.strides[0]
            result = [
                [
                    [
                        max(value[r + i][c + j][k] for i, j in product(range(size), range(size)))
                        for k in range(len(value[0][0]))
                    ]
                    for c in range(0, len(value[0]) - size + 1, stride)
                ]
                for r in range(0, len(value) - size + 1, stride)
            ]
        elif isinstance(operator, Reshape):
            result = [code for row in value for cell in row for code in cell]
        elif isinstance(operator, Dense):
            result = [
                sum(a * b for a, b in zip(value, row, strict=True))
                for row in operator.weights.tolist()
            ]
        else:
            result = _elements(operator, value, *others)
        values[node.name] = result
    return values[graph.outputs[0]]


def _elements(operator: object, value, *others):
    if isinstance(value, list) and value and isinstance(value[0], list):
        parts = zip(value, *others, strict=True)
        return [_elements(operator, *part) for part in parts]
    if isinstance(operator, Requantise):
        return [naive_code(v, float(d)) for v, d in zip(value, operator.lsb.tolist(), strict=True)]
    if isinstance(operator, Relu):
        return [max(v, 0) for v in value]
    if isinstance(operator, Subtract):
        return [a - b for a, b in zip(value, others[0], strict=True)]
    assert isinstance(operator, Add)
    return [a + b for a, b in zip(value, others[0], strict=True)]


@given(
    seed=st.integers(0, 10_000),
    layers=st.lists(
        st.sampled_from(["convolution", "pool", "relu", "add", "subtract"]), max_size=4
    ),
    dense=st.integers(0, 2),
)
def test_random_graphs_equal_a_naive_interpreter(*, seed: int, layers: list[str], dense: int):
    rng = np.random.default_rng(seed)
    net = GraphBuilder("random", {"x": int8(7, 6, 2)})
    value = "x"
    for number, kind in enumerate(layers):
        shape = net.type_of(value).shape
        if kind == "relu":
            value = net.add(f"relu {number}", Relu(), value)
        elif kind in ("add", "subtract"):
            operator = Add() if kind == "add" else Subtract()
            sums = net.add(f"{kind} {number}", operator, value, value)
            value = requantised(net, rng, sums)
        elif min(shape[:2]) >= 2:
            window = square(2, stride=int(rng.integers(1, 3)))
            if kind == "pool":
                value = net.add(f"pool {number}", MaxPool(window=window), value)
            else:
                kernel = rng.integers(-128, 128, (3, 2, 2, shape[2]), np.int8)
                sums = net.add(
                    f"convolution {number}", Convolution(weights=kernel, window=window), value
                )
                value = requantised(net, rng, sums)
    value = net.add("flat", Reshape(), value)
    for number in range(dense):
        matrix = rng.integers(-128, 128, (4, net.type_of(value).elements), np.int8)
        value = requantised(net, rng, net.add(f"dense {number}", Dense(weights=matrix), value))
    graph = net.build(value)
    images = rng.integers(-128, 128, (2, 7, 6, 2), np.int8)
    found = golden(graph, images)
    for image, outputs in zip(images, found, strict=True):
        assert outputs.tolist() == naive(graph, image.tolist())


def requantised(net: GraphBuilder, rng: np.random.Generator, sums: str) -> str:
    outputs = net.type_of(sums).shape[-1]
    lsb = rng.uniform(1, 500, outputs).astype(np.float32)
    return net.add(f"{sums} codes", Requantise(lsb=lsb), sums)
