# SPDX-License-Identifier: Apache-2.0
"""Imperfect chips that run one after the other, and the crossbars of their tiles."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alpine_models.device import AnalogCrossbar, AnalogDevice, NoiseKey
from alpine_sw.library.tile_plan import TilePlan

__all__ = ["ChipSeries", "analog_crossbar", "programmed"]


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
