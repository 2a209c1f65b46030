# SPDX-License-Identifier: Apache-2.0
"""Networks on many-cores: which clusters have which layer, and the stages that follow."""

from .builders import ALLOCATIONS, auto, naive, replicated, residual_l1
from .chunked_layers import ChunkedLayer, ChunkSource, LayerWork, chunked_layers
from .lowering import lower
from .records import Allocation, LayerAllocation, ResidualPlace

__all__ = [
    "ALLOCATIONS",
    "Allocation",
    "ChunkSource",
    "ChunkedLayer",
    "LayerAllocation",
    "LayerWork",
    "ResidualPlace",
    "auto",
    "chunked_layers",
    "lower",
    "naive",
    "replicated",
    "residual_l1",
]
