# SPDX-License-Identifier: Apache-2.0
"""A many-core: clusters with one crossbar each under a tree of routers, whose root is an HBM.

Sources: "published" is Bruschi et al., DATE 2023 (arXiv 2211.12877); "released" is the public GVSoC
configuration of that machine; "derived" follows from published figures by arithmetic; "assumed" is
published nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from alpine_models.checks import checked_path
from alpine_models.choices import choose
from alpine_platform.config.fields import Checked, described
from alpine_platform.config.overrides import parse_setting, read_toml
from alpine_platform.config.replacing import override
from alpine_platform.time import period_fs

__all__ = ["MANY_CORES", "ManyCoreConfig", "changed_many_core"]

PUBLISHED = "published: Bruschi et al., arXiv 2211.12877, Table I"
RELEASED = "released: GVSoC's public model of the machine"
DERIVED = "derived"
ASSUMED = "assumed, published nowhere"


def children(router: str, *, default: int) -> int:
    """Declare the number of a router's children."""
    return described(
        f"children of {router}", source=PUBLISHED, minimum=1, maximum=64, default=default
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ManyCoreConfig(Checked):
    """Clusters of cores with one analog crossbar each, a tree of routers and an HBM, on one clock.

    A routers' level with one child per router costs its latency all the same.
    """

    name: str = described("name of the system", source="this project")
    wrapper_children: int = children("the router at the HBM", default=8)
    l3_children: int = children("a router of level 3", default=4)
    l2_children: int = children("a router of level 2", default=4)
    l1_children: int = children("a router of level 1, which are clusters", default=4)
    cores: int = described(
        "cores of a cluster", source=PUBLISHED, minimum=1, maximum=1024, default=16
    )
    crossbar_rows: int = described(
        "word lines of a crossbar", source=PUBLISHED, minimum=1, maximum=1024, default=256
    )
    crossbar_columns: int = described(
        "bit lines of a crossbar", source=PUBLISHED, minimum=1, maximum=1024, default=256
    )
    product_cycles: int = described(
        "cycles of a product: int(130 ns / period) + 1",
        source=RELEASED,
        minimum=4,
        maximum=(1 << 16) - 1,
        default=131,
    )
    l1_bytes: int = described(
        "L1 of a cluster", source=PUBLISHED, minimum=256, maximum=1 << 30, default=1 << 20
    )
    stream_ports: int = described(
        "ports of the accelerator's streams, each way",
        source=PUBLISHED,
        minimum=1,
        maximum=16,
        power_of_two=True,
        default=16,
    )
    stream_port_bytes: int = described(
        "width of such a port", source=RELEASED, minimum=4, maximum=4, default=4
    )
    width_bytes: int = described(
        "bytes per cycle of every router's ports",
        source=PUBLISHED,
        minimum=1,
        maximum=4096,
        default=64,
    )
    router_latency_cycles: int = described(
        "from a router's port to its target, empty",
        source=PUBLISHED,
        minimum=0,
        maximum=10**6,
        default=4,
    )
    hbm_width_bytes: int = described(
        "bytes per cycle of the link to the HBM; the released configuration has 16",
        source=PUBLISHED,
        minimum=1,
        maximum=4096,
        default=64,
    )
    hbm_latency_cycles: int = described(
        "latency of the link to the HBM", source=PUBLISHED, minimum=0, maximum=10**6, default=100
    )
    hbm_run_wait_cycles: int = described(
        "cycles that a DMA waits per contiguous run of bytes in the HBM",
        source=f"{ASSUMED}; the published gain of residuals in L1, 1.9 / 1.6, needs about 72",
        minimum=0,
        maximum=10**6,
        default=60,
    )
    hbm_run_occupancy_cycles: int = described(
        "cycles that the link to the HBM is taken per contiguous run, beside those of its bytes",
        source=ASSUMED,
        minimum=0,
        maximum=10**6,
        default=0,
    )
    dma_burst_bytes: int = described(
        "longest burst of a DMA", source=RELEASED, minimum=1, maximum=1 << 20, default=2048
    )
    software_cycles: int = described(
        "cycles of core 0 per chunk, in which neither crossbar nor cores work",
        source=f"{ASSUMED}; 700 give the published time of a batch",
        minimum=0,
        maximum=10**6,
        default=700,
    )
    wait_for_next_chunk: bool = described(
        "begin a chunk only when producers have computed the next one as well: the stricter reading"
        " of the published rule that a chunk begins when the next one can be loaded; the other is"
        " that there is room for it, which two buffers always give",
        source=f"{ASSUMED}; the stricter reading fills a batch's pipeline a chunk a stage later",
        default=False,
    )
    partial_sum_cycles_per_element: float = described(
        "cycles of a cluster's cores together to add one element of a partial sum",
        source=f"{ASSUMED}; five instructions per word of four codes (a load, two unpackings, two"
        " additions) on 16 cores; the published time allows at most 0.6",
        minimum=0,
        maximum=1000,
        default=0.08,
    )
    residual_cycles_per_element: float = described(
        "cycles of a cluster's cores together to add one element of a residual",
        source=f"{DERIVED}: 1.2 with 8 cores (Garofalo et al., arXiv 2201.01089, Fig. 12)",
        minimum=0,
        maximum=1000,
        default=0.6,
    )
    frequency_hz: float = described(
        "clock of everything", source=PUBLISHED, minimum=1e6, maximum=100e9, default=1e9
    )

    @property
    def tree_factors(self) -> tuple[int, ...]:
        """Children of a router per level, from the clusters up."""
        return (self.l1_children, self.l2_children, self.l3_children, self.wrapper_children)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return prod(self.tree_factors)

    @property
    def stream_bytes(self) -> int:
        """Bytes per cycle of the accelerator's streams, each way."""
        return self.stream_ports * self.stream_port_bytes

    @property
    def period_fs(self) -> int:
        """Period of the clock."""
        return period_fs(self.frequency_hz)


MANY_CORES: dict[str, ManyCoreConfig] = {
    config.name: config for config in (ManyCoreConfig(name="manycore-512"),)
}
"""Published many-cores by name."""


def changed_many_core(
    name: str, *, config_file: Path | str | None = None, settings: Sequence[str] = ()
) -> ManyCoreConfig:
    """Return a many-core with fields replaced as a person writes them.

    Parameters
    ----------
    name : from `MANY_CORES`.
    config_file : TOML with fields to replace.
    settings : ``NAME=VALUE``; they prevail over the file.

    Raises
    ------
    AlpineError
        A name is unknown, or the file or a value cannot be read or is impossible.
    """
    machine = MANY_CORES[choose("system", name, MANY_CORES)]
    changes: dict[str, Any] = {}
    if config_file is not None:
        changes = read_toml(checked_path("config file", config_file))
    changes |= dict(map(parse_setting, settings))
    return override(machine, changes) if changes else machine
