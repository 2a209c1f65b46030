"""Mappings of the LSTM: geometry from the paper, golden outputs, times beside the gem5 runs."""

import csv
from importlib import resources

import numpy as np
import pytest

from alpine_platform.presets import SYSTEMS
from alpine_platform.system import RunResult, System
from alpine_platform.timed_tile import TimedTile, TimedTilePort
from alpine_sw.lstm import LSTM_CASES, analog_lstm
from alpine_sw.networks.lstm import LstmNetwork, load_lstm
from alpine_sw.texts import encode, one_hot

TILE_PERIOD_FS = 1_000_000
TEXT = "in the beginning god created the heaven"


def network(hidden: int = 9) -> LstmNetwork:
    rng = np.random.default_rng(3)
    return LstmNetwork(
        name="small",
        cell_weights=rng.integers(-128, 128, (4 * hidden, hidden + 50)).astype(np.int8),
        cell_lsb=rng.uniform(100, 400, 4 * hidden).astype(np.float32),
        gate_scale=0.05,
        dense_weights=rng.integers(-128, 128, (50, hidden)).astype(np.int8),
        dense_lsb=rng.uniform(100, 400, 50).astype(np.float32),
        logit_scale=0.07,
    )


def simulate(
    lstm: LstmNetwork, case: int, text: str, system: str = "high-power"
) -> tuple[RunResult, np.ndarray]:
    workload = analog_lstm(lstm, case=case)
    (plan,) = workload.plans[0]
    tile = TimedTile(config=plan.config, tile_period_fs=TILE_PERIOD_FS)
    tile.crossbar.lsb[:] = plan.lsb
    for placement in plan.placements:
        tile.crossbar.weights[placement.columns, placement.rows] = placement.weights
    port = TimedTilePort([tile], tile_period_fs=TILE_PERIOD_FS)
    machine = System(SYSTEMS[system], tile_ports={0: port})
    outputs, programs = workload.programs(machine, one_hot(encode(text)), lambda: None)
    return machine.run(programs), outputs


@pytest.mark.parametrize("case", LSTM_CASES)
@pytest.mark.parametrize("length", [1, 2, 11])
def test_small_networks_give_the_golden_probabilities_bit_for_bit(case: int, length: int):
    lstm = network()
    _, outputs = simulate(lstm, case, TEXT[:length])
    golden = lstm.golden(one_hot(encode(TEXT[:length])))
    assert np.array_equal(outputs.view(np.uint32), golden.view(np.uint32))


@pytest.mark.parametrize(
    ("case", "hidden", "tile"),
    [
        (1, 256, (612, 1074)),
        (2, 256, (356, 1074)),
        (1, 750, (1600, 3050)),
        (2, 750, (850, 3050)),
    ],
)
def test_tiles_have_the_sizes_of_table_ii(case: int, hidden: int, tile: tuple[int, int]):
    (plan,) = analog_lstm(load_lstm(hidden), case=case).plans[0]
    assert (plan.config.rows, plan.config.columns) == tile


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("hidden", [256, 750])
def test_time_per_step_is_that_of_the_gem5_run(hidden: int, system: str):
    """Case 1 is the program of the reference row; no constant was fitted to it."""
    short = {"high-power": "hp", "low-power": "lp"}[system]
    file = resources.files("alpine_platform") / "data" / "gem5" / "runs.csv"
    (row,) = (
        row
        for row in csv.DictReader(file.read_text().splitlines())
        if row["name"] == f"lstm{hidden}_ana1:total" and row["system"] == short
    )
    steps = 10
    result, _ = simulate(load_lstm(hidden), 1, TEXT[:steps], system)
    cycles = result.time_fs / steps / SYSTEMS[system].core.period_fs
    # The pipeline's drain adds a part of a step that the reference does not count.
    assert cycles == pytest.approx(float(row["cycles_per_rep"]), rel=0.05)
