# SPDX-License-Identifier: Apache-2.0
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Dense,
    Dequantise,
    GraphBuilder,
    Interpreter,
    LstmCell,
    Requantise,
    Softmax,
    arithmetic,
    int8,
)
from alpine_sw.graph.lstm import Gate, LstmState, activate_gates, combine_gates

HIDDEN, INPUTS, OUTPUTS = 3, 4, 5
GATE_SCALE, LOGIT_SCALE = 5.3 / 127, 9.7 / 127


def arrays(seed: int = 1) -> dict[str, NDArray[np.generic]]:
    rng = np.random.default_rng(seed)
    return {
        "cell_weights": rng.integers(-127, 128, (4 * HIDDEN, HIDDEN + INPUTS), np.int8),
        "cell_lsb": rng.uniform(100, 250, 4 * HIDDEN).astype(np.float32),
        "dense_weights": rng.integers(-127, 128, (OUTPUTS, HIDDEN), np.int8),
        "dense_lsb": rng.uniform(60, 150, OUTPUTS).astype(np.float32),
    }


def small(seed: int = 1) -> Interpreter:
    a = arrays(seed)
    net = GraphBuilder("small", {"x": int8(INPUTS)})
    cell = LstmCell(weights=a["cell_weights"], lsb=a["cell_lsb"], gate_scale=GATE_SCALE)
    sums = net.add("dense", Dense(weights=a["dense_weights"]), net.add("cell", cell, "x"))
    codes = net.add("codes", Requantise(lsb=a["dense_lsb"]), sums)
    logits = net.add("logits", Dequantise(scale=LOGIT_SCALE), codes)
    return Interpreter(net.build(net.add("y", Softmax(), logits)))


def symbols(count: int, seed: int = 2) -> NDArray[np.int8]:
    inputs = np.zeros((count, INPUTS), np.int8)
    inputs[np.arange(count), np.random.default_rng(seed).integers(0, INPUTS, count)] = 127
    return inputs


# An LSTM in plain Python: exact integers and fractions, the mathematical library, and float32 by
# rounding every single operation.


def f32(value: float) -> float:
    return float(np.float32(value))


def plain_code(inputs: list[int], weights: list[int], lsb: float) -> int:
    dot = sum(a * b for a, b in zip(inputs, weights, strict=True))
    return max(-128, min(127, round(Fraction(dot) / Fraction(lsb))))


def plain_value(code: int, scale: float) -> float:
    return f32(code * f32(scale))


def plain_sigmoid(value: float) -> float:
    return f32(1 / (1 + math.exp(-value)))


def plain_tanh(value: float) -> float:
    return f32(math.tanh(value))


def plain_lstm(inputs: list[list[int]]) -> tuple[list[int], list[float], list[list[float]]]:
    """The last h and c, and the probabilities after every step."""
    a = {name: array.tolist() for name, array in arrays().items()}
    h, c = [0] * HIDDEN, [0.0] * HIDDEN
    outputs: list[list[float]] = []
    for x in inputs:
        values = [
            plain_value(plain_code(h + x, row, lsb), GATE_SCALE)
            for row, lsb in zip(a["cell_weights"], a["cell_lsb"], strict=True)
        ]
        for unit in range(HIDDEN):
            i, f, o = (plain_sigmoid(values[gate * HIDDEN + unit]) for gate in range(3))
            candidate = plain_tanh(values[3 * HIDDEN + unit])
            c[unit] = f32(f32(f * c[unit]) + f32(i * candidate))
            h[unit] = int(f32(f32(o * plain_tanh(c[unit])) * 127))
        logits = [
            plain_value(plain_code(h, row, lsb), LOGIT_SCALE)
            for row, lsb in zip(a["dense_weights"], a["dense_lsb"], strict=True)
        ]
        powers = [f32(math.exp(f32(logit - max(logits)))) for logit in logits]
        total = 0.0
        for power in powers:
            total = f32(total + power)
        outputs.append([f32(power / total) for power in powers])
    return h, c, outputs


def test_a_sequence_equals_a_plain_lstm_bit_for_bit():
    inputs = symbols(200)
    h, c, expected = plain_lstm(inputs.tolist())
    lstm = small()
    assert lstm.run({"x": inputs})["y"].tolist() == expected
    states = lstm.initial_states(1)
    for x, probabilities in zip(inputs, expected, strict=True):
        states, got = lstm.step(states, {"x": x[np.newaxis]})
        assert got["y"].tolist() == [probabilities]
    state = states["cell"]
    assert state.h.tolist() == [h]
    assert state.c.tolist() == [c]
    assert (state.h.dtype, state.c.dtype) == (np.int8, np.float32)
    # The comparison means something: states move, probabilities are neither flat nor certain.
    assert any(abs(value) > 0.3 for value in c)
    assert min(max(row) for row in expected) < 0.9
    assert max(max(row) for row in expected) > 0.3


def test_a_batch_is_as_good_as_one_at_a_time():
    lstm = small()
    texts = [symbols(40, seed) for seed in range(6)]
    states = lstm.initial_states(len(texts))
    together = np.empty((40, len(texts), OUTPUTS), np.float32)
    for step in range(40):
        x = np.stack([text[step] for text in texts])
        states, outputs = lstm.step(states, {"x": x})
        together[step] = outputs["y"]
    for index, text in enumerate(texts):
        assert together[:, index].tobytes() == lstm.run({"x": text})["y"].tobytes()
    fewer = states["cell"].first(2)
    assert fewer.h.tobytes() == states["cell"].h[:2].tobytes()
    assert fewer.c.tobytes() == states["cell"].c[:2].tobytes()


def test_a_sequence_goes_on_over_the_parts_that_are_computed_together():
    inputs = symbols(50)
    whole = small()
    parts = Interpreter(whole.graph, together=7)
    assert parts.run({"x": inputs})["y"].tobytes() == whole.run({"x": inputs})["y"].tobytes()


def test_a_step_leaves_the_states_before_it_as_they_were():
    lstm = small()
    before = lstm.initial_states(1)
    after, _ = lstm.step(before, {"x": symbols(1)})
    assert not before["cell"].h.any()
    assert after["cell"].h.any()


def test_every_gate_has_its_place():
    # One unit. Only gate `open_` gets anything: 127 * 127 / 127 = code 127, for 20.
    for open_ in Gate:
        weights = np.zeros((4, 2), np.int8)
        weights[open_, 1] = 127
        cell = LstmCell(weights=weights, lsb=np.full(4, 127, np.float32), gate_scale=20 / 127)
        x = np.array([[127]], np.int8)
        codes = arithmetic.dense(np.array([[0, 127]], np.int8), cell.matrix, cell.steps)
        assert codes.tolist() == [[127 if gate == open_ else 0 for gate in Gate]]
        gates = cell.gate_table()(codes)
        # Sigmoid and tanh of 20 are 1 in float32 but for 2e-9; of 0 they are 1/2 and 0.
        at_rest = [0.5, 0.5, 0.5, 0.0]
        at_rest[open_] = 1.0
        assert gates[0].tolist() == pytest.approx(at_rest, abs=1e-8)
        before = LstmState(h=np.zeros((1, 1), np.int8), c=np.full((1, 1), 2.0, np.float32))
        state, h = cell.stepper()(before, x)
        i, f, o, a = at_rest
        assert state.c.item() == pytest.approx(f * 2 + i * a)
        assert h.item() == int(127 * (o * math.tanh(f * 2 + i * a)))


def test_products_and_their_sum_are_rounded_one_by_one():
    # f c = (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 rounds to 1 + 2^-11; i a = -(1 + 2^-11). Fused, the
    # sum would keep 2^-24.
    gates = np.array([[1 + 2**-11, 1 + 2**-12, 1, -1]], np.float32)
    _, c = combine_gates(gates, np.array([[1 + 2**-12]], np.float32))
    assert c.tolist() == [[0.0]]


def test_the_table_of_gates_is_the_function_of_dequantised_codes():
    a = arrays()
    cell = LstmCell(weights=a["cell_weights"], lsb=a["cell_lsb"], gate_scale=GATE_SCALE)
    codes = np.arange(-128, 128).astype(np.int8)[:, np.newaxis].repeat(4 * HIDDEN, axis=1)
    values = arithmetic.dequantise(codes, GATE_SCALE)
    assert cell.gate_table()(codes).tobytes() == activate_gates(values).tobytes()


def test_a_slice_of_units_is_activated_and_combined_like_the_whole():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(2, 4, 6)).astype(np.float32)
    c = rng.normal(size=(2, 6)).astype(np.float32)
    whole = combine_gates(activate_gates(values.reshape(2, 24)), c)
    for units in (slice(0, 2), slice(2, 6)):
        part = values[:, :, units].reshape(2, -1)
        h, new_c = combine_gates(activate_gates(part), c[:, units])
        assert h.tobytes() == whole[0][:, units].tobytes()
        assert new_c.tobytes() == whole[1][:, units].tobytes()


def test_quantise_cuts_off_and_clamps():
    values = np.array([0, 0.999, -0.999, 1, -1, 1.5, -1.5, 0.5, -0.5], np.float32)
    # 0.999 * 127 = 126.9, 0.5 * 127 = 63.5, -1.5 * 127 = -190.5.
    codes = arithmetic.quantise(values, 127.0)
    assert codes.dtype == np.int8
    assert codes.tolist() == [0, 126, -126, 127, -127, 127, -128, 63, -63]
    assert arithmetic.quantise(np.ones(1, np.float32), 2.5).tolist() == [2]
    # The float32 next to 1/25 lies below it, but 25 times that rounds to 1 before it is cut off.
    nearly = np.array([1 / 25], np.float32)
    assert nearly.item() * 25 < 1
    assert arithmetic.quantise(nearly, 25.0).tolist() == [1]


@given(value=st.floats(-1, 1, width=32), scale=st.floats(1, 127))
def test_quantise_rounds_the_product_before_it_cuts_off(value: float, scale: float):
    expected = int(f32(value * f32(scale)))
    assert arithmetic.quantise(np.array([value], np.float32), scale).tolist() == [expected]


def test_dequantise_by_hand():
    values = arithmetic.dequantise(np.array([-128, -127, 0, 127], np.int8), 2.0)
    assert values.dtype == np.float32
    assert values.tolist() == [-256.0, -254.0, 0.0, 254.0]


@given(code=st.integers(-128, 127), scale=st.floats(0.01, 100))
def test_dequantise_rounds_the_scale_and_the_product(code: int, scale: float):
    value = arithmetic.dequantise(np.array([code], np.int8), scale)
    assert value.tolist() == [plain_value(code, scale)]


def test_the_state_before_the_first_step_is_zero():
    state = small().initial_states(3)["cell"]
    assert (state.h.shape, state.c.shape) == ((3, HIDDEN), (3, HIDDEN))
    assert not state.h.any()
    assert not state.c.any()


def test_products_from_outside_take_the_place_of_the_cells():
    graph = small().graph
    seen: list[np.ndarray] = []

    def product(vectors: np.ndarray) -> np.ndarray:
        seen.append(vectors)
        return np.full((len(vectors), 4 * HIDDEN), 40, np.int8)

    states = Interpreter(graph, products={"cell": product}).initial_states(1)
    lstm = Interpreter(graph, products={"cell": product})
    for x in symbols(2):
        states, _ = lstm.step(states, {"x": x[np.newaxis]})
    # Every unit alike: c = i a, then f c + i a, by hand.
    gate, candidate = plain_sigmoid(40 * f32(GATE_SCALE)), plain_tanh(40 * f32(GATE_SCALE))
    c = gate * candidate
    c = gate * c + gate * candidate
    assert states["cell"].c[0].tolist() == pytest.approx([c] * HIDDEN, rel=1e-6)
    # Vectors are [h, x]: at first h is 0, then the same for every unit.
    assert seen[0][0, :HIDDEN].tolist() == [0] * HIDDEN
    assert set(seen[1][0, :HIDDEN].tolist()) == {int(127 * gate * math.tanh(gate * candidate))}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"weights": np.zeros((12, 7), np.int16)},
            "weights of an LSTM cell are int16 [12, 7], but expected is int8 "
            "[4 * hidden, hidden + inputs]",
        ),
        (
            {"weights": np.zeros((12, 3), np.int8)},
            "weights of an LSTM cell have the shape [12, 3], but expected is "
            "[4 * hidden, hidden + inputs] with 1 input or more",
        ),
        (
            {"lsb": np.ones(11, np.float32)},
            "ADC steps of an LSTM cell are [11], but expected is [12], one per output",
        ),
        (
            {"lsb": np.zeros(12, np.float32)},
            "ADC steps of an LSTM cell must be positive and finite everywhere",
        ),
        (
            {"gate_scale": math.nan},
            "gate_scale of an LSTM cell must be positive and finite: nan",
        ),
    ],
)
def test_members_that_do_not_fit_are_named(changes: dict[str, Any], message: str):
    a = arrays()
    members = {"weights": a["cell_weights"], "lsb": a["cell_lsb"], "gate_scale": 0.1}
    with pytest.raises(AlpineError) as caught:
        LstmCell(**{**members, **changes})
    assert str(caught.value) == message
