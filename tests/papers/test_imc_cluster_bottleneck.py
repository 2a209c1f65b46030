# SPDX-License-Identifier: Apache-2.0
"""The Bottleneck in all mappings: outputs against numpy, cycles against what the facts say."""

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_papers.garofalo2022.bottleneck import (
    BlockPart,
    Bottleneck,
    BottleneckCase,
)
from alpine_papers.garofalo2022.bottleneck_program import run_bottleneck
from alpine_papers.garofalo2022.bottleneck_section import (
    area_mm2,
    crossbars,
    depthwise_jobs,
    table_cycles,
)
from alpine_papers.garofalo2022.depthwise_jobs import depthwise_matrix
from alpine_papers.garofalo2022.workload import ClusterSetting

SMALL = Bottleneck(channels=20, inner=300, height=5, width=6)


def independent(shape: Bottleneck, case: BottleneckCase) -> np.ndarray:
    """The block once more, pixel by pixel, with the matrix of 300 rows cut at 256."""
    image, expand, taps, project = (each.astype(int) for each in shape.data)

    def clip(value: np.ndarray) -> np.ndarray:
        return np.clip(value, -128, 127).astype(int)

    def pointwise(codes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        if case.startswith("cores"):
            return clip((codes @ matrix) // 64)
        parts = [clip(np.rint(codes[..., r : r + 256] @ matrix[r : r + 256] / 64))
                 for r in range(0, len(matrix), 256)]  # fmt: skip
        return parts[0] if len(parts) == 1 else clip(sum(parts) // 2)

    maps = image.reshape(shape.height, shape.width, shape.channels)
    wide = pointwise(maps, expand)
    filtered = np.zeros_like(wide)
    for y in range(shape.height):
        for x in range(shape.width):
            total = np.zeros(shape.inner, int)
            for i in range(-1, 2):
                for j in range(-1, 2):
                    if 0 <= y + i < shape.height and 0 <= x + j < shape.width:
                        total += wide[y + i, x + j] * taps[3 * (i + 1) + j + 1]
            filtered[y, x] = clip(np.rint(total / 64) if "cjob" in case else total // 64)
    return clip((pointwise(filtered, project) + maps) * 64 // 128).reshape(shape.pixels, -1)


@pytest.mark.parametrize("case", BottleneckCase)
def test_every_mapping_gives_what_plain_arithmetic_gives(case: BottleneckCase):
    result = run_bottleneck(SMALL, case, setting=ClusterSetting())
    on_crossbars = not case.startswith("cores")
    assert np.array_equal(result.output, independent(SMALL, case))
    assert result.is_correct
    assert np.unique(result.output).size > 100, "the data say little"
    # 20 x 300 are two parts of columns, 300 x 20 two of rows: two jobs a pixel and layer.
    blocks = {"ima-cjob8": 38, "ima-cjob16": 19}.get(case, 0)
    assert result.products == (4 * on_crossbars + blocks) * SMALL.pixels
    assert (BlockPart.PARTIAL in result.phases) == on_crossbars


def test_products_and_windows_take_what_the_rules_say():
    """65 cycles a job; ceil(C / 16) (9 + W (9 + 4 H)) for the depthwise layer."""
    result = run_bottleneck(SMALL, BottleneckCase.IMA_DW, setting=ClusterSetting())
    for phase in (BlockPart.EXPAND, BlockPart.PROJECT):
        assert 0 <= result.phases[phase] - 2 * SMALL.pixels * 65 < 400
    nest = 19 * (9 + SMALL.width * (9 + 4 * SMALL.height))
    assert 0 <= result.phases[BlockPart.DEPTHWISE] - nest < 400


def test_depthwise_jobs_hide_the_transfers_of_their_blocks():
    """65 cycles a job; before the first one, the map goes to L2 and a block comes back."""
    result = run_bottleneck(SMALL, BottleneckCase.IMA_CJOB8, setting=ClusterSetting())
    jobs = depthwise_jobs(SMALL, 8)
    assert jobs == 38 * SMALL.pixels
    way_out = 7 * 8 * SMALL.pitch / 8
    assert 0 <= result.phases[BlockPart.DEPTHWISE] - 65 * jobs - way_out < 1000


def test_cells_of_a_depthwise_job():
    """By hand, two channels: tap after tap, the weights on a diagonal."""
    taps = np.arange(18, dtype=np.int8).reshape(9, 2)
    cells = depthwise_matrix(taps)
    assert cells.shape == (18, 2)
    assert cells[:4].tolist() == [[0, 0], [0, 1], [2, 0], [0, 3]]


def test_sizes_by_hand():
    """Facts: 3 + 3 blocks; 1536 jobs of 65 cycles, 93 us of windows and 74 us of additions."""
    shape = Bottleneck()
    counts = {case.value: crossbars(shape, case) for case in BottleneckCase}
    # 144,000 cells are more than two crossbars; 75 blocks of 72 x 8 are 43,200 more, and 38 of
    # 144 x 16 are 87,552 more: at least three and four.
    assert counts["ima-dw"] == counts["hybrid"] == 3
    assert (counts["ima-cjob8"], counts["ima-cjob16"]) in {(3, 4), (4, 4), (4, 5)}
    assert shape.pitch == 608
    assert table_cycles(shape) == pytest.approx(1536 * 65 + (93 + 74) * 500, rel=0.002)
    # 2.5 mm2 with one crossbar of 0.83 mm2 and 2.1 % depthwise accelerator.
    assert area_mm2(shape, BottleneckCase.IMA_DW) == pytest.approx(2.5 + 2 * 0.83)
    assert area_mm2(shape, BottleneckCase.CORES) == pytest.approx(2.5 * 0.979 - 0.83)


def test_buffers_beyond_the_memory_are_named():
    with pytest.raises(AlpineError, match=r"its result of \d+ bytes exceeds the TCDM by \d+ bytes"):
        run_bottleneck(
            Bottleneck(height=20, width=20), BottleneckCase.IMA_DW, setting=ClusterSetting()
        )
