# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; `mvm` wraps what is here.
"""Exact int8 products, compiled: what the matrix kernels compute, however they are timed."""

from collections.abc import Callable

import numpy as np

from alpine_models.compiling import cached

__all__ = ["int8_product"]


@cached()
def product(weights, inputs, outputs):
    for row in range(weights.shape[0]):
        total = np.int32(0)
        for column in range(weights.shape[1]):
            total += np.int32(weights[row, column]) * np.int32(inputs[column])
        outputs[row] = total


int8_product: Callable[..., None] = product
"""Write W[OUT][IN] times inputs[IN], all int8, into int32 outputs[OUT]."""
