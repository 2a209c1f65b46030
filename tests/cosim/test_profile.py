import time

import numpy as np
import pytest

from alpine_cosim.crossbar import NativeCrossbar
from alpine_cosim.profile import PRODUCTS, TILE, profiled


def test_crossbar_keeps_the_host_time_of_its_products():
    crossbar = NativeCrossbar(rows=256, columns=256)
    assert crossbar.host_seconds == 0
    start = time.perf_counter()
    crossbar.multiply(np.ones(256, np.int8))
    assert 0 < crossbar.host_seconds <= time.perf_counter() - start


def test_native_products_are_told_apart_from_the_tile():
    clock = iter([2.0, 2.75])
    result, seconds = profiled(lambda x: x + 1, 1, native_products_s=lambda: next(clock))
    assert result == 2
    assert seconds[PRODUCTS] == pytest.approx(0.75)
    assert seconds[TILE] == pytest.approx(-0.75)  # nothing ran in the tile of this call
