# SPDX-License-Identifier: Apache-2.0
"""The page on the IMC cluster, and the packing on it."""

from pathlib import Path

import numpy as np
import pytest

from alpine_models.imc_cluster import Execution
from alpine_papers.garofalo2022.bottleneck import (
    BlockPart,
    Bottleneck,
    BottleneckCase,
    BottleneckResult,
)
from alpine_papers.garofalo2022.depthwise import port_bound_cycles
from alpine_papers.garofalo2022.layer_runs import LayerRun
from alpine_papers.garofalo2022.layer_table import layers_section
from alpine_papers.garofalo2022.layers import LayerKind, published_layers
from alpine_papers.garofalo2022.packing import matrix_blocks, pack_blocks
from alpine_papers.garofalo2022.page import PageRuns, write_page
from alpine_papers.garofalo2022.study import (
    PUBLISHED_SETTING,
    SETTINGS,
    Setting,
    rule_gops,
    run_gops,
)

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


def test_simulated_throughput():
    """34 cycles a job at 250 MHz and what the registers take; 17 + 65 + 17 one after the other."""
    rule = rule_gops(256, port_bytes=16, frequency_hz=250e6)
    assert 945 <= run_gops(PUBLISHED_SETTING) < rule
    sequential = Setting(16, 500e6, Execution.SEQUENTIAL)
    assert run_gops(sequential, jobs=300) == pytest.approx(2 * 256**2 / 99 * 0.5, rel=0.01)


def test_stride_2_rows_are_bound_by_the_port():
    """Facts: at most 20.6 MAC/cycle; four rows have stride 2."""
    halved = [layer for layer in LAYERS if layer.stride == 2 and layer.kind is LayerKind.DEPTHWISE]
    assert [layer.row for layer in halved] == [5, 12, 23, 49]
    for layer in halved:
        assert layer.macs / port_bound_cycles(layer) == pytest.approx(20.57, abs=0.01)


def made_up_runs(*, wrong_row: int | None = None) -> PageRuns:
    """Runs that never were: every row takes 1000 cycles and 10 of stalls for each of its rows."""
    cycles = {BlockPart.EXPAND: 700, BlockPart.PARTIAL: 30, BlockPart.RESIDUAL: 200}
    blocks = {
        case: BottleneckResult(
            case=case, phases=cycles | {BlockPart.DEPTHWISE: 100, BlockPart.PROJECT: 170},
            output=np.zeros(1, np.int8), expected=np.zeros(1, np.int8), jobs=1, products=4,
            depthwise_pixels=0, stalled_cycles=0, dma_bytes=5,
            tcdm_bytes=4321,
        )
        for case in BottleneckCase
    }  # fmt: skip
    layers = {
        layer.row: LayerRun(
            cycles=1000 * (layer.row + 1), stalled_cycles=101, partial_cycles=0,
            total_cycles=2000 * (layer.row + 1), parts=1 + (layer.row == 7), dma_bytes=6,
            jobs=1, products=1,
            output=np.zeros(1, np.int8), is_correct=layer.row != wrong_row,
        )
        for layer in LAYERS
    }  # fmt: skip
    return PageRuns(
        engine="model",
        shape=Bottleneck(),
        bottleneck=blocks,
        layers=layers,
        throughputs=dict.fromkeys(SETTINGS, 123.4),
    )


def test_page_has_the_printed_totals_beside_ours(tmp_path: Path):
    page, *pictures = write_page(made_up_runs(), tmp_path)
    text = page.read_text()
    # Rows 1 to 61 take 2000 + ... + 62000 cycles of 2 ns, all rows 1000 + ... + 63000.
    for line in (
        "| time, by the rules | 10.06 ms | 10.062 ms |",
        "| time, model | 10.06 ms | 3.904 ms | all but the first and the last convolution | 4.032 ",
        "| operations | 281.65 MMAC | 281.647 MMAC |",
        "| energy, by the rules | 482 uJ | 482.49 uJ |",
        "| energy, by the rules |  | 489.64 uJ |",
        "| parameters | 2,190,784 | 2,190,784 |",
        "| 62 | 2D_1 | 320 x 1280, 490 jobs | 20.070 | 0.06 | 0.0637 | 0.1260 | +97.80% | 2464.6 |",
        "| ima-dw | 700 |  | 100 | 170 | 30 | 200 | 1,200 | 1,170 | 4,321 | 5 |",
        "| 128 bit | 1008.2, 123.4 |",
        "| all rows | 4.032 ms | 0.000 ms | 4.032 ms | 8.064 ms | 378 |",
        "cut: 7 into 2.",
    ):
        assert line in text
    assert "differ from plain" not in text
    assert len(pictures) == 3
    assert all(f"({picture.name})" in text and picture.stat().st_size for picture in pictures)


def test_a_wrong_output_is_said():
    runs = made_up_runs(wrong_row=9)
    assert runs.wrong == ["row 9"]
    text = layers_section(LAYERS, runs.layers, engine="model", picture="")
    assert "Outputs differ from plain integer arithmetic in rows 9." in text
