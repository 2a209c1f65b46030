# SPDX-License-Identifier: Apache-2.0
"""The page on the IMC cluster: ours beside theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alpine_cosim.code_digest import page_origin
from alpine_models.files import write_text
from alpine_models.page_origin import with_origin

from .bottleneck import Bottleneck, BottleneckCase, BottleneckResult
from .bottleneck_program import run_bottleneck
from .bottleneck_section import bottleneck_section
from .depthwise import depthwise_section
from .figures import (
    breakdown_section,
    comparison_section,
    packing_section,
    rules_section,
    totals_section,
)
from .layer_runs import LayerRun, run_network
from .layer_table import layers_section, streaming_section
from .layers import published_layers
from .packing import matrix_blocks, pack_blocks
from .pictures import draw_bottleneck, draw_layers, draw_packing
from .study import PUBLISHED_SETTING, Setting, run_throughputs, study_section
from .workload import ClusterSetting

__all__ = ["PageRuns", "run_programs", "write_page"]

INTRODUCTION = """# The IMC cluster, run again

Written by `alpine paper --only imc-cluster`; do not edit. Reference: Garofalo et al., A
Heterogeneous In-Memory Computing Cluster for Flexible End-to-End Inference of Real-World Deep
Neural Networks, IEEE JETCAS 2022, arXiv 2201.01089.

Every figure says where it is from: **published**, stated in the paper; **derived**, by arithmetic
from what is published; **fitted**, to what is published; **inferred**, said by no source; or
**simulated**, by runs of the cluster's cores, accelerators and DMA that the command makes. Times
are at 500 MHz and energies at 0.8 V, if nothing else is said; at 250 MHz no energy is published,
and none is given here.
"""


@dataclass(frozen=True, kw_only=True)
class PageRuns:
    """What the page shows of simulated programs.

    Members
    -------
    engine : that the accelerators were. shape : of the Bottleneck. bottleneck : by mapping.
    layers : rows of the table, by number. throughputs : GOPS by `study.Setting`.
    """

    engine: str
    shape: Bottleneck
    bottleneck: Mapping[BottleneckCase, BottleneckResult]
    layers: Mapping[int, LayerRun]
    throughputs: Mapping[Setting, float]

    @property
    def wrong(self) -> list[str]:
        """Runs whose outputs are not those of the golden model."""
        blocks = [f"bottleneck, {c}" for c, each in self.bottleneck.items() if not each.is_correct]
        return blocks + [f"row {n}" for n, each in self.layers.items() if not each.is_correct]


def run_programs(*, engine: str) -> PageRuns:
    """Run everything that the page shows.

    Raises
    ------
    AlpineError
        A program was stopped, or its buffers exceed the TCDM.
    """
    shape, setting = Bottleneck(), ClusterSetting(engine=engine)
    return PageRuns(
        engine=engine,
        shape=shape,
        bottleneck={case: run_bottleneck(shape, case, setting=setting) for case in BottleneckCase},
        layers=run_network(published_layers(), setting=setting),
        throughputs=run_throughputs(),
    )


def write_page(runs: PageRuns, folder: Path) -> list[Path]:
    """Write ``imc-cluster.md`` and its pictures into a folder; return the files."""
    layers = published_layers()
    placed = pack_blocks(matrix_blocks(layers))
    packing, times, mappings = pictures = [
        folder / f"imc-cluster_{name}.svg" for name in ("packing", "layers", "bottleneck")
    ]
    draw_packing(placed, packing)
    draw_bottleneck(runs.bottleneck, mappings)
    draw_layers(layers, runs.layers, times)
    parts = [
        INTRODUCTION,
        rules_section(),
        bottleneck_section(
            runs.shape, runs.bottleneck, engine=runs.engine, picture=_shown(mappings)
        ),
        study_section(runs.throughputs),
        layers_section(layers, runs.layers, engine=runs.engine, picture=_shown(times)),
        streaming_section(layers, runs.layers),
        depthwise_section(layers, runs.layers, engine=runs.engine),
        totals_section(runs.layers, engine=runs.engine),
        breakdown_section(layers),
        packing_section(placed, _shown(packing)),
        comparison_section(runs.throughputs[PUBLISHED_SETTING], runs.layers),
    ]
    page = folder / "imc-cluster.md"
    origin = page_origin("make imc-cluster", report="alpine_papers.garofalo2022")
    write_text(page, with_origin("\n".join(parts), origin))
    return [page, *pictures]


def _shown(picture: Path) -> str:
    name = picture.stem.partition("_")[2]
    return f"![{name}]({picture.name})\n"
