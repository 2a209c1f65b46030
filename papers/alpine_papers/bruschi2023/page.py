# SPDX-License-Identifier: Apache-2.0
"""The page on the many-core: ours beside theirs."""

from pathlib import Path

from alpine_cosim.code_digest import page_origin
from alpine_models.files import write_text
from alpine_models.page_origin import with_origin

from .arithmetic import chain_of
from .beyond import assumptions_section, claims_section, ladder_section, study_section
from .pictures import draw_batches, draw_chain, draw_clusters, draw_machines, draw_timeline
from .runs import CASES, ManyCoreRuns
from .steps import area_section, chain_section, clusters_section, energy_section, steps_section

__all__ = ["write_page"]

INTRODUCTION = """# The many-core, run again

Written by `alpine paper --only manycore`; do not edit. Reference: Bruschi et al., End-to-End DNN
Inference on a Massively Parallel Analog In Memory Computing Architecture, DATE 2023, arXiv
2211.12877: ResNet-18 for images of 256 x 256 on 512 clusters, in batches of 16.

Every figure says where it is from: **published**, stated in the paper; **released**, in the
authors' public simulator; **derived**, by arithmetic from what is published; **assumed**, said by
no source; or **simulated**, by our event-driven model of clusters, tree of routers and HBM. Weights
come from a seed: no trained ones are free, and no time depends on them.
"""


def write_page(runs: ManyCoreRuns, folder: Path) -> list[Path]:
    """Write ``manycore.md`` and its pictures into a folder; return the files."""
    final = runs.steps[CASES[2]]
    names = ("chain", "timeline", "clusters", "machines", "batches")
    pictures = [folder / f"manycore_{name}.svg" for name in names]
    chain, timeline, clusters, machines, batches = pictures
    draw_chain(chain_of(final.result, final.allocation), chain)
    draw_timeline(final.result, timeline)
    draw_clusters(final.result, clusters)
    draw_machines(runs.points, machines)
    draw_batches(runs.batches, batches)
    parts = [
        INTRODUCTION,
        steps_section(runs),
        clusters_section(runs),
        _busy_section(runs, timeline, clusters),
        chain_section(runs, _shown(chain)),
        area_section(runs),
        energy_section(runs),
        assumptions_section(runs),
        claims_section(runs),
        ladder_section(runs),
        study_section(runs, _shown(machines), _shown(batches)),
    ]
    page = folder / "manycore.md"
    origin = page_origin("make manycore", report="alpine_papers.bruschi2023")
    write_text(page, with_origin("\n".join(parts), origin))
    return [page, *pictures]


def _busy_section(runs: ManyCoreRuns, timeline: Path, clusters: Path) -> str:
    result = runs.steps[CASES[2]].result
    return (
        "## When clusters work\n\n"
        f"The final step's layers from top to bottom, {result.images} images from left to "
        "right:\n\n"
        f"{_shown(timeline)}\n"
        "Its clusters in the order of their numbers, in quadrants of sixteen; grey ones are not in "
        "use or store residuals:\n\n"
        f"{_shown(clusters)}"
    )


def _shown(picture: Path) -> str:
    name = picture.stem.partition("_")[2]
    return f"![{name}]({picture.name})\n"
