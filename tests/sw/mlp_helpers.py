# SPDX-License-Identifier: Apache-2.0
"""A small perceptron for tests."""

import numpy as np

from alpine_sw.datasets.code_words import exhaustive_code
from alpine_sw.networks import MlpNetwork


def network(inputs: int = 13, hidden: int = 10, outputs: int = 8, *, seed: int = 5) -> MlpNetwork:
    rng = np.random.default_rng(seed)
    return MlpNetwork(
        name="small",
        weights=(
            rng.integers(-128, 128, (hidden, inputs)).astype(np.int8),
            rng.integers(-128, 128, (outputs, hidden)).astype(np.int8),
        ),
        lsb=(
            rng.uniform(50, 200, hidden).astype(np.float32),
            rng.uniform(50, 200, outputs).astype(np.float32),
        ),
        code_words=exhaustive_code(3),
    )
