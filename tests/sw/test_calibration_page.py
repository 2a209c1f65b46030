# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

from alpine_models.page_origin import origin_of
from alpine_platform.config.placement import BufferPlacement
from alpine_platform.systems.presets import HIGH_POWER
from alpine_sw.calibrate.chosen_numbers import observed
from alpine_sw.calibrate.deviations import beyond_limits, instruction_errors
from alpine_sw.calibrate.experiment import Measured
from alpine_sw.calibrate.fit import BodyFit, Comparison
from alpine_sw.calibrate.page import write_page
from alpine_sw.calibrate.placements import HeapMoved, Moved
from alpine_sw.kernels.calibration import calibration_data, range_warnings

RUN = Comparison(
    name="job:region",
    system="hp",
    group="kernels",
    body=None,
    reference=100.0,
    ours=110.0,
    reference_instructions=100.0,
    our_instructions=101.0,
    reference_misses=2000.0,
    our_misses=2000.0,
)


def test_every_number_set_from_the_reference_is_listed():
    names = {name for name, _, _ in observed(HIGH_POWER)}
    assert {
        "core.taken_branch_half_cycles",
        "core.refill_cycles",
        "core.loads_in_flight_late_address",
        "core.fresh_address_cycles",
        "core.shared_address_cycles",
        "bus.crossing_cycles",
        "sync.handover_cycles",
    } <= names
    assert "core.issue_width" not in names


def test_runs_within_the_limits_are_not_named():
    assert "job:region" not in "\n".join(beyond_limits([RUN]))
    assert "job:region |" not in "\n".join(instruction_errors([RUN]))


def test_runs_beyond_a_limit_are_named_with_a_reason_or_none():
    late = replace(RUN, group="applications", ours=111.0)
    assert "| job:region | +11.0% hp | unexplained |" in beyond_limits([late])
    missing = replace(RUN, our_misses=1880.0)
    assert "1 of 1 runs lie beyond; job:region hp -6.0%" in beyond_limits([missing])[-1]
    short = replace(RUN, our_instructions=97.0)
    assert "| job:region | -3.0% hp | unexplained |" in instruction_errors([short])
    known = replace(RUN, name="mb_bw:rd_16k", ours=80.0)
    assert "instruction caches are taken as hitting" in "\n".join(beyond_limits([known]))
    region = replace(RUN, name="another:writeback", our_instructions=97.0)
    assert "instructions around the loop" in instruction_errors([region])[-1]


def test_loops_outside_their_checked_range_are_named_with_it():
    entry = calibration_data()["bodies"]["cm_queue_word"]
    low, high = entry["smallest_bytes"], entry["largest_bytes"]
    assert range_warnings({"cm_queue_word": (low, high), "copy_call": (0, 0)}) == ()
    (warning,) = range_warnings({"cm_queue_word": (low, high + 4)})
    assert warning == (
        f"cm_queue_word: working sets of {low} to {high + 4} bytes, checked against gem5 from {low}"
        f" to {high}"
    )
    (warning,) = range_warnings({"cm_queue_word": (low - 1, low - 1)})
    assert f"of {low - 1} bytes," in warning


def test_page_and_picture_show_every_run(tmp_path: Path):
    late = replace(RUN, name="late:run", group="memory", ours=150.0)
    fit = BodyFit(
        body="copy_call", extra_cycles=0.5, left_out={"job:region hp": 0.02},
        smallest_bytes=16, largest_bytes=64,
    )  # fmt: skip
    # mlp_dig2 took 1535446.3 cycles on hp, 69.8 % of its reads found their row open.
    half = Measured(cycles=767723.15, instructions=1.0, llc_misses=1.0, row_hits=0.25)
    by_placement = dict.fromkeys(BufferPlacement, half)
    moved = Moved(name="mlp_dig2:total", system="hp", by_placement=by_placement)
    heap = HeapMoved(name="digital lstm", system="lp", fewest=100.0, most=150.0)
    page, picture = write_page(
        tmp_path, [RUN, late], [RUN, late], [fit], moved=[moved], heaps=[heap]
    )
    text = page.read_text()
    assert f"| mlp_dig2:total | hp | 69.8% |{' -50.0%, 25.0% |' * len(BufferPlacement)}\n" in text
    assert "| digital lstm | lp | 100 | 150 | +50.0% |" in text
    assert "| late:run | hp | 100 | 150 | +50.0% | +50.0% | +1.0% |" in text
    assert origin_of(text) is not None
    drawn = picture.read_text()
    assert "kernels (1)" in drawn and "memory (1)" in drawn
