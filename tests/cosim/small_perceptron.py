# SPDX-License-Identifier: Apache-2.0
"""A perceptron that makes campaigns and whole runs quick."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from alpine_cosim.spec.network import Task
from alpine_cosim.spec.networks import NETWORKS
from alpine_models.tile import TileConfig
from alpine_sw.mapping.published_mlp import analog_mlp
from alpine_sw.networks.mlp import MlpNetwork
from alpine_sw.programs.generate import mapped_workload

__all__ = [
    "EVERY_TILE",
    "HIDDEN",
    "INPUTS",
    "OUTPUTS",
    "small_perceptron",
    "small_perceptron_is_mlp",
]

INPUTS, HIDDEN, OUTPUTS = 64, 12, 10
EVERY_TILE = TileConfig(rows=INPUTS + HIDDEN, columns=HIDDEN + OUTPUTS)
"""Holds what a tile has to in each case, so that one model serves all."""


def small_perceptron(*, case: int = 2, count: int = 2, config: TileConfig | None = None) -> Task:
    """A perceptron of 64, 12 and 10 values; in case 2 in a tile of 64 rows and 22 columns."""
    random = np.random.default_rng(1)
    network = MlpNetwork(
        name="small",
        weights=(
            random.integers(-127, 128, (HIDDEN, INPUTS), np.int8),
            random.integers(-127, 128, (OUTPUTS, HIDDEN), np.int8),
        ),
        lsb=(np.full(HIDDEN, 900, np.float32), np.full(OUTPUTS, 60, np.float32)),
        code_words=np.eye(OUTPUTS, dtype=np.int8),
    )
    inputs = random.integers(0, 128, (count, INPUTS), np.int8)
    inputs[0, 0] = 0
    graph = network.graph()
    return Task(
        workload=mapped_workload(graph, analog_mlp(graph, case=case, config=config)),
        inputs=inputs,
        golden=lambda: network.golden(inputs),
        accuracy=lambda outputs: network.accuracy(outputs, np.zeros(count, np.uint8)),
    )


@contextmanager
def small_perceptron_is_mlp() -> Iterator[None]:
    """Let runs of network mlp in this process, so not those on engine cocotb, run this one.

    What depends on the mapping, on engines and on the tile's RTL is the same as for the published
    network, whose tiles of a million cells and more take half a minute to build; `test_session.py`
    runs those once.
    """
    with pytest.MonkeyPatch.context() as patch:
        small = replace(
            NETWORKS["mlp"],
            prepare=lambda request: small_perceptron(
                case=int(request.case), count=request.inferences or 1, config=EVERY_TILE
            ),
        )
        patch.setitem(NETWORKS.shipped, "mlp", small)
        yield
