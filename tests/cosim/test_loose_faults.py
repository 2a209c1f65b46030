# SPDX-License-Identifier: Apache-2.0
"""Faults in tiles behind the I/O path: they do what arithmetic says."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from tests.sw import mlp_helpers

from alpine_cosim.campaigns.faults.kinds import (
    DeadAdc,
    Fault,
    Flip,
    OpenColumn,
    StuckCell,
    fault_text,
    parse_fault,
)
from alpine_cosim.campaigns.faults.repeated_run import FaultSession, Outcome
from alpine_cosim.campaigns.faults.sites import check_fault, sites_of
from alpine_cosim.cli import cli
from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.measurement.measure import measure
from alpine_cosim.spec.network import Task
from alpine_cosim.spec.networks import NETWORKS
from alpine_models.device import Polarity, StuckAt
from alpine_models.errors import AlpineError
from alpine_platform.systems.presets import HIGH_POWER
from alpine_sw.library.software import Software
from alpine_sw.mapping.published_mlp import loose_mlp
from alpine_sw.networks import MlpNetwork
from alpine_sw.programs.generate import mapped_workload

INPUTS, HIDDEN, OUTPUTS, COUNT = 21, 18, 8, 2
NETWORK = mlp_helpers.network(inputs=INPUTS, hidden=HIDDEN, seed=3)
GIVEN = np.random.default_rng(4).integers(-128, 128, (COUNT, INPUTS)).astype(np.int8)


def loose_task() -> Task:
    graph = NETWORK.graph()
    return Task(
        workload=mapped_workload(graph, loose_mlp(graph, software=Software.RELEASED)),
        inputs=GIVEN,
        golden=lambda: NETWORK.golden(GIVEN),
    )


@pytest.fixture(scope="module")
def session() -> Iterator[FaultSession]:
    with FaultSession(loose_task(), HIGH_POWER) as made:
        yield made


def outputs_with(session: FaultSession, fault: Fault) -> NDArray[np.int8]:
    """Outputs of a run with a fault."""
    return session.outputs(fault)


def with_weights(layer: int, change) -> NDArray[np.int8]:
    """Golden outputs of a network with other weights in one layer."""
    weights = [each.copy() for each in NETWORK.weights]
    change(weights[layer])
    other: MlpNetwork = replace(NETWORK, weights=tuple(weights))
    return other.golden(GIVEN)


def test_the_run_without_faults_is_golden_and_lasts_as_long_as_any(session):
    np.testing.assert_array_equal(session.golden.outputs, NETWORK.golden(GIVEN))
    workload = loose_task().workload
    timed = measure(
        workload, timed_pieces(workload, HIGH_POWER), system=HIGH_POWER, inputs=GIVEN,
        back_door=True,
    )  # fmt: skip
    assert session.golden.time_s == timed.time_s


@pytest.mark.parametrize("layer", [0, 1])
def test_an_open_column_is_a_row_of_zero_weights(session, layer):
    def opened(weights):
        weights[5] = 0

    want = with_weights(layer, opened)
    assert (want != session.golden.outputs).any()
    found = outputs_with(session, OpenColumn(place=f"loose{layer}", column=5))
    np.testing.assert_array_equal(found, want)


def test_a_stuck_cell_is_another_weight(session):
    # The positive device conducts like weight 127, over whatever the negative one is.
    def stuck(weights):
        weights[3, 7] = 127 + min(int(weights[3, 7]), 0)

    fault = StuckCell(place="loose0", row=7, column=3, polarity=Polarity.POSITIVE, at=StuckAt.SET)
    want = with_weights(0, stuck)
    assert (want != session.golden.outputs).any()
    np.testing.assert_array_equal(outputs_with(session, fault), want)


def test_a_dead_adc_is_its_code_in_every_vector(session):
    found = outputs_with(session, DeadAdc(place="loose1", column=2, code=77))
    want = session.golden.outputs.copy()
    want[:, 2] = 77
    np.testing.assert_array_equal(found, want)


def test_a_code_that_flips_before_it_is_read_is_one_wrong_output(session):
    # At the end the host reads two words of four codes and releases the result: the last two
    # stretches of busy cycles. The sign bit makes 127 a negative code, which ReLU hides.
    second_word = int(session.golden.busy["loose1"][-2, 0])
    fault = Flip(place="loose1", register="output_memory.bank", bit=8 * 5 + 7, cycle=second_word)
    want = session.golden.outputs.copy()
    assert want[-1, 5] == 127
    want[-1, 5] = 0
    np.testing.assert_array_equal(outputs_with(session, fault), want)


def test_an_unchained_tile_keeps_its_result_and_the_host_waits_for_ever(session):
    first = int(session.golden.busy["accelerator"][3, 0])
    result = session.run(Flip(place="accelerator", register="bank.chain", bit=0, cycle=first))
    assert result.outcome is Outcome.HANG


def test_a_command_that_is_answered_with_an_error_is_told_by_the_sticky_register(session):
    last = int(session.golden.busy["loose0"][-1, 0])
    result = session.run(Flip(place="loose0", register="registers.error_code", bit=3, cycle=last))
    assert (result.outcome, result.reason) == (Outcome.DETECTED, "sticky error")


def test_runs_repeat_themselves_after_faults(session):
    first = int(session.golden.busy["loose0"][0, 0])
    result = session.run(Flip(place="loose0", register="cells.weight", bit=3, cycle=first))
    assert (result.outcome, result.wrong_outputs, result.latent) == (Outcome.MASKED, 0.0, True)
    assert result.time_change_s == 0.0


def test_sites_are_those_of_each_tile_and_of_what_they_share(session):
    sites = sites_of(loose_task().workload)
    bits = {place: sum(s.size for s in sites if s.place == place and not s.outside)
            for place in ("loose0", "loose1", "accelerator")}  # fmt: skip
    (hardware,) = session.hardware
    assert sum(bits.values()) == sum(probe.width for probe in hardware.probes)
    # Codes of both memories, a byte per word line and per bit line.
    memories = {(s.place, s.name): s.size for s in sites}
    assert memories["loose0", "input_memory.codes"] == 8 * INPUTS
    assert memories["loose1", "output_memory.bank"] == 8 * OUTPUTS
    assert memories["loose1", "array.cell"] == 2 * HIDDEN * OUTPUTS
    assert {s.block for s in sites if s.place == "accelerator"} == {"port", "bank"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sequencer.phase[0]@3",
            "core0.tile0 does not exist: this mapping has loose0, loose1",
        ),
        ("loose2.array.column[1]", "loose2 does not exist"),
        ("accelerator.array.column[1]", "accelerator has no array: name one of loose0, loose1"),
        ("accelerator.bank.chan[1]@3", "unknown fault site 'bank.chan': did you mean bank.chain"),
        ("loose0.array.column[18]", "column 18 does not exist: the tile has columns 0 to 17"),
    ],
)
def test_mistakes_are_named(text, message):
    workload = loose_task().workload
    fault = parse_fault(text)
    assert fault_text(fault) == text
    with pytest.raises(AlpineError, match=message):
        check_fault(fault, sites_of(workload), workload)


def test_the_command_draws_faults_of_loose_tiles(session, monkeypatch):
    monkeypatch.setitem(
        NETWORKS.shipped, "mlp", replace(NETWORKS["mlp"], prepare=lambda request: loose_task())
    )
    asked = ["faults", "mlp", "--case", "loose"]
    listed = CliRunner().invoke(cli, [*asked, "--list-sites"])
    assert listed.exit_code == 0, listed.output
    for word in ("loose0", "loose1", "accelerator", "s_axi__r__payload", "array.cell"):
        assert word in listed.output
    drawn = CliRunner().invoke(cli, [*asked, "--site", "streams", "--site", "bank", "--runs", "3"])
    assert drawn.exit_code == 0, drawn.output
    assert "case loose" in drawn.output and "6 runs" in drawn.output
