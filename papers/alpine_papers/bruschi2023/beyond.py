# SPDX-License-Identifier: Apache-2.0
"""Sections on what is assumed, and on other machines and batches."""

from dataclasses import fields

from alpine_cosim.pages.markdown import table
from alpine_platform.manycore import LinkUse

from .arithmetic import operations, tera_per_second
from .published import BATCH, BATCH_MS
from .runs import CASES, MACHINE, MachinePoint, ManyCoreRuns, TimedBatch
from .steps import factors_of

__all__ = ["assumptions_section", "claims_section", "ladder_section", "study_section"]


def assumptions_section(runs: ManyCoreRuns) -> str:
    """Where the machine's numbers are from, and how far the assumed ones move the result."""
    sources = [
        [f"`{item.name}`", f"{getattr(MACHINE, item.name)}", item.metadata["source"]]
        for item in fields(MACHINE)
        if item.name != "name"
    ]
    rows: list[list[str]] = []
    for (name, value), batches in runs.sensitivity.items():
        final = batches[CASES[2]].milliseconds
        first, both = factors_of(batches)
        rows.append(
            [f"`{name}`", f"{value}" + (" (default)" if value == getattr(MACHINE, name) else ""),
             f"{final:.3f} ms", f"{final / BATCH_MS - 1:+.1%}", f"{first:.2f}", f"{both:.2f}"]
        )  # fmt: skip
    heads = ["assumed field", "value", "batch", "to published", "gain of copies",
             "gain with residuals in L1"]  # fmt: skip
    return (
        "## What is published, and what is assumed\n\n"
        + table(["field", "value", "source"], sources)
        + "\nEach assumed number alone at other values; printed are gains of 1.6 and 1.9.\n\n"
        + table(heads, rows)
    )


def study_section(runs: ManyCoreRuns, machines: str, batches: str) -> str:
    """Other numbers of clusters, crossbars and images."""
    rows = [_point_row(point) for point in runs.points if point.batch is not None]
    few = [point for point in runs.points if point.batch is None]
    heads = ["clusters", "crossbars", "used", f"batch of {BATCH}", "images/s", "TOPS", "period",
             "slowest stage", "busiest link", "bound by"]  # fmt: skip
    images = sorted({count for _, count in runs.batches})
    names = list(dict.fromkeys(name for name, _ in runs.batches))
    counts = [
        [f"{count}"]
        + [
            text
            for name in names
            for result in (runs.batches[name, count].result,)
            for text in (f"{result.time_fs / 1e12:.3f} ms", f"{result.images_per_s:,.0f}")
        ]
        for count in images
    ]
    return (
        "## Beyond the published machine\n\n"
        "The same network balanced over all clusters of other machines. A product takes "
        f"{MACHINE.product_cycles} cycles whatever the crossbar's side: assumed, published for 256 "
        "alone. A machine is bound by its stages where the simulated period is that of the slowest "
        "one; else by links, or by the room for residuals, of which one image has place.\n\n"
        + table(heads, rows)
        + "\n"
        + (_too_few(few) if few else "")
        + f"\n{machines}\n"
        "Images of a batch on the published machine, with the published allocation and balanced "
        "over all of its clusters:\n\n"
        + table(["images", *(f"{name}, {what}" for name in names for what in ("time", "images/s"))],
                counts)
        + f"\n{batches}\n"
    )  # fmt: skip


def ladder_section(runs: ManyCoreRuns) -> str:
    """What the next factors would come from."""
    before = runs.steps[CASES[2]]
    rows = [["the final step", f"{before.milliseconds:.3f} ms", "", *_bounds(before)]]
    for name, batch in runs.ladder.items():
        factor = before.milliseconds / batch.milliseconds
        rows.append([name, f"{batch.milliseconds:.3f} ms", f"{factor:.2f}", *_bounds(batch)])
        before = batch
    return (
        "## Where the next factor comes from\n\n"
        "Every line keeps the changes of those above it and is balanced anew over all "
        "clusters.\n\n"
        + table(["change", "batch", "factor", "period", "slowest stage", "busiest link"], rows)
    )


def _bounds(batch: TimedBatch) -> list[str]:
    """The simulated period, that of the slowest stage, and the busiest link."""
    result = batch.result
    share, link = _busiest(batch)
    level = "cluster" if link.level == 0 else f"level {link.level}"
    if link.level == len(result.config.tree_factors):
        level = "HBM"
    return [
        f"{result.steady_cycles / 1e3:.1f} us",
        f"{result.slowest.cycles / 1e3:.1f} us, {result.slowest.stage}",
        f"{share:.0%}, {level}",
    ]


def _busiest(batch: TimedBatch) -> tuple[float, LinkUse]:
    link = max(batch.result.links, key=lambda each: each.busy)
    return link.busy / batch.result.cycles, link


def _point_row(point: MachinePoint) -> list[str]:
    assert point.batch is not None
    result = point.batch.result
    bound = "stages" if abs(result.steady_cycles / result.slowest.cycles - 1) < 0.01 else "others"
    return [
        f"{point.clusters}", f"{point.side}", f"{point.batch.allocation.clusters}",
        f"{point.batch.milliseconds:.3f} ms", f"{result.images_per_s:,.0f}",
        f"{tera_per_second(operations(result), result):.1f}", *_bounds(point.batch), bound,
    ]  # fmt: skip


def _too_few(points: list[MachinePoint]) -> str:
    lines = [
        f"- {point.clusters} clusters, crossbars of {point.side}: {point.needs}" for point in points
    ]
    return "Too small:\n\n" + "\n".join(lines) + "\n"


def claims_section(runs: ManyCoreRuns) -> str:
    """What the paper says of where throughput comes from, each beside a run."""
    copies, both = factors_of(runs.steps)
    whole = runs.batches["all 512", BATCH]
    final = runs.steps[CASES[2]]
    one, many = (runs.batches[CASES[2], count].result for count in (1, 64))
    share, _ = _busiest(final)
    far, _ = _busiest(whole)
    rows = [
        ["copies of early layers raise the throughput, by 1.6",
         f"yes, by {copies:.2f}; balanced over all {MACHINE.clusters} clusters by "
         f"{runs.steps[CASES[0]].milliseconds / whole.milliseconds:.1f} over the first step"],
        ["residuals in L1 of two spare clusters raise it to 1.9 in all",
         f"yes, to {both:.2f}; it hangs on the assumed wait of a DMA at the HBM (table above)"],
        ["the network between clusters has room",
         f"yes at the published pace: the busiest link is taken for {share:.0%} of the time; "
         f"balanced over all clusters for {far:.0%}"],
        ["a batch hides filling and draining",
         f"one image takes {one.time_fs / 1e12:.3f} ms, and of 64 each "
         f"{many.time_fs / 1e12 / 64:.3f} ms"],
    ]  # fmt: skip
    return "## Statements of the paper, run\n\n" + table(["statement", "our runs"], rows)
