# SPDX-License-Identifier: Apache-2.0
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpine_models import golden_lstm
from alpine_models.golden_lstm import Gate, GoldenLstm, LstmState

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


def small(seed: int = 1) -> GoldenLstm:
    return GoldenLstm(gate_scale=GATE_SCALE, logit_scale=LOGIT_SCALE, **arrays(seed))


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
    assert lstm.sequence(inputs).tolist() == expected
    state = LstmState.zero(hidden=HIDDEN)
    for x, probabilities in zip(inputs, expected, strict=True):
        state, got = lstm.step(state, x[np.newaxis])
        assert got.tolist() == [probabilities]
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
    state = LstmState.zero(hidden=HIDDEN, n=len(texts))
    alone = [LstmState.zero(hidden=HIDDEN)] * len(texts)
    together = np.empty((40, len(texts), OUTPUTS), np.float32)
    for step in range(40):
        state, together[step] = lstm.step(state, np.stack([text[step] for text in texts]))
        alone = [
            lstm.advance(each, text[step, None]) for each, text in zip(alone, texts, strict=True)
        ]
        assert state.h.tobytes() == np.concatenate([each.h for each in alone]).tobytes()
        assert state.c.tobytes() == np.concatenate([each.c for each in alone]).tobytes()
    for index, text in enumerate(texts):
        assert together[:, index].tobytes() == lstm.sequence(text).tobytes()


def test_every_gate_has_its_place():
    # One unit. Only gate `open_` gets anything: 127 * 127 / 127 = code 127, for 20.
    for open_ in Gate:
        weights = np.zeros((4, 2), np.int8)
        weights[open_, 1] = 127
        lstm = GoldenLstm(
            cell_weights=weights,
            cell_lsb=np.full(4, 127, np.float32),
            gate_scale=20 / 127,
            dense_weights=np.ones((1, 1), np.int8),
            dense_lsb=np.ones(1, np.float32),
            logit_scale=1.0,
        )
        codes = lstm.cell_codes(np.zeros((1, 1), np.int8), np.array([[127]], np.int8))
        assert codes.tolist() == [[127 if gate == open_ else 0 for gate in Gate]]
        gates = lstm.gates(codes)
        # Sigmoid and tanh of 20 are 1 in float32 but for 2e-9; of 0 they are 1/2 and 0.
        at_rest = [0.5, 0.5, 0.5, 0.0]
        at_rest[open_] = 1.0
        assert gates[0].tolist() == pytest.approx(at_rest, abs=1e-8)
        h, c = golden_lstm.combine_gates(gates, np.full((1, 1), 2.0, np.float32))
        i, f, o, a = at_rest
        assert c.item() == pytest.approx(f * 2 + i * a)
        assert h.item() == pytest.approx(o * math.tanh(f * 2 + i * a))


def test_products_and_their_sum_are_rounded_one_by_one():
    # f c = (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 rounds to 1 + 2^-11; i a = -(1 + 2^-11). Fused, the
    # sum would keep 2^-24.
    gates = np.array([[1 + 2**-11, 1 + 2**-12, 1, -1]], np.float32)
    _, c = golden_lstm.combine_gates(gates, np.array([[1 + 2**-12]], np.float32))
    assert c.tolist() == [[0.0]]


def test_the_table_of_gates_is_the_function_of_dequantised_codes():
    lstm = small()
    codes = np.arange(-128, 128).astype(np.int8)[:, np.newaxis].repeat(4 * HIDDEN, axis=1)
    values = golden_lstm.dequantise(codes, GATE_SCALE)
    assert lstm.gates(codes).tobytes() == golden_lstm.activate_gates(values).tobytes()


def test_a_slice_of_units_is_activated_and_combined_like_the_whole():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(2, 4, 6)).astype(np.float32)
    c = rng.normal(size=(2, 6)).astype(np.float32)
    whole = golden_lstm.combine_gates(golden_lstm.activate_gates(values.reshape(2, 24)), c)
    for units in (slice(0, 2), slice(2, 6)):
        part = values[:, :, units].reshape(2, -1)
        h, new_c = golden_lstm.combine_gates(golden_lstm.activate_gates(part), c[:, units])
        assert h.tobytes() == whole[0][:, units].tobytes()
        assert new_c.tobytes() == whole[1][:, units].tobytes()


def test_quantise_cuts_off_and_clamps():
    values = np.array([0, 0.999, -0.999, 1, -1, 1.5, -1.5, 0.5, -0.5], np.float32)
    # 0.999 * 127 = 126.9, 0.5 * 127 = 63.5, -1.5 * 127 = -190.5.
    codes = golden_lstm.quantise(values, 127.0)
    assert codes.dtype == np.int8
    assert codes.tolist() == [0, 126, -126, 127, -127, 127, -128, 63, -63]
    assert golden_lstm.quantise(np.ones(1, np.float32), 2.5).tolist() == [2]
    # The float32 next to 1/25 lies below it, but 25 times that rounds to 1 before it is cut off.
    nearly = np.array([1 / 25], np.float32)
    assert nearly.item() * 25 < 1
    assert golden_lstm.quantise(nearly, 25.0).tolist() == [1]


@given(value=st.floats(-1, 1, width=32), scale=st.floats(1, 127))
def test_quantise_rounds_the_product_before_it_cuts_off(value: float, scale: float):
    expected = int(f32(value * f32(scale)))
    assert golden_lstm.quantise(np.array([value], np.float32), scale).tolist() == [expected]


def test_dequantise_by_hand():
    values = golden_lstm.dequantise(np.array([-128, -127, 0, 127], np.int8), 2.0)
    assert values.dtype == np.float32
    assert values.tolist() == [-256.0, -254.0, 0.0, 254.0]


@given(code=st.integers(-128, 127), scale=st.floats(0.01, 100))
def test_dequantise_rounds_the_scale_and_the_product(code: int, scale: float):
    value = golden_lstm.dequantise(np.array([code], np.int8), scale)
    assert value.tolist() == [plain_value(code, scale)]


def test_the_state_before_the_first_step_is_zero():
    state = LstmState.zero(hidden=4, n=3)
    assert (state.h.shape, state.c.shape) == ((3, 4), (3, 4))
    assert not state.h.any()
    assert not state.c.any()
