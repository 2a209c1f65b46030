# SPDX-License-Identifier: Apache-2.0
"""Sections on the published steps: times, clusters, the way down from the ideal, area, energy."""

from collections.abc import Mapping

from alpine_cosim.pages.markdown import table
from alpine_platform.manycore import StageRole

from . import published
from .arithmetic import (
    CLUSTER_MM2,
    GROUPS,
    chain_of,
    clusters_by_purpose,
    driven_operations,
    group_of,
    operations,
    tera_per_second,
)
from .runs import CASES, MACHINE, ManyCoreRuns, TimedBatch

CROSSBARS_OF_12 = 10
"""Clusters of layer 12, printed: two copies of five."""

__all__ = ["area_section", "chain_section", "clusters_section", "energy_section", "steps_section"]


def steps_section(runs: ManyCoreRuns) -> str:
    """Throughput of the published steps, ours beside theirs."""
    first = runs.steps[CASES[0]].milliseconds
    rows: list[list[str]] = []
    for case, batch in runs.steps.items():
        step = next((each for each in published.STEPS if each.case == case), None)
        result = batch.result
        rows.append(
            [f"`{case}`", f"{batch.milliseconds:.3f} ms", f"{result.images_per_s:,.0f}",
             f"{tera_per_second(operations(result), result):.2f}",
             f"{tera_per_second(driven_operations(result), result):.2f}",
             f"{first / batch.milliseconds:.2f}", f"{step.gain:.1f}" if step else "",
             f"{result.image_cycles[0] * result.config.period_fs / 1e12:.3f} ms"]
        )  # fmt: skip
    rows.append(
        ["published, final", f"{published.BATCH_MS:.2f} ms", f"{published.IMAGES_PER_S:,}",
         f"{published.TOPS}", "", "", "", ""]
    )  # fmt: skip
    heads = ["allocation", "batch of 16", "images/s", "TOPS of weights", "TOPS of driven lines",
             "gain", "printed gain", "first image"]  # fmt: skip
    return (
        "## The published steps\n\n"
        + table(heads, rows)
        + "\nThe time of the last step is no test of the model: the software of "
        f"{MACHINE.software_cycles} cycles per chunk is assumed because it gives it. What else the "
        "paper leaves open stands below under what is assumed. Its "
        f"{published.TOPS} TOPS at {published.IMAGES_PER_S:,} images/s are "
        f"{published.TOPS * 1e3 / published.IMAGES_PER_S:.2f} Gop an image (derived); the weights' "
        f"products are {operations(runs.steps[CASES[2]].result) / 1e9:.2f} Gop, and "
        f"{driven_operations(runs.steps[CASES[2]].result) / 1e9:.2f} Gop if all "
        "256 word lines count in every product. Whether the printed gain of 1.9 counts from the "
        "first step or from the second is not said; ours counts from the first. The first step's "
        "four copies of layer 0 are assumed: no other whole number gives a gain near 1.9.\n\n"
        + _checks(runs)
    )


def _checks(runs: ManyCoreRuns) -> str:
    final = runs.steps[CASES[2]]
    gain = runs.steps[CASES[0]].milliseconds / final.milliseconds
    result = final.result
    analytic = result.slowest.cycles
    rows = [
        ["batch without software", "4.3 to 4.6 ms (derived)",
         f"{runs.without_software.milliseconds:.3f} ms"],
        ["batch with the assumed software", f"{published.BATCH_MS:.2f} ms, within 2 %",
         f"{final.milliseconds:.3f} ms, {final.milliseconds / published.BATCH_MS - 1:+.2%}"],
        ["final step over the first one", "1.85 to 2.0", f"{gain:.3f}"],
        ["period of an image, of the slowest stage and simulated", "equal within 1 %",
         f"{analytic / 1e3:.2f} and {result.steady_cycles / 1e3:.2f} thousand cycles, "
         f"{result.steady_cycles / analytic - 1:+.3%}"],
    ]  # fmt: skip
    return table(["quantity", "expected", "simulated"], rows)


def clusters_section(runs: ManyCoreRuns) -> str:
    """What clusters are for."""
    counted = {
        case: clusters_by_purpose(batch.allocation, batch.result)
        for case, batch in runs.steps.items()
    }
    purposes = list(dict.fromkeys(purpose for each in counted.values() for purpose in each))
    rows = [
        [purpose, *(str(each.get(purpose, 0)) for each in counted.values())] for purpose in purposes
    ]
    rows.append(["all", *(str(sum(each.values())) for each in counted.values())])
    return (
        "## Clusters\n\n"
        + table(["purpose", *(f"`{case}`" for case in counted)], rows)
        + f"\nPublished: {published.CLUSTERS_IN_USE} in the final step, of which 61 came with the "
        "copies and 2 with the residuals; trees and further copies are not published layer by "
        "layer. Ours has the copies that the published throughput needs (derived), trees with the "
        "fewest clusters that keep up, and layers 20, 21, 23 and 24 in as many crossbars as whole "
        "channels fill, where the paper prints 40 for each. So it takes fewer.\n"
    )


def chain_section(runs: ManyCoreRuns, picture: str) -> str:
    """Where the ideal throughput is lost."""
    final = runs.steps[CASES[2]]
    chain = chain_of(final.result, final.allocation)
    about = (
        ("ideal: all crossbars of the machine, one product after the other", chain.ideal),
        ("clusters in use (global mapping)", chain.in_use),
        ("cells with weights (local mapping)", chain.filled),
        ("the slowest layer's pace (unbalance)", chain.balanced),
        ("a batch with software, transfers, filling and draining (communication)", chain.reached),
    )
    factors, before = (1.0, *chain.factors), (1.0, 1.0, *chain.factors[:-1])
    printed = (1.0, *published.CHAIN)
    last = (1.0, 1.0, *published.CHAIN[:-1])
    rows = [
        [name, f"{tops:.1f}", f"{ours:.2f}", f"{ours / previous:.2f}", f"{theirs:.1f}",
         f"{theirs / theirs_before:.1f}"]
        for (name, tops), ours, previous, theirs, theirs_before in zip(
            about, factors, before, printed, last, strict=True
        )
    ]  # fmt: skip
    cells = chain.in_use / chain.filled
    return (
        "## From the ideal down\n\n"
        + table(["", "TOPS", "below the ideal", "step", "printed", "step"], rows)
        + f"\n{picture}\n"
        "Throughputs are of weights. The steps' definitions are ours, as the paper gives names "
        "and factors alone. Fewer clusters in use make the first step larger than printed and the "
        f"second smaller: of the cells in use {1 / cells:.0%} hold weights here, and the "
        "printed steps leave a third. The product of both is "
        f"{chain.ideal / chain.filled:.2f} here and {published.CHAIN[1]:.1f} in print, and "
        "the third step is larger for the same reason. All together make "
        f"{chain.factors[-1]:.1f} against {published.CHAIN[-1]:.1f}; with driven "
        "word lines in the count it is "
        f"{chain.ideal / tera_per_second(driven_operations(final.result), final.result):.1f}.\n"
    )


def area_section(runs: ManyCoreRuns) -> str:
    """Throughput over area by group of layers, over two times."""
    final = runs.steps[CASES[2]]
    rows: list[list[str]] = []
    for group in GROUPS:
        layers = [name for name in _layers(final) if group_of(name) == group]
        rows.append(
            [
                group,
                str(sum(_clusters(final, name) for name in layers)),
                *_efficiency(final, layers),
                "",
            ]
        )
    rows += [
        [f"layer {name}", str(_clusters(final, name)), *_efficiency(final, [name]), f"{printed}"]
        for name, printed in published.LAYER_AREA_EFFICIENCY.items()
    ]
    whole = tera_per_second(operations(final.result), final.result) * 1e3
    rows.append(
        ["the machine", f"{published.CLUSTERS}", f"{whole / published.AREA_MM2:.1f}", "",
         f"{published.TOPS * 1e3 / published.AREA_MM2:.0f}"]
    )  # fmt: skip
    heads = [
        "feature map read",
        "clusters",
        "over the batch",
        "while its crossbars work",
        "printed",
    ]
    return (
        "## Throughput over area\n\n"
        f"GOPS per mm2 of weights' products; a cluster takes {CLUSTER_MM2:.2f} mm2 at 5 nm "
        "(published).\n\n"
        + table(heads, rows)
        + "\nOver which time the paper divides is not said. Its figures of the late layers lie "
        "between ours over the whole batch and ours over the time in which their crossbars work. "
        f"That of layer 12 is above both; over its crossbars' time, on the {CROSSBARS_OF_12} "
        "clusters that the paper gives it, without trees, and with all word lines in the count, "
        f"ours is {_layer_12(final):.0f}. Both show the same: late layers have few products on "
        "many clusters.\n"
    )


def _layers(batch: TimedBatch) -> list[str]:
    return list(dict.fromkeys(stage.layer for stage in batch.result.graph.stages))


def _clusters(batch: TimedBatch, layer: str) -> int:
    return sum(len(stage.clusters) for stage in batch.result.graph.stages if stage.layer == layer)


def _efficiency(batch: TimedBatch, layers: list[str]) -> list[str]:
    """Over the batch, and over the time of the slowest layer's products."""
    result = batch.result
    done = sum(operations(result, layer=name) for name in layers)
    if not done:
        return ["0", ""]
    area = sum(_clusters(batch, name) for name in layers) * CLUSTER_MM2
    busy_s = max(
        stage.chunks * stage.jobs / stage.copies * result.config.product_cycles
        for stage in result.graph.stages
        if stage.role is StageRole.ANALOG and stage.layer in layers
    ) / result.config.frequency_hz  # fmt: skip
    return [f"{done * result.images_per_s / area / 1e9:.1f}", f"{done / busy_s / area / 1e9:.0f}"]


def _layer_12(batch: TimedBatch) -> float:
    """GOPS per mm2 of layer 12 in the paper's clusters, with driven lines, while they work."""
    name, result = "12 conv", batch.result
    (_, working) = _efficiency(batch, [name])
    lines = driven_operations(result, layer=name) / operations(result, layer=name)
    return float(working) * lines * _clusters(batch, name) / CROSSBARS_OF_12


def energy_section(runs: ManyCoreRuns) -> str:
    """What is known of the energy."""
    batch_mj = runs.energy_j * published.BATCH * 1e3
    return (
        "## Energy\n\n"
        f"{runs.jobs:,} jobs of an image take {runs.energy_j * 1e3:.3f} mJ by the formula fitted "
        f"to the IMC cluster in 22 nm, {batch_mj:.1f} mJ a batch. Published are "
        f"{published.ENERGY_MJ} mJ a batch and {published.TOPS_PER_W} TOPS/W for everything at 5 "
        "nm; factors between the two technologies and energies of parts are not, so nothing else "
        "is added here.\n"
    )


def factors_of(batches: Mapping[str, TimedBatch]) -> tuple[float, float]:
    """Gain of copies, and of residuals in L1, over the first step."""
    first, second, last = (batches[case].milliseconds for case in CASES[:3])
    return first / second, first / last
