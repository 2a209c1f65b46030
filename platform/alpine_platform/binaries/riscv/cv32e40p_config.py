# SPDX-License-Identifier: Apache-2.0
"""Configuration of CV32E40P cores, and the published cluster of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from alpine_platform.config import SystemConfig
from alpine_platform.config.cluster import (
    ClusterConfig,
    ClusterMemoryConfig,
    DmaConfig,
    EventUnitConfig,
    ScratchPadConfig,
)
from alpine_platform.config.core import CoreTypeConfig
from alpine_platform.config.fields import described

__all__ = ["CLUSTER_SYSTEMS", "MAX_CORES", "Cv32e40pConfig", "imc_cluster"]

MAX_CORES = 16
"""Cores of one cluster that execute programs: those that its event unit has bits for."""

MANUAL = "CV32E40P User Manual, Pipeline Details, cycle counts per instruction type"


def _cycles(text: str, *, default: int, source: str = MANUAL, minimum: int = 1) -> int:
    return described(text, source=source, minimum=minimum, maximum=1000, default=default)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cv32e40pConfig(CoreTypeConfig):
    """Cycles of CV32E40P's instructions; all that are not named take one."""

    frequency_hz: float = described(
        "core clock",
        source="Garofalo et al., arXiv 2201.01089",
        minimum=1e6,
        maximum=100e9,
        default=500e6,
    )
    taken_branch_cycles: int = _cycles("a branch that is taken", default=3)
    jump_cycles: int = _cycles("jal, jalr, fence.i and mret", default=2)
    unaligned_target_cycles: int = _cycles(
        "more where a target of 32 bits lies across a word", default=1, minimum=0
    )
    high_product_cycles: int = _cycles("mulh, mulhu and mulhsu", default=5)
    division_least_cycles: int = _cycles(
        "a division by a number without leading zeros; each of them takes one more", default=3
    )
    slow_csr_cycles: int = _cycles("an access to the registers that the manual lists", default=4)
    event_load_cycles: int = _cycles("cv.elw whose event is there", default=4)
    trap_cycles: int = _cycles(
        "from an exception to the first instruction of its handler",
        default=2,
        source="this project: assumed to be a jump's",
    )


def imc_cluster(cores: int, *, frequency_hz: float = 500e6) -> ClusterConfig:
    """Return the published cluster with so many cores; the memory behind it has the same clock."""
    return ClusterConfig(
        name="imc_cluster",
        cores=cores,
        accelerators=1,
        core=Cv32e40pConfig(frequency_hz=frequency_hz),
        scratch_pad=ScratchPadConfig(),
        dma=DmaConfig(),
        event_unit=EventUnitConfig(),
        memory=ClusterMemoryConfig(frequency_hz=frequency_hz),
    )


CLUSTER_SYSTEMS: Mapping[str, SystemConfig] = {
    "imc-cluster": SystemConfig(name="imc-cluster", clusters=(imc_cluster(8),)),
    "imc-cluster-250": SystemConfig(
        name="imc-cluster-250", clusters=(imc_cluster(8, frequency_hz=250e6),)
    ),
}
"""Systems whose cores execute RISC-V programs: 500 MHz at 0.8 V, and 250 MHz at 0.65 V, for which
no energy is published (Garofalo et al., arXiv 2201.01089)."""
