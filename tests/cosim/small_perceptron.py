"""A perceptron that makes campaigns quick."""

import numpy as np

from alpine_cosim.tasks import Task
from alpine_sw.mlp import analog_mlp
from alpine_sw.networks.mlp import MlpNetwork
from alpine_sw.workloads import Software

__all__ = ["HIDDEN", "INPUTS", "OUTPUTS", "small_perceptron"]

INPUTS, HIDDEN, OUTPUTS = 64, 12, 10


def small_perceptron() -> Task:
    """A perceptron of 64, 12 and 10 values in a tile of 64 rows and 22 columns."""
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
    inputs = random.integers(0, 128, (2, INPUTS), np.int8)
    inputs[0, 0] = 0
    return Task(
        workload=analog_mlp(network, case=2, software=Software.RELEASED),
        inputs=inputs,
        golden=lambda: network.golden(inputs),
        accuracy=lambda outputs: network.accuracy(outputs, np.zeros(2, np.uint8)),
    )
