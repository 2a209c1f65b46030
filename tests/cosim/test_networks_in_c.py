# SPDX-License-Identifier: Apache-2.0
"""Networks as programs in C, compiled for the processor and for this machine: golden's outputs."""

import os
import runpy
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cosim.small_perceptron import HIDDEN, INPUTS, OUTPUTS

from alpine_sw.datasets.texts import one_hot
from alpine_sw.library.c import CHECKER, INCLUDE
from alpine_sw.networks.lstm import LstmNetwork
from alpine_sw.networks.mlp import MlpNetwork

EXAMPLE = Path(__file__).parents[2] / "examples" / "17_networks_in_c.py"
COUNT = 3


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


def written(name: str, example: dict[str, Any], path: Path) -> tuple[str, bytes]:
    """Write a small network's file; return its tile, and what golden gives."""
    random = np.random.default_rng(5)

    def weights(outputs: int, inputs: int) -> np.ndarray:
        return random.integers(-128, 128, (outputs, inputs), np.int8)

    def lsb(outputs: int) -> np.ndarray:
        return random.uniform(300, 900, outputs).astype(np.float32)

    if name == "mlp":
        network = MlpNetwork(
            name="small",
            weights=(weights(HIDDEN, INPUTS), weights(OUTPUTS, HIDDEN)),
            lsb=(lsb(HIDDEN), lsb(OUTPUTS)),
            code_words=np.eye(OUTPUTS, dtype=np.int8),
        )
        inputs = random.integers(0, 128, (COUNT, INPUTS), np.int8)
        return example["write_mlp"](network, inputs, path), network.golden(inputs).tobytes()
    # Sums of thousands in codes of hundreds: the gates' functions see what is neither 0 nor 1.
    network = LstmNetwork(
        name="small",
        cell_weights=weights(4 * 9, 9 + 50),
        cell_lsb=lsb(4 * 9),
        gate_scale=0.0371,
        dense_weights=weights(50, 9),
        dense_lsb=lsb(50),
        logit_scale=0.0529,
    )
    inputs = one_hot(random.integers(0, 41, COUNT))
    return example["write_lstm"](network, inputs, path), network.golden(inputs).tobytes()


@pytest.mark.parametrize("name", ["mlp", "lstm"])
def test_a_network_compiled_for_the_processor_gives_goldens_bytes(
    name: str, tmp_path: Path, example: dict[str, Any]
):
    if example["cross_compiler"]() is None:
        pytest.skip("no compiler for AArch64: gcc-aarch64-linux-gnu or ziglang")
    data = tmp_path / "network.bin"
    tile, golden = written(name, example, data)
    program = example["compile_program"](name, tmp_path)
    outputs, figures = example["execute"](program, data, tile, "--engine", "model")
    assert outputs == golden
    assert len(set(golden)) > 10
    # Two products for each image or symbol, outside of which the tile is programmed.
    assert figures["cm_instructions"]["process"] == 2 * COUNT
    assert figures["instructions_by_class"]["cm_process"] == 2 * COUNT
    assert figures["cm_instructions"]["initialize"] > 0
    queued = {"mlp": 16 + 3, "lstm": 15 + 3}[name]
    assert figures["instructions_by_class"]["cm_queue"] == COUNT * queued
    assert sum(figures["breakdown"].values()) == pytest.approx(1)


@pytest.mark.parametrize("name", ["mlp", "lstm"])
def test_the_same_source_gives_goldens_bytes_in_the_checker(
    name: str, tmp_path: Path, example: dict[str, Any]
):
    data, program = tmp_path / "network.bin", tmp_path / name
    tile, golden = written(name, example, data)
    strict = ["-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-ffp-contract=off"]
    source = EXAMPLE.parent / "c" / f"{name}.c"
    subprocess.run(
        ["gcc", *strict, "-DAIMC_CHECKER", f"-I{INCLUDE}", source, CHECKER, "-lm", "-o", program],
        check=True,
    )
    environment = {**os.environ, "AIMC_TILE": tile}
    done = subprocess.run([program, data], env=environment, capture_output=True, check=True)
    assert done.stdout == golden
