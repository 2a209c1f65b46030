# SPDX-License-Identifier: Apache-2.0
"""Networks on many-cores: products as mapped, energy of jobs, and `alpine run`."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from alpine_cosim.cli import main
from alpine_cosim.manycore.mapped_layers import MappedMatrix, mapped_matrices, padded
from alpine_cosim.manycore.run import first_unequal, jobs_and_energy, macs_of
from alpine_cosim.manycore.specification import ManyCoreSpec, many_core_spec
from alpine_models.errors import AlpineError
from alpine_platform.manycore import MANY_CORES, StageGraph, StageRole, WorkStage
from alpine_platform.manycore.simulate import simulate
from alpine_sw.graph import Graph, Interpreter
from alpine_sw.manycore import ALLOCATIONS, auto, chunked_layers, lower
from alpine_sw.networks.resnet import ResNetShape, resnet_graph, resnet_images

SHAPE = ResNetShape(name="small", side=32, widths=(8, 16), classes=10)
MACHINE = replace(MANY_CORES["manycore-512"], crossbar_rows=64, crossbar_columns=8)
"""Small crossbars: a matrix of 8 channels in 3 x 3 windows takes two row splits, one of 16 columns
two column splits."""


@pytest.fixture(scope="module")
def graph() -> Graph:
    return resnet_graph(SHAPE)


@pytest.fixture(scope="module")
def matrices(graph: Graph) -> dict[str, MappedMatrix]:
    return mapped_matrices(graph, auto(graph, MACHINE))


def test_matrices_are_cut_to_crossbars(matrices: dict[str, MappedMatrix]):
    for matrix in matrices.values():
        outputs, down, across, channels = matrix.weights.shape
        shapes = [
            matrix.crossbar(part, column).shape
            for part in range(len(matrix.rows))
            for column in range(len(matrix.columns))
        ]
        assert max(rows for rows, _ in shapes) <= 64 and max(c for _, c in shapes) <= 8
        # Every weight is in one crossbar.
        assert sum(rows * columns for rows, columns in shapes) == (
            outputs * down * across * channels
        )
    assert (len(matrices["2 conv"].rows), len(matrices["9 conv"].columns)) == (2, 2)


def test_vectors_and_weights_of_a_crossbar_by_loops(matrices: dict[str, MappedMatrix]):
    matrix = matrices["2 conv"]
    images = np.random.default_rng(1).integers(-128, 128, (1, 5, 4, 8)).astype(np.int8)
    around = padded(images, matrix)
    for part, (first, end) in enumerate(matrix.rows):
        vectors, weights = matrix.vectors(around, part), matrix.crossbar(part, 0)
        line = 0
        for y in range(3):
            for x in range(3):
                for channel in range(first, end):
                    # Position (1, 2) of four columns; padding of one moves the image.
                    assert vectors[1 * 4 + 2, line] == around[0, 1 + y, 2 + x, channel]
                    assert weights[line, 3] == matrix.weights[3, y, x, channel]
                    line += 1
        assert line == vectors.shape[1]


def test_every_tensor_equals_the_golden_one(graph: Graph, matrices: dict[str, MappedMatrix]):
    images = resnet_images(SHAPE)[:2]
    assert first_unequal(graph, matrices, images) is None
    # Outputs say something: they differ between images.
    outputs = Interpreter(graph).run({"image": images})[graph.outputs[0]]
    assert (outputs[0] != outputs[1]).any()


def test_one_wrong_weight_is_found(graph: Graph, monkeypatch: pytest.MonkeyPatch):
    whole = MappedMatrix.crossbar

    def wrong(self: MappedMatrix, part: int, column: int):
        cells = whole(self, part, column).copy()
        if self.node.name == "5 conv" and (part, column) == (1, 0):
            cells[3, 2] ^= 1
        return cells

    monkeypatch.setattr(MappedMatrix, "crossbar", wrong)
    matrices = mapped_matrices(graph, auto(graph, MACHINE))
    assert first_unequal(graph, matrices, resnet_images(SHAPE)[:1]) == "5 conv"


def test_energy_of_jobs():
    stage = WorkStage(
        name="a", layer="a", role=StageRole.ANALOG, clusters=(0, 1), copies=1, chunks=4, jobs=5,
        rows=(256, 100), columns=(256, 10),
    )  # fmt: skip
    jobs, energy_j = jobs_and_energy(StageGraph(stages=(stage,), edges=()))
    # 2.1602 + 0.0224481 r + 0.0359207 c + 4.08084e-5 r c nJ.
    whole = 2.1602 + 256 * (0.0224481 + 0.0359207) + 4.08084e-5 * 256 * 256
    part = 2.1602 + 100 * 0.0224481 + 10 * 0.0359207 + 4.08084e-5 * 1000
    assert jobs == 2 * 20 and energy_j == pytest.approx(20 * (whole + part) * 1e-9)


def test_multiplications_of_the_published_network():
    # 2369 million, and 11,678,912 weights (sums over the published table of layers).
    graph = resnet_graph()
    assert macs_of(graph) / 1e6 == pytest.approx(2369, abs=0.5)


def run_alpine(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The status with which `alpine run` ends."""
    monkeypatch.setattr(sys, "argv", ["alpine", "run", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def batch_ms() -> Callable[[str, int], float]:
    """Milliseconds of a batch of 16 with an allocation and so many cycles of software per chunk."""
    graph = resnet_graph()

    def measure(case: str, software: int) -> float:
        config = replace(MANY_CORES["manycore-512"], software_cycles=software)
        stages = lower(graph, ALLOCATIONS[case](graph, config), config)
        return simulate(stages, config, images=16).time_fs / 1e12

    return measure


def test_the_published_steps(batch_ms: Callable[[str, int], float]):
    # Published: 3303 images/s, which are 4.84 ms for 16. The slowest layer alone, 4096 products of
    # 131 cycles on two copies, takes 16 x 268.3 us = 4.29 ms.
    assert batch_ms("residual-l1", 700) == pytest.approx(16 / 3303 * 1e3, rel=0.02)
    assert 4.3 < batch_ms("residual-l1", 0) < 4.6
    # Published: 1.9 times the naive step.
    assert 1.85 < batch_ms("naive", 700) / batch_ms("residual-l1", 700) < 2.0
    assert batch_ms("residual-l1", 700) < batch_ms("replicated", 700) < batch_ms("naive", 700)
    assert batch_ms("auto", 700) <= batch_ms("residual-l1", 700)


def test_period_of_the_slowest_layer_and_of_the_simulation():
    config, graph = MANY_CORES["manycore-512"], resnet_graph()
    found = simulate(
        lower(graph, ALLOCATIONS["residual-l1"](graph, config), config), config, images=8
    )
    # 32 columns each of two copies: 700 + 7 + 64 x 131 + 1.
    assert found.slowest.cycles == 32 * (700 + 7 + 64 * 131 + 1)
    assert found.steady_cycles == pytest.approx(found.slowest.cycles, rel=0.01)


SYSTEM = ("--system", "manycore-512")


def test_a_run_prints_and_writes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    graph: Graph,
):
    def small(spec: ManyCoreSpec) -> tuple[Graph, NDArray[np.int8]]:
        return graph, resnet_images(SHAPE)[: spec.images]

    monkeypatch.setattr(ManyCoreSpec, "network_and_inputs", small)
    file = tmp_path / "result.json"
    asked = ("resnet-18", *SYSTEM, "--inferences", 3, "--set", "software_cycles=0", "--json", file)
    assert run_alpine(monkeypatch, *asked) == 0
    said = capsys.readouterr().out
    assert "images/s" in said and "5 conv" in said and "busiest links" in said
    found = json.loads(file.read_text())
    assert found["outputs_equal_golden"] and found["images"] == len(found["image_cycles"]) == 3
    assert found["config"]["software_cycles"] == 0
    # Cycles of 1 ns; images over the batch's time.
    assert found["images_per_s"] == pytest.approx(3 / (max(found["image_cycles"]) * 1e-9))
    assert sum(each["jobs"] for each in found["clusters"]) == 3 * found["jobs_per_image"]
    assert {each["layer"] for each in found["layers"]} == {
        layer.name for layer in chunked_layers(graph)
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet-18", "--device", "pcm"), "--device is not for system manycore-512: leave it out"),
        (("resnet-18", "--engine", "rtl"), "engine rtl is not for system manycore-512"),
        (("resnet-18", "--case", "5"), "case"),
        (("resnet-18", "--set", "cores=0"), "cores must be 1 to 1024, not 0"),
        (("lstm-256",), "computes lstm cell, which clusters do not"),
        (("resnet-18", "--set", "wrapper_children=1"), "needs at least 248 clusters"),
        ((), "nothing to run: name a network"),
    ],
)
def test_mistakes_are_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
):
    assert run_alpine(monkeypatch, *arguments, *SYSTEM) == 2
    said = capfd.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_file_stands_in_place_of_a_case():
    with pytest.raises(AlpineError, match="leave one out"):
        many_core_spec("resnet-18", system="manycore-512", case="naive", mapping="a.yaml")


def test_every_number_of_the_machine_is_described(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(
        sys, "argv", ["alpine", "system", "describe", "manycore-512", "--set", "cores=8"]
    )
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    said = " ".join(capsys.readouterr().out.split())
    assert "512 clusters of 8 cores" in said
    assert "software_cycles = 700 cycles" in said and "assumed, published nowhere" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--system", "manycore-51"), "did you mean manycore-512"),
        (("--rtl-clusters", "2"), "--rtl-clusters is for systems such as manycore-512"),
    ],
)
def test_mistakes_on_other_systems(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
):
    assert run_alpine(monkeypatch, "mlp", *arguments) == 2
    assert message in capfd.readouterr().err
