# SPDX-License-Identifier: Apache-2.0
"""Every type of port and every name, in two builds, and a third for cocotb to read the same."""

import inspect
import json
import keyword
import random
from pathlib import Path

import numpy as np
import pytest
from tests.random_inputs import seed

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.cocotb.building import build_simulator
from alpine_cosim.cocotb.running import CocotbTests, run_simulation
from alpine_models.errors import AlpineError

PACKAGE = """
package zoo_types;
  typedef enum logic [1:0] {IDLE, RUN, HALT = 3} state_t;
  typedef logic signed [5:0] small_t;
  typedef struct packed {logic [3:0] hi; state_t state; logic signed [4:0] low;} rec_t;
  typedef union packed {logic [10:0] raw; rec_t rec;} uni_t;
endpackage
"""

PACKED = {
    "small": ("small_t", 6, True),
    "state": ("state_t", 2, False),
    "rec": ("rec_t", 11, False),
    "uni": ("uni_t", 11, False),
    "bytes": ("logic [3:0][7:0]", 32, False),
    "cube": ("logic [1:0][0:2][1:0]", 12, False),
    "records": ("rec_t [2:0]", 33, False),
    "integer_": ("integer", 32, True),
    "byte_": ("byte", 8, True),
    "word_": ("longint unsigned", 64, False),
    "time_": ("time", 64, False),
    "ascending": ("logic [0:7]", 8, False),
    "offset": ("logic [7:4]", 4, False),
    "signed_": ("logic signed [11:0]", 12, True),
    "one": ("bit", 1, False),
    "wide": ("logic [99:0]", 100, False),
}
"""Name: declaration, bits, and whether it reads as two's complement."""

UNPACKED = {
    "row": ("logic [7:0]", "[0:3]"),
    "grid": ("logic signed [5:0]", "[1:0][2:4]"),
    "reals": ("real", "[0:1]"),
    "wides": ("logic [69:0]", "[0:1]"),
    "recs": ("rec_t", "[1:0]"),
    "states": ("state_t", "[0:1]"),
    "ints": ("int", "[0:1]"),
    "bits": ("bit [2:0]", "[0:1]"),
    "packed_": ("logic [1:0][3:0]", "[0:1]"),
}


def zoo() -> str:
    ports, body = ["input real a_real", "output real y_real", "input clk"], []
    for name, (kind, width, _) in PACKED.items():
        ports += [
            f"input {kind} a_{name}",
            f"output {kind} y_{name}",
            f"output logic [{width - 1}:0] bits_{name}",
        ]
        body.append(f"assign y_{name} = a_{name}; assign bits_{name} = a_{name};")
    for name, (kind, bounds) in UNPACKED.items():
        ports += [f"input {kind} a_{name} {bounds}", f"output {kind} y_{name} {bounds}"]
        body.append(f"assign y_{name} = a_{name};")
    ports.append("output logic [5:0] corner")
    body.append("assign corner = a_grid[1][2]; assign y_real = a_real * 2;")
    joined = ",\n".join(ports)
    return (
        f"{PACKAGE}module zoo import zoo_types::*; (\n{joined}\n);\n{chr(10).join(body)}\nendmodule"
    )


@pytest.fixture(scope="module")
def model():
    with VerilatedModel.build(zoo(), top="zoo") as model:
        yield model


def integer_of(value) -> int:
    return (
        int.from_bytes(value.tobytes(), "little") if isinstance(value, np.ndarray) else int(value)
    )


@pytest.mark.parametrize("name", PACKED)
def test_packed_types_have_the_width_and_sign_of_their_declaration(model, name):
    _, width, signed = PACKED[name]
    rng = random.Random(name)
    for bits in (0, 1, (1 << width) - 1, 1 << width - 1, rng.getrandbits(width)):
        number = bits - (1 << width) if signed and bits >> width - 1 else bits
        model.io[f"a_{name}"] = number
        model.eval()
        assert integer_of(model.io[f"bits_{name}"]) == bits
        assert integer_of(model.io[f"y_{name}"]) == number
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    for wrong in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"port a_{name} takes integers from {low} to {high}"):
            model.io[f"a_{name}"] = wrong
    for wrong in (3.7, "12", None):
        with pytest.raises((TypeError, ValueError), match=f"port a_{name} "):
            model.io[f"a_{name}"] = wrong


def test_structures_enumerations_and_arrays_read_as_what_they_are(model):
    io = model.io
    io.a_rec = {"hi": 9, "state": "HALT", "low": -2}
    io.a_uni = {"rec": {"hi": 1, "state": 1, "low": 3}}
    io.a_state = "RUN"
    io.a_bytes = [1, 2, 3, 4]
    io.a_cube = [[0, 1, 2], [3, 0, 1]]
    model.eval()
    # hi in bits 10 to 7, state in 6 and 5, low in 4 to 0: -2 is 0x1E.
    assert int(io.y_rec) == 9 << 7 | 3 << 5 | 0x1E
    assert (io.y_rec.hi, io.y_rec.state.name, io.y_rec.low) == (9, "HALT", -2)
    assert repr(io.y_rec) == "rec_t(hi=9, state=<state_t.HALT: 3>, low=-2)"
    assert io.y_uni.raw == 1 << 7 | 1 << 5 | 3
    assert io.y_uni.rec.low == 3
    assert io.y_state.name == "RUN"
    assert io.y_bytes == 0x04030201
    assert [io.y_bytes[i] for i in range(4)] == [1, 2, 3, 4]
    # Index 2 of [0:2] is at the lowest bits.
    assert [io.y_cube[0][i] for i in (2, 1, 0)] == [0, 1, 2]
    assert int(io.y_cube[1]) == 1 << 4 | 0 << 2 | 3
    io.a_state = 2
    model.eval()
    assert io.y_state == 2  # no member has this value
    with pytest.raises(ValueError, match=r"port a_state has no value WAIT; it has IDLE, RUN, HALT"):
        io.a_state = "WAIT"
    with pytest.raises(ValueError, match=r"port a_rec takes the fields hi, state, low, not hi"):
        io.a_rec = {"hi": 1}


def test_unpacked_arrays_are_numpy_arrays(model):
    io = model.io
    io.a_row = [1, 2, 3, 255]
    io.a_grid = np.array([[-32, 0, 31], [5, -1, 7]])
    io.a_reals = [0.5, -2.25]
    io.a_recs = [3, 2047]
    io.a_wides = np.arange(18, dtype=np.uint8).reshape(2, 9)
    io.a_real = 1.25
    model.eval()
    assert io.y_row.tolist() == [1, 2, 3, 255]
    assert io.y_grid.tolist() == [[-32, 0, 31], [5, -1, 7]]
    assert io.corner == 5  # a_grid[1][2]: second of [1:0] upwards, first of [2:4]
    assert io.y_reals.tolist() == [0.5, -2.25]
    assert io.y_recs.tolist() == [3, 2047]
    assert io.y_wides.tolist() == np.arange(18).reshape(2, 9).tolist()
    assert io.y_real == 2.5
    with pytest.raises(ValueError, match="read-only"):
        io.y_row[0] = 1
    with pytest.raises(ValueError, match=r"port a_row takes integers from 0 to 255, not 256"):
        io.a_row = [1, 2, 3, 256]
    with pytest.raises(ValueError, match=r"port a_row takes the shape \(4,\)"):
        io.a_row = [1, 2]
    with pytest.raises(TypeError, match=r"port a_real takes real numbers, not '1'"):
        io.a_real = "1"


FIELDS = {"hi": 4, "state": 2, "low": 5}
"""Bits of each field of ``rec_t``, in the order of its declaration."""

NOT_IN_COCOTB = {
    "reals": "Verilator's VPI has one value for every index of an array of reals",
}
"""Types that the binding reads and cocotb does not, with the reason.

The names of a packed structure's and union's parts are not there either: cocotb has their bits.
"""


def as_cocotb(value, bits: int):
    """A value of the model as cocotb gives it: a number, or nested lists of them.

    Over 64 bits the model has bytes, the lowest first, in the last dimension.
    """
    if isinstance(value, np.ndarray) and bits > 64:
        rows = value.reshape(-1, value.shape[-1])
        numbers = [int.from_bytes(row.tobytes(), "little") for row in rows]
        return numbers if value.ndim > 1 else numbers[0]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value if isinstance(value, float) else int(value)


def as_model(value, bits: int):
    """The reverse, to give an input the value that cocotb read there."""
    if isinstance(value, list) and bits > 64:
        size = (bits + 7) // 8
        return np.array([list(word.to_bytes(size, "little")) for word in value], np.uint8)
    return value


def bits_of_fields(record) -> int:
    """Bits of a ``rec_t``: the first field is the highest, each is in two's complement."""
    bits = 0
    for field, width in FIELDS.items():
        bits = bits << width | int(getattr(record, field)) & (1 << width) - 1
    return bits


def elements_like(value, like):
    """Elements of a packed array at the indices where cocotb has some."""
    if isinstance(like, dict):
        return {index: elements_like(value[int(index)], part) for index, part in like.items()}
    return int(value)


@pytest.mark.random
def test_cocotb_reads_the_same_at_every_port(model, tmp_path):
    # Verilator warns of ascending ranges, and this build takes a warning for an error.
    simulator = build_simulator(
        f"/* verilator lint_off ASCRANGE */ {zoo()}", top="zoo", ports=model.ports
    )
    run_simulation(
        simulator,
        CocotbTests(
            module="tb_port_types",
            seed=seed(12),
            plusargs={"readings": str(tmp_path / "readings.json")},
            python_path=[Path(__file__).parent],
            verbose=False,
        ),
        timeout_s=120,
    )
    readings = json.loads((tmp_path / "readings.json").read_text())
    assert len(readings) > 20
    for reading in readings:
        assert set(reading) == {port.name for port in model.ports}
        split = {name for name, seen in reading.items() if isinstance(seen["elements"], dict)}
        assert split == {f"{side}_{kind}" for side in "ay" for kind in ("bytes", "cube", "records")}
        compared = {
            name: seen
            for name, seen in reading.items()
            if name.partition("_")[2] not in NOT_IN_COCOTB
        }
        for name, seen in compared.items():
            if name.startswith("a_"):
                model.io[name] = as_model(seen["value"], seen["element_width"])
        model.eval()
        for port in model.ports:
            seen = reading[port.name]
            assert (port.width, port.signed) == (seen["width"], seen["signed"]), port.name
        for name, seen in compared.items():
            value = model.io[name]
            assert as_cocotb(value, seen["element_width"]) == seen["value"], name
            if name in split:
                assert elements_like(value, seen["elements"]) == seen["elements"], name
        for side in "ay":
            record, union = model.io[f"{side}_rec"], model.io[f"{side}_uni"]
            assert bits_of_fields(record) == reading[f"{side}_rec"]["value"]
            assert union.raw == bits_of_fields(union.rec) == reading[f"{side}_uni"]["value"]
            for index, bits in reading[f"{side}_records"]["elements"].items():
                assert bits_of_fields(model.io[f"{side}_records"][int(index)]) == bits


def test_step_until_takes_values_of_the_port_only(model):
    with pytest.raises(ValueError, match=r"port y_byte_ takes integers from -128 to 127, not 256"):
        model.step_until("y_byte_", 256, 10)
    with pytest.raises(TypeError, match=r"port y_byte_ takes integers, not 3\.7"):
        model.step_until("y_byte_", 3.7, 10)


@pytest.mark.parametrize(
    ("port", "kind"),
    [
        ("input string s", "port s is of type string"),
        ("input plain_t p", "port p is an unpacked structure"),
        ("input event e", "port e is of type event"),
    ],
)
def test_what_has_no_value_in_python_is_refused_by_name(port, kind):
    source = f"typedef struct {{int a; byte b;}} plain_t;\nmodule t(input clk, {port}); endmodule"
    with pytest.raises(AlpineError, match=kind):
        VerilatedModel.build(source, top="t")


CPP_KEYWORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t
char32_t class compl concept const consteval constexpr constinit const_cast continue co_await
co_return co_yield decltype default delete do double dynamic_cast else enum explicit export
extern false float for friend goto if inline int long mutable namespace new noexcept not
not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires
return short signed sizeof static static_assert static_cast struct switch template this
thread_local throw true try typedef typeid typename union unsigned using virtual void volatile
wchar_t while xor xor_eq final override import module
"""
MACROS = """
linux unix EOF NULL errno stdin stdout assert isnan INFINITY NAN VL_IN8 VL_PRINTF CData QData
major minor makedev TOP alpine VerilatedTop std top p0 interrupt name eval contextp rootp
vlSymsp vlNamep data-in a$b a__b __c _d_ __class__ __init__ __dict__ __PVT__x __SYM__y t.u
a[3] 7up _ports _slots
"""


def sweep() -> list[str]:
    rng = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
    drawn = [
        rng.choice(letters)
        + "".join(rng.choice(letters + "0123456789$") for _ in range(rng.randint(0, 30)))
        for _ in range(70)
    ]
    # An escaped name holds any printable characters but blanks.
    printable = [chr(code) for code in range(33, 127)]
    drawn += ["".join(rng.choices(printable, k=rng.randint(1, 12))) for _ in range(30)]
    methods = [name for name, _ in inspect.getmembers(VerilatedModel)]
    every = [*CPP_KEYWORDS.split(), *MACROS.split(), *methods, *keyword.kwlist, *drawn]
    # Verilator itself takes these two, however written, for those of a class.
    refused = ("this", "super")
    return list(dict.fromkeys(n for n in every if n not in ("clk", "seen", *refused)))


def test_a_port_may_have_any_name():
    names = sweep()
    ports = ",\n".join(f"input \\{name} " for name in names)
    bits = ", ".join(f"\\{name} " for name in reversed(names))
    source = f"module t(input clk, output [{len(names) - 1}:0] seen,\n{ports});\n"
    source += f"assign seen = {{{bits}}};\nendmodule\n"
    with VerilatedModel.build(source, top="t") as model:
        assert [port.name for port in model.ports] == ["clk", "seen", *names]
        for number, name in enumerate(names):
            model.io[name] = 1
            model.eval()
            assert integer_of(model.io.seen) == 1 << number, name
            assert model.io[name] == 1
            model.io[name] = 0
        model.io.interrupt = model.io.name = 1
        model.eval()
        assert integer_of(model.io.seen) == 1 << names.index("interrupt") | 1 << names.index("name")
        assert getattr(model.io, "data-in") == 0
        assert {"data-in", "class", "clk"} <= set(dir(model.io))
