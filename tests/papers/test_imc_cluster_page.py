# SPDX-License-Identifier: Apache-2.0
"""The page on the IMC cluster, and the packing on it."""

from pathlib import Path

import numpy as np
import pytest

from alpine_papers.garofalo2022.bottleneck import Bottleneck, BottleneckCase
from alpine_papers.garofalo2022.depthwise import port_bound_cycles
from alpine_papers.garofalo2022.layers import LayerKind, published_layers
from alpine_papers.garofalo2022.packing import matrix_blocks, pack_blocks
from alpine_papers.garofalo2022.page import run_programs, write_page
from alpine_papers.garofalo2022.study import rule_gops

LAYERS = published_layers()
BLOCKS = matrix_blocks(LAYERS)


def test_blocks_cover_every_weight_once():
    """Facts: 87 blocks, 2,126,560 weights."""
    assert len(BLOCKS) == 87
    assert sum(block.rows * block.columns for block in BLOCKS) == 2_126_560
    for layer in LAYERS:
        matrix = np.zeros((layer.rows, layer.columns), int)
        for block in BLOCKS:
            if block.layer == layer.row:
                matrix[
                    block.first_row : block.first_row + block.rows,
                    block.first_column : block.first_column + block.columns,
                ] += 1
        assert (matrix == 1).all()


@pytest.mark.parametrize(("turned", "crossbars"), [(False, {34}), (True, {33, 34})])
def test_packing(turned: bool, crossbars: set[int]):
    """The paper prints 34; facts: 34 without rotation, sorted by area, 33 or 34 otherwise."""
    placed = pack_blocks(BLOCKS, turned=turned)
    assert 1 + max(each.crossbar for each in placed) in crossbars
    assert sorted(map(str, (each.block for each in placed))) == sorted(map(str, BLOCKS))


def test_no_cell_holds_two_weights():
    placed = pack_blocks(BLOCKS)
    cells = np.zeros((34, 256, 256), int)
    for each in placed:
        rows = slice(each.row, each.row + each.block.rows)
        columns = slice(each.column, each.column + each.block.columns)
        part = cells[each.crossbar, rows, columns]
        assert part.shape == (each.block.rows, each.block.columns)
        part += 1
    assert cells.max() == 1
    assert cells.sum() == 2_126_560


def test_throughput_by_port_and_clock():
    """By hand: 2 x 256^2 operations in 34, 33 and 66 cycles."""
    assert rule_gops(256, port_bytes=16, frequency_hz=250e6) == pytest.approx(963.76, abs=0.01)
    assert rule_gops(256, port_bytes=32, frequency_hz=250e6) == pytest.approx(992.97, abs=0.01)
    assert rule_gops(256, port_bytes=8, frequency_hz=500e6) == pytest.approx(992.97, abs=0.01)


def test_stride_2_rows_are_bound_by_the_port():
    """Facts: at most 20.6 MAC/cycle; four rows have stride 2."""
    halved = [layer for layer in LAYERS if layer.stride == 2 and layer.kind is LayerKind.DEPTHWISE]
    assert [layer.row for layer in halved] == [5, 12, 23, 49]
    for layer in halved:
        assert layer.macs / port_bound_cycles(layer) == pytest.approx(20.57, abs=0.01)


def test_page_has_the_printed_totals_beside_ours(tmp_path: Path):
    shape = Bottleneck(channels=16, inner=32, height=4, width=4)
    runs = run_programs(engine="model", shape=shape)
    page, *pictures = write_page(runs, tmp_path)
    text = page.read_text()
    for line in (
        "| time | 10.06 ms | 10.062 ms |",
        "| operations | 281.65 MMAC | 281.647 MMAC |",
        "| energy | 482 uJ | 482.49 uJ |",
        "| energy |  | 489.64 uJ |",
        "| parameters | 2,190,784 | 2,190,784 |",
        "| 62 | 2D_1 | 320 x 1280, 490 jobs | 20.070 | 0.06 | 0.0637 | 2464.6 |",
    ):
        assert line in text
    assert not runs.wrong
    engine = runs.bottleneck[BottleneckCase.IMA_DW]
    assert f" | {engine.cycles:,} | {engine.cycles:,} | {engine.tcdm_bytes:,} | 0 |" in text
    assert len(pictures) == 3
    assert all(f"({picture.name})" in text and picture.stat().st_size for picture in pictures)
