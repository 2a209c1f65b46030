# SPDX-License-Identifier: Apache-2.0
"""A complex of equal cores on one clock."""

from dataclasses import dataclass

from .cache import CacheConfig
from .core import CoreTypeConfig
from .energy import CoreEnergyConfig
from .fields import TABLE_I, Checked, described

__all__ = ["CoreComplexConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreComplexConfig(Checked):
    """Equal cores on one clock, each with an L1 data cache of its own.

    Members
    -------
    core : type of the cores and their clock; `cores.core_models` makes the model.
    l1 : the cache of each, whose cycles are the core's.
    energy : what a cycle of a core costs.
    """

    name: str = described("name of the complex", source="this project", default="cpu")
    cores: int = described("number of cores", source=TABLE_I, minimum=1, maximum=64, default=8)
    core: CoreTypeConfig
    l1: CacheConfig
    energy: CoreEnergyConfig
