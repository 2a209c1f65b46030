# SPDX-License-Identifier: Apache-2.0
"""What designs do while they run: stopping, finishing, failing, waiting, clocks, waveforms."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from alpine_cosim.binding import (
    Clock,
    ModelError,
    SimulationFinished,
    SimulationStopped,
    VerilatedModel,
)
from alpine_models.errors import AlpineError

ACTIONS = """
`timescale 1ns/1ps
module actions(input clk, input rst, input [3:0] act, input [7:0] d, input loop_,
               output reg [7:0] n, output reg [63:0] now, output reg late, output reg latched,
               output x);
  integer file = 0;
  reg [7:0] memory [0:3];
  reg enabled, combined;
  wire beyond = 0 ? d[9] : d[0];
  always @* combined <= d[3];
  initial begin n = 0; $readmemh("no such file", memory); end
  assign x = loop_ ? ~x : d[0];
  always_latch if (!clk) enabled = d[7];
  always @(posedge clk) latched <= enabled;
  always @(posedge clk) begin
    late <= #0.25 d[0];
    now <= $time;
    n <= rst ? 0 : n + 1;
    case (act)
      1: $stop;
      2: $finish;
      3: assert (d == 0) else $error("d is %0d", d);
      4: $fatal(1, "no way on");
      5: begin if (file == 0) file = $fopen({"file", d, ".txt"}); $fwrite(file, "%0d ", n); end
      6: if ($test$plusargs("quick")) n <= 99;
      7: $writememh("/no/such/folder/x", memory);
      8: begin #0.1; $writememh("/no/such/folder/x", memory); end
      default:;
    endcase
  end
endmodule
"""


def line_of(text: str) -> int:
    return ACTIONS[: ACTIONS.index(text)].count("\n") + 1


def build(**options) -> VerilatedModel:
    return VerilatedModel.build(ACTIONS, top="actions", **options)


@pytest.fixture
def model():
    with build(plus_arguments=["+quick"]) as model:
        model.reset()
        yield model


def test_a_stop_raises_after_the_cycle_and_the_model_goes_on(model):
    model.io.act = 1
    with pytest.raises(
        SimulationStopped, match=rf"^the design stopped: actions\.v:{line_of('$stop')}: \$stop$"
    ) as c:
        model.step(10)
    assert (c.value.file, c.value.line) == ("actions.v", line_of("$stop"))
    assert pickle.loads(pickle.dumps(c.value)).line == c.value.line
    assert model.io.n == 1
    model.io.act = 0
    assert model.step(4) == 4
    assert model.io.n == 5


def test_errors_and_assertions_tell_what_the_design_said(model):
    model.io.act, model.io.d = 3, 7
    with pytest.raises(SimulationStopped, match=rf"actions\.v:{line_of('assert')}: .*d is 7$"):
        model.step()
    assert not model.finished
    model.io.act = 4
    with pytest.raises(SimulationStopped, match=rf"actions\.v:{line_of('$fatal')}: .*no way on$"):
        model.step()
    assert model.finished


def test_finish_ends_the_steps(model):
    model.io.act = 2
    assert model.step(100) == 1
    assert model.finished
    with pytest.raises(SimulationFinished, match=r"has called \$finish"):
        model.step()
    with pytest.raises(SimulationFinished):
        model.step(5)


@pytest.mark.parametrize(("act", "why"), [(7, "writemem"), (8, "writemem"), (0, "converge")])
def test_what_cannot_go_on_leaves_the_process_alive(act, why):
    with build() as model:
        model.io.act, model.io.loop_ = act, int(act == 0)
        with pytest.raises(SimulationStopped, match=rf"{why}.*build a new model"):
            model.step(2)
        with pytest.raises(SimulationStopped, match="build a new model"):
            model.step()


def test_warnings_of_the_build_and_of_the_runtime_are_kept():
    with build() as model:
        text = "\n".join(model.warnings)
        assert f"actions.v:{line_of('d[9]')}: SELRANGE: " in text
        assert f"actions.v:{line_of('combined <= d')}: COMBDLY: " in text
        # The ports' numbers in the module around the design are not for people.
        assert "UNOPTFLAT: Signal unoptimizable: Circular combinational logic: 'x'" in text
        assert model.warnings[-1] == "no such file: $readmem file not found"


def test_plus_arguments_reach_the_design(model):
    model.io.act = 6
    model.step()
    assert model.io.n == 99
    for wrong in ("quick", "+verilator+help"):
        with pytest.raises(AlpineError, match="plus-argument"):
            build(plus_arguments=[wrong])


def test_time_goes_on_with_the_clock_and_delays_act(model):
    before = model.time_fs
    model.io.d = 1
    model.step(3)
    # Three cycles of 1 ns; the last edge comes half a period before, and $time is rounded.
    assert model.time_fs - before == 3_000_000
    assert model.io.now == round((model.time_fs - 500_000) / 1e6 + 1e-9)
    assert model.io.late == 1
    with pytest.raises(ValueError, match="counts time in steps of 1000 fs"):
        model.run(1500)
    model.run(250_000)
    assert model.time_fs - before == 3_250_000


def test_inputs_act_before_the_edge_on_what_is_open_meanwhile(model):
    model.io.d = 0x80
    model.step()
    assert model.io.latched == 1


def test_models_keep_their_own_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with build() as first, build() as second:
        for model, letter in ((first, "a"), (second, "b")):
            model.io.act, model.io.d = 5, ord(letter)
            model.step(3)
        second.close()
        first.step(2)
        first.close()
    assert (tmp_path / "filea.txt").read_text() == "0 1 2 3 4 "
    assert (tmp_path / "fileb.txt").read_text() == "0 1 2 "


def test_a_closed_copied_or_pickled_model_refuses_in_one_line(model):
    view, io = model.io.now, model.io
    for wrong in (copy.copy, copy.deepcopy, pickle.dumps):
        for thing in (model, io):
            with pytest.raises(ModelError, match="cannot be copied or pickled"):
                wrong(thing)
    model.close()
    model.close()
    for use in (
        model.step,
        model.eval,
        lambda: model.step(5),
        lambda: io.n,
        lambda: setattr(io, "d", 1),
        lambda: model.cycles,
        model.reset,
        lambda: model.drive(np.zeros(1, [("d", "u1")])),
    ):
        with pytest.raises(ModelError, match=r"^the model is closed"):
            use()
    assert isinstance(view, int)


def test_step_counts_are_checked(model):
    for wrong in (-1, 1 << 63):
        with pytest.raises(ValueError, match="cannot be run"):
            model.step(wrong)
    with pytest.raises(TypeError, match=r"integers, not 2\.5"):
        model.step(2.5)
    assert model.step(0) == 0
    assert model.step(np.int64(2)) == 2


def test_another_thread_is_refused_while_one_steps(model):
    errors, begun = [], threading.Event()

    def long_run():
        begun.set()
        model.step(300_000)

    thread = threading.Thread(target=long_run)
    thread.start()
    begun.wait()
    while thread.is_alive():
        try:
            model.step(1)
        except ModelError as error:
            errors.append(str(error))
    thread.join()
    assert set(errors) == {"another thread is in the model: let one thread at a time use it"}


def test_an_interrupt_ends_a_long_step_at_a_whole_cycle(model):
    # A process that a shell started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            model.step(1 << 60)
    finally:
        signal.signal(signal.SIGINT, before)
    assert model.io.n == (model.cycles - 2) % 256
    assert model.step(2) == 2


def test_drive_sets_a_row_per_cycle_and_reads_after_each_edge(model):
    model.reset()
    inputs = np.zeros(6, [("d", "u1"), ("act", "i8")])
    inputs["d"] = [1, 0, 1, 1, 0, 1]
    inputs["act"] = [0, 0, 0, 0, 2, 0]
    outputs = model.drive(inputs, read=["n", "late"])
    assert outputs["n"].tolist() == [1, 2, 3, 4, 5]  # and there the design finished
    assert outputs["late"][:4].tolist() == [1, 0, 1, 1]
    with pytest.raises(AttributeError, match="no port e"):
        model.drive(np.zeros(1, [("e", "u1")]))
    with pytest.raises(ValueError, match=r"port act takes integers from 0 to 15, not 16"):
        model.drive(np.full(1, 16, [("act", "u1")]))


CLOCKS = """
module clocks(input a, input b, input c, output reg [7:0] na, output reg [7:0] nb,
              output reg [7:0] nc, inout [3:0] pad, input [3:0] drive, output [3:0] seen);
  always @(posedge a) na <= na + 1;
  always @(posedge b) nb <= nb + 1;
  always @(negedge c) nc <= nc + 1;
  genvar i;
  generate for (i = 0; i < 4; i = i + 1) begin : bits
    assign pad[i] = drive[i] ? 1'b1 : 1'bz;
  end endgenerate
  assign seen = pad;
endmodule
"""
THREE = [
    Clock(name="a", period_fs=10_000_000),
    Clock(name="b", period_fs=4_000_000, phase_fs=1_000_000),
    Clock(name="c", period_fs=3_000_000, edge="falling"),
]


@pytest.fixture(scope="module")
def clocked():
    with VerilatedModel.build(CLOCKS, top="clocks", clock=THREE, trace="vcd") as model:
        yield model


def test_each_clock_has_its_own_period_phase_and_edge(clocked):
    clocked.step(6)
    # In 60 ns: b's edges at 3, 7, ..., 59 ns, c's at 1.5, 4.5, ..., 58.5 ns.
    assert (clocked.io.na, clocked.io.nb, clocked.io.nc) == (6, 15, 20)
    assert clocked.time_fs == 60_000_000
    assert clocked.io.c == 1


def test_an_inout_is_what_stands_on_its_wires(clocked):
    io = clocked.io
    io.drive, io.pad = 0b0011, 0b0101
    clocked.eval()
    assert (io.pad__en, io.pad__out, io.pad, io.seen) == (0b0011, 0b0011, 0b0111, 0b0111)


def test_waveforms_show_every_clock_and_inputs_between_edges(clocked, tmp_path):
    path = tmp_path / "w.vcd"
    with clocked.trace(path):
        start = clocked.time_fs // 1000
        clocked.io.drive = 0b1111
        clocked.eval()
        clocked.io.drive = 0
        clocked.eval()
        clocked.step(2)
    text = path.read_text()
    edges = {}
    for name in ("a", "b", "c", "drive"):
        code = next(line.split()[3] for line in text.splitlines() if line.split()[4:5] == [name])
        times, now = [], 0
        for line in text.partition("$enddefinitions")[2].splitlines():
            now = int(line[1:]) if line.startswith("#") else now
            if line in (f"0{code}", f"1{code}") or line.endswith(f" {code}"):
                times.append(now - start)
        edges[name] = times[1:]
    assert edges["a"] == [5000, 10000, 15000, 20000]
    assert edges["b"] == [1000 + t for t in range(0, 20000, 2000)][: len(edges["b"])]
    # Set at 0 and again, and shown before the next edge, which is 1 ns later.
    assert [0 < t < 1000 for t in edges["drive"]] == [True, True]


def test_scope_and_depth_choose_what_a_waveform_shows(tmp_path):
    source = """
    module leaf(input clk, output reg q); reg hidden; always @(posedge clk) q <= ~q; endmodule
    module mid(input clk, output q); wire inner; leaf u_leaf(clk, q); endmodule
    module t(input clk, output q, output r); mid u_mid(clk, q); mid u_other(clk, r); endmodule
    """
    with VerilatedModel.build(source, top="t", trace="vcd") as model:
        shown = {}
        for name, options in {
            "all": {},
            "scope": {"scope": "u_mid"},
            "depth": {"depth": 1},
        }.items():
            with model.trace(tmp_path / f"{name}.vcd", **options):
                model.step(2)
            text = (tmp_path / f"{name}.vcd").read_text()
            words = [line.split() for line in text.splitlines()]
            shown[name] = [line[2] for line in words if line[:1] == ["$scope"]]
            shown[name + " vars"] = text.count("$var")
        line = r"^scope='u_mad' has no signals to show: name an instance by its path below t, as "
        with (
            pytest.raises(AlpineError, match=line),
            model.trace(tmp_path / "none.vcd", scope="u_mad"),
        ):
            pass
        # What was written before, and after such a mistake, is whole.
        with model.trace(tmp_path / "again.vcd", scope="u_mid.u_leaf"):
            model.step(2)
    assert not (tmp_path / "none.vcd").exists()
    again = (tmp_path / "again.vcd").read_text()
    assert 0 < again.count("$var") < shown["scope vars"]
    assert {"u_mid", "u_other", "u_leaf"} <= set(shown["all"])
    assert 0 < shown["scope vars"] < shown["all vars"]
    assert 0 < shown["depth vars"] < shown["scope vars"]


def test_a_misnamed_clock_lists_what_there_is():
    source = "module t(input clk_i, input [3:0] d, output y); assign y = d[0]; endmodule"
    with pytest.raises(AlpineError, match=r"no clock input clk of one bit; it has clk_i: pass"):
        VerilatedModel.build(source, top="t")
    with VerilatedModel.build(source, top="t", clock=None) as model:
        model.io.d = 1
        model.eval()
        assert model.io.y == 1
        with pytest.raises(AlpineError, match=r"no clock to step"):
            model.step(2)
        with pytest.raises(AlpineError, match=r"no clock to step"):
            model.step()
        with pytest.raises(AlpineError, match=r"no input rst to reset it"):
            model.reset()


STATE = """
module state(input clk, input rst_n, input [7:0] d, output reg [7:0] sum);
  reg [7:0] last [0:1];
  always @(posedge clk or negedge rst_n)
    if (!rst_n) begin sum <= 5; last[0] <= 0; last[1] <= 0; end
    else begin sum <= sum + d; last[0] <= d; last[1] <= last[0]; end
endmodule
module holder(input clk, input rst_n, input [7:0] d, output [7:0] sum);
  genvar i;
  generate for (i = 0; i < 2; i = i + 1) begin : half
    wire [7:0] own;
    state u_state(.clk(clk), .rst_n(rst_n), .d(d), .sum(own));
  end endgenerate
  assign sum = half[0].own + half[1].own;
endmodule
"""


@pytest.fixture(scope="module")
def holder():
    options = {"top": "holder", "reset": "rst_n", "reset_active": "low", "savable": True}
    public = ["half[[]?].u_state.sum", "half[[]1].*.last"]
    with VerilatedModel.build(STATE, public=public, **options) as model:
        yield model


def test_a_reset_may_be_active_low(holder):
    holder.reset()
    assert (holder.io.rst_n, holder.io.sum) == (1, 10)
    with pytest.warns(UserWarning, match=r"reset rst_n is taken as active high"):
        VerilatedModel.build(STATE, top="holder", reset="rst_n").close()


def test_signals_inside_are_read_and_written(holder):
    holder.reset()
    holder.io.d = 3
    holder.step(2)
    assert sorted(holder.signals) == [
        "half[0].u_state.sum",
        "half[1].u_state.last",
        "half[1].u_state.sum",
    ]
    assert holder.signals["half[1].u_state.sum"] == 11
    assert holder.signals["half[1].u_state.last"].tolist() == [3, 3]
    holder.signals["half[0].u_state.sum"] = 100
    holder.step()
    assert holder.io.sum == (100 + 3) + (11 + 3)
    with pytest.raises(KeyError, match=r"shows no signal half\[0\]\.u_state\.sun; did you mean"):
        holder.signals["half[0].u_state.sun"]
    with pytest.raises(AlpineError, match=r"public=\['nothing\.\*'\] matches no signal"):
        VerilatedModel.build(STATE, top="holder", public=["nothing.*"], reset_active="low")


def test_a_saved_state_comes_back(holder):
    holder.reset()
    holder.io.d = 7
    holder.step(3)
    state, time_fs, cycles = holder.save(), holder.time_fs, holder.cycles
    sums = []
    for _ in range(2):
        holder.restore(pickle.loads(pickle.dumps(state)))
        assert (holder.time_fs, holder.cycles) == (time_fs, cycles)
        assert (holder.io.d, holder.io.sum) == (7, 2 * (5 + 21))
        holder.step(5)
        sums.append(holder.io.sum)
    assert sums[0] == sums[1] == 2 * (5 + 56)


def test_a_forked_process_has_a_model_of_its_own():
    program = (
        "import os\n"
        "from alpine_cosim.binding import VerilatedModel\n"
        "from test_verilated_running import build\n"
        "m = build(); m.step(3)\n"
        "if os.fork() == 0:\n"
        "    m.step(10); os._exit(m.io.n)\n"
        "status = os.waitstatus_to_exitcode(os.wait()[1])\n"
        "m.step(); print(status, m.io.n)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["13", "4"]
