# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""What designs are read from: files, folders, includes, parameters; Amaranth of every kind."""

import enum

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib import enum as amaranth_enum
from amaranth.lib.wiring import In, Out
from tests.cosim.shared_builds import link_shared_builds

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.binding.build import compile_model
from alpine_cosim.binding.cache import cache_directory
from alpine_cosim.binding.design import design_of
from alpine_models.errors import AlpineError
from alpine_rtl.emission import emission

TOP = """
`include "deep/constants.vh"
module t #(parameter ADD = 1, parameter NAME = "x", parameter real SCALE = 1.0)
          (input clk, input [7:0] a, output [15:0] y, output named, output [7:0] z, output real s);
  other u_other(.a(a), .y(z));
  assign y = a + ADD + `FROM_HEADER + `GIVEN;
  assign named = NAME == "a \\"b\\"";
  assign s = SCALE;
endmodule
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rtl" / "deep").mkdir(parents=True)
    (tmp_path / "lib").mkdir()
    # Latin-1, as old files often are.
    (tmp_path / "rtl" / "t.v").write_bytes(TOP.encode() + "// für\n".encode("latin-1"))
    # Included beside the file that includes it.
    (tmp_path / "rtl" / "deep" / "constants.vh").write_text('`include "more.vh"\n')
    (tmp_path / "rtl" / "deep" / "more.vh").write_text("`define FROM_HEADER 10\n")
    (tmp_path / "lib" / "other.v").write_text(
        "module other(input [7:0] a, output [7:0] y); assign y = ~a; endmodule\n"
    )
    return tmp_path


def y_of(folder, **options) -> int:
    given = {"defines": {"GIVEN": 100}, "libraries": [folder / "lib"]} | options
    with VerilatedModel.build(folder / "rtl", top="t", **given) as model:
        model.io.a = 1
        model.eval()
        assert model.io.z == 0xFE
        return model.io.y


def test_a_build_follows_every_file_that_it_read(folder):
    assert y_of(folder) == 1 + 1 + 10 + 100
    (folder / "rtl" / "deep" / "more.vh").write_text("`define FROM_HEADER 20\n")
    assert y_of(folder) == 1 + 1 + 20 + 100
    before = len(list(cache_directory().glob("model-*")))
    assert y_of(folder) == 1 + 1 + 20 + 100
    assert len(list(cache_directory().glob("model-*"))) == before


def test_parameters_are_numbers_texts_and_reals(folder):
    parameters = {"ADD": 300, "NAME": 'a "b"', "SCALE": 2.5}
    options = {"defines": {"GIVEN": 0}, "libraries": [folder / "lib" / "other.v"]}
    with VerilatedModel.build(
        [folder / "rtl" / "t.v"], top="t", parameters=parameters, **options
    ) as model:
        model.eval()
        assert (model.io.y, model.io.named, model.io.s) == (310, 1, 2.5)
    for wrong, message in (
        ({"parameters": {"ADDD": 1}}, r"rejects t: .*ADDD"),
        ({"parameters": {"ADD": None}}, r"parameter ADD takes an integer, a float or a text"),
        ({"defines": {}}, r"rejects t: .*rtl/t\.v:6"),
        ({"include_dirs": ["nowhere"]}, r"include_dirs=nowhere is not a folder"),
        ({"libraries": ["nowhere"]}, r"libraries=nowhere does not exist"),
        ({"top": "u"}, r"rejects u: .*'u'"),
    ):
        with pytest.raises(AlpineError, match=message) as caught:
            VerilatedModel.build([folder / "rtl" / "t.v"], **{"top": "t"} | options | wrong)
        assert "\n" not in str(caught.value)
        assert "doctor" not in str(caught.value)


def test_a_text_is_no_file_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(AlpineError, match=r'"rtl/t\.v" is a file or folder.*pass Path'):
        VerilatedModel.build("rtl/t.v", top="t")
    with pytest.raises(AlpineError, match=r'"rtl/u\.v" is neither Verilog nor a file'):
        VerilatedModel.build("rtl/u.v", top="t")
    with pytest.raises(AlpineError, match=r"u\.v cannot be read: No such file"):
        VerilatedModel.build([folder / "u.v"], top="t")
    with pytest.raises(AlpineError, match=r"holds no Verilog file"):
        VerilatedModel.build(folder, top="t")
    with pytest.raises(AlpineError, match=r"list of Verilog files is empty"):
        VerilatedModel.build([], top="t")


def test_functions_that_nobody_defines_are_found_as_it_is_built():
    source = 'import "DPI-C" function int outside(int x);\nmodule t(input clk, output int y);\n'
    source += "always @(posedge clk) y <= outside(3);\nendmodule\n"
    with pytest.raises(AlpineError, match=r"t calls C functions that nobody defines: outside;"):
        VerilatedModel.build(source, top="t")


def test_a_library_that_cannot_be_loaded_does_not_stay(tmp_path, monkeypatch):
    source = "module t(input clk, output reg q); always @(posedge clk) q <= ~q; endmodule"
    VerilatedModel.build(source, top="t").close()
    link_shared_builds(tmp_path)
    # A relative cache is one beside where Python runs.
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setenv("ALPINE_CACHE_DIR", tmp_path.name)
    # Built but not loaded: a library that was, stays in the process under its name.
    other = source.replace("q <= ~q", "q <= !q")
    found = design_of(other, top="t", ports=None, public=(), reading={})
    broken = compile_model(found.plan(found.clocks("clk")))
    assert broken.is_relative_to(tmp_path)
    broken.write_bytes(b"half a library")
    with VerilatedModel.build(other, top="t") as model:
        model.step()
        assert model.io.q == 1
    assert broken.stat().st_size > 1000


class Pixel(data.Struct):
    red: 5
    level: signed(3)


class Mode(amaranth_enum.Enum, shape=3):
    LOW = 2
    HIGH = 3


class Names(wiring.Component):
    """Members with the names of the domain's signals, and values of every kind."""

    rst: In(1)
    n: Out(8)
    pixel: In(Pixel)
    swapped: Out(Pixel)
    mode: In(Mode, init=Mode.HIGH)
    seen: Out(Mode, init=Mode.HIGH)
    fast: Out(8)
    slow: Out(4)

    def elaborate(self, platform):
        m = Module()
        m.domains.slow = slow = ClockDomain(clk_edge="neg", reset_less=True)
        m.d.comb += slow.clk.eq(ClockSignal("sync"))
        m.d.sync += self.n.eq(self.n + 1)
        with m.If(self.rst):
            m.d.sync += self.n.eq(85)
        m.d.quick += self.fast.eq(self.fast + 1)
        m.d.slow += self.slow.eq(self.slow + 1)
        m.d.comb += [
            self.swapped.red.eq(self.pixel.red + 1),
            self.swapped.level.eq(-self.pixel.level),
            self.seen.eq(self.mode),
        ]
        return m


@pytest.fixture(scope="module")
def names():
    with VerilatedModel.build(Names()) as model:
        yield model


def test_members_keep_their_names_and_every_domain_has_ports(names):
    domains = ["clk", "sync_rst", "quick_clk", "quick_rst"]
    assert [port.name for port in names.ports][:4] == domains
    names.reset()
    names.step(3)
    assert names.io.n == 3
    names.io.rst = 1
    names.step()
    assert (names.io.n, names.io.slow) == (85, 6)
    for _ in range(2):
        names.io.quick_clk = 1
        names.eval()
        names.io.quick_clk = 0
        names.eval()
    assert names.io.fast == 2


def test_amaranth_values_come_back_as_what_they_are(names):
    names.io.pixel = {"red": 30, "level": -3}
    names.io.mode = Mode.LOW
    names.eval()
    assert isinstance(names.io.swapped, data.Const)
    assert (names.io.swapped.red, names.io.swapped.level) == (31, 3)
    assert names.io.seen is Mode.LOW
    names.io.pixel = names.io.swapped
    names.io.mode = Mode.HIGH
    names.eval()
    assert (names.io.swapped.red, names.io.seen) == (0, Mode.HIGH)
    names.io.mode = 1
    names.eval()
    assert names.io.seen == 1

    class Other(enum.Enum):
        TEXT = "text"

    with pytest.raises(TypeError, match=r"port mode takes integers, not 'text'"):
        names.io.mode = Other.TEXT


class Own(wiring.Component):
    """Makes its own domain: at the negative edge, with an asynchronous reset."""

    n: Out(8, init=7)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(clk_edge="neg", async_reset=True)
        m.d.sync += self.n.eq(self.n + 1)
        return m


class Bare(Elaboratable):
    """Has no signature."""

    def __init__(self):
        self.a = Signal(signed(4))
        self.y = Signal(signed(5))

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.y.eq(self.a - 1)
        return m


def test_a_component_may_bring_its_own_domain():
    with VerilatedModel.build(Own()) as model:
        assert model.io.clk == 1
        model.reset()
        assert model.io.n == 7
        model.step(4)
        assert model.io.n == 11
        model.io.rst = 1
        model.eval()
        assert model.io.n == 7


def test_a_design_without_signature_names_its_ports():
    with pytest.raises(AlpineError, match=r"^Bare has no signature: pass ports="):
        VerilatedModel.build(Bare())
    bare = Bare()
    with VerilatedModel.build(bare, ports=[bare.a, bare.y]) as model:
        model.reset()
        model.io.a = -8
        model.step()
        assert model.io.y == -9
    with pytest.raises(AlpineError, match=r"cannot be a port: ports="):
        VerilatedModel.build(Bare(), ports=[3])
    twice = Signal(name="a")
    with pytest.raises(AlpineError, match=r"two signals of ports=\[\.\.\.\] are called a"):
        VerilatedModel.build(bare, ports=[bare.a, twice])


class Clash(wiring.Component):
    """Two members with one name."""

    a__b: In(1)
    a: In(wiring.Signature({"b": Out(1)}))

    def elaborate(self, platform):
        return Module()


class Taken(wiring.Component):
    """No name is left for the domain's clock."""

    clk: In(1)
    sync_clk: In(1)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += Signal().eq(self.clk)
        return m


def test_names_that_two_things_would_have_are_refused():
    with pytest.raises(AlpineError, match=r"two members of Clash would both be the port a__b"):
        emission(Clash(), name="top")
    with pytest.raises(AlpineError, match=r"the clk of clock domain sync has no name left"):
        emission(Taken(), name="top")
