# SPDX-License-Identifier: Apache-2.0
"""Networks without the system around them, against whole runs."""

import hashlib

import numpy as np
import pytest
from tests.cosim.chips import chip_series

from alpine_cosim import run
from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.measurement.measure import measure
from alpine_cosim.runs.batched_run import BatchedChip, run_batched
from alpine_cosim.spec.keywords import run_spec
from alpine_cosim.spec.network import Task
from alpine_platform.systems.presets import SYSTEMS
from alpine_sw.mapping.published_cnn import analog_cnn
from alpine_sw.networks.cnn import CnnNetwork, matrix_shapes
from alpine_sw.networks.cnn_shapes import CnnShape, ConvolutionLayer, Pool
from alpine_sw.programs.batched import batched
from alpine_sw.programs.generate import mapped_workload

HERMES = {"device": "hermes-2", "after": "1day", "compensate": "column", "seed": 5}
SERIES = chip_series(**HERMES, chips=2)


def task(network: str, case: str, samples: int) -> Task:
    return run_spec(network, case=case, engine="model", inferences=samples).task()


@pytest.mark.parametrize(
    ("network", "case"),
    [
        ("mlp", "1"),
        ("mlp", "2"),
        ("mlp", "4"),
        ("mlp", "loose"),
        *[("lstm-256", case) for case in "1234"],
    ],
)
def test_codes_are_those_of_a_run(network: str, case: str):
    made = task(network, case, 2)
    whole = run(network, case=case, engine="model", inferences=2, back_door=True, chips=1, **HERMES)
    outputs = run_batched(made, device=SERIES.device, seed=5)
    assert outputs.shape[0] == 2
    assert whole.analog.chips[0].output_error > 0
    assert hashlib.sha256(outputs.tobytes()).hexdigest() == whole.outputs_sha256


def test_convolutions_are_those_of_a_run():
    shape = CnnShape(
        name="small",
        side=9,
        channels=2,
        convolutions=(
            ConvolutionLayer(outputs=5, kernel=3, pool=Pool(kernel=2, stride=2), normalised=True),
            ConvolutionLayer(outputs=4, kernel=3, pad=1),
        ),
        dense=(6, 3),
    )
    rng = np.random.default_rng(3)
    network = CnnNetwork(
        shape=shape,
        weights=tuple(
            rng.integers(-127, 128, size).astype(np.int8) for size in matrix_shapes(shape)
        ),
        lsb=tuple(np.full(size[0], 90.0, np.float32) for size in matrix_shapes(shape)),
    )
    inputs = rng.integers(0, 128, (2, shape.inputs)).astype(np.int8)
    graph = network.graph()
    mapping = analog_cnn(graph)
    workload = mapped_workload(graph, mapping)
    system = SYSTEMS["high-power"]
    measured = measure(
        workload,
        timed_pieces(workload, system),
        system=system,
        inputs=inputs,
        back_door=True,
        device=SERIES,
    )
    made = Task(
        workload=workload,
        inputs=inputs,
        golden=lambda: network.golden(inputs),
        batched=batched(graph, mapping),
    )
    for chip in range(2):
        outputs = run_batched(made, device=SERIES.device, seed=5, chip=chip)
        assert (outputs == measured.outputs[chip]).all()
    assert (measured.outputs[0] != made.golden()).any()
    assert (run_batched(made, device=None) == made.golden()).all()


def test_threads_and_ideal_tiles_change_nothing():
    made = task("mlp", "1", 150)
    chip = BatchedChip(made.workload, device=SERIES.device, seed=5, threads=1)
    alone = chip.outputs(made)
    together = run_batched(made, device=SERIES.device, seed=5, threads=3)
    assert (alone == together).all()
    assert (run_batched(made, device=None) == made.golden()).all()
    few = chip.outputs(task("mlp", "1", 10))
    assert (few == alone[:10]).all()
