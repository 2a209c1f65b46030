# SPDX-License-Identifier: Apache-2.0
"""Energy constants."""

from dataclasses import dataclass

from alpine_models.energy import ProductRule

from .fields import TABLE_I, Checked, described

__all__ = ["CoreEnergyConfig", "EnergyConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreEnergyConfig(Checked):
    """Energy constants of a core: ALPINE, Table I(B)."""

    core_idle_pj_per_cycle: float = described(
        "idle core", source=TABLE_I + "(B)", minimum=0, maximum=1e6
    )
    core_wait_pj_per_cycle: float = described(
        "core waiting for memory", source=TABLE_I + "(B)", minimum=0, maximum=1e6
    )
    core_active_pj_per_cycle: float = described(
        "active core", source=TABLE_I + "(B)", minimum=0, maximum=1e6
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyConfig(Checked):
    """Energy constants of what cores share, and of tiles: ALPINE, Table I(B) and I(C)."""

    count_unused_cores: bool = described(
        "cores without a program cost what idle ones cost, as parts of the chip",
        source="this project: an option, which the paper's figures leave open (docs/paper.md)",
        default=True,
    )
    llc_leakage_w: float = described(
        "leakage of the whole last-level cache", source=TABLE_I + "(B)", minimum=0, maximum=1000
    )
    llc_read_pj_per_byte: float = described(
        "last-level cache read", source=TABLE_I + "(B)", minimum=0, maximum=1e6
    )
    llc_write_pj_per_byte: float = described(
        "last-level cache write", source=TABLE_I + "(B)", minimum=0, maximum=1e6
    )
    dram_pj_per_access: float = described(
        "one DRAM access", source=TABLE_I + "(B)", minimum=0, maximum=1e6, default=120.0
    )
    memory_controller_io_w: float = described(
        "memory controller and I/O, reported apart", source=TABLE_I + "(B)", minimum=0, maximum=1000
    )
    tile_tops_per_w: float = described(
        "efficiency of a 256 x 256 product in 14 nm",
        source=TABLE_I + "(C)",
        minimum=1e-3,
        maximum=1e6,
        default=12.8,
    )
    tile_energy_rule: ProductRule = described(
        "how a product's energy depends on the tile's lines, an extrapolation beyond 256 of them:"
        " bilinear has a part per cell, linear has none",
        source="Garofalo et al., arXiv 2201.01089",
        default=ProductRule.BILINEAR,
    )
    tile_scaling: float = described(
        "power factor from 14 nm to the system's 28 nm and voltage",
        source="ALPINE, Sec. III-B",
        minimum=1e-3,
        maximum=1000,
    )
