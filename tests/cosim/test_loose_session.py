# SPDX-License-Identifier: Apache-2.0
"""The loosely coupled perceptron: small through the RTL, full size on the timed model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.cosim.chips import chip_series
from tests.sw import mlp_helpers

from alpine_cosim import run
from alpine_cosim.cocotb.simulate import run_in_cocotb
from alpine_cosim.engines.hardware_kinds import HARDWARE_KINDS
from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.engines.verilated_hardware import VerilatedHardware
from alpine_cosim.hardware.hardware_kind import Piece
from alpine_cosim.measurement.measure import Measurement, measure
from alpine_models.device import NoiseKey
from alpine_models.errors import AlpineError
from alpine_platform.systems.presets import HIGH_POWER
from alpine_sw.library.software import Software
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping.published_mlp import loose_mlp
from alpine_sw.networks import MlpNetwork
from alpine_sw.programs.generate import mapped_workload

COUNT = 6


def network() -> MlpNetwork:
    return mlp_helpers.network(inputs=21, hidden=18, seed=3)


def workload_of(software: Software) -> Workload:
    graph = network().graph()
    return mapped_workload(graph, loose_mlp(graph, software=software))


@pytest.mark.parametrize("back_door", [False, True])
@pytest.mark.parametrize("settings", [{}, {"io.posted_stores": True, "core.frequency_hz": 0.8e9}])
def test_engines_agree_on_everything_but_host_time(settings, back_door, tmp_path):
    workload = workload_of(Software.RELEASED)
    system = HIGH_POWER.override(settings)
    inputs = np.random.default_rng(4).integers(-128, 128, (COUNT, 21)).astype(np.int8)
    arguments = {"system": system, "inputs": inputs, "back_door": back_door}
    model = measure(workload, timed_pieces(workload, system), **arguments)
    with VerilatedHardware(
        workload, tile_period_fs=system.tile_clock.period_fs, trace=tmp_path / "waves"
    ) as hardware:
        rtl = measure(
            workload,
            hardware.pieces,
            before_inferences=hardware.begin_inferences,
            **arguments,
        )
        evaluated = hardware.evaluated_cycles
    golden = network().golden(inputs)
    np.testing.assert_array_equal(rtl.outputs[0], golden)
    np.testing.assert_array_equal(model.outputs[0], golden)

    def comparable(measured: Measurement) -> Measurement:
        return replace(measured, outputs=[], host_seconds=0.0)

    assert comparable(rtl) == comparable(model)
    other = measure(
        workload,
        timed_pieces(workload, system),
        **{**arguments, "back_door": not back_door},
    )
    assert replace(comparable(rtl), programming=other.programming) == comparable(other)
    # Idle cycles are skipped: the run lasts longer than what was simulated.
    assert 0 < evaluated < rtl.time_s / 1e-9
    (waveform,) = (tmp_path / "waves").iterdir()
    assert waveform.name.startswith("accelerator.")
    assert rtl.programming is not None
    assert rtl.programming.cells == 18 * 21 + 8 * 18
    if back_door:
        assert (rtl.programming.method, rtl.programming.tile_cycles) == ("back-door", 0)
    else:
        # Two tile cycles per cell, as through the CM port.
        assert rtl.programming.method == "peripheral"
        assert rtl.programming.tile_cycles == 2 * rtl.programming.cells


@pytest.mark.parametrize("back_door", [False, True])
@pytest.mark.parametrize("verify", [None, "published"])
def test_engines_agree_on_imperfect_chips(back_door, verify):
    workload = workload_of(Software.TUNED)
    inputs = np.random.default_rng(5).integers(-128, 128, (COUNT, 21)).astype(np.int8)
    series = chip_series("hermes-2", after=3600.0, verify=verify, chips=2, seed=9)
    arguments = {
        "system": HIGH_POWER, "inputs": inputs, "back_door": back_door, "device": series,
    }  # fmt: skip
    model = measure(workload, timed_pieces(workload, HIGH_POWER), **arguments)
    period = HIGH_POWER.tile_clock.period_fs
    with VerilatedHardware(workload, tile_period_fs=period) as hardware:
        rtl = measure(workload, hardware.pieces, **arguments)

    def comparable(measured: Measurement) -> Measurement:
        return replace(measured, outputs=[], host_seconds=0.0)

    assert comparable(rtl) == comparable(model)
    np.testing.assert_array_equal(rtl.outputs, model.outputs)
    first, second = rtl.outputs
    assert (first != second).any()
    np.testing.assert_array_equal(rtl.outputs, expected(inputs, series))
    spent = rtl.programming
    assert spent.cells == 18 * 21 + 8 * 18
    assert spent.read == (spent.cells + spent.rewritten if verify else 0)
    if not back_door:
        # Two tile cycles per cell, written or read.
        assert spent.tile_cycles == 2 * (spent.cells + spent.rewritten + spent.read)


# Called inside the simulation.
def in_simulation(accelerator, **arguments):
    workload = workload_of(Software.TUNED)
    (plan,) = workload.hardware
    piece = Piece(plan=plan, kind=HARDWARE_KINDS[plan.hardware], accelerator=accelerator)
    return measure(workload, [piece], **arguments)


@pytest.mark.parametrize("device", [None, "hermes-1"])
def test_cocotb_agrees_with_the_timed_accelerator(device, tmp_path):
    workload = workload_of(Software.TUNED)
    inputs = np.random.default_rng(6).integers(-128, 128, (2, 21)).astype(np.int8)
    # Cells are programmed by stores on the chip, and directly on the ideal device.
    series = device and chip_series(device, seed=2)
    arguments = {
        "system": HIGH_POWER.override({"io.posted_stores": device is None}),
        "inputs": inputs, "back_door": device is None, "device": series,
    }  # fmt: skip
    model = measure(workload, timed_pieces(workload, HIGH_POWER), **arguments)
    waves = tmp_path / "accelerator.vcd"
    (plan,) = workload.hardware
    cocotb = run_in_cocotb(
        f"{Path(__file__).stem}:in_simulation",
        arguments,
        kind=HARDWARE_KINDS[plan.hardware],
        configuration=plan.configuration,
        waves=waves,
    )
    np.testing.assert_array_equal(cocotb.outputs, model.outputs)
    if device is None:
        np.testing.assert_array_equal(cocotb.outputs[0], network().golden(inputs))
    same = {"outputs": [], "host_seconds": 0.0}
    assert replace(cocotb, **same) == replace(model, **same)
    assert "xb1_start" in waves.read_text()


def expected(inputs, series):
    """Outputs by the crossbar models alone: layer, ReLU, layer."""
    codes, ones = [], [inputs] * series.chips
    for chip in range(series.chips):
        vectors = ones[chip]
        for tile, (weights, lsb) in enumerate(zip(network().weights, network().lsb, strict=True)):
            crossbar = series.device.crossbar(
                weights=weights,
                programmed=np.ones(weights.shape, np.bool_),
                lsb=lsb.astype(np.float64),
                key=NoiseKey(seed=series.seed, chip=chip, tile=tile),
            )
            crossbar.age(series.device.after_s)
            vectors = np.maximum(crossbar.multiply(vectors, product=0), 0)
        codes.append(vectors)
    return np.array(codes)


def test_published_perceptron_on_a_chip():
    options = {"case": "loose", "inferences": 3, "back_door": True, "seed": 7}
    ideal, pcm = (
        run("mlp", engine="model", device=device, **options) for device in ("ideal", "pcm")
    )
    assert pcm.outputs_equal_golden is None
    assert 0 < pcm.analog.output_error.mean < 1
    assert (pcm.time_s, pcm.tile_cycles) == (ideal.time_s, ideal.tile_cycles)


def test_published_perceptron_gives_golden_outputs_at_the_paths_speed():
    result = run("mlp", case="loose", engine="model", inferences=3, back_door=True)
    assert result.outputs_equal_golden
    assert result.cm_instructions == 0
    core = result.stats["cores"]["0"]
    # 1024 bytes in words, then start and release; a flag read before and a flag read after.
    assert core["io_writes"] == 3 * (256 + 2)
    assert core["io_reads"] == 3 * (256 + 2)
    # A product of each of two tiles per inference.
    assert result.stats["components"]["peripheral_0x2000000"]["counters"] == {
        "products": 3 * 2,
        "register_accesses": 3 * 2 * (256 + 2),
    }
    # A store makes the round trip of 207 ns and takes 2 cycles in the peripheral, a load one more;
    # the released packing adds its loop to loads only, as it runs while a store is on its way.
    least = 3 * (258 * 209e-9 + 258 * 210e-9)
    assert least < result.time_s < 1.1 * least
    assert result.breakdown["analog queue"] + result.breakdown["analog dequeue"] > 0.9
    assert result.energy_parts_j["tile"] > 0
    # Per inference and tile: 256 groups in, a product of 100 cycles and 1, 256 groups out.
    per_tile = 256 + 101 + 256
    assert result.tile_cycles == 3 * 2 * per_tile


def test_loose_coupling_lies_between_digital_and_tight():
    # Klein et al., Sec. VII: 4.1 times faster than digital, 3.1 times slower than tight.
    loose, tight, digital = (
        run("mlp", case=case, engine="model", inferences=2, back_door=back_door).time_s
        for case, back_door in (("loose", True), (1, True), ("digital", None))
    )
    assert tight < loose < digital


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tile_verilog": "tile.v"}, "case loose has no tile with a CM port to replace"),
        ({"cores": 2}, "case loose fixes its own"),
        ({"engine": "model", "trace": "waves"}, "engine model has no RTL"),
        (
            {"settings": ["io.access_bytes=8"]},
            "access_bytes must be 1 to 4 B, a power of two, not 8",
        ),
        ({"network": "lstm-256"}, "unknown case 'loose': choose from 1, 2, 3, 4, digital"),
    ],
)
def test_mistakes_are_one_line(arguments, message):
    with pytest.raises(AlpineError, match=message) as caught:
        run(**{"network": "mlp", "case": "loose", **arguments})
    assert "\n" not in str(caught.value)
