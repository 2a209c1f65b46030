# SPDX-License-Identifier: Apache-2.0
"""Fault campaigns on a small perceptron: outcomes, their determinism, their intervals."""

import json
import shutil
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from small_perceptron import HIDDEN, OUTPUTS, small_perceptron

from alpine_cosim.campaigns.faults.campaign import (
    Campaign,
    CampaignPlan,
    Injection,
    InjectionResult,
    run_campaign,
)
from alpine_cosim.campaigns.faults.kinds import (
    DeadAdc,
    Flip,
    OpenColumn,
    StuckCell,
    fault_text,
    parse_fault,
)
from alpine_cosim.campaigns.faults.repeated_run import (
    FaultResult,
    FaultSession,
    Outcome,
    stuck_weight,
)
from alpine_cosim.campaigns.faults.report import campaign_json, known_records, rows, share
from alpine_cosim.campaigns.faults.sites import draw_fault, groups, sites_of
from alpine_cosim.cli import cli
from alpine_cosim.spec.keywords import run_spec
from alpine_cosim.spec.network import Task
from alpine_models.device import (
    IDEAL,
    PCM_LIKE,
    AnalogConfig,
    AnalogCrossbar,
    ArrayFaults,
    NoiseKey,
    PcmConfig,
    Polarity,
    StuckAt,
    StuckDevice,
)
from alpine_models.errors import AlpineError
from alpine_platform.systems.presets import SYSTEMS
from alpine_sw.datasets.weight_file import chosen_weights

SITES = ("streams", "converters.adc")


@pytest.fixture(scope="module")
def task() -> Task:
    return small_perceptron()


@pytest.fixture(scope="module")
def session(task):
    with FaultSession(task, SYSTEMS["high-power"]) as made:
        yield made


def plan_of(*, sites=SITES, runs=5, **changes) -> CampaignPlan:
    spec = run_spec("mlp", **{"case": 2, "inferences": 1, "seed": 3, **changes})
    return CampaignPlan(spec=spec, runs=runs, sites=sites)


def products(session: FaultSession) -> list[int]:
    """First cycles of the products: the only busy stretches longer than a product."""
    cycles = session.golden.busy["core0.tile0"]
    return [int(first) for first, length in cycles if length > 100]


def test_the_run_without_faults_is_golden_and_repeats_itself_after_faults(session, task):
    np.testing.assert_array_equal(session.golden.outputs, task.golden())
    assert np.count_nonzero(session.golden.outputs) > 4
    for fault in (
        Flip(register="command.operation", bit=0, cycle=products(session)[0]),
        OpenColumn(column=1),
        DeadAdc(column=1, code=127),
    ):
        session.run(fault)
    # A bit that nothing reads: the weight last read back, which no command reads.
    result = session.run(Flip(register="cells.weight", bit=3, cycle=products(session)[0]))
    assert (result.outcome, result.wrong_outputs, result.latent) == (Outcome.MASKED, 0.0, True)
    assert result.time_change_s == 0.0


def test_busy_cycles_are_those_of_the_commands(session):
    # Per inference: 16 + 3 groups queued, 2 products, 3 + 3 groups read; a core at 2.3 GHz with a
    # tile at 1 GHz sees a queue or dequeue busy for 2 cycles, a product for 1 + 100 + 1.
    busy = session.golden.busy["core0.tile0"]
    lengths = busy[:, 1].tolist()
    assert len(products(session)) == 2 * 2
    assert sum(lengths) == 2 * (2 * (16 + 3 + 3 + 3) + 2 * 102)


@pytest.mark.parametrize(
    ("register", "bit", "outcome", "reason"),
    [
        # The command register forgets its product: the answer never leaves.
        ("command.valid", 0, Outcome.HANG, ""),
        # The product is answered with a refusal of no known kind.
        ("command.status", 3, Outcome.DETECTED, "status"),
        # The sticky error is set without an error, to a code that no command gives.
        ("registers.error_code", 3, Outcome.DETECTED, "sticky error"),
        # Phase lengths are not used unless they override the configured ones.
        ("registers.bank.integrate_cycles", 3, Outcome.MASKED, ""),
        # The length of a phase that has begun is not looked at again.
        ("sequencer.integrate", 5, Outcome.MASKED, ""),
    ],
)
def test_outcomes_that_the_rtl_implies(session, register, bit, outcome, reason):
    cycle = products(session)[-1] + 50
    result = session.run(Flip(register=register, bit=bit, cycle=cycle))
    assert (result.outcome, result.reason) == (outcome, reason)


def test_a_code_taken_from_an_adc_flips_before_it_is_read(session):
    # The last sample's codes are in the output memory, of which the layer reads columns 12 to 21.
    # A sign bit makes a positive output negative, which the ReLU turns into 0: one wrong output.
    last = session.golden.outputs[-1]
    column = HIDDEN + int(np.argmax(last > 0))
    first = int(session.golden.busy["core0.tile0"][-3, 0])
    fault = Flip(register="output_memory.bank", bit=8 * column + 7, cycle=first)
    result = session.run(fault)
    assert result.outcome is Outcome.SDC
    assert result.wrong_outputs == pytest.approx(1 / session.golden.outputs.size)
    # After the last read the same bit is of no use to anybody.
    last_cycle = int(session.golden.busy["core0.tile0"][-1].sum()) - 1
    assert session.run(replace(fault, cycle=last_cycle)).outcome is Outcome.MASKED


def test_a_longer_phase_is_masked_and_late(session):
    # Bit 8 of the cycles that are left makes the phase 256 cycles, 256 ns, longer. What follows
    # waits for edges of other clocks: the tile's next command for one of 1 ns, the core for one of
    # 0.43 ns, the memory bus for one of 0.63 ns and the DRAM for one of 0.83 ns, 2.9 ns in all.
    cycle = products(session)[0] + 50
    result = session.run(Flip(register="sequencer.left", bit=8, cycle=cycle))
    assert result.outcome is Outcome.MASKED
    assert result.time_change_s == pytest.approx(256e-9, abs=2.9e-9)


def test_a_dac_code_that_moves_counts_for_the_time_it_is_shown(session, task):
    # Queued code 0 becomes -128 (bit 7) while the crossbar integrates, at the beginning or the end
    # of the phase: the earlier, the more charge and the more wrong outputs.
    first = products(session)[0]
    assert task.inputs[0, 0] == 0
    early, late = (
        session.run(Flip(register="input_memory.codes", bit=7, cycle=first + offset))
        for offset in (10, 95)
    )
    assert early.codes_moved and late.codes_moved
    assert early.outcome is Outcome.SDC
    assert late.wrong_outputs is not None and early.wrong_outputs is not None
    assert late.wrong_outputs <= early.wrong_outputs


def test_open_columns_and_dead_adcs_change_the_outputs_that_they_make(session, task):
    golden = session.golden.outputs
    for output in range(OUTPUTS):
        result = session.run(OpenColumn(column=HIDDEN + output))
        wrong = np.count_nonzero(golden[:, output]) / golden.size
        assert result.wrong_outputs == pytest.approx(wrong)
        result = session.run(DeadAdc(column=HIDDEN + output, code=0))
        assert result.wrong_outputs == pytest.approx(wrong)
        result = session.run(DeadAdc(column=HIDDEN + output, code=127))
        assert result.wrong_outputs == pytest.approx(
            np.count_nonzero(golden[:, output] != 127) / golden.size
        )


@pytest.mark.parametrize("polarity", list(Polarity))
@pytest.mark.parametrize("at", list(StuckAt))
def test_stuck_cells_are_those_of_the_device_model(polarity: Polarity, at: StuckAt):
    random = np.random.default_rng(2)
    weights = random.integers(-127, 128, (3, 8), np.int8)
    faults = ArrayFaults(devices=(StuckDevice(row=5, column=1, polarity=polarity, at=at),))
    ideal = PcmConfig(
        constants=PCM_LIKE, programming=IDEAL, drift=IDEAL, read_noise=IDEAL, faults=faults
    )
    analog = AnalogCrossbar(
        weights=weights,
        lsb=np.full(3, 100.0),
        config=AnalogConfig(array=ideal),
        key=NoiseKey(seed=0, chip=0, tile=0),
        time_s=0.0,
    )
    codes = random.integers(-128, 128, (20, 8), np.int8)
    stuck = weights.astype(int)
    stuck[1, 5] = stuck_weight(
        int(stuck[1, 5]), StuckCell(row=5, column=1, polarity=polarity, at=at)
    )
    expected = np.clip(np.rint(codes @ stuck.T / 100), -128, 127)
    np.testing.assert_array_equal(analog.multiply(codes, product=0), expected)


def test_cycles_are_drawn_from_the_busy_ones_alone(session, task):
    busy = {"core0.tile0": np.array([[100, 2], [200, 1], [300, 3]])}
    group = groups(sites_of(task.workload), ["sequencer.phase"], by_register=False)[0]
    drawn = [
        draw_fault(group, task.workload, busy, np.random.default_rng(seed)) for seed in range(300)
    ]
    found = {fault.cycle for fault in drawn if isinstance(fault, Flip)}
    assert found == {100, 101, 200, 300, 301, 302}


def test_same_seed_same_campaign_whatever_the_processes_and_other_sites():
    alone = run_campaign(plan_of(), workers=1)
    assert alone.complete
    spread = run_campaign(plan_of(), workers=2)
    assert spread.records == alone.records
    fewer = run_campaign(plan_of(sites=SITES[1:]), workers=1)
    assert fewer.records == alone.records[5:]
    other = run_campaign(plan_of(sites=SITES[1:], seed=4), workers=1)
    assert other.records != fewer.records
    counted = rows(alone)
    assert [row.runs for row in counted] == [5, 5]
    for row in counted:
        assert sum(share.count for share in row.outcomes.values()) == row.runs
        assert sum(row.reasons.values()) == row.outcomes["detected"].count


def test_a_campaign_goes_on_where_it_ended(tmp_path):
    whole = run_campaign(plan_of(), workers=1)
    path = tmp_path / "part.json"
    calls = []

    def interrupt() -> None:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt

    part = run_campaign(plan_of(), workers=1, on_step=interrupt)
    assert not part.complete
    assert part.records == [whole.records[number] for number in (0, 1, 5, 6)]
    path.write_text(campaign_json(part, host_seconds=0.0))
    steps = []
    known = known_records(path, plan_of())
    resumed = run_campaign(plan_of(), workers=1, known=known, on_step=lambda: steps.append(1))
    assert resumed.records == whole.records
    assert len(steps) == 6
    with pytest.raises(AlpineError, match="its seed is 3, not 4"):
        known_records(path, plan_of(seed=4))


def test_runs_of_other_code_or_weights_are_not_continued(tmp_path, monkeypatch: pytest.MonkeyPatch):
    weights = tmp_path / "weights.npz"
    shutil.copy(chosen_weights("mlp", None), weights)
    plan = plan_of(weights=weights)
    record = InjectionResult(
        injection=Injection(group="streams", index=0, fault=parse_fault("streams.queued[0]@7")),
        result=FaultResult(
            outcome=Outcome.MASKED, reason="", wrong_outputs=0.0, score_loss=0.0,
            time_change_s=0.0, latent=False, codes_moved=False,
        ),
    )  # fmt: skip
    campaign = Campaign(
        plan=plan, groups=[], records=[record], failures=[], score=None, score_is_accuracy=True,
        time_s=1.0, busy_cycles=9, planned=1, interrupted=False,
    )  # fmt: skip
    path = tmp_path / "campaign.json"
    path.write_text(campaign_json(campaign, host_seconds=0.0))
    assert known_records(path, plan) == [record]
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + b"\x01")
    with pytest.raises(AlpineError, match="its weights_sha256 is "):
        known_records(path, plan)
    weights.write_bytes(content)
    monkeypatch.setattr("alpine_cosim.campaigns.faults.report.code_digest", lambda: "other code")
    with pytest.raises(AlpineError, match="made by another version of this program; leave --resu"):
        known_records(path, plan)


def test_intervals_are_wilsons():
    # Wilson's score interval of 3 in 20 with z = 1.959964, from its formula:
    # (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n).
    found = share(3, 20)
    z, n, p = 1.959964, 20, 0.15
    middle = p + z * z / (2 * n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    assert found.low == pytest.approx((middle - half) / (1 + z * z / n))
    assert found.high == pytest.approx((middle + half) / (1 + z * z / n))
    assert share(0, 10).low == 0.0


NUMBERS = st.integers(0, 100_000)
TILES = {
    "place": st.sampled_from(["core0.tile0", "core0.tile1", "core7.tile3", "loose1", "accelerator"])
}


@given(
    st.one_of(
        st.builds(
            Flip,
            register=st.sampled_from(["sequencer.left", "registers.bank.rdata"]),
            bit=NUMBERS,
            cycle=NUMBERS,
            **TILES,
        ),
        st.builds(OpenColumn, column=NUMBERS, **TILES),
        st.builds(DeadAdc, column=NUMBERS, code=st.integers(-128, 127), **TILES),
        st.builds(
            StuckCell,
            row=NUMBERS,
            column=NUMBERS,
            polarity=st.sampled_from(Polarity),
            at=st.sampled_from(StuckAt),
            **TILES,
        ),
    )
)
def test_texts_name_faults(fault):
    assert parse_fault(fault_text(fault)) == fault


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--site", "sequenser"], "unknown fault site 'sequenser': did you mean sequencer"),
        (["--site", "sequencer.phase[2]"], "sequencer.phase has bits 0 to 1"),
        (["--site", "sequencer[2]"], "only a register has bits, sequencer is none"),
        (["--inject", "sequencer.phase@3"], "cannot be read: write a flip as"),
        (["--inject", "sequencer.phas[0]@3"], "did you mean sequencer.phase"),
        (["--inject", "core1.tile0.sequencer.phase[0]@3"], "core1.tile0 does not exist"),
        (["--inject", "array.column[2048]"], "column 2048 does not exist: the tile has columns 0"),
        (["--inject", "array.cell[5,3]+sett"], "unknown stuck state 'sett': did you mean set"),
        (["--inject", "converters.adc[3]=128"], "an ADC code is -128 to 127"),
        (["--inject", "sequencer.left[0]@99999999"], "the tile's last busy cycle is"),
        (["--runs", "0"], "runs must be 1 or more"),
        (["--workers", "0"], "workers must be 1 or more"),
        (["--resume"], "--resume continues the campaign of a file: name it with --json"),
    ],
)
def test_mistakes_are_named(arguments, message):
    result = CliRunner().invoke(cli, ["faults", "mlp", "--inferences", "1", *arguments])
    assert isinstance(result.exception, AlpineError)
    assert message in str(result.exception)


def test_the_command_prints_a_table_and_writes_every_run(tmp_path):
    path = tmp_path / "faults.json"
    arguments = ["faults", "mlp", "--inferences", "1"]
    result = CliRunner().invoke(
        cli, [*arguments, "--site", "streams", "--runs", "3", "--json", str(path)]
    )
    assert result.exit_code == 0, result.output
    assert "streams" in result.output and "3 runs" in result.output
    content = json.loads(path.read_text())
    assert [record["group"] for record in content["records"]] == ["streams"] * 3
    listed = CliRunner().invoke(cli, [*arguments, "--list-sites"])
    assert "integrate" in listed.output and "array.cell" in listed.output
