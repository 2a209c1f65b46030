# SPDX-License-Identifier: Apache-2.0
"""A system of one RV32IMC core with its tiles behind CV-X-IF."""

from collections.abc import Mapping
from dataclasses import replace

from alpine_models.tile import TileConfig
from alpine_platform.config import SystemConfig

from .cv32e40p_config import imc_cluster

__all__ = ["TILE_SYSTEMS", "tile_at_frequency"]

TILE_SYSTEMS: Mapping[str, SystemConfig] = {
    "riscv-tile": SystemConfig(
        name="riscv-tile", clusters=(replace(imc_cluster(1), name="riscv_tile", accelerators=0),)
    )
}
"""The core has the cycles and the memories of the IMC cluster's, without CORE-V's extensions
(assumed: no such system is published)."""

MVM_SECONDS = 100e-9
"""Of a matrix-vector multiplication: Klein et al. 2022, Table I(C)."""


def tile_at_frequency(config: TileConfig, frequency_hz: float) -> TileConfig:
    """Return a tile whose multiplication takes the published time on a clock, rounded up."""
    cycles = max(3, -(-int(MVM_SECONDS * 1e12) * int(frequency_hz) // 10**12))
    rest = config.precharge_cycles + config.digitise_cycles
    return replace(config, integrate_cycles=max(1, cycles - rest))
