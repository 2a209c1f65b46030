# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_sw.library.tile_plan import MatrixOnTile, TilePlan


def matrix(outputs: int, inputs: int, *, row: int = 0, column: int = 0) -> MatrixOnTile:
    return MatrixOnTile(
        name="m",
        weights=np.ones((outputs, inputs), np.int8),
        lsb=np.full(outputs, 3, np.float32),
        row=row,
        column=column,
    )


def test_plan_gives_each_bit_line_its_lsb():
    plan = TilePlan(
        config=TileConfig(rows=5, columns=6),
        placements=[matrix(2, 3), matrix(3, 2, row=3, column=2)],
    )
    assert list(plan.lsb) == [3, 3, 3, 3, 3, 1]
    assert plan.cells == 12


def test_matrix_that_fits_exactly_is_accepted():
    TilePlan(config=TileConfig(rows=3, columns=2), placements=[matrix(2, 3)])


@pytest.mark.parametrize(("row", "column"), [(1, 0), (0, 1)])
def test_tile_too_small_is_named(row: int, column: int):
    with pytest.raises(
        AlpineError, match=r"^matrix m of 2 .* needs .* the tile has 3 x 2: use a larger"
    ):
        TilePlan(
            config=TileConfig(rows=3, columns=2), placements=[matrix(2, 3, row=row, column=column)]
        )


def test_a_bit_line_has_one_step():
    config = TileConfig(rows=8, columns=8)
    below = replace(matrix(2, 3, row=3, column=1), name="below")
    assert TilePlan(config=config, placements=[matrix(2, 3), below]).lsb[:3].tolist() == [
        *matrix(2, 3).lsb, matrix(2, 3).lsb[0]
    ]  # fmt: skip
    other = replace(below, lsb=2 * below.lsb)
    with pytest.raises(AlpineError, match=r"matrix below has .* on bit line 1, but matrix m has"):
        TilePlan(config=config, placements=[matrix(2, 3), other])
    TilePlan(config=config, placements=[matrix(2, 3), replace(other, column=2)])


def test_overlap_is_named():
    with pytest.raises(
        AlpineError, match="overlaps matrix m at word lines 0 to 2 and bit lines 0 to 1"
    ):
        TilePlan(
            config=TileConfig(rows=8, columns=8),
            placements=[matrix(2, 3), matrix(2, 3, row=2, column=1)],
        )
