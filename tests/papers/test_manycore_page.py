# SPDX-License-Identifier: Apache-2.0
"""The page on the many-core, and what it counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alpine_cosim.manycore.run import macs_of
from alpine_papers.bruschi2023 import published
from alpine_papers.bruschi2023.arithmetic import (
    chain_of,
    clusters_by_purpose,
    driven_operations,
    operations,
)
from alpine_papers.bruschi2023.page import write_page
from alpine_papers.bruschi2023.pictures import BINS, busy_shares
from alpine_papers.bruschi2023.runs import (
    CASES,
    MACHINE,
    MachinePoint,
    ManyCoreRuns,
    TimedBatch,
    batch_with,
    network,
)


@pytest.fixture(scope="module")
def steps() -> dict[str, TimedBatch]:
    return {case: batch_with(case) for case in CASES}


@pytest.fixture(scope="module")
def final(steps: dict[str, TimedBatch]) -> TimedBatch:
    return steps["residual-l1"]


def test_operations_are_those_of_the_network(final: TimedBatch):
    """Facts: 2369 MMAC an image. Whole word lines are more, at most by what cells are empty."""
    assert operations(final.result) == 2 * macs_of(network())
    assert round(operations(final.result) / 2e6) == 2369
    # Layer 0 alone: 16,384 products of 147 x 64; driven are 256 lines.
    assert operations(final.result, layer="0 conv") == 2 * 16384 * 147 * 64
    assert driven_operations(final.result, layer="0 conv") == 2 * 16384 * 256 * 64


def test_the_way_down_from_the_ideal(final: TimedBatch):
    chain = chain_of(final.result, final.allocation)
    assert chain.ideal == pytest.approx(512 * 2 * 65536 / 131e-9 / 1e12)
    assert chain.in_use == pytest.approx(chain.ideal * final.allocation.clusters / 512)
    # Layers 2, 3, 5 and 6 on two copies: 4096 products of 131 ns by turns.
    assert chain.balanced == pytest.approx(2 * macs_of(network()) / (2048 * 131e-9) / 1e12)
    assert chain.reached == pytest.approx(16 * 2 * macs_of(network()) / final.milliseconds / 1e9)
    assert sorted(chain.factors) == list(chain.factors)


def test_every_cluster_has_one_purpose(steps: dict[str, TimedBatch]):
    for batch in steps.values():
        counted = clusters_by_purpose(batch.allocation, batch.result)
        assert sum(counted.values()) == batch.allocation.clusters == batch.result.used_clusters
    # Facts: 212 arrays by whole channels.
    counted = clusters_by_purpose(steps["residual-l1"].allocation, steps["residual-l1"].result)
    assert counted["crossbars, one copy"] == 212
    # Seven of layer 0, and one more of 2, 3, 5, 6 in three clusters each and of 12 in five.
    assert counted["crossbars, further copies"] == 7 + 4 * 3 + 5


def test_the_timeline_holds_all_work(final: TimedBatch):
    layers, shares = busy_shares(final.result)
    assert shares.max() <= 1 + 1e-9
    for layer, row in zip(layers, shares, strict=True):
        own = [use for use in final.result.clusters if use.layer == layer]
        busy = sum(use.busy for use in own) / len(own)
        assert row.sum() * final.result.cycles / BINS == pytest.approx(busy)
    # The first layer's clusters hardly pause, and work before those of the last one.
    assert shares[0, BINS // 2] > 0.95
    assert np.flatnonzero(shares[-1])[0] > np.flatnonzero(shares[0])[0]


def test_the_page_shows_ours_beside_theirs(steps: dict[str, TimedBatch], tmp_path: Path):
    final = steps["residual-l1"]
    quiet = batch_with("residual-l1", replace(MACHINE, software_cycles=0))
    one = batch_with("residual-l1", images=1)
    runs = ManyCoreRuns(
        steps=steps,
        without_software=quiet,
        sensitivity={("software_cycles", 700): steps},
        points=(
            MachinePoint(clusters=512, side=256, batch=final),
            MachinePoint(clusters=64, side=256, batch=None, needs="needs at least 248"),
        ),
        ladder={"balanced": final},
        batches={
            ("residual-l1", 1): one,
            ("residual-l1", 16): final,
            ("residual-l1", 64): final,
            ("all 512", 1): one,
            ("all 512", 16): final,
            ("all 512", 64): final,
        },
        unequal=None,
        jobs=102_920,
        energy_j=1.178e-3,
    )
    page, *pictures = write_page(runs, tmp_path)
    text = page.read_text()
    assert all(picture.stat().st_size > 1000 for picture in pictures)
    assert all(f"({picture.name})" in text for picture in pictures)
    for number in (published.IMAGES_PER_S, published.CLUSTERS_IN_USE, *published.CHAIN):
        assert f"{number:,}" in text or f"{number}" in text
    assert f"{final.milliseconds:.3f} ms" in text
    assert f"{quiet.milliseconds:.3f} ms" in text
    assert "`software_cycles` | 700 (default)" in text
    assert "needs at least 248" in text
