# SPDX-License-Identifier: Apache-2.0
"""ONNX operators in floating point; `OPERATORS` lists all that are supported."""

from . import (
    elementwise,
    matrices,
    normalisation,
    pooling,
    recurrent,
    resampling,
    scales,
    shaping,
)
from .operator import OnnxOperator, UnsupportedError

__all__ = ["OPERATORS", "REFUSED", "OnnxOperator", "UnsupportedError"]

_MODULES = (
    elementwise,
    matrices,
    normalisation,
    pooling,
    recurrent,
    resampling,
    scales,
    shaping,
)


def _named() -> dict[str, type[OnnxOperator]]:
    """Operators by name: the dataclasses of all modules that have no abstract methods left."""
    found: dict[str, type[OnnxOperator]] = {}
    for module in _MODULES:
        for name in module.__all__:
            kind = getattr(module, name)
            if not getattr(kind, "__abstractmethods__", None):
                found[kind.kind()] = kind
    return dict(sorted(found.items()))


OPERATORS = _named()
"""Every supported operator by its ONNX name."""

REFUSED = {
    "ConvTranspose": "its outputs are sums over several positions' products, which no converter of "
    "a tile sees together",
}
"""Operators that are refused for a reason, in words."""
