# SPDX-License-Identifier: Apache-2.0
"""What came of a program's execution on a cluster with accelerators."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from ..outcome import ProgramOutcome

__all__ = ["AcceleratorJob", "AcceleratorKind", "ClusterActivity", "ClusterOutcome"]


class AcceleratorKind(IntEnum):
    """An accelerator, by the number of its configuration port."""

    IMA = 0
    DEPTHWISE = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorJob:
    """One context of an accelerator.

    Members
    -------
    engine : that worked on it.
    start_cycle : in which its trigger was accepted.
    end_cycle : of its event; None where the program ended before, or a soft clear dropped it.
    """

    engine: AcceleratorKind
    start_cycle: int
    end_cycle: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterActivity:
    """What accelerators and DMA did.

    Members
    -------
    jobs : contexts, in the order in which they were triggered.
    products : uint64 [n, 2], of the in-memory accelerator's products the first cycle and the one
        behind the last; 0 instead of the latter where a product was dropped.
    counters : registers of ``ima``, ``depthwise`` and ``dma`` that count, by name, as they stand
        when the program has ended.
    transfers_digest : of all that passed the accelerators' memory ports, and of its cycles.
    """

    jobs: tuple[AcceleratorJob, ...]
    products: npt.NDArray[np.uint64]
    counters: Mapping[str, Mapping[str, int]]
    transfers_digest: int

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they are written to a file."""
        engines = [self.counters[each.name.lower()] for each in AcceleratorKind]
        return {
            "jobs": len(self.jobs),
            "products": sum(each["products"] for each in engines),
            "stalled_cycles": sum(each["stalled_cycles"] for each in engines),
            "dma_bytes": self.counters["dma"]["bytes"],
            "counters": {name: dict(values) for name, values in self.counters.items()},
            "job_cycles": [
                {
                    "engine": job.engine.name.lower(),
                    "start_cycle": job.start_cycle,
                    "end_cycle": job.end_cycle,
                }
                for job in self.jobs
            ],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterOutcome(ProgramOutcome):
    """What a program did, and the accelerators for it.

    Members
    -------
    activity : of accelerators and DMA.
    """

    activity: ClusterActivity

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they are written to a file."""
        return ProgramOutcome.as_json(self) | self.activity.as_json()
