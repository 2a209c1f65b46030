# SPDX-License-Identifier: Apache-2.0
"""The page on the IMC cluster: ours beside theirs."""

from pathlib import Path

from alpine_cosim.code_digest import page_origin
from alpine_models.files import write_text
from alpine_models.page_origin import with_origin

from .depthwise import depthwise_section
from .figures import (
    breakdown_section,
    comparison_section,
    packing_section,
    rules_section,
    totals_section,
)
from .layer_table import layers_section
from .layers import published_layers
from .packing import matrix_blocks, pack_blocks
from .pictures import draw_layers, draw_packing
from .study import study_section

__all__ = ["write_page"]

INTRODUCTION = """# The IMC cluster, run again

Written by `alpine paper --only imc-cluster`; do not edit. Reference: Garofalo et al., A
Heterogeneous In-Memory Computing Cluster for Flexible End-to-End Inference of Real-World Deep
Neural Networks, IEEE JETCAS 2022, arXiv 2201.01089.

Every figure says where it is from: **published**, stated in the paper; **derived**, by arithmetic
from what is published; **fitted**, to what is published; **inferred**, said by no source. Times are
at 500 MHz and energies at 0.8 V, if nothing else is said; at 250 MHz no energy is published, and
none is given here.
"""


def write_page(folder: Path) -> list[Path]:
    """Write ``imc-cluster.md`` and its pictures into a folder; return the files."""
    layers = published_layers()
    placed = pack_blocks(matrix_blocks(layers))
    packing, times = folder / "imc-cluster_packing.svg", folder / "imc-cluster_layers.svg"
    draw_packing(placed, packing)
    draw_layers(layers, times)
    parts = [
        INTRODUCTION,
        rules_section(),
        study_section(),
        layers_section(layers, _shown(times)),
        depthwise_section(layers),
        totals_section(),
        breakdown_section(layers),
        packing_section(placed, _shown(packing)),
        comparison_section(),
    ]
    page = folder / "imc-cluster.md"
    origin = page_origin("make imc-cluster", report="alpine_papers.garofalo2022")
    write_text(page, with_origin("\n".join(parts), origin))
    return [page, packing, times]


def _shown(picture: Path) -> str:
    name = picture.stem.partition("_")[2]
    return f"![{name}]({picture.name})\n"
