# SPDX-License-Identifier: Apache-2.0
"""Every operator that has a form in codes, with its rule."""

from collections.abc import Callable

from ..network import FloatNode
from . import elementwise, images, matrices, moving, recurrent, shaping
from .lowering import Lowering

__all__ = ["RULES"]

RULES: dict[str, Callable[[Lowering, FloatNode], None]] = dict(
    sorted(
        {
            **elementwise.RULES,
            **images.RULES,
            **matrices.RULES,
            **moving.RULES,
            **recurrent.RULES,
            **shaping.RULES,
        }.items()
    )
)
"""Rules by ONNX name."""
