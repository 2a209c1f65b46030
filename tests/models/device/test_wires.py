# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.device import (
    IDEAL,
    PCM_LIKE,
    NoiseKey,
    PcmArray,
    PcmConfig,
    Wires,
    effective_conductances,
    exact_conductances,
)
from alpine_models.device.wires import interleave, split
from alpine_models.errors import AlpineError

RNG = np.random.default_rng(0)


def differential(rows: int, columns: int):
    """A random array of pairs, one device of each near zero, [rows, 2 columns] in uS."""
    weights = RNG.uniform(-25.0, 25.0, (columns, rows))
    rest = RNG.uniform(0.0, 0.5, (2, columns, rows))
    return interleave(np.maximum(weights, 0.0) + rest[0], np.maximum(-weights, 0.0) + rest[1])


def by_kirchhoff(conductances_us, wires, voltages):
    """Bit-line currents in uA, from a dense system written node by node."""
    rows, columns = conductances_us.shape
    matrix = np.zeros((2 * rows * columns, 2 * rows * columns))
    source = np.zeros(2 * rows * columns)

    def word(i, j):
        return i * columns + j

    def bit(i, j):
        return rows * columns + i * columns + j

    def connect(a, b, siemens):
        matrix[a, a] += siemens
        matrix[b, b] += siemens
        matrix[a, b] -= siemens
        matrix[b, a] -= siemens

    for i in range(rows):
        for j in range(columns):
            connect(word(i, j), bit(i, j), conductances_us[i, j] * 1e-6)
            if j:
                connect(word(i, j), word(i, j - 1), 1 / wires.word_ohm)
            if i:
                connect(bit(i, j), bit(i - 1, j), 1 / wires.bit_ohm)
        matrix[word(i, 0), word(i, 0)] += 1 / wires.word_ohm
        source[word(i, 0)] = voltages[i] / wires.word_ohm
    for j in range(columns):
        matrix[bit(rows - 1, j), bit(rows - 1, j)] += 1 / wires.bit_ohm
    solution = np.linalg.solve(matrix, source)
    return solution[[bit(rows - 1, j) for j in range(columns)]] / wires.bit_ohm * 1e6


def test_one_cell_is_three_resistors_in_series():
    wires = Wires(word_ohm=1000.0, bit_ohm=2000.0)
    expected = 1e6 / (1e6 / 20.0 + 3000.0)
    assert exact_conductances(np.array([[20.0]]), wires)[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize(
    "wires", [Wires(word_ohm=2.0, bit_ohm=7.0), Wires(word_ohm=900, bit_ohm=3)]
)
def test_exact_solver_is_kirchhoffs_law(wires: Wires):
    conductances = RNG.uniform(0.0, 25.0, (7, 5))
    voltages = RNG.uniform(-0.2, 0.2, 7)
    effective = exact_conductances(conductances, wires)
    assert voltages @ effective == pytest.approx(by_kirchhoff(conductances, wires, voltages))


def test_fast_model_is_exact_for_one_line():
    wires = Wires(word_ohm=500.0, bit_ohm=1e-3)
    row = RNG.uniform(1.0, 25.0, (1, 60))
    exact = exact_conductances(row, wires)
    assert effective_conductances(row, wires) == pytest.approx(exact, rel=1e-6)
    assert exact[0, -1] < 0.7 * row[0, -1]


# The loss of current tells how much the wires matter; what the fast model leaves of it is compared
# with the exact solver at the differential currents, root mean square over random inputs.
@pytest.mark.parametrize(
    ("side", "ohm", "loss", "limit"),
    [
        (16, 5.0, 0.007, 1.5e-5),
        (64, 1.0, 0.019, 4e-5),
        (64, 5.0, 0.085, 8e-4),
        (128, 1.0, 0.068, 4e-4),
        (128, 5.0, 0.27, 4e-3),
    ],
)
def test_fast_model_follows_the_exact_one(side: int, ohm: float, loss: float, limit: float):
    wires = Wires(word_ohm=ohm, bit_ohm=ohm)
    conductances = differential(side, side // 2)
    inputs = RNG.uniform(-1.0, 1.0, (200, side))
    ideal, exact, fast = (
        inputs @ matrix
        for matrix in (
            conductances,
            exact_conductances(conductances, wires),
            effective_conductances(conductances, wires),
        )
    )
    assert 1.0 - np.abs(exact).sum() / np.abs(ideal).sum() == pytest.approx(loss, rel=0.15)
    pairs_exact, pairs_fast = (both[:, 0::2] - both[:, 1::2] for both in (exact, fast))
    assert np.sqrt(((pairs_fast - pairs_exact) ** 2).mean() / (pairs_exact**2).mean()) < limit


def test_far_cells_lose_most():
    wires = Wires(word_ohm=5.0, bit_ohm=5.0)
    conductances = np.full((40, 40), 10.0)
    effective = effective_conductances(conductances, wires)
    # The driver is beside column 0, the sense amplifier below the last row.
    assert effective.argmax() == effective.shape[1] * 39
    assert effective.argmin() == 39


def test_interleaving_is_undone_by_splitting():
    positive, negative = RNG.uniform(0, 1, (2, 3, 5))
    both = interleave(positive, negative)
    assert both.shape == (5, 6)
    assert (both[:, 0] == positive[0]).all()
    assert (both[:, 1] == negative[0]).all()
    back = split(both)
    assert (back[0] == positive).all()
    assert (back[1] == negative).all()


def test_wires_weaken_an_arrays_sums_and_its_noise():
    weights = np.full((20, 300), 100, np.int8)
    weights[1::2] = -100
    codes = np.full(300, 90, np.int8)
    readings = []
    for wires in (IDEAL, Wires(word_ohm=0.5, bit_ohm=0.5)):
        config = PcmConfig(constants=PCM_LIKE, programming=IDEAL, drift=IDEAL, wires=wires)
        array = PcmArray(rows=300, columns=20, config=config, key=NoiseKey(seed=1))
        array.program(weights)
        readings.append(array.at(60.0).multiply(np.tile(codes, (500, 1)), product=0))
    ideal, lossy = readings
    assert 0.5 < np.abs(lossy).mean() / np.abs(ideal).mean() < 0.9
    assert 0.5 < lossy.std(axis=0).mean() / ideal.std(axis=0).mean() < 0.9


@pytest.mark.parametrize("ohm", [0.0, -1.0, float("nan"), 1e7])
def test_absurd_resistances_are_refused(ohm: float):
    with pytest.raises(
        AlpineError, match=r"^word_ohm .* is refused: give ohms per segment .*IDEAL$"
    ):
        Wires(word_ohm=ohm, bit_ohm=1.0)


def test_large_arrays_are_sent_to_the_fast_model():
    with pytest.raises(AlpineError, match=r"^512 x 256 cells are too many for the exact"):
        exact_conductances(np.ones((512, 256)), Wires(word_ohm=1.0, bit_ohm=1.0))
