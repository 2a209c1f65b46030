# SPDX-License-Identifier: Apache-2.0
import pstats
import time

import numpy as np

from alpine_cosim.hardware.native_macro import NativeMacro
from alpine_cosim.measurement.profile import PRODUCTS, REST, TILE, profiled


def test_crossbar_keeps_the_host_time_of_its_products():
    crossbar = NativeMacro(rows=256, columns=256)
    assert crossbar.host_seconds == 0
    start = time.perf_counter()
    crossbar.multiply(np.ones(256, np.int8))
    assert 0 < crossbar.host_seconds <= time.perf_counter() - start


def test_native_products_are_told_apart_from_the_tile(monkeypatch):
    # What Python's profiler gives: own seconds per function, by the file that it is in. Native
    # products count for the tile's function that calls them.
    own_seconds = {
        "/alpine_cosim/hardware/rtl_tile.py": 2.0,
        "/alpine_sw/kernels/products.py": 0.25,
        "/alpine_sw/programs/dense_stage.py": 0.5,
        "/elsewhere.py": 0.125,
    }

    class Statistics:
        def __init__(self, profiler):
            self.stats = {
                (file, 1, "function"): (1, 1, own, own, {}) for file, own in own_seconds.items()
            }

    monkeypatch.setattr(pstats, "Stats", Statistics)
    clock = iter([10.0, 10.75])
    result, seconds = profiled(lambda x: x + 1, 1, native_products_s=lambda: next(clock))
    assert result == 2
    shares = {layer: own for layer, own in seconds.items() if own}
    assert shares == {
        TILE: 2.0 - 0.75,
        PRODUCTS: 0.25 + 0.75,
        "programs and kernels": 0.5,
        REST: 0.125,
    }
