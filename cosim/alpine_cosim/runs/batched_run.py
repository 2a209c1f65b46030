# SPDX-License-Identifier: Apache-2.0
"""Runs without a system: a mapping's products on whole data sets, in native code.

The codes are those of every engine for the same device, seed and chip; there are no times.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.hardware.native_macro import AnalogProducts
from alpine_cosim.measurement.analog_tiles import ChipSeries, analog_crossbar
from alpine_cosim.spec.network import Task
from alpine_models.crossbar import IdealCrossbar
from alpine_models.device import AnalogCrossbar, AnalogDevice
from alpine_models.waiting import mapped
from alpine_sw.graph import arithmetic
from alpine_sw.library.tile_plan import MatrixOnTile, TilePlan
from alpine_sw.library.workloads import Workload

__all__ = ["BatchedChip", "run_batched"]

Codes = NDArray[np.int8]

SLICE = 64
"""Vectors that a thread takes at a time; whole blocks of the native kernel."""


class Products(Protocol):
    """What multiplies with a part of one tile."""

    def multiply(
        self, dac_codes: Codes, *, row: int, column: int, columns: int, first: int, step: int = 1
    ) -> Codes:
        """Return ADC codes [n, columns]; see `AnalogProducts.multiply`."""
        ...


class BatchedChip:
    """One chip with a workload's tiles, programmed; ageing it keeps its devices.

    Parameters
    ----------
    workload : what the tiles hold.
    device : what they are made of, or None for ideal ones.
    seed, chip : of the imperfections.
    threads : that share products of many vectors.
    """

    def __init__(
        self,
        workload: Workload,
        *,
        device: AnalogDevice | None,
        seed: int = 0,
        chip: int = 0,
        threads: int = 1,
    ):
        plans = self._plans = workload.tiles
        self._threads = threads
        self._crossbars: list[AnalogCrossbar] = []
        self._products: list[Products] = []
        if device is None:
            self._products = [_IdealProducts(*_contents(plan)) for plan in plans]
            return
        series = ChipSeries(device=device, seed=seed, chips=chip + 1)
        for number, plan in enumerate(plans):
            weights, lsb = _contents(plan)
            self._crossbars.append(
                analog_crossbar(
                    plan, weights=weights, lsb=lsb, series=series, chip=chip, tile=number
                )
            )
        self._products = [AnalogProducts(crossbar) for crossbar in self._crossbars]

    def age(self, after_s: float) -> None:
        """Move an imperfect chip to another time after programming."""
        for crossbar in self._crossbars:
            crossbar.age(after_s)
        self._products = [AnalogProducts(crossbar) for crossbar in self._crossbars]

    def outputs(self, task: Task) -> NDArray[Any]:
        """Return the outputs [inferences, outputs] of a run from its first product on."""
        if task.batched is None:
            raise ValueError("a mapping without tiles has no products to run alone")
        with ThreadPoolExecutor(self._threads) as pool:

            def products(
                codes: Codes, *, tile: int, placement: int = 0, first: int = 0, step: int = 1
            ) -> Codes:
                part = self._plans[tile].placements[placement]
                multiply = _multiplier(self._products[tile], part, first, step)
                if self._threads == 1 or len(codes) <= SLICE:
                    return multiply(codes, 0)

                def multiply_slice(start: int) -> Codes:
                    return multiply(codes[start : start + SLICE], start)

                return np.concatenate(mapped(pool, multiply_slice, range(0, len(codes), SLICE)))

            return task.batched(task.inputs, products)


def run_batched(
    task: Task,
    *,
    device: AnalogDevice | None,
    seed: int = 0,
    chip: int = 0,
    threads: int = 1,
) -> NDArray[Any]:
    """Return one chip's outputs [inferences, outputs] at the device's time after programming."""
    made = BatchedChip(task.workload, device=device, seed=seed, chip=chip, threads=threads)
    return made.outputs(task)


class _IdealProducts:
    """The products of an ideal tile, by the golden reference."""

    def __init__(self, weights: Codes, lsb: NDArray[np.float64]):
        self._weights, self._lsb = weights, lsb.astype(np.float32)

    def multiply(
        self, dac_codes: Codes, *, row: int, column: int, columns: int, first: int, step: int = 1
    ) -> Codes:
        """Return ADC codes [n, columns], whatever the products' numbers."""
        lines = slice(column, column + columns)
        cells = self._weights[lines, row : row + dac_codes.shape[1]]
        return arithmetic.dense(dac_codes, cells, self._lsb[lines])


def _multiplier(
    products: Products, placement: MatrixOnTile, first: int, step: int
) -> Callable[[Codes, int], Codes]:
    def multiply(codes: Codes, start: int) -> Codes:
        return products.multiply(
            codes,
            row=placement.row,
            column=placement.column,
            columns=len(placement.weights),
            first=first + start * step,
            step=step,
        )

    return multiply


def _contents(plan: TilePlan) -> tuple[Codes, NDArray[np.float64]]:
    """Weights and ADC steps of a programmed tile."""
    crossbar = IdealCrossbar(rows=plan.config.rows, columns=plan.config.columns)
    for placement in plan.placements:
        crossbar.weights[placement.columns, placement.rows] = placement.weights
    crossbar.lsb[:] = plan.lsb
    return crossbar.weights, crossbar.lsb
