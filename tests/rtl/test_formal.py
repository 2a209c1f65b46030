# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The proofs hold, each property can fail, and the page says what is proved."""

import importlib
import inspect
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.lib import fifo
from faults import FAULTS, faulty_package, faulty_tile
from interface_faults import CVXIF_FAULTS, INTERFACE_FAULTS

from alpine_models.registers import TILE_ID
from alpine_models.tile import TileConfig
from alpine_rtl.decoder import CmDecoder
from alpine_rtl.formal.axi import TILES, AxiPortHarness, AxiRefusalHarness
from alpine_rtl.formal.claims import CLAIMS, LONG_CLAIMS, prove
from alpine_rtl.formal.crossing import CrossingHarness
from alpine_rtl.formal.harness import TileHarness
from alpine_rtl.formal.kill import KillHarness
from alpine_rtl.formal.page import formal_page
from alpine_rtl.formal.paths import combinational_paths
from alpine_rtl.formal.solver import Method
from alpine_rtl.tile import AimcTile

PAGE = Path(__file__).parents[2] / "docs" / "formal.md"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claim_holds(claim):
    verdict = prove(claim).verdict
    assert verdict.holds, verdict.refuted or verdict.log


# Faults whose shortest trace is short enough for a few seconds of solver; simulation with the same
# monitor finds the others, see test_mutations.py.
QUICKLY_REFUTED = {
    "index compared in 32 bits": ("wrong_status", 6),
    "cell index compared in 32 bits": ("unowed_effect", 6),
    "error changing state": ("in_range", 6),
    "responses swapped under back-pressure": ("unstable", 6),
    "ready during a stall": ("hoarded", 6),
    "multiplication ended a phase early": ("early", 8),
    "DAC changing during integration": ("dac_moved", 8),
    "row and column swapped in programming": ("wrong_effect", 6),
    "sign lost in read-back": ("wrong_rd", 6),
    "phase one cycle long": ("phase_length", 8),
    "next vector multiplied instead of this one": ("wrong_effect", 8),
}


@pytest.mark.parametrize("name", QUICKLY_REFUTED)
def test_planted_fault_is_refuted(name, tmp_path):
    fault = FAULTS[name]
    expected, depth = QUICKLY_REFUTED[name]
    claim = replace(
        CLAIMS[int(fault.double_buffer)],
        method=Method.BOUNDED,
        depth=depth,
        properties=(expected,),
        with_invariants=False,
    )
    verdict = prove(claim, design=faulty_tile(fault, claim.config, tmp_path)).verdict
    assert verdict.refuted == (f"violated_{expected}",)


def test_an_idle_tile_that_changes_is_refuted(tmp_path):
    claim = CLAIMS[0]
    tile = faulty_tile(FAULTS["clock counted while idle"], claim.config, tmp_path)
    alone = replace(
        claim,
        method=Method.BOUNDED,
        depth=5,
        properties=("idle_fixed_point",),
        with_invariants=False,
    )
    assert prove(alone, design=tile).verdict.refuted == ("violated_idle_fixed_point",)


def test_reset_that_leaves_a_memory_is_refuted(tmp_path):
    (claim,) = (c for c in CLAIMS if c.method is Method.ANYWHERE and not c.config.double_buffer)
    tile = faulty_tile(FAULTS["memory kept over a reset"], claim.config, tmp_path)
    assert prove(claim, design=tile).verdict.refuted == ("violated_reset_state",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kill overlooked", "killed_executed"),
        ("waiting request known by its id alone", "undecided_executed"),
        ("waiting request known by its id alone", "committed_dropped"),
        ("waiting request known by its hart alone", "undecided_executed"),
        ("commit that reaches every hart", "undecided_executed"),
    ],
)
def test_a_confused_transaction_is_refuted(name, expected, tmp_path):
    claim = next(c for c in CLAIMS if c.harness is KillHarness)
    package = faulty_package(CVXIF_FAULTS[name], tmp_path).__name__
    cvxif = importlib.import_module(f"{package}.cvxif")
    adapter = cvxif.AimcTileCvxif(config=claim.config, id_width=3)
    bounded = replace(
        claim, method=Method.BOUNDED, depth=5, properties=(expected,), with_invariants=False
    )
    assert prove(bounded, design=adapter).verdict.refuted == (f"violated_{expected}",)


# Text of Amaranth's AsyncFIFO, which the crossing is made of, and what becomes of it.
QUEUE_FAULTS = {
    "room shown in a full queue": ("self.w_rdy.eq(~w_full)", "self.w_rdy.eq(1)", "overflow", 11),
    "the entry before is read": (
        "r_port.addr.eq(consume_r_nxt[:-1])",
        "r_port.addr.eq(consume_r_bin[:-1])",
        "data",
        8,
    ),
    "binary pointers cross": (
        "m.d[self._w_domain] += produce_w_gry.eq(_gray_encode(produce_w_nxt))",
        "m.d[self._w_domain] += produce_w_gry.eq(produce_w_nxt)",
        "gray",
        5,
    ),
}


@pytest.mark.parametrize("name", QUEUE_FAULTS)
def test_a_faulty_queue_is_refuted(name):
    find, replace_by, expected, depth = QUEUE_FAULTS[name]
    source = inspect.getsource(fifo)
    assert find in source
    namespace = {"__name__": "amaranth.lib.faulty_fifo", "__package__": "amaranth.lib"}
    exec(source.replace(find, replace_by), namespace)
    queue = namespace["AsyncFIFO"](width=2, depth=8, w_domain="write", r_domain="read")
    claim = next(c for c in CLAIMS if c.harness is CrossingHarness)
    bounded = replace(
        claim,
        method=Method.BOUNDED,
        depth=depth,
        properties=(f"crossing_{expected}",),
        with_invariants=False,
    )
    verdict = prove(bounded, design=queue).verdict
    assert verdict.refuted == (f"violated_crossing_{expected}",)


BUS_FAULTS = {
    "response withdrawn": (AxiPortHarness, "withdrawn"),
    "channel that takes two": (AxiPortHarness, "overrun"),
    "write without its data": (AxiPortHarness, "access"),
    "write of some lanes happens": (AxiRefusalHarness, "refused_register"),
    "veto ignored": (AxiRefusalHarness, "refused_command"),
}


@pytest.mark.parametrize("name", BUS_FAULTS)
def test_a_faulty_bus_is_refuted(name, tmp_path):
    harness, expected = BUS_FAULTS[name]
    package = faulty_package(INTERFACE_FAULTS[name], tmp_path).__name__
    if harness is AxiPortHarness:
        module = importlib.import_module(f"{package}.axi_lite")
        design = module.AxiLitePort(address_bits=6)
    else:
        design = importlib.import_module(f"{package}.accelerator").AimcAxi(tiles=TILES)
    claim = next(c for c in CLAIMS if c.harness is harness)
    bounded = replace(
        claim,
        method=Method.BOUNDED,
        depth=6,
        properties=(f"axi_{expected}",),
        with_invariants=False,
    )
    assert prove(bounded, design=design).verdict.refuted == (f"violated_axi_{expected}",)


def test_a_cover_out_of_reach_is_reported():
    claim = next(c for c in CLAIMS if c.method is Method.COVER)
    verdict = prove(replace(claim, depth=2)).verdict
    assert not verdict.holds
    assert "seen_idle_again" in verdict.refuted


def test_registers_are_zero_after_reset_but_for_settings_and_identification():
    config = TileConfig(rows=5, columns=3, double_buffer=True)
    registers = TileHarness(config=config).registers
    nonzero = {name: register.init for name, register in registers.items() if register.init}
    nonzero.pop("after_reset", None)
    assert nonzero == {
        "registers.bank.rdata": TILE_ID,
        "registers.bank.precharge_cycles": config.precharge_cycles,
        "registers.bank.integrate_cycles": config.integrate_cycles,
        "registers.bank.digitise_cycles": config.digitise_cycles,
    }


@pytest.mark.parametrize("double_buffer", [False, True])
def test_no_output_depends_combinationally_on_an_input(double_buffer):
    config = TileConfig(rows=5, columns=3, double_buffer=double_buffer)
    assert combinational_paths(AimcTile(config=config)) == set()


def test_a_combinational_path_is_found():
    paths = combinational_paths(CmDecoder(config=TileConfig(rows=5, columns=3)))
    assert ("request__instr", "decoded__operation") in paths
    assert ("request__ra", "decoded__row") not in paths


def test_claims_have_names_of_their_own():
    names = [claim.name for claim in CLAIMS + LONG_CLAIMS]
    assert len(set(names)) == len(names)


def test_page_is_up_to_date():
    assert PAGE.read_text() == formal_page(), "run `make docs`"
