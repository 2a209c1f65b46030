# SPDX-License-Identifier: Apache-2.0
"""Rows of the table on the simulated cluster: right outputs, and the cycles of the rules."""

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_papers.garofalo2022 import rules
from alpine_papers.garofalo2022.depthwise import port_bound_cycles
from alpine_papers.garofalo2022.layer_runs import LayerRun, run_layer, run_network
from alpine_papers.garofalo2022.layers import LayerKind, published_layers
from alpine_papers.garofalo2022.part_stream import PartSizes
from alpine_papers.garofalo2022.workload import ClusterSetting

LAYERS = published_layers()
CUT = {0: 3, 2: 2, 7: 3, 12: 3, 24: 1, 27: 1, 50: 1}
"""Parts of some rows. Row 0 has a window, 2 and 12 are depthwise with stride 1 and 2, of row 2 two
parts do not fit; matrices of rows 27 and 50 are cut at 256 rows."""


@pytest.fixture(scope="module")
def runs() -> dict[int, LayerRun]:
    return {row: run_layer(LAYERS[row], setting=ClusterSetting()) for row in (*CUT, 10, 26)}


def test_outputs_are_what_plain_arithmetic_gives(runs: dict[int, LayerRun]):
    assert all(run.is_correct for run in runs.values())
    assert {row: runs[row].parts for row in CUT} == CUT


@pytest.mark.parametrize("row", [0, 7, 24, 27, 50])
def test_crossbar_rows_take_65_cycles_a_job(runs: dict[int, LayerRun], row: int):
    cycles = LAYERS[row].jobs * 65
    # Of the first job's stream in and the last one's stream out, and of each part's.
    most = 0.01 if LAYERS[row].jobs >= 196 else 0.03
    assert 0 <= runs[row].cycles / cycles - 1 <= most
    assert (runs[row].partial_cycles > 0) == (LAYERS[row].rows > 256)


@pytest.mark.parametrize("row", [2, 26])
def test_depthwise_rows_follow_the_nest(runs: dict[int, LayerRun], row: int):
    layer = LAYERS[row]
    nest = rules.depthwise_nest_cycles(
        height=layer.height, width=layer.width, channels=layer.channels
    )
    assert 0 <= runs[row].cycles / nest - 1 <= 0.01


def test_a_depthwise_row_of_stride_2_is_slower_than_its_port(runs: dict[int, LayerRun]):
    bound = port_bound_cycles(LAYERS[12])
    assert bound <= runs[12].cycles <= 1.1 * bound
    # The DMA takes banks from it, beside the computation.
    assert runs[12].stalled_cycles > 0


def test_transfers(runs: dict[int, LayerRun]):
    """Every byte of input and output once, at 8 a cycle; the first convolution's with a border."""
    layer = LAYERS[7]
    assert runs[7].dma_bytes == layer.pixels * (24 + 144)
    assert LAYERS[2].pixels * 2 * 32 == runs[2].dma_bytes
    # Of row 2 no two parts fit: computing and transfers come one after the other.
    assert runs[2].total_cycles >= runs[2].cycles + runs[2].dma_bytes / 8
    assert runs[7].total_cycles < runs[7].cycles + runs[7].dma_bytes / 8


def test_residual_rows_take_the_kernels_instructions(runs: dict[int, LayerRun]):
    """8 instructions for an element, on 8 cores."""
    assert 1.0 <= runs[10].cycles / LAYERS[10].macs <= 1.2
    assert runs[10].dma_bytes == 0


def test_every_row_takes_what_the_rows_before_it_gave():
    """Rows 24 to 28: a block's input, its three rows, and the addition of both ends."""
    runs = run_network(LAYERS[24:29], setting=ClusterSetting())
    assert all(run.is_correct for run in runs.values())
    again = run_layer(LAYERS[25], [runs[24].output], setting=ClusterSetting())
    assert np.array_equal(again.output, runs[25].output)
    assert not np.array_equal(again.output, run_layer(LAYERS[25], setting=ClusterSetting()).output)
    both = runs[27].output.astype(int) + runs[24].output
    assert np.array_equal(runs[28].output, both * 64 >> 7)
    # Codes neither die out nor saturate.
    for run in runs.values():
        assert 15 < run.output.std() < 60
        assert (np.abs(run.output.astype(int)) > 126).mean() < 0.1


def test_parts():
    sizes = PartSizes(items=10, bytes_in=lambda items: 90 * items, bytes_out=lambda items: items)
    # 32 bytes more for places at multiples of 16; two parts at a time where there are several.
    assert sizes.cut(942) == [(0, 10)]
    assert sizes.cut(941) == [(0, 4), (4, 4), (8, 2)]
    assert sizes.cut(245) == [(n, 1) for n in range(10)]
    assert sizes.cut(123) == [(n, 1) for n in range(10)]
    with pytest.raises(AlpineError, match="takes 123 bytes of the TCDM, 1 too many"):
        sizes.cut(122)


@pytest.mark.parametrize("kind", LayerKind)
def test_a_kind_is_run_by_its_own_program(kind: LayerKind):
    layer = next(layer for layer in reversed(LAYERS) if layer.kind is kind)
    assert run_layer(layer, setting=ClusterSetting()).is_correct
