# SPDX-License-Identifier: Apache-2.0
"""A call of AIMClib without `yield from` says that it did nothing."""

import warnings

import numpy as np
import pytest

from alpine_cosim import run_program
from alpine_models.tile import TileConfig
from alpine_sw.library.aimclib import Aimc, Tile, section
from alpine_sw.library.program_call import ForgottenCallWarning

WEIGHTS = np.eye(4, dtype=np.int8)
CODES = np.array([1, 2, 3, 4], np.int8)


def outputs(process) -> list[int]:
    """What a program of one product returns; ``process(aimc)`` is how it asks for the product."""
    tile = Tile(TileConfig(rows=4, columns=4))
    tile.map_matrix(WEIGHTS, lsb=1.0)

    def start(memory):
        aimc = Aimc(memory)
        x, y = memory.place("x", CODES), memory.allocate("y", 4)

        def program():
            yield from section("queue", aimc.queue_vector(x))
            yield from process(aimc)
            yield from aimc.dequeue_vector(y)
            return y.data.tolist()

        return {0: program()}

    return run_program(start, tiles={0: [tile]}, engine="model").returned[0]


def test_a_forgotten_call_warns_at_its_line():
    def forgets(aimc):
        aimc.process()
        yield from ()

    def does(aimc):
        yield from aimc.process()

    with pytest.warns(ForgottenCallWarning, match=r"^process\(\) was called without") as told:
        assert outputs(forgets) == [0, 0, 0, 0]
    assert [warning.filename for warning in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert outputs(does) == [1, 2, 3, 4]


def test_calls_behind_an_error_are_not_forgotten():
    def fails(aimc):
        yield from section("wrong", aimc.process(tile=1), aimc.process())

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Exception, match="tile"):
            outputs(fails)
