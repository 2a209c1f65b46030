# SPDX-License-Identifier: Apache-2.0
"""The Bottleneck on the page: every mapping as it ran, beside the printed factors."""

from collections.abc import Mapping

from alpine_cosim.pages.markdown import table

from . import rules
from .bottleneck import BlockPart, Bottleneck, BottleneckCase, BottleneckResult
from .packing import MatrixBlock, pack_blocks
from .published import (
    BOTTLENECK,
    CLUSTER_AREA_MM2,
    CROSSBAR_AREA_MM2,
    DEPTHWISE_AREA_SHARE,
    DEPTHWISE_OVER_SOFTWARE,
)

__all__ = [
    "area_mm2",
    "bottleneck_section",
    "crossbars",
    "depthwise_jobs",
    "energy_j",
    "table_cycles",
]

Results = Mapping[BottleneckCase, BottleneckResult]


def energy_j(shape: Bottleneck, result: BottleneckResult, *, partials: bool) -> float:
    """Return a mapping's energy: cores by their power, all else by the rules of the layers."""
    joules = rules.residual_energy_j(shape.pixels * shape.channels)
    for phase, cycles in result.phases.items():
        if phase is BlockPart.EXPAND and result.products:
            joules += rules.crossbar_energy_j(
                shape.pixels, rows=shape.channels, columns=shape.inner
            )
        elif phase is BlockPart.PROJECT and result.products:
            joules += rules.crossbar_energy_j(
                shape.pixels, rows=shape.inner, columns=shape.channels
            )
        elif phase is BlockPart.DEPTHWISE and result.case is BottleneckCase.IMA_DW:
            joules += rules.depthwise_energy_j(
                height=shape.height, width=shape.width, channels=shape.inner
            )
        elif phase is BlockPart.DEPTHWISE and result.case.job_channels:
            channels = result.case.job_channels
            joules += rules.crossbar_energy_j(
                depthwise_jobs(shape, channels), rows=rules.WINDOW * channels, columns=channels
            )
        elif phase is not BlockPart.RESIDUAL and (partials or phase is not BlockPart.PARTIAL):
            joules += cycles / rules.FREQUENCY_HZ * rules.CORES_WATTS
    return joules


def area_mm2(shape: Bottleneck, case: BottleneckCase) -> float:
    """Return the area of what a mapping uses: cores and memories, crossbars, depthwise engine."""
    area = CLUSTER_AREA_MM2 * (1 - DEPTHWISE_AREA_SHARE) - CROSSBAR_AREA_MM2
    if not case.on_crossbars:
        return area
    if case is BottleneckCase.IMA_DW:
        area += CLUSTER_AREA_MM2 * DEPTHWISE_AREA_SHARE
    return area + crossbars(shape, case) * CROSSBAR_AREA_MM2


def depthwise_jobs(shape: Bottleneck, channels: int) -> int:
    """Return the depthwise layer's jobs of so many channels each."""
    return shape.pixels * -(-shape.inner // channels)


def crossbars(shape: Bottleneck, case: BottleneckCase) -> int:
    """Return how many crossbars a mapping's matrices take, packed as those of the network."""
    sizes = [(shape.channels, shape.inner), (shape.inner, shape.channels)]
    if case.job_channels:
        blocks = -(-shape.inner // case.job_channels)
        sizes += [(rules.WINDOW * case.job_channels, case.job_channels)] * blocks
    matrices = [
        MatrixBlock(layer=layer, first_row=0, first_column=0, rows=height, columns=width)
        for layer, (rows, columns) in enumerate(sizes)
        for height in rules.part_sizes(rows)
        for width in rules.part_sizes(columns)
    ]
    return 1 + max(each.crossbar for each in pack_blocks(matrices))


def table_cycles(shape: Bottleneck) -> float:
    """Return the cycles of mapping ima-dw by the rules of the table of layers."""
    seconds = (
        rules.crossbar_seconds(shape.pixels, rows=shape.channels, columns=shape.inner)
        + rules.crossbar_seconds(shape.pixels, rows=shape.inner, columns=shape.channels)
        + rules.depthwise_seconds(height=shape.height, width=shape.width, channels=shape.inner)
        + rules.residual_seconds(shape.pixels * shape.channels)
    )
    return seconds * rules.FREQUENCY_HZ


def bottleneck_section(shape: Bottleneck, results: Results, *, engine: str, picture: str) -> str:
    """All mappings in cycles, then factors over the cores, then what does not agree."""
    return (
        "## Bottleneck\n\n"
        f"{shape.channels} channels, {shape.inner} inside, {shape.height} x {shape.width} pixels: "
        "the paper prints the sizes in a picture alone, and these fit what it says of them "
        f"(inferred). Compiled kernels on eight cores at 500 MHz, accelerators by engine {engine}. "
        f"{_correct(results)} Cycles contain the writing of registers.\n\n"
        f"{picture}\n"
        + _cycle_table(results)
        + "\nThe projecting layer's 600 rows lie on three crossbars, whose codes the cores add. "
        "The paper's table has no time for that, so factors are given with it and without it. "
        "Jobs of 8 or 16 channels need these side by side for each pixel, which no layer before "
        "them writes: the DMA takes the map to L2 and brings it back by blocks, beside the "
        "products but for the first, and that counts as depthwise.\n\n"
        + _factor_table(shape, results)
        + "\n"
        + _disagreements(shape, results)
    )


def _correct(results: Results) -> str:
    wrong = [case for case, result in results.items() if not result.is_correct]
    if wrong:
        return f"Outputs differ from plain integer arithmetic in {', '.join(wrong)}."
    return "Every output equals what plain integer arithmetic gives for the same mapping."


def _cycle_table(results: Results) -> str:
    heads = [
        "mapping",
        *BlockPart,
        "all",
        "without row partials",
        "TCDM, bytes",
        "DMA, bytes",
    ]
    rows = [
        [case.value]
        + [f"{result.phases[phase]:,}" if phase in result.phases else "" for phase in BlockPart]
        + [f"{result.cycles:,}", f"{_plain(result):,}", f"{result.tcdm_bytes:,}",
           f"{result.dma_bytes:,}"]
        for case, result in results.items()
    ]  # fmt: skip
    return table(heads, rows)


def _plain(result: BottleneckResult) -> int:
    return result.cycles - result.phases.get(BlockPart.PARTIAL, 0)


def _factor_table(shape: Bottleneck, results: Results) -> str:
    """Time, energy efficiency and area efficiency over the cores."""
    base = results[BottleneckCase.CORES]
    watts = energy_j(shape, base, partials=True)
    rows: list[list[str]] = []
    for printed in BOTTLENECK[1:]:
        case = BottleneckCase(printed.case)
        result = results[case]
        times = [base.cycles / cycles for cycles in (result.cycles, _plain(result))]
        energies = [
            watts / energy_j(shape, result, partials=partials) for partials in (True, False)
        ]
        share = area_mm2(shape, BottleneckCase.CORES) / area_mm2(shape, case)
        areas = [factor * share for factor in times]
        rows.append(
            [printed.case, f"{printed.time}", _both(times), printed.energy, _both(energies),
             printed.area, _both(areas)]
        )  # fmt: skip
    heads = ["over the cores", "time, printed", "ours", "energy, printed", "ours",
             "area, printed", "ours"]  # fmt: skip
    return (
        "Factors over the cores; ours with row partials and without. Energies rest on fitted "
        "figures, and that of the cores was fitted to the printed 9.5, so it confirms nothing. "
        f"Area is that of cores and memories, of crossbars ({_crossbar_counts(shape)}), and of the "
        "depthwise accelerator where it is used (derived); the paper counts used area in a way "
        "that it does not state, and its factors imply far smaller crossbars.\n\n"
        + table(heads, rows)
    )


def _crossbar_counts(shape: Bottleneck) -> str:
    cases = [BottleneckCase(printed.case) for printed in BOTTLENECK[1:]]
    return ", ".join(f"{case}: {crossbars(shape, case)}" for case in cases)


def _both(values: list[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


def _block_jobs(shape: Bottleneck, results: Results) -> str:
    """What the printed factors say of a depthwise job on crossbars."""
    base = results[BottleneckCase.CORES]
    weights = 2 * shape.channels * shape.inner + rules.WINDOW * shape.inner
    parts: list[str] = []
    for printed in BOTTLENECK:
        case = BottleneckCase(printed.case)
        if not case.job_channels:
            continue
        result = results[case]
        jobs = depthwise_jobs(shape, case.job_channels)
        depthwise = result.phases[BlockPart.DEPTHWISE]
        implied = base.cycles / printed.time - (_plain(result) - depthwise)
        more = rules.WINDOW * shape.inner * (case.job_channels - 1)
        parts.append(
            f"{case} takes {depthwise / jobs:.1f} cycles for each of its {jobs:,}, where its "
            f"printed factor leaves {implied / jobs:.0f}, and {more / weights:.1%} more cells"
        )
    return (
        f"- Depthwise jobs on crossbars: {'; '.join(parts)}. What the factors leave is reckoned "
        "from the cores' cycles here, without row partials; a product has 65 cycles, and what the "
        "printed mappings spend beyond it is not explained. The paper prints 25 % and 54 % more "
        "cells. Its energies of these mappings, no better than the cores', do not agree with the "
        "energies of the jobs in its table of layers either, by which ours are reckoned.\n"
    )


def _disagreements(shape: Bottleneck, results: Results) -> str:
    """What the paper's figures say of each other, with the runs' figures."""
    macs = rules.window_macs(height=shape.height, width=shape.width, channels=shape.inner)
    base, generic, engine, hybrid, slow = (
        results[case]
        for case in (
            BottleneckCase.CORES, BottleneckCase.CORES_GENERIC, BottleneckCase.IMA_DW,
            BottleneckCase.HYBRID, BottleneckCase.HYBRID_GENERIC,
        )
    )  # fmt: skip
    cycles = {result.case: result.phases[BlockPart.DEPTHWISE] for result in results.values()}
    own = cycles[BottleneckCase.IMA_DW]
    printed = BOTTLENECK[-1].time
    implied = table_cycles(shape) * printed
    return (
        "What does not agree:\n\n"
        + _block_jobs(shape, results)
        + f"- The paper gives its depthwise accelerator {DEPTHWISE_OVER_SOFTWARE} times the cores' "
        f"rate. Here it does {macs / own:.1f} MAC/cycle, {cycles[generic.case] / own:.1f} times "
        f"the generic kernel's {macs / cycles[generic.case]:.2f} and "
        f"{cycles[base.case] / own:.1f} times the 3 x 3 kernel's "
        f"{macs / cycles[base.case]:.2f}. But with the generic kernel the hybrid mapping would be "
        f"{generic.cycles / _plain(slow):.1f} times as fast as the cores, not the printed 4.6; "
        f"with the 3 x 3 kernel it is {base.cycles / hybrid.cycles:.1f} (with row partials) to "
        f"{base.cycles / _plain(hybrid):.1f}.\n"
        f"- By the rules of the table of layers ima-dw takes {table_cycles(shape):,.0f} cycles; "
        f"here it takes {_plain(engine):,} without row partials. {printed} times the former are "
        f"{implied:,.0f} cycles for the cores, {shape.macs / implied:.1f} MAC/cycle, where the "
        f"kernels here do {shape.macs / base.cycles:.1f} and PULP-NN's, by its paper "
        "(arXiv 1908.11263), up to 15.5 in convolutions: the Bottleneck was not accounted like the "
        "table.\n"
    )
