# SPDX-License-Identifier: Apache-2.0
"""What a worker of a cluster loads so that the small perceptron is its network mlp, too."""

from contextlib import ExitStack
from typing import Any

from tests.cosim.small_perceptron import small_perceptron_is_mlp

__all__ = ["dask_setup"]

FOR_GOOD = ExitStack()


def dask_setup(_worker: Any) -> None:
    """Dask calls it when a worker starts."""
    FOR_GOOD.enter_context(small_perceptron_is_mlp())
