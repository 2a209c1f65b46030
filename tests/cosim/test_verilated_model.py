# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from tests.cosim.shared_builds import link_shared_builds
from tests.cosim.waveform_formats import FORMATS

from alpine_cosim.binding import ModelBuild, Port, PortDirection, VerilatedModel, ports_of
from alpine_cosim.binding.model_build import BuildKeywords
from alpine_models.errors import AlpineError


class Accumulator(wiring.Component):
    """Add a signed input at every enabled edge; show the sum and a wide history of inputs."""

    enable: In(1)
    term: In(signed(9))
    sum: Out(signed(12))
    odd__name: Out(3)
    history: Out(100)

    def elaborate(self, platform):
        m = Module()
        with m.If(self.enable):
            m.d.sync += [
                self.sum.eq(self.sum + self.term),
                self.history.eq(self.history << 9 | self.term.as_unsigned()),
            ]
        m.d.comb += self.odd__name.eq(self.sum[:3])
        return m


@pytest.fixture
def sim():
    with VerilatedModel.build(Accumulator()) as model:
        model.reset()
        yield model


def test_ports_come_from_the_signature():
    ports = {port.name: port for port in ports_of(Accumulator())}
    assert list(ports) == ["clk", "rst", "enable", "term", "sum", "odd__name", "history"]
    assert ports["term"] == Port(name="term", width=9, direction=PortDirection.INPUT, signed=True)
    assert ports["history"].direction is PortDirection.OUTPUT


def test_values_keep_their_sign_and_step_counts_cycles(sim: VerilatedModel):
    sim.io.enable, sim.io.term = 1, -200
    before = sim.cycles
    sim.step(3)
    assert sim.cycles - before == 3
    assert sim.io.sum == -600
    assert sim.io.term == -200
    assert sim.io.odd__name == -600 & 7


def test_wide_ports_are_live_byte_views(sim: VerilatedModel):
    view = sim.io.history
    assert view.dtype == np.uint8
    assert len(view) == 13
    sim.io.enable, sim.io.term = 1, 0x55
    sim.step()
    assert view[0] == 0x55


def test_step_until_returns_cycles_or_times_out(sim: VerilatedModel):
    sim.io.enable, sim.io.term = 1, -3
    assert sim.step_until("sum", -12, 10) == 4
    assert sim.step_until("sum", -12, 10) == 0
    with pytest.raises(TimeoutError, match=r"^port sum was not 5 within 7 cycles$"):
        sim.step_until("sum", 5, 7)
    # -3 in nine bits is 0x1FD, and every edge moves it nine bits up.
    history = int.from_bytes(bytes(sim.io.history), "little")
    assert sim.step_until("history", (history << 9 | 0x1FD) & (1 << 100) - 1, 3) == 1


def test_reset_clears_state_and_inputs(sim: VerilatedModel):
    sim.io.enable, sim.io.term = 1, 7
    sim.step(2)
    sim.reset()
    assert (sim.io.sum, sim.io.term, sim.io.enable) == (0, 0, 0)


def test_two_instances_are_independent(sim: VerilatedModel):
    with VerilatedModel.build(Accumulator()) as other:
        other.reset()
        other.io.enable, other.io.term = 1, 1
        other.step(5)
        assert (other.io.sum, sim.io.sum) == (5, 0)


def test_wrong_use_is_told_in_one_line(sim: VerilatedModel):
    with pytest.raises(AttributeError, match=r"^the model has no port sim; did you mean sum\?$"):
        _ = sim.io.sim
    with pytest.raises(AttributeError, match=r"^port sum is an output"):
        sim.io.sum = 3
    with pytest.raises(ValueError, match=r"^port term takes integers from -256 to 255, not 256$"):
        sim.io.term = 256
    with (
        pytest.raises(AlpineError, match=r"has no tracing"),
        sim.trace("x.vcd"),
    ):
        pass


def test_repr_lists_the_ports(sim: VerilatedModel):
    assert "history" in repr(sim)
    assert set(dir(sim.io)) == {port.name for port in sim.ports}


def test_verilog_text_brings_its_own_ports():
    source = """
    module blinker #(parameter W = 5) (input clk, input rst, input signed [W-1:0] a,
                                       output reg signed [W:0] b);
      always @(posedge clk) b <= rst ? 0 : a - 1;
    endmodule
    """
    with VerilatedModel.build(source, top="blinker") as model:
        model.reset()
        model.io.a = -16
        model.step()
        assert model.io.b == -17
    with pytest.raises(AlpineError, match="needs the name of its top module"):
        VerilatedModel.build(source)


def test_a_build_is_described_first_and_changed_later():
    build = ModelBuild(design=Accumulator(), plus_arguments=["+seed=1"])
    with VerilatedModel.build(build) as one, VerilatedModel.build(build, reset="enable") as other:
        one.reset()
        one.step(2)
        # Only the second takes the input called enable for its reset, and leaves it inactive.
        other.io.enable = 1
        other.reset()
        assert (one.io.rst, other.io.enable, other.io.rst) == (0, 0, 0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        VerilatedModel.build(build, colour="red")


def test_every_member_of_a_build_s_description_is_a_keyword():
    members = {item.name for item in fields(ModelBuild)}
    assert members - {"design"} == set(BuildKeywords.__annotations__)


def test_broken_verilog_is_one_clear_line():
    with pytest.raises(AlpineError, match=r"rejects broken: broken\.v:1:.*syntax error") as caught:
        VerilatedModel.build(
            "module broken(input clk, input rst; endmodule", top="broken", ports=[]
        )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_waveform_that_finds_no_space_is_one_line_and_ends_nothing(suffix):
    reasons = {"vcd": "No space left on device", "fst": "it could not be written to its end"}
    # The writer's buffer takes some hundred kilobytes before it first fails.
    with VerilatedModel.build(Accumulator(), trace=suffix) as model:
        model.reset()
        with (
            pytest.raises(
                AlpineError,
                match=rf"^waveform /dev/full is incomplete \({reasons[suffix]}\): free some space",
            ),
            model.trace("/dev/full"),
        ):
            model.step(100_000)
        before = model.cycles
        model.step(3)
        assert model.cycles == before + 3


def test_trace_holds_the_chosen_window(tmp_path):
    with VerilatedModel.build(Accumulator(), trace="vcd") as model:
        model.reset()
        model.io.enable, model.io.term = 1, 1
        model.step(10)
        first = model.cycles
        with model.trace(tmp_path / "window.vcd"):
            model.step(4)
        model.step(10)
    text = (tmp_path / "window.vcd").read_text()
    times = [int(line[1:]) for line in text.splitlines() if line.startswith("#")]
    assert min(times) == first * 1000
    assert max(times) == (first + 4) * 1000
    with (
        VerilatedModel.build(Accumulator(), trace="vcd") as model,
        pytest.raises(AlpineError, match="cannot be written"),
        model.trace(tmp_path / "missing" / "x.vcd"),
    ):
        pass


def test_processes_building_the_same_model_share_one_build(tmp_path, monkeypatch, sim):
    # `sim` has made sure that what every model shares is there.
    link_shared_builds(tmp_path)
    monkeypatch.setenv("ALPINE_CACHE_DIR", str(tmp_path))
    program = (
        "from alpine_cosim.binding import VerilatedModel\n"
        "m = VerilatedModel.build('module t(input clk, input rst, output reg q);"
        " always @(posedge clk) q <= ~rst; endmodule', top='t')\n"
        "m.reset(); m.step(); print(m.io.q)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in running] == ["1"] * 3
    assert len([path for path in tmp_path.glob("model-*") if path.is_dir()]) == 1
    assert not list(tmp_path.glob("*.tmp"))
