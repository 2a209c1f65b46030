# SPDX-License-Identifier: Apache-2.0
"""Programs of the convolutional networks on timed tiles: outputs, order, errors, time."""

from dataclasses import replace

import numpy as np
import pytest
from cnn_helpers import SHAPE, images, mapped, run_workload, tiny

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.config import SystemConfig
from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER
from alpine_platform.systems.system import System
from alpine_sw.datasets.photographs import load_photographs
from alpine_sw.kernels.positions import time_position
from alpine_sw.library.aimclib import PACKING
from alpine_sw.library.row_ring import RowRing
from alpine_sw.library.software import Software
from alpine_sw.mapping import LinkKind
from alpine_sw.mapping.published_cnn import analog_cnn, digital_cnn
from alpine_sw.networks.cnn import CnnNetwork, load_cnn, matrix_shapes
from alpine_sw.networks.cnn_shapes import CNN_NAMES, CnnShape, ConvolutionLayer, Pool
from alpine_sw.programs.planning import network_plan
from alpine_sw.programs.row_products import Int8Rows, TileRows
from alpine_sw.programs.vector_assembly import product_spec


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("software", list(Software))
def test_analog_outputs_are_golden(software: Software, count: int):
    network, inputs = tiny(), images(count)
    outputs, result, steps = run_workload(mapped(network, analog_cnn, software=software), inputs)
    assert np.array_equal(outputs, network.golden(inputs))
    assert steps == count
    expected = count * sum(
        place.positions * (-(-place.rows // 4) + 1 + -(-place.layer.outputs // 4))
        for place in SHAPE.geometry
    )
    assert result.cm_instructions == expected


@pytest.mark.parametrize("style", ["neon4", "neon1", "eigen_i8row"])
def test_digital_outputs_are_golden(style: str):
    network, inputs = tiny(), images(2)
    workload = mapped(network, digital_cnn, style=style)
    outputs, result, steps = run_workload(workload, inputs)
    assert np.array_equal(outputs, network.golden(inputs))
    assert (steps, result.cm_instructions, workload.plans) == (2, 0, {})


def test_overlapping_pools_and_layers_without_any_give_golden_outputs():
    pool = Pool(kernel=3, stride=2, ceil=True)
    shape = CnnShape(
        name="other",
        side=14,
        channels=2,
        convolutions=(
            ConvolutionLayer(outputs=17, kernel=2, pool=pool),
            ConvolutionLayer(outputs=3, kernel=5, stride=2, pad=2, normalised=True),
            ConvolutionLayer(outputs=20, kernel=3, pad=1, pool=pool),
        ),
        dense=(6, 7, 3),
    )
    network, inputs = tiny(shape), images(3, shape)
    for workload in (
        mapped(network, analog_cnn, software=Software.TUNED),
        mapped(network, digital_cnn),
    ):
        outputs, _, _ = run_workload(workload, inputs, LOW_POWER)
        assert np.array_equal(outputs, network.golden(inputs))


def rows_produced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Log every put and read of a ring; reads of rows that are not there raise by themselves."""
    events: list[tuple[str, str, int]] = []
    put, row = RowRing.put, RowRing.row

    def logged_put(self: RowRing):
        yield from put(self)
        events.append(("put", self._name, self._produced))

    def logged_row(self: RowRing, number: int):
        events.append(("read", self._name, number))
        return row(self, number)

    monkeypatch.setattr(RowRing, "put", logged_put)
    monkeypatch.setattr(RowRing, "row", logged_row)
    return events


def test_convolution_starts_as_soon_as_its_rows_exist(monkeypatch: pytest.MonkeyPatch):
    events = rows_produced(monkeypatch)
    run_workload(mapped(tiny(), analog_cnn, software=Software.RELEASED), images(2))
    name = "input of convolution 2"
    mine = [(kind, number) for kind, ring, number in events if ring == name]
    # Three by three with padding 1 on three rows: the first output row needs rows 0 and 1 of an
    # image, and the consumer takes them before row 2 is there.
    assert mine.index(("read", 1)) < mine.index(("put", 3))
    produced = 0
    for kind, number in mine:
        if kind == "put":
            produced = number
        else:
            assert number < produced
    assert produced == 2 * SHAPE.geometry[1].in_side


def test_rings_hold_a_window_and_the_rows_by_which_it_moves_on():
    links = analog_cnn(tiny().graph()).links
    found = [link.slots for link in links if link.kind is LinkKind.ROW_RING]
    # Windows of three rows on maps of three, two and two rows; steps of one, one and two rows.
    assert found == [3 + 1, 2 + 1, 2 + 2]


def test_images_stream_through_the_pipeline():
    workload = mapped(tiny(), analog_cnn, software=Software.RELEASED)
    _, one, _ = run_workload(workload, images(1))
    _, four, _ = run_workload(workload, images(4))
    busy = max(core.active_cycles + core.wait_cycles for core in one.cores.values())
    longest_fs = busy * HIGH_POWER.core.period_fs
    # Behind the first image every further one takes the busiest core's time.
    assert 3 * longest_fs < four.time_fs < one.time_fs + 3.1 * longest_fs
    assert four.time_fs < 3.5 * one.time_fs


def test_normalisation_costs_time():
    with_it = tiny()
    without = CnnNetwork(
        shape=SHAPE.without_normalisation(), weights=with_it.weights, lsb=with_it.lsb
    )
    sections = [
        run_workload(mapped(network, analog_cnn, software=Software.TUNED), images(1))[1].breakdown
        for network in (with_it, without)
    ]
    assert sections[0]["normalisation"] > 0
    assert "normalisation" not in sections[1]


@pytest.mark.parametrize("name", CNN_NAMES)
def test_tiles_have_the_size_of_flattened_kernels(name: str):
    # Fig. 12 of Klein et al. 2022: kernels in columns, windows in rows; dense layers without tiles.
    network = load_cnn(name)
    plans = mapped(network, analog_cnn, software=Software.RELEASED).plans
    found = {
        core: [(p.config.rows, p.config.columns) for p in plan] for core, plan in plans.items()
    }
    assert found == {
        core: [(place.rows, place.layer.outputs)]
        for core, place in enumerate(network.shape.geometry)
    }


def test_network_that_does_not_fit_its_tile_is_named():
    tiles = [TileConfig(rows=50, columns=5)] * len(SHAPE.convolutions)
    with pytest.raises(
        AlpineError,
        match=r"tile tile 0 of core 0: matrix convolution 1 of .* needs word lines 0 to 26 and bit "
        "lines 0 to 5",
    ):
        mapped(tiny(), analog_cnn, software=Software.TUNED, configs=tiles)


def test_images_of_the_wrong_size_are_named():
    workload = mapped(tiny(), analog_cnn, software=Software.TUNED)
    with pytest.raises(
        AlpineError, match=r"tensor image is int8 \[1, 10\], .* int8 \[n, 15, 15, 3\]"
    ):
        run_workload(workload, np.zeros((1, 10), np.int8))


def test_system_with_too_few_cores_is_named():
    small = HIGH_POWER.override({"cores": 4})
    with pytest.raises(
        AlpineError, match="mapping digital of network tiny takes 6 cores, but high-power has 4"
    ):
        run_workload(mapped(tiny(), digital_cnn), images(1), small)


FIRST = ConvolutionLayer(outputs=64, kernel=11, stride=4)
THIRD = ConvolutionLayer(outputs=512, kernel=3)

REFERENCE = {
    # gem5 runs `conv_c1_ana_total`, `conv_c1_ana_word_total`, `conv_c1_dig_total` and the same for
    # c3: core cycles per output position.
    (FIRST, "high-power"): (4130.0, 1383.2, 9387.0),
    (FIRST, "low-power"): (3861.1, 1142.4, 9908.6),
    (THIRD, "high-power"): (40522.3, 8145.7, 2539991.7),
    (THIRD, "low-power"): (40345.0, 8067.0, 1706621.0),
}


@pytest.mark.parametrize("config", [HIGH_POWER, LOW_POWER], ids=lambda config: config.name)
@pytest.mark.parametrize(
    ("layer", "side", "channels"), [(FIRST, 223, 3), (THIRD, 6, 512)], ids=["c1", "c3"]
)
@pytest.mark.parametrize("software", [*Software, "digital"])
def test_positions_take_as_long_as_in_the_reference_runs(
    software: str, layer: ConvolutionLayer, side: int, channels: int, config: SystemConfig
):
    expected = REFERENCE[layer, config.name][[*Software, "digital"].index(software)]
    # Pooled, which no product sees, so that a dense layer can follow.
    pooled = replace(layer, pool=Pool(kernel=2, stride=2))
    shape = CnnShape(name="one", side=side, channels=channels, convolutions=(pooled,), dense=(1,))
    weights = [np.zeros(size, np.int8) for size in matrix_shapes(shape)]
    lsb = [np.ones(len(matrix), np.float32) for matrix in weights]
    network = CnnNetwork(shape=shape, weights=tuple(weights), lsb=tuple(lsb))
    # Small buffers begin at lines, as in the calibration; the reference does not say where.
    packed = config.override({"placement": "packed"})
    found = _cycles_per_position(packed, software, network)
    assert found == pytest.approx(expected, rel=0.1)


def _cycles_per_position(config: SystemConfig, software: str, network: CnnNetwork) -> float:
    """The second of two rows on the same input, as in the reference: outputs touched first."""
    graph = network.graph()
    digital = software == "digital"
    mapping = digital_cnn(graph) if digital else analog_cnn(graph, software=Software(software))
    plan = network_plan(graph, mapping)
    stage = plan.stages[0]
    spec, shape = product_spec(plan, stage), plan.shapes[stage.name]
    outputs, size = spec.weights.shape
    tile = TileConfig(rows=size, columns=outputs)
    period = config.tile_clock.period_fs
    port = TimedTilePort([TimedTile(config=tile, tile_period_fs=period)], tile_period_fs=period)
    system = System(config, tile_ports={0: port})
    space = system.memory
    length = shape.in_columns * shape.channels
    image = space.allocate("image", shape.kernel * length)
    lines = [image.part(row * length, (row + 1) * length) for row in range(shape.kernel)]
    if digital:
        product = Int8Rows(spec, shape)
    else:
        packing = PACKING[Software(software)]
        timing = time_position(config, tile, inputs=size, outputs=outputs, packing=packing)
        product = TileRows(spec, shape, timing=timing, tile=0)
    product.place_weights(space)
    product.allocate_scratch(space)
    for row in range(2):
        target = space.allocate(f"row {row}", shape.columns * outputs)
        result = system.run({0: product.run(lines, target)})
    core = result.cores[0]
    return (core.active_cycles + core.wait_cycles) / shape.columns


def test_first_layer_of_cnn_f_on_a_photograph():
    full = load_cnn("cnn-f")
    shape = replace(full.shape, convolutions=full.shape.convolutions[:1], dense=(3,))
    dense = np.ones((3, shape.dense_shapes[0][1]), np.int8)
    network = CnnNetwork(
        shape=shape,
        weights=(full.weights[0], dense),
        lsb=(full.lsb[0], np.full(3, 40_000, np.float32)),
    )
    inputs = load_photographs().inputs[:1]
    workload = mapped(network, analog_cnn, software=Software.RELEASED)
    outputs, result, _ = run_workload(workload, inputs)
    assert np.array_equal(outputs, network.golden(inputs))
    assert outputs.any()
    assert result.cores[0].cm_products == 2916
