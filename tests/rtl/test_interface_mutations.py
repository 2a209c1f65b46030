# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The tests of what surrounds the tile bite: each planted fault turns the named one red."""

import importlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import accelerator_bus
import pytest
import test_accelerator
import test_axi_lite
import test_crossing
import test_cvxif
import test_register_bank
from faults import faulty_package
from interface_faults import INTERFACE_FAULTS


@dataclass(frozen=True)
class Suite:
    """Tests of one component.

    Members
    -------
    maker : module that makes the component for them.
    design : name under which it knows the component.
    source : module of `alpine_rtl` that the component comes from.
    """

    maker: ModuleType
    design: str
    source: str


AXI = Suite(test_axi_lite, "AxiLitePort", "axi_lite")
BANK = Suite(test_register_bank, "RegisterBank", "register_bank")
ACCELERATOR = Suite(accelerator_bus, "AimcAxi", "accelerator")
CROSSING = Suite(test_crossing, "AimcTileCdc", "crossing")
CVXIF = Suite(test_cvxif, "AimcTileCvxif", "cvxif")

Caught = tuple[Suite, Callable[..., None], dict[str, Any]]

STALLS: Caught = (AXI, test_axi_lite.test_channels_stall_independently, {"seed": 0})
REFUSED: Caught = (BANK, test_register_bank.test_refused_writes_change_nothing, {})
ILLEGAL: Caught = (BANK, test_register_bank.test_illegal_addresses_read_zero_and_are_flagged, {})
ANSWERED: Caught = (BANK, test_register_bank.test_reads_are_answered_in_the_next_cycle, {})
STROBES: Caught = (
    BANK,
    test_register_bank.test_commands_and_flags_are_strobes_of_the_write_cycle,
    {},
)
LINK: Caught = (ACCELERATOR, test_accelerator.test_a_link_hands_every_vector_on, {"relu": 0})
RECTIFIED: Caught = (ACCELERATOR, test_accelerator.test_a_link_hands_every_vector_on, {"relu": 1})
LANES: Caught = (ACCELERATOR, test_accelerator.test_byte_lanes_reach_single_inputs, {})
CELLS: Caught = (ACCELERATOR, test_accelerator.test_cells_are_programmed_and_read_back, {})
UNMAPPED: Caught = (
    ACCELERATOR,
    test_accelerator.test_the_page_behind_the_last_tile_is_unmapped,
    {},
)
BAD_ACCESS: Caught = (
    ACCELERATOR,
    test_accelerator.test_illegal_accesses_are_answered_and_change_nothing,
    {},
)
DURING: Caught = (
    ACCELERATOR,
    test_accelerator.test_outputs_read_during_a_multiplication_are_its_own,
    {"double_buffer": False},
)
DURING_DOUBLE: Caught = (
    ACCELERATOR,
    test_accelerator.test_outputs_read_during_a_multiplication_are_its_own,
    {"double_buffer": True},
)
HANDED_OVER: Caught = (
    ACCELERATOR,
    test_accelerator.test_a_vector_handed_over_is_safe_until_its_multiplication_begins,
    {},
)
SINGLE: Caught = (
    ACCELERATOR,
    test_accelerator.test_single_tile_multiplies_and_interrupts,
    {"double_buffer": False, "stalled": False},
)
CROSSED: Caught = (
    CROSSING,
    test_crossing.test_random_programs_cross_in_order,
    {"cpu_ns": 0.37, "tile_ns": 1.0},
)
CPU_RESET: Caught = (
    CROSSING,
    test_crossing.test_a_reset_of_either_side_empties_both,
    {"domain": "cpu", "cpu_ns": 0.37, "tile_ns": 1.0},
)
TILE_RESET: Caught = (
    CROSSING,
    test_crossing.test_a_reset_of_either_side_empties_both,
    {"domain": "sync", "cpu_ns": 0.37, "tile_ns": 1.0},
)
SPECULATION: Caught = (
    CVXIF,
    test_cvxif.test_random_speculation,
    {"seed": 0, "double_buffer": False},
)
OPERANDS_MISSING: Caught = (CVXIF, test_cvxif.test_a_missing_operand_holds_the_issue_back, {})


def decision(kill: int, successor: tuple[int, int]) -> Caught:
    test = test_cvxif.test_a_decision_is_kept_for_the_id_and_hart_that_it_was_about
    return CVXIF, test, {"kill": kill, "successor": successor}


CAUGHT_BY: dict[str, Caught] = {
    "response withdrawn": STALLS,
    "channel that takes two": STALLS,
    "write without its data": STALLS,
    "write before the last one's answer is taken": STALLS,
    "strobes lost": STALLS,
    "address bits that are to be ignored": STALLS,
    "answer to a write always good": STALLS,
    "first high throughout": STALLS,
    "read served with a write's address": STALLS,
    "veto ignored": REFUSED,
    "minimum ignored": REFUSED,
    "illegal address keeps the last value": ILLEGAL,
    "fields on top of each other": ANSWERED,
    "all flags cleared at once": STROBES,
    "illegal read not flagged": ILLEGAL,
    "refused write not flagged": REFUSED,
    "reset value lost": ANSWERED,
    "refusals not counted": CELLS,
    "any answer taken for one's own": DURING_DOUBLE,
    "number of the request before": SINGLE,
    "host waits for queues": DURING_DOUBLE,
    "numbers too short": DURING_DOUBLE,
    "group written to the beginning": LINK,
    "last group asked in full": LINK,
    "group taken that the tile refuses": LINK,
    "host's command taken that the tile refuses": DURING,
    "negative outputs pass": RECTIFIED,
    "result overwritten": HANDED_OVER,
    "input open while a vector waits": HANDED_OVER,
    "host writes into a link": LINK,
    "bytes behind the array taken": BAD_ACCESS,
    "row advances after a refusal": CELLS,
    "byte lanes not moved": LANES,
    "link that takes while a vector waits": LINK,
    "host's result sent on": LINK,
    "every group sent to the beginning": LINK,
    "columns read beyond the array": SINGLE,
    "write of some lanes happens": BAD_ACCESS,
    "start for every tile": LINK,
    "interrupt that is not enabled": SINGLE,
    "interrupt without a result": SINGLE,
    "start while a vector waits": HANDED_OVER,
    "start of a tile that is not there": BAD_ACCESS,
    "links changed at work": BAD_ACCESS,
    "page behind the last tile": UNMAPPED,
    "refusal of a stage lost": BAD_ACCESS,
    "request lost in a full queue": CROSSED,
    "request dropped by a busy tile": CROSSED,
    "response lost in a full queue": CROSSED,
    "response not held": CROSSED,
    "reset of the CPU ignored": CPU_RESET,
    "reset of the tile ignored": TILE_RESET,
    "request made twice": CROSSED,
    "waiting request known by its id alone": decision(0, (3, 1)),
    "waiting request known by its hart alone": decision(1, (4, 0)),
    "commit that reaches every hart": SPECULATION,
    "result of another hart": decision(0, (3, 1)),
    "kill overlooked": decision(1, (3, 0)),
    "early decision forgotten": decision(0, (3, 0)),
    "commit of instructions issued later": SPECULATION,
    "missing operand not awaited": OPERANDS_MISSING,
    "rejected instruction executed": SPECULATION,
}


@pytest.mark.parametrize("name", INTERFACE_FAULTS)
def test_fault_is_caught(name, tmp_path, monkeypatch):
    suite, test, arguments = CAUGHT_BY[name]
    package = faulty_package(INTERFACE_FAULTS[name], tmp_path).__name__
    faulty = importlib.import_module(f"{package}.{suite.source}")
    monkeypatch.setattr(suite.maker, suite.design, getattr(faulty, suite.design))
    with pytest.raises(AssertionError) as caught:
        test(**arguments)
    # `pytest -rP` shows the table of what caught which fault.
    print(f"{name}: {test.__name__} {arguments or ''}: {str(caught.value)[:80]!r}")


def test_every_module_has_five_faults_of_its_own():
    counts = Counter(fault.module for fault in INTERFACE_FAULTS.values())
    assert set(CAUGHT_BY) == set(INTERFACE_FAULTS)
    assert len(counts) == 7
    assert min(counts.values()) >= 5
