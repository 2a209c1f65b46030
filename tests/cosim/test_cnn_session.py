# SPDX-License-Identifier: Apache-2.0
"""Convolutional networks in run sessions: engines, results, mistakes."""

from dataclasses import replace

import numpy as np
import pytest

from alpine_cosim import run
from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.engines.verilated_hardware import VerilatedHardware
from alpine_cosim.measurement.measure import measure
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.systems.presets import SYSTEMS
from alpine_sw.library.software import Software
from alpine_sw.mapping.published_cnn import analog_cnn
from alpine_sw.networks.cnn import CnnNetwork, calibrate, seeded_weights
from alpine_sw.networks.cnn_shapes import CnnShape, ConvolutionLayer, Pool
from alpine_sw.programs.generate import mapped_workload

SHAPE = CnnShape(
    name="small",
    side=12,
    channels=4,
    convolutions=(
        ConvolutionLayer(outputs=4, kernel=3, pool=Pool(kernel=2, stride=2), normalised=True),
        ConvolutionLayer(outputs=4, kernel=3, pad=1),
    ),
    dense=(6, 3),
)


@pytest.mark.parametrize("system", SYSTEMS)
def test_rtl_and_timed_tiles_agree_on_everything(system: str):
    inputs = np.random.default_rng(1).integers(-128, 128, (2, SHAPE.inputs)).astype(np.int8)
    weights = seeded_weights(SHAPE, 1)
    network = CnnNetwork(shape=SHAPE, weights=weights, lsb=calibrate(SHAPE, weights, inputs))
    graph = network.graph()
    workload = mapped_workload(graph, analog_cnn(graph))
    config = SYSTEMS[system]
    period = config.tile_clock.period_fs
    timed = timed_pieces(workload, config)
    model = measure(workload, timed, system=config, inputs=inputs, back_door=True)
    with VerilatedHardware(workload, tile_period_fs=period) as hardware:
        rtl = measure(workload, hardware.pieces, system=config, inputs=inputs, back_door=False)
    assert np.array_equal(rtl.outputs[0], network.golden(inputs))
    assert np.array_equal(rtl.outputs[0], model.outputs[0])
    # How weights got into the cells does not matter to what is measured.
    same = {"outputs": None, "host_seconds": 0.0, "programming": None}
    assert replace(rtl, **same) == replace(model, **same)


def test_cnn_f_runs_on_a_photograph():
    result = run("cnn-f", engine="model", back_door=True)
    assert result.outputs_equal_golden is True
    assert (result.accuracy, result.accuracy_golden, result.accuracy_fp32) == (None, None, None)
    assert result.inferences == 1
    # Windows queued and outputs dequeued four at a time, one process per position (part D).
    layers = [(363, 64, 2916), (1600, 256, 625)] + [(2304, 256, 144)] * 3
    assert result.cm_instructions == sum(
        count * (-(-rows // 4) + 1 + columns // 4) for rows, columns, count in layers
    )
    assert sum(result.breakdown.values()) == pytest.approx(1)
    # The published plot's axis ends at 30 s for three inferences of the slowest network.
    assert result.time_s < 10


def test_rtl_runs_what_only_cnn_m_has():
    # A strided second convolution and overlapping pooling that rounds up, 13 -> 6 and 2 -> 1.
    pool = Pool(kernel=3, stride=2, ceil=True)
    shape = CnnShape(
        name="like cnn-m",
        side=15,
        channels=4,
        convolutions=(
            ConvolutionLayer(outputs=4, kernel=3, pool=pool, normalised=True),
            ConvolutionLayer(outputs=8, kernel=5, stride=2, pad=1, pool=pool, normalised=True),
            ConvolutionLayer(outputs=8, kernel=3, pad=1),
        ),
        dense=(6, 3),
    )
    assert [place.pooled_side for place in shape.geometry] == [6, 1, 1]
    inputs = np.random.default_rng(2).integers(-128, 128, (1, shape.inputs)).astype(np.int8)
    weights = seeded_weights(shape, 1)
    network = CnnNetwork(shape=shape, weights=weights, lsb=calibrate(shape, weights, inputs))
    # 5 x 5 x 4 word lines hold every layer: one model to build.
    tiles = [TileConfig(rows=100, columns=8)] * 3
    graph = network.graph()
    mapping = analog_cnn(graph, software=Software.TUNED, configs=tiles)
    workload = mapped_workload(graph, mapping)
    config = SYSTEMS["high-power"]
    with VerilatedHardware(workload, tile_period_fs=config.tile_clock.period_fs) as hardware:
        rtl = measure(workload, hardware.pieces, system=config, inputs=inputs, back_door=True)
    assert np.array_equal(rtl.outputs[0], network.golden(inputs))


def test_normalisation_is_left_out_where_asked():
    result = run("cnn-f", engine="model", back_door=True, normalisation=False)
    assert result.variant == "without normalisation"
    assert result.outputs_equal_golden is True
    assert "normalisation" not in result.breakdown
    # The network with normalisation has a section of that name (test above: its sum is 1).
    for core, activity in zip(result.stats["cores"].values(), result.cores, strict=True):
        cycles = core["active_cycles"] + core["wait_cycles"] + core["idle_cycles"]
        assert activity.idle == pytest.approx(
            1 - (core["active_cycles"] + core["wait_cycles"]) / cycles
        )
        assert activity.instructions_per_cycle == pytest.approx(core["instructions"] / cycles)


def test_references_of_other_core_counts_are_refused():
    with pytest.raises(AlpineError, match="must be one of 8, not 4"):
        run("cnn-f", case="digital", cores=4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "cnn-g"}, "unknown network 'cnn-g': did you mean cnn-"),
        ({"case": 2}, "unknown case '2': choose from 1, digital$"),
        ({"inferences": 4}, "inferences must be 1 to 3, the samples"),
        ({"inferences": 0}, "inferences must be 1 to 3, the samples"),
        ({"weights": "w.npz"}, "network cnn-s has seeded weights and reads no weight file"),
        ({"engine": "cocotb"}, "engine cocotb simulates one tile, not 5"),
        ({"cores": 8}, "case 1 fixes its own"),
        ({"literal_table": True}, "the printed table differs for cnn-m only, not for cnn-s"),
        ({"input_format": "fp32"}, "network cnn-s has inputs of one format only"),
        ({"network": "mlp", "input_format": "fp16"}, "unknown input format 'fp16'"),
        ({"network": "mlp", "normalisation": False}, "network mlp has no normalisation to leave"),
        ({"case": "digital", "trace": "x"}, "case digital has no tile"),
    ],
)
def test_mistakes_are_one_line(arguments: dict[str, object], message: str):
    with pytest.raises(AlpineError, match=message) as caught:
        run(**{"network": "cnn-s", **arguments})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
