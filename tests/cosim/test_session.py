# SPDX-License-Identifier: Apache-2.0
"""Whole runs: every engine, both mappings, and a tile with a fault in it."""

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import pytest
from amaranth.hdl import Const
from rich.console import Console
from small_perceptron import EVERY_TILE, HIDDEN, INPUTS, OUTPUTS, small_perceptron_is_mlp

from alpine_cosim import RunResult, run
from alpine_cosim.binding import TraceFormat
from alpine_cosim.engines import verilated_hardware
from alpine_cosim.hardware.rtl_tile import tile_verilog
from alpine_cosim.measurement.result_table import print_result
from alpine_models.errors import AlpineError
from alpine_rtl.tile import AimcTile
from alpine_rtl.verilog import emit
from alpine_sw.datasets.fashion_mnist import load_fashion_mnist
from alpine_sw.kernels import calibration
from alpine_sw.networks import load_mlp

IMAGES = 4


@dataclass(frozen=True)
class Runs:
    """One mapping on several engines, and the sizes of its layers."""

    results: dict[str, RunResult]
    sizes: tuple[int, int, int]

    @property
    def case(self) -> int:
        return int(self.results["rtl"].case)

    @property
    def tile(self) -> tuple[int, int]:
        """Word lines and bit lines: the layers' matrices on a diagonal, or side by side."""
        inputs, hidden, outputs = self.sizes
        rows = inputs + hidden if self.case == 1 else max(inputs, hidden)
        return rows, hidden + outputs

    @property
    def processes(self) -> int:
        """Case 1 processes once per inference and once more to drain, case 2 twice."""
        return IMAGES + 1 if self.case == 1 else 2 * IMAGES


@pytest.fixture
def small() -> Iterator[None]:
    with small_perceptron_is_mlp():
        yield


@pytest.fixture(scope="module", params=["published, case 2", "small, case 1"])
def runs(request: pytest.FixtureRequest) -> Runs:
    """The published network in its published tile, on all engines, and a small one's other mapping.

    Other tests of this file run the published one on engine model only, in every case.
    """
    published = request.param.startswith("published")
    case = int(request.param[-1])
    with nullcontext() if published else small_perceptron_is_mlp():
        results = {
            engine: run("mlp", case=case, engine=engine, inferences=IMAGES)
            for engine in ("rtl", "model", *(["cocotb"] if published else []))
        }
    return Runs(results, (1024, 1024, 1024) if published else (INPUTS, HIDDEN, OUTPUTS))


def test_outputs_equal_the_golden_model(runs: Runs):
    for result in runs.results.values():
        assert result.outputs_equal_golden is True
        assert result.accuracy == result.accuracy_golden


def test_engines_agree_on_everything_but_host_time(runs: Runs):
    same = {"engine": "", "host_seconds": 0.0, "host_tile_cycles_per_second": None}
    assert replace(runs.results["rtl"], **same) == replace(runs.results["model"], **same)
    if "cocotb" in runs.results:
        # There, cells are written through the back door unless one asks for the port.
        cocotb, rtl = runs.results["cocotb"], runs.results["rtl"]
        assert cocotb.programming.method != rtl.programming.method
        measured = {**same, "programming": None}
        assert replace(cocotb, **measured) == replace(rtl, **measured)


def test_counts_follow_from_the_mapping(runs: Runs):
    # Per inference, inputs and hidden values are queued and hidden values and outputs are read,
    # 4 at a time.
    result = runs.results["rtl"]
    inputs, hidden, outputs = (-(-size // 4) for size in runs.sizes)
    assert result.cm_instructions == IMAGES * (inputs + 2 * hidden + outputs) + runs.processes
    assert sum(result.breakdown.values()) == pytest.approx(1)
    assert result.energy_j == pytest.approx(sum(result.energy_parts_j.values()))
    # Memory controller and I/O draw 5.82 W all the time (Table I-B, high-power).
    assert result.energy_memory_controller_io_j == pytest.approx(5.82 * result.time_s)
    assert result.programming is not None
    cells = runs.sizes[0] * runs.sizes[1] + runs.sizes[1] * runs.sizes[2]
    assert result.programming.cells == cells
    # The hardware takes two cycles per CM_INITIALIZE.
    assert result.programming.tile_cycles == pytest.approx(2 * cells, rel=5e-3)


def test_tile_energy_is_the_published_efficiency_scaled_by_rows_and_columns(runs: Runs):
    # 12.8 TOPS/W at 256 x 256 in 14 nm are 131072 / 12.8e12 J = 10.24 nJ, 5.3 times that in the
    # high-power system (Sec. V). Other sizes cost as in Garofalo et al.'s table.
    def job_nj(rows: int, columns: int) -> float:
        return 2.1602 + 0.0224481 * rows + 0.0359207 * columns + 4.08084e-5 * rows * columns

    energy = runs.results["rtl"].energy_parts_j["tile"]
    shape = job_nj(*runs.tile) / job_nj(256, 256)
    assert energy == pytest.approx(runs.processes * 10.24e-9 * 5.3 * shape)


@pytest.mark.parametrize("case", [1, 2])
def test_same_run_gives_the_same_femtosecond(case: int):
    first, again = (run("mlp", case=case, engine="model", inferences=IMAGES) for _ in range(2))
    assert first.outputs_equal_golden
    assert again.time_s == first.time_s
    assert again.outputs_sha256 == first.outputs_sha256


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("case", [3, 4])
def test_multi_core_mappings_give_the_same_outputs_and_times_on_both_engines(case: int):
    rtl = run("mlp", case=case, engine="rtl", inferences=IMAGES)
    model = run("mlp", case=case, engine="model", inferences=IMAGES)
    assert rtl.outputs_equal_golden
    same = {"engine": "", "host_seconds": 0.0, "host_tile_cycles_per_second": None}
    assert replace(rtl, **same) == replace(model, **same)
    # Every core of a layer queues the layer's whole input and reads its share of the output.
    shares = case - 2
    queued = shares * (INPUTS + HIDDEN) // 4
    read = shares * sum(-(-size // shares // 4) for size in (HIDDEN, OUTPUTS))
    assert rtl.cm_instructions == IMAGES * (queued + read + 2 * shares)


@pytest.mark.parametrize("case", [3, 4])
def test_published_multi_core_mappings_count_their_instructions(case: int):
    result = run("mlp", case=case, engine="model", inferences=IMAGES)
    assert result.outputs_equal_golden
    # Every core of a layer queues the layer's whole input; together they read its output once.
    cores = 2 * (case - 2)
    assert result.cm_instructions == IMAGES * (cores * 256 + 2 * 256 + cores)


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_digital_reference_gives_the_same_outputs(cores: int):
    result = run("mlp", case="digital", cores=cores, engine="model", inferences=2)
    assert result.outputs_equal_golden
    assert (result.tile_cycles, result.cm_instructions, result.programming) == (0, 0, None)
    assert result.energy_parts_j["tile"] == 0


def test_linux_slows_programs_on_several_cores_only():
    def runs(**arguments: object) -> tuple[RunResult, RunResult]:
        linux, bare = (
            run("mlp", engine="model", inferences=4, sync=sync, **arguments)  # type: ignore[arg-type]
            for sync in ("linux", "bare-metal")
        )
        assert linux.outputs_equal_golden
        assert (linux.sync, linux.settings) == ("linux", {"sync.linux": True})
        return linux, bare

    one, one_bare = runs(case=1)
    assert one.time_s == one_bare.time_s
    for case in (3, 4):
        linux, bare = runs(case=case)
        # 5560 cycles of 2.3 GHz are 2.42 us; no core blocks more than twice per inference.
        assert 0 < linux.time_s - bare.time_s < 4 * 2 * 4 * 2.42e-6
        assert linux.breakdown["synchronisation"] > bare.breakdown["synchronisation"]


def test_engine_cocotb_names_the_mappings_it_cannot_run():
    with pytest.raises(AlpineError, match="engine cocotb simulates one tile, not 2"):
        run("mlp", case=3, engine="cocotb", inferences=1)


@pytest.mark.usefixtures("small")
def test_back_door_changes_nothing_but_the_programming():
    result = run("mlp", engine="rtl", inferences=2, back_door=True)
    assert result.outputs_equal_golden
    assert result.programming is not None
    assert result.programming.method == "back-door"
    assert result.programming.tile_cycles == 0


def test_low_power_system_is_slower_and_draws_less():
    high = run("mlp", engine="model", inferences=2)
    low = run("mlp", engine="model", inferences=2, system="low-power")
    assert low.outputs_sha256 == high.outputs_sha256
    # Between the clocks' ratio, 2.3 / 0.8, and nothing at all.
    assert 1 < low.time_s / high.time_s <= 2.3 / 0.8 + 0.01
    assert low.energy_j < high.energy_j


def test_json_holds_warnings_of_loops_beyond_their_calibrated_sizes(monkeypatch):
    calibrated = run("mlp", engine="model", inferences=1, check_reads=True)
    assert json.loads(calibrated.to_json())["warnings"] == []
    bodies = {"cm_queue_aimclib": {"smallest_bytes": 1, "largest_bytes": 1000}}
    monkeypatch.setattr(calibration, "calibration_data", lambda: {"bodies": bodies})
    result = run("mlp", engine="model", inferences=1)
    (warning,) = json.loads(result.to_json())["warnings"]
    assert warning == (
        "cm_queue_aimclib: working sets of 1024 bytes, checked against gem5 from 1 to 1000"
    )
    console = Console(width=200)
    with console.capture() as capture:
        print_result(result, console)
    assert f"outside the calibrated range: {warning}" in capture.get()


def test_json_holds_what_the_contract_names():
    names = set(json.loads(run("mlp", engine="model", inferences=1).to_json()))
    assert names >= {
        "network", "system", "case", "engine", "inferences", "seed", "time_s", "energy_j",
        "energy_memory_controller_io_j", "instructions", "llc_misses_per_instruction",
        "tile_cycles", "cm_instructions", "breakdown", "outputs_equal_golden", "outputs_sha256",
        "accuracy", "bits_per_character", "host_seconds", "host_tile_cycles_per_second",
    }  # fmt: skip


@pytest.mark.usefixtures("small")
def test_fault_in_the_rtl_reaches_the_outputs(tmp_path, monkeypatch):
    """No bypass: a tile that swaps the bytes of every group computes other results."""
    design = tmp_path / "aimc_tile.v"
    with monkeypatch.context() as fault:
        fault.setattr(
            "alpine_rtl.input_memory.lane_offset", lambda start, lane, lanes: Const(3 - lane, 2)
        )
        design.write_text(emit(AimcTile(config=EVERY_TILE), name="aimc_tile"))
    result = run("mlp", case=2, inferences=2, back_door=True, tile_verilog=design)
    assert result.outputs_equal_golden is False
    design.write_text(tile_verilog(EVERY_TILE))
    result = run("mlp", case=2, inferences=2, back_door=True, tile_verilog=design)
    assert result.outputs_equal_golden is True


@pytest.mark.usefixtures("small")
def test_tile_that_breaks_the_analog_protocol_is_refused(tmp_path):
    """One integration cycle less: the word lines are released before the ADC codes are valid."""
    verilog = tile_verilog(EVERY_TILE)
    integrate = "16'h0062"  # 98 cycles
    assert integrate in verilog
    design = tmp_path / "aimc_tile.v"
    design.write_text(verilog.replace(integrate, "16'h0061"))
    with pytest.raises(AlpineError, match="RTL is faulty: its DAC codes changed during"):
        run("mlp", case=2, inferences=1, back_door=True, tile_verilog=design)


@pytest.mark.usefixtures("small")
def test_traces_show_the_first_and_the_last_inference(tmp_path, monkeypatch):
    # Text, in which multiplications can be counted; FST needs libraries, too.
    monkeypatch.setattr(verilated_hardware, "trace_format", lambda: TraceFormat.VCD)
    traced: dict[tuple[int, str], str] = {}
    for inferences in (1, 3):
        folder = tmp_path / str(inferences)
        run("mlp", case=2, inferences=inferences, back_door=True, trace=folder)
        traced |= {(inferences, file.name): file.read_text() for file in folder.iterdir()}
    first, last = "core0_tile0.vcd", "core0_tile0-last.vcd"
    assert set(traced) == {(1, first), (3, first), (3, last)}
    times: dict[tuple[int, str], list[int]] = {}
    for which, text in traced.items():
        starts = re.search(r"\$var\s+\w+\s+1\s+(\S+)\s+xb_start ", text)
        assert starts is not None
        # Two layers, so two multiplications, however many inferences there are.
        rises = re.findall(rf"^1{re.escape(starts[1])}$", text, re.MULTILINE)
        assert len(rises) == 2
        times[which] = [int(time) for time in re.findall(r"^#(\d+)$", text, re.MULTILINE)]
    assert times[1, first][-1] == times[3, first][-1]
    # Three inferences take the first one's time each: the last one's is the third third.
    assert times[3, last][0] > times[3, first][-1]


@pytest.mark.usefixtures("small")
def test_a_trace_shows_the_first_inference_with_wrong_outputs(tmp_path, monkeypatch):
    """Converters invert every code of the sixth product: the second layer of inference 2."""
    monkeypatch.setattr(verilated_hardware, "trace_format", lambda: TraceFormat.VCD)
    before, head, rest = tile_verilog(EVERY_TILE).partition("module aimc_tile(")
    body, end, after = rest.partition("endmodule")
    assert body.count(".codes(xb_adc)") == 1
    body = body.replace(".codes(xb_adc)", ".codes(products == 6 ? ~xb_adc : xb_adc)")
    body += "  int products = 0;\n  always @(posedge xb_start) products <= products + 1;\n"
    design = tmp_path / "aimc_tile.v"
    design.write_text(before + head + body + end + after)
    waves = tmp_path / "waves"
    arguments = {"case": 2, "inferences": 5, "back_door": True, "tile_verilog": design}
    result = run("mlp", trace=waves, **arguments)
    assert (result.outputs_equal_golden, result.first_mismatch) == (False, 2)
    assert {file.name for file in waves.iterdir()} == {
        f"core0_tile0{suffix}.vcd" for suffix in ("", "-last", "-mismatch")
    }
    text = (waves / "core0_tile0-mismatch.vcd").read_text()
    symbol = re.search(r"\$var\s+\w+\s+32\s+(\S+)\s+products ", text)
    assert symbol is not None
    counts = re.findall(rf"^b([01]+) {re.escape(symbol[1])}$", text, re.MULTILINE)
    # Two products were before the window's inference, in two inferences each.
    assert [int(count, 2) for count in counts] == [4, 5, 6]
    # Nothing else of the run changes with its repetition.
    assert run("mlp", **arguments).time_s == result.time_s


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "mlpp"}, "unknown network 'mlpp': did you mean mlp"),
        ({"system": "highpower"}, "unknown system 'highpower': did you mean high-power"),
        ({"case": 7}, "unknown case '7': choose from 1, 2, 3, 4, loose, digital"),
        ({"case": "digital", "cores": 3}, "must be one of 1, 2, 4, not 3"),
        ({"case": 2, "cores": 2}, "case 2 fixes its own"),
        ({"case": "digital", "engine": "cocotb"}, "case digital has no tile"),
        ({"digital_style": "neon5"}, "did you mean neon4"),
        ({"engine": "verilator"}, "unknown engine 'verilator'"),
        ({"software": "relased"}, "did you mean released"),
        ({"sync": "linucks"}, "unknown synchronisation"),
        ({"inferences": 10_001}, "inferences must be 1 to 10000"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"engine": "model", "trace": "x"}, "engine model has no RTL"),
        ({"tile_verilog": "missing.v"}, "missing.v cannot be read"),
    ],
)
def test_mistakes_are_one_line(arguments: dict[str, object], message: str):
    with pytest.raises(AlpineError, match=message) as caught:
        run(**{"network": "mlp", **arguments})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_golden_model_is_what_the_run_is_compared_with():
    network, images = load_mlp(), load_fashion_mnist().inputs[:3]
    hidden = np.clip(
        np.rint(images.astype(np.int64) @ network.weights[0].T.astype(np.int64) / network.lsb[0]),
        0,
        127,
    )
    outputs = np.clip(
        np.rint(hidden @ network.weights[1].T.astype(np.float64) / network.lsb[1]), 0, 127
    )
    assert np.array_equal(network.golden(images), outputs.astype(np.int8))


@pytest.mark.parametrize("case", [1, 2])
def test_products_take_as_long_as_they_are_told(case: int):
    def time_s(cycles: int) -> float:
        result = run(
            "mlp",
            case=case,
            engine="model",
            inferences=2,
            back_door=True,
            settings=[f"tile_clock.product_cycles={cycles}"],
        )
        assert result.outputs_equal_golden is True
        return result.time_s

    # Case 1 has three products for two inferences, case 2 four; each is 9900 ns longer. Stores on
    # their way to memory hide a little of that, and accesses at other times meet one or two
    # refreshes of the DRAM more or fewer, of 350 ns each (tRFC).
    products = 3 if case == 1 else 4
    longer = time_s(10_000) - time_s(100)
    assert longer == pytest.approx(products * 9900e-9, abs=2 * 350e-9)
