# SPDX-License-Identifier: Apache-2.0
"""The page on the IMC cluster: ours beside theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alpine_cosim.code_digest import page_origin
from alpine_models.files import write_text
from alpine_models.page_origin import with_origin

from .bottleneck import Bottleneck, BottleneckCase, BottleneckResult, run_bottleneck
from .bottleneck_section import bottleneck_section
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
from .pictures import draw_bottleneck, draw_layers, draw_packing
from .study import study_section

__all__ = ["PageRuns", "run_programs", "write_page"]

INTRODUCTION = """# The IMC cluster, run again

Written by `alpine paper --only imc-cluster`; do not edit. Reference: Garofalo et al., A
Heterogeneous In-Memory Computing Cluster for Flexible End-to-End Inference of Real-World Deep
Neural Networks, IEEE JETCAS 2022, arXiv 2201.01089.

Every figure says where it is from: **published**, stated in the paper; **derived**, by arithmetic
from what is published; **fitted**, to what is published; **inferred**, said by no source. Times are
at 500 MHz and energies at 0.8 V, if nothing else is said; at 250 MHz no energy is published, and
none is given here.
"""


@dataclass(frozen=True, kw_only=True)
class PageRuns:
    """What the page shows of simulated programs.

    Members
    -------
    engine : that the accelerators were. shape : of the Bottleneck. bottleneck : by mapping.
    """

    engine: str
    shape: Bottleneck
    bottleneck: Mapping[BottleneckCase, BottleneckResult]

    @property
    def wrong(self) -> list[str]:
        """Runs whose outputs are not those of the golden model."""
        return [
            f"bottleneck, {case}"
            for case, result in self.bottleneck.items()
            if not result.is_correct
        ]


def run_programs(*, engine: str, shape: Bottleneck | None = None) -> PageRuns:
    """Run everything that the page shows.

    Raises
    ------
    AlpineError
        A program was stopped, or its buffers exceed the TCDM.
    """
    shape = shape or Bottleneck()
    results = {case: run_bottleneck(shape, case, engine=engine) for case in BottleneckCase}
    return PageRuns(engine=engine, shape=shape, bottleneck=results)


def write_page(runs: PageRuns, folder: Path) -> list[Path]:
    """Write ``imc-cluster.md`` and its pictures into a folder; return the files."""
    layers = published_layers()
    placed = pack_blocks(matrix_blocks(layers))
    packing, times, mappings = pictures = [
        folder / f"imc-cluster_{name}.svg" for name in ("packing", "layers", "bottleneck")
    ]
    draw_packing(placed, packing)
    draw_bottleneck(runs.bottleneck, mappings)
    draw_layers(layers, times)
    parts = [
        INTRODUCTION,
        rules_section(),
        bottleneck_section(
            runs.shape, runs.bottleneck, engine=runs.engine, picture=_shown(mappings)
        ),
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
    return [page, *pictures]


def _shown(picture: Path) -> str:
    name = picture.stem.partition("_")[2]
    return f"![{name}]({picture.name})\n"
