# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Names of the Verilog ports that interfaces become, against the contract's own lists."""

import pytest
from amaranth.hdl import Const, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.crossing import AimcTileCdc
from alpine_rtl.cvxif import AimcTileCvxif
from alpine_rtl.pins import PinSignature, ports_by_name
from alpine_rtl.tile import AimcTile
from alpine_rtl.typed import Record, RecordLayout, fitted

CONFIG = TileConfig(rows=6, columns=9)

CM = {
    "cm_req_valid": 1,
    "cm_req_ready": -1,
    "cm_req_instr": 32,
    "cm_req_rn": 64,
    "cm_req_rm": 64,
    "cm_req_ra": 64,
    "cm_rsp_valid": -1,
    "cm_rsp_ready": 1,
    "cm_rsp_rd": -64,
    "cm_rsp_status": -4,
}
"""Bits of every port, negative for outputs: the hardware boundary as users were promised it."""

MACRO = {
    "dac": -8 * 6,
    "start": -1,
    "phase": -2,
    "adc": 8 * 9,
    "prog_valid": -1,
    "prog_row": -3,
    "prog_col": -4,
    "prog_weight": -8,
    "prog_busy": 1,
    "read_valid": -1,
    "read_row": -3,
    "read_col": -4,
    "read_weight": 8,
}
REGISTERS = {"csr_addr": 8, "csr_write": 1, "csr_wdata": 32, "csr_rdata": -32, "csr_error": -1}
TILE = {**{f"xb_{name}": bits for name, bits in MACRO.items()}, **REGISTERS}

# AMBA AXI, table B1-1; two tile pages and the accelerator's own take 20 address bits.
AXI = {
    "awaddr": 20,
    "awprot": 3,
    "awvalid": 1,
    "awready": -1,
    "wdata": 32,
    "wstrb": 4,
    "wvalid": 1,
    "wready": -1,
    "bresp": -2,
    "bvalid": -1,
    "bready": 1,
    "araddr": 20,
    "arprot": 3,
    "arvalid": 1,
    "arready": -1,
    "rdata": -32,
    "rresp": -2,
    "rvalid": -1,
    "rready": 1,
}

# OpenHW CV-X-IF 1.0: names of the packets' fields, with the interface's in front.
CVXIF = {
    "x_issue_valid": 1,
    "x_issue_ready": -1,
    "x_issue_req_instr": 32,
    "x_issue_req_id": 4,
    "x_issue_req_hartid": 1,
    "x_issue_resp_accept": -1,
    "x_issue_resp_writeback": -1,
    "x_issue_resp_register_read": -3,
    "x_register_valid": 1,
    "x_register_ready": -1,
    "x_register_rs_0": 32,
    "x_register_rs_1": 32,
    "x_register_rs_2": 32,
    "x_register_rs_valid": 3,
    "x_commit_valid": 1,
    "x_commit_id": 4,
    "x_commit_hartid": 1,
    "x_commit_commit_kill": 1,
    "x_result_valid": -1,
    "x_result_ready": 1,
    "x_result_id": -4,
    "x_result_hartid": -1,
    "x_result_data": -32,
    "x_result_rd": -5,
    "x_result_we": -1,
}


def bits_by_name(component):
    ports = ports_by_name(component).items()
    return {name: len(Value.cast(p.value)) * (1 if p.is_input else -1) for name, p in ports}


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        (AimcTile(config=CONFIG), CM | TILE),
        (AimcTileCdc(config=CONFIG), CM | TILE),
        (AimcTileCvxif(config=CONFIG), CVXIF | TILE),
        (
            AimcAxi(tiles=[CONFIG, CONFIG]),
            {f"s_axi_{name}": bits for name, bits in AXI.items()}
            | {f"xb{k}_{name}": bits for k in (0, 1) for name, bits in MACRO.items()}
            | {"irq": -1},
        ),
    ],
    ids=["tile", "crossing", "cvxif", "axi"],
)
def test_ports_are_those_of_the_contract(component, expected):
    assert bits_by_name(component) == expected


class Pair(Record):
    low: Value
    high: Value


PAIR = RecordLayout(Pair, {"low": signed(3), "high": 2})


def test_without_the_rule_names_are_amaranths():
    class Plain(wiring.Component):
        i: In(stream.Signature(PAIR))

    names = ["i__payload__low", "i__payload__high", "i__valid", "i__ready"]
    assert list(ports_by_name(Plain())) == names


def test_a_stream_that_is_always_ready_has_no_port_for_it():
    class Sink(wiring.Component):
        def __init__(self):
            stage = stream.Signature(PAIR, always_ready=True)
            super().__init__(PinSignature({"i": In(stage).array(2)}))

    names = [f"i_{k}_{name}" for k in (0, 1) for name in ("low", "high", "valid")]
    assert list(ports_by_name(Sink())) == names


def test_two_ports_of_one_name_are_refused():
    class Twice(wiring.Component):
        def __init__(self):
            super().__init__(PinSignature({"a_low": In(1), "a": In(PAIR)}))

    with pytest.raises(
        AlpineError, match=r"^two members of Twice would both be the port a_low: rename one"
    ):
        ports_by_name(Twice())


def test_a_record_knows_all_its_fields_in_their_order():
    with pytest.raises(
        TypeError, match=r"^Pair annotates \['low', 'high'\], not \['high', 'low'\]"
    ):
        RecordLayout(Pair, {"high": 2, "low": 3})
    with pytest.raises(TypeError, match=r"^a record needs \['low', 'high'\], not \['low'\]$"):
        PAIR.pack(low=1)
    pair = PAIR.signal(name="pair")
    assert isinstance(pair, Pair)
    assert (len(Value.cast(pair)), len(pair.high)) == (5, 2)


@pytest.mark.parametrize(
    ("value", "width", "expected"),
    [(Const(-2, signed(3)), 5, 0b11110), (Const(5, 3), 5, 5), (Const(5, 3), 2, 1)],
    ids=["sign", "zeros", "cut"],
)
def test_a_value_fits_as_an_assignment_would_have_it(value, width, expected):
    assert Const.cast(fitted(value, width)).value == expected
    assert len(fitted(Signal(3), width)) == width
