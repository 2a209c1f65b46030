# SPDX-License-Identifier: Apache-2.0
"""Figures that the paper prints (Bruschi et al., DATE 2023, arXiv 2211.12877)."""

from dataclasses import dataclass

__all__ = [
    "AREA_MM2",
    "BATCH",
    "BATCH_MS",
    "CHAIN",
    "CLUSTERS",
    "CLUSTERS_IN_USE",
    "ENERGY_MJ",
    "GVSOC_MINUTES",
    "IMAGES_PER_S",
    "LAYER_AREA_EFFICIENCY",
    "STEPS",
    "TOPS",
    "TOPS_PER_W",
    "PublishedStep",
]

BATCH = 16
"""Images of a batch."""
IMAGES_PER_S = 3303
BATCH_MS = BATCH / IMAGES_PER_S * 1e3
"""Derived: 4.84 ms; the paper's introduction prints 4.8 ms, its conclusion 9.2 ms."""
TOPS = 20.2
TOPS_PER_W = 6.5
ENERGY_MJ = 15
"""Of a batch, at 5 nm."""
CLUSTERS = 512
CLUSTERS_IN_USE = 322
AREA_MM2 = 480
"""Of all clusters, at 5 nm."""
GVSOC_MINUTES = 20
"""Host time of the published simulation, at most, on an Intel i7-2600."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedStep:
    """A step of the published optimisation.

    Members
    -------
    case : its allocation here. about : it.
    gain : printed; whether over the first step or the one before is not said.
    further_clusters : printed, beyond the step before.
    """

    case: str
    about: str
    gain: float
    further_clusters: int | None


STEPS = (
    PublishedStep(case="naive", about="several clusters a layer", gain=1.0, further_clusters=None),
    PublishedStep(case="replicated", about="and copies of layers", gain=1.6, further_clusters=61),
    PublishedStep(case="residual-l1", about="and residuals in L1", gain=1.9, further_clusters=2),
)

CHAIN = (1.6, 4.7, 23.8, 28.4)
"""Factors below the ideal after global mapping, local mapping, unbalance and communication."""

LAYER_AREA_EFFICIENCY = {"12 conv": 600, "20 conv": 50, "21 conv": 50, "23 conv": 50, "24 conv": 50}
"""Printed GOPS/mm2 of layers; over which time is not said."""
