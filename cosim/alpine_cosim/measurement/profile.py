# SPDX-License-Identifier: Apache-2.0
"""Where host time goes in a run: RTL, products, the compiled platform, Python."""

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

__all__ = ["print_profile", "profiled"]

TILE = "RTL, or timed tile with its products"
PRODUCTS = "products"
LAYERS = {
    TILE: (
        "rtl_tile.py",
        "rtl_accelerator.py",
        "timed_tile.py",
        "timed_tile_kernel.py",
        "timed_accelerator.py",
        "accelerator_kernel.py",
        "register_port.py",
        "verilated_register_port.py",
    ),
    PRODUCTS: ("products.py",),
    "platform, compiled": ("turns_kernel.py",),
    "platform, Python": ("alpine_platform", "simpy"),
    "programs and kernels": ("alpine_sw",),
    "measurement": ("alpine_cosim",),
}
"""Layers by what their source files' paths contain; the first that matches counts."""
Argument = TypeVar("Argument")
Result = TypeVar("Result")
REST = "everything else: numpy, Python itself"


def profiled(
    function: Callable[[Argument], Result],
    argument: Argument,
    *,
    native_products_s: Callable[[], float] = lambda: 0.0,
) -> tuple[Result, dict[str, float]]:
    """Call a function under Python's profiler; return its result and the seconds per layer.

    Native and compiled code counts for the Python function that calls it. The profiler itself makes
    Python's share look larger than it is, by up to a factor of two.

    Parameters
    ----------
    native_products_s : host seconds that native products inside the tile have taken so far.
    """
    profiler: Any = cProfile.Profile()
    before = native_products_s()
    with profiler:
        result = function(argument)
    products = native_products_s() - before
    seconds = dict.fromkeys((*LAYERS, REST), 0.0)
    statistics: Any = pstats.Stats(profiler)
    # (file, line, function) -> (calls, primitive calls, own time, time with callees, callers)
    for (file, _, _), (_, _, own, _, _) in statistics.stats.items():
        seconds[_layer(file)] += own
    seconds[TILE] -= products
    seconds[PRODUCTS] += products
    return result, seconds


def print_profile(seconds: dict[str, float], console: Console) -> None:
    """Print the layers, the slowest first."""
    total = sum(seconds.values()) or 1.0
    table = Table(
        title="Host time of the inferences, under the profiler",
        title_justify="left",
        show_header=False,
    )
    table.add_column("layer")
    table.add_column("seconds", justify="right")
    table.add_column("share", justify="right")
    for layer, own in sorted(seconds.items(), key=lambda item: -item[1]):
        table.add_row(layer, f"{own:.2f}", f"{own / total:.0%}")
    console.print(table)


def _layer(file: str) -> str:
    path = Path(file)
    for layer, marks in LAYERS.items():
        if any(mark in (path.name, *path.parts) for mark in marks):
            return layer
    return REST
