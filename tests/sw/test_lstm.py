# SPDX-License-Identifier: Apache-2.0
"""Mappings of the LSTM: tiles of the paper, golden outputs, times beside the gem5 runs."""

import csv
from importlib import resources

import numpy as np
import pytest
from lstm_helpers import network

from alpine_platform.systems.presets import SYSTEMS
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System
from alpine_sw.calibrate.lstm import APPLICATION
from alpine_sw.datasets.texts import SYMBOLS, encode, one_hot
from alpine_sw.library.timed_ports import timed_ports
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping.published_lstm import (
    LSTM_CASES,
    LSTM_DIGITAL_CORES,
    analog_lstm,
    digital_lstm,
)
from alpine_sw.networks.lstm import LstmNetwork, load_lstm
from alpine_sw.programs.generate import Writing, mapped_workload

TILE_PERIOD_FS = 1_000_000
TEXT = "in the beginning god created the heaven"


def simulate(
    workload: Workload,
    text: str,
    system: str = "high-power",
    *,
    check_reads: bool = False,
    heap_offset_bytes: int = 0,
) -> tuple[SystemResult, np.ndarray]:
    ports = timed_ports(workload.plans, tile_period_fs=TILE_PERIOD_FS)
    machine = System(SYSTEMS[system], tile_ports=ports, check_reads=check_reads)
    if heap_offset_bytes:
        machine.memory.allocate("what the heap holds before", heap_offset_bytes)
    steps: list[None] = []
    outputs, programs = workload.programs(
        machine, one_hot(encode(text)), lambda: steps.append(None)
    )
    result = machine.run(programs)
    assert len(steps) == len(text)
    return result, outputs


def mapped(lstm: LstmNetwork, name: str, writing: Writing | None = None) -> Workload:
    kind, number = name.split()
    graph = lstm.graph()
    if kind == "case":
        mapping = analog_lstm(graph, case=int(number))
    else:
        mapping = digital_lstm(graph, cores=int(number))
    return mapped_workload(graph, mapping, writing=writing)


MAPPINGS = [
    *(f"case {case}" for case in LSTM_CASES),
    *(f"digital {cores}" for cores in LSTM_DIGITAL_CORES),
]


@pytest.mark.parametrize("hidden", [4, 9, 16])
@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("length", [1, 2, 11])
def test_small_networks_give_the_golden_probabilities_bit_for_bit(
    mapping: str, hidden: int, length: int
):
    """9 units do not divide over four cores: they take 3, 2, 2 and 2."""
    lstm = network(hidden)
    _, outputs = simulate(mapped(lstm, mapping), TEXT[:length], check_reads=True)
    golden = lstm.golden(one_hot(encode(TEXT[:length])))
    assert np.array_equal(outputs.view(np.uint32), golden.view(np.uint32))


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("length", [1, 9])
@pytest.mark.parametrize("seed", [4, None])
def test_a_network_reads_what_it_has_chosen(mapping: str, length: int, seed: int | None):
    """The symbols of the golden continuation, whose choices share no code with the program's."""
    lstm, prompt = network(), "the "
    text = prompt + lstm.generate(prompt, length=length, seed=seed)
    draws = None if seed is None else np.random.default_rng(seed).random(length)
    # What follows the prompt must not be taken from the inputs: they hold something else there.
    given = prompt + "?" * (length - 1)
    workload = mapped(lstm, mapping, Writing(given=len(prompt), draws=draws, symbols=len(SYMBOLS)))
    _, outputs = simulate(workload, given, check_reads=True)
    assert np.array_equal(outputs, lstm.golden(one_hot(encode(text[:-1]))))


def test_case_1_needs_a_product_of_the_dense_layer_for_every_chosen_symbol():
    lstm, processes = network(), []
    for writing in (None, Writing(given=3, draws=None, symbols=len(SYMBOLS))):
        result, _ = simulate(mapped(lstm, "case 1", writing), TEXT[:8])
        # 59 codes of [h, x] and 9 of h in, 36 gates and 50 logits out, for 8 symbols.
        processes.append(result.cm_instructions - 8 * (15 + 3 + 9 + 13))
    # One more than symbols, and one for each of the five that the network chooses and reads.
    assert processes == [9, 14]


@pytest.mark.parametrize(
    ("case", "hidden", "tile"),
    [
        (1, 256, (612, 1074)),
        (2, 256, (356, 1074)),
        (3, 256, (356, 1024)),
        (4, 256, (356, 256)),
        (1, 512, (1124, 2098)),
        (2, 512, (612, 2098)),
        (3, 512, (612, 2048)),
        (4, 512, (612, 512)),
        (1, 750, (1600, 3050)),
        (2, 750, (850, 3050)),
        (3, 750, (850, 3000)),
        # The paper prints 850 x 750, which holds 187.5 units: two of the four cores take 188.
        (4, 750, (850, 752)),
    ],
)
def test_tiles_have_the_sizes_of_table_ii(case: int, hidden: int, tile: tuple[int, int]):
    plans = mapped(load_lstm(hidden), f"case {case}").plans
    assert len(plans) == {1: 1, 2: 1, 3: 2, 4: 5}[case]
    for (plan,) in plans.values():
        assert (plan.config.rows, plan.config.columns) == tile


def test_cores_of_case_4_hold_all_gates_of_their_units():
    lstm = network(9)
    plans = mapped(lstm, "case 4").plans
    first = 0
    for core, units in enumerate([3, 2, 2, 2]):
        (placement,) = plans[core][0].placements
        for gate in range(4):
            of_gate = lstm.cell_weights[9 * gate + first : 9 * gate + first + units]
            assert np.array_equal(placement.weights[gate * units : (gate + 1) * units], of_gate)
        first += units
    assert np.array_equal(plans[4][0].placements[0].weights, lstm.dense_weights)


REFERENCE = {
    "ana1": "case 1",
    "ana_tot": "case 2",
    "ana3": "case 3",
    "ana4": "case 4",
    "dig_tot": "digital 1",
    "dig2": "digital 2",
    "dig5": "digital 5",
}
"""Reference runs and the mappings whose programs they are."""


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("run", REFERENCE)
def test_time_per_step_is_that_of_the_gem5_run(run: str, system: str):
    """No constant was fitted to these rows, but for the place of the heap.

    With 256 units, weights of digital runs nearly fill the ways of the low-power L2, and where the
    heap lies moves their time by 15 % (docs/calibration.md); it lies as in the calibration.
    """
    short = {"high-power": "hp", "low-power": "lp"}[system]
    file = resources.files("alpine_platform") / "data" / "gem5" / "runs.csv"
    (row,) = (
        row
        for row in csv.DictReader(file.read_text().splitlines())
        if row["name"] == f"lstm256_{run}:total" and row["system"] == short
    )
    lstm, steps, warm = load_lstm(256), 10, 2
    heap = {"heap_offset_bytes": APPLICATION.heap_offset_bytes}
    # The reference warms up; the difference of two lengths leaves that out, and the filling
    # of the pipelines, which counts in the reference: 4 % on five cores.
    long, _ = simulate(mapped(lstm, REFERENCE[run]), TEXT[: warm + steps], system, **heap)
    begin, _ = simulate(mapped(lstm, REFERENCE[run]), TEXT[:warm], system, **heap)
    cycles = (long.time_fs - begin.time_fs) / steps / SYSTEMS[system].core.period_fs
    assert cycles == pytest.approx(float(row["cycles_per_rep"]), rel=0.08)
