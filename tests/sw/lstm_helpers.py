# SPDX-License-Identifier: Apache-2.0
import numpy as np

from alpine_sw.networks.lstm import LstmNetwork

__all__ = ["network"]


def network(hidden: int = 9) -> LstmNetwork:
    """A network of random weights."""
    rng = np.random.default_rng(3)
    return LstmNetwork(
        name="small",
        cell_weights=rng.integers(-128, 128, (4 * hidden, hidden + 50)).astype(np.int8),
        cell_lsb=rng.uniform(100, 400, 4 * hidden).astype(np.float32),
        gate_scale=0.05,
        dense_weights=rng.integers(-128, 128, (50, hidden)).astype(np.int8),
        dense_lsb=rng.uniform(100, 400, 50).astype(np.float32),
        logit_scale=0.07,
    )
