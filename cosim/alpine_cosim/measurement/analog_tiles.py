# SPDX-License-Identifier: Apache-2.0
"""Tiles whose crossbars a run sets up: ideal ones, or those of imperfect chips."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from alpine_models.device import AnalogCrossbar, AnalogDevice, NoiseKey
from alpine_platform.accelerators.tile_port import TilePort
from alpine_sw.library.tile_plan import TilePlan

from .accelerator_setup import Crossbar

__all__ = ["ChipSeries", "TileWithCrossbar", "TilesWithCrossbars", "analog_crossbar", "programmed"]


class TileWithCrossbar(Protocol):
    """A tile whose crossbar can be set up."""

    @property
    def crossbar(self) -> Crossbar:
        """The analog part."""
        ...

    def install(self, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        ...


class TilesWithCrossbars(TilePort, Protocol):
    """A tile port whose crossbars can be set up."""

    @property
    def tiles(self) -> Sequence[TileWithCrossbar]:
        """The tiles."""
        ...

    def restart_time(self) -> None:
        """Begin time anew: the next batch may start at time 0. No tile must be at work."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipSeries:
    """Chips of one device that run one after the other.

    Members
    -------
    device : what their tiles are made of.
    seed : of all their imperfections.
    chips : how many; chip number k has the same imperfections whatever their count.
    """

    device: AnalogDevice
    seed: int
    chips: int


def programmed(plan: TilePlan) -> npt.NDArray[np.bool_]:
    """Return which cells of a tile hold weights, [columns, rows]."""
    cells = np.zeros((plan.config.columns, plan.config.rows), np.bool_)
    for placement in plan.placements:
        cells[placement.columns, placement.rows] = True
    return cells


def analog_crossbar(
    plan: TilePlan,
    *,
    weights: npt.NDArray[np.int8],
    lsb: npt.NDArray[np.float64],
    series: ChipSeries,
    chip: int,
    tile: int,
    verify: bool = True,
) -> AnalogCrossbar:
    """Return a chip's crossbar for a tile, holding what lies in its cells where the plan says so.

    Parameters
    ----------
    weights, lsb : of the tile, [columns, rows] and [columns].
    series, chip : which chip. tile : its number in the order of the workload's plans.
    verify : verify the cells here, if the device asks for it.
    """
    return series.device.crossbar(
        weights=weights,
        programmed=programmed(plan),
        lsb=lsb,
        key=NoiseKey(seed=series.seed, chip=chip, tile=tile),
        verify=verify,
    )
