# SPDX-License-Identifier: Apache-2.0
"""The 63 rows: by the rules and as printed."""

from collections.abc import Mapping, Sequence

from alpine_cosim.pages.markdown import table
from alpine_models.plurals import counted

from . import rules
from .layer_runs import LayerRun
from .layers import LayerKind, PublishedLayer

__all__ = ["layers_section", "run_total_seconds", "streaming_section"]

Runs = Mapping[int, LayerRun]
"""By row of the table."""


def run_total_seconds(layers: Sequence[PublishedLayer], runs: Runs) -> float:
    """Return the simulated time of some rows, without transfers and additions of partial sums."""
    return sum(runs[layer.row].cycles for layer in layers) / rules.FREQUENCY_HZ


def layers_section(
    layers: Sequence[PublishedLayer], runs: Runs, *, engine: str, picture: str
) -> str:
    """Every row of the table, ours beside theirs."""
    rows = [_line(layer, runs[layer.row]) for layer in layers]
    heads = ["row", "layer", "shape", "MMAC", "ms, printed", "ms, rule", f"ms, {engine}",
             f"{engine} over rule", "GMAC/s/W, printed", "GMAC/s/W, rule"]  # fmt: skip
    late = max(abs(layer.rule_seconds * 1e3 - layer.printed_ms) for layer in layers)
    first, *others = layers
    off = max(abs(_off(layer)) for layer in others)
    long = [layer for layer in layers if layer.jobs >= LONG]
    short = [layer for layer in layers if 0 < layer.jobs < LONG]
    return (
        "## MobileNetV2, row by row\n\n"
        "Shapes are word lines x bit lines and jobs of a crossbar layer, or height x width x "
        "channels of another layer's output. Printed figures are published, times by the rules "
        "derived, efficiencies of crossbar layers fitted. The largest difference in time is "
        f"{late:.4f} ms (the table is printed to 0.01), in efficiency, without row 0, {off:.3%}. "
        f"Row 0 is {-_off(first):.1%} below its printed efficiency, which its jobs would have "
        "with 3 word lines in place of 27.\n\n"
        f"Column {engine} is simulated, accelerators by that engine: a random image goes through "
        "all rows, a program for each, which takes what those before it gave; weights are random, "
        f"of 4 bits, every matrix at its place in the packing below. {_correct(layers, runs)} "
        "Times are those of the rules' kind: accelerators from trigger to event, cores from "
        "barrier to barrier, without transfers and without adding row partials, which stand in "
        "the next section.\n\n"
        f"- Crossbar rows of {LONG} jobs or more take {_span(long, runs)} more than the rule, "
        f"shorter ones {_span(short, runs)}: the first job's streams and the last one's.\n"
        "- Depthwise rows follow the loop nest at stride 1 and the port at stride 2 (see below), "
        "not 29.7 MAC/cycle.\n"
        f"- Residual additions take {_residual_cycles(layers, runs)} cycles an element on eight "
        f"cores; the table's are derived as {rules.RESIDUAL_CYCLES}. The kernel here has 8 "
        "instructions for an element, both scales included, and bank conflicts cost next to "
        "nothing.\n\n"
        f"{picture}\n" + table(heads, rows)
    )


LONG = 196
"""Jobs from which on a layer's first and last streams count for little."""


def _line(layer: PublishedLayer, run: LayerRun) -> list[str]:
    seconds = run.cycles / rules.FREQUENCY_HZ
    return [
        f"{layer.row}",
        layer.name,
        _shape(layer),
        f"{layer.macs / 1e6:.3f}",
        f"{layer.printed_ms:.2f}",
        f"{layer.rule_seconds * 1e3:.4f}",
        f"{seconds * 1e3:.4f}",
        f"{seconds / layer.rule_seconds - 1:+.2%}",
        f"{layer.printed_gmac_per_s_per_w:.1f}",
        f"{layer.macs / layer.rule_energy_j() * 1e-9:.1f}",
    ]


def _correct(layers: Sequence[PublishedLayer], runs: Runs) -> str:
    wrong = [f"{layer.row}" for layer in layers if not runs[layer.row].is_correct]
    if wrong:
        return f"Outputs differ from plain integer arithmetic in rows {', '.join(wrong)}."
    return "Every output equals what plain integer arithmetic gives."


def _span(layers: Sequence[PublishedLayer], runs: Runs) -> str:
    """The smallest and the largest difference from the rule."""
    found = [
        runs[layer.row].cycles / rules.FREQUENCY_HZ / layer.rule_seconds - 1 for layer in layers
    ]
    least, most = f"{min(found):.3%}", f"{max(found):.3%}"
    return least if least == most else f"{least} to {most}"


def _residual_cycles(layers: Sequence[PublishedLayer], runs: Runs) -> str:
    found = [
        runs[layer.row].cycles / layer.macs for layer in layers if layer.kind is LayerKind.RESIDUAL
    ]
    return f"{min(found):.3f} to {max(found):.3f}"


def streaming_section(layers: Sequence[PublishedLayer], runs: Runs) -> str:
    """What the table of layers leaves out: transfers, stalls, additions of row partials."""
    inner = layers[1:-1]
    rows: list[list[str]] = []
    for name, own in (("all but the two convolutions", inner), ("all rows", layers)):
        found = [runs[layer.row] for layer in own]
        computed = sum(run.cycles for run in found)
        partial = sum(run.partial_cycles for run in found)
        total = sum(run.total_cycles for run in found)
        rows.append(
            [name, _ms(computed), _ms(partial), _ms(total - computed - partial), _ms(total),
             f"{sum(run.dma_bytes for run in found):,}"]
        )  # fmt: skip
    heads = ["rows", "computing", "adding row partials", "waiting for the DMA, writing registers",
             "together", "DMA, bytes"]  # fmt: skip
    cut = [layer for layer in layers if runs[layer.row].parts > 1]
    split = [layer for layer in layers if runs[layer.row].partial_cycles]
    stalls = [
        f"{layer.row} ({runs[layer.row].stalled_cycles:,})"
        for layer in layers
        if layer.kind is LayerKind.DEPTHWISE and runs[layer.row].stalled_cycles > STALLS
    ]
    return (
        "### What the rows leave out\n\n"
        "Every row takes its input from L2 and puts its output there, 8 bytes a cycle after "
        "100 cycles (assumed); operands of residual additions lie in the TCDM. A map that fits "
        "could stay. "
        f"{counted(len(cut), 'row')} exceed the TCDM and are cut: {_listed(cut, runs)}. Where two "
        "parts fit, the DMA works beside the computation. It then takes banks from the depthwise "
        "accelerator, whose stalls count as waiting for the DMA: "
        f"row {', '.join(stalls)} (cycles). Matrices of more than 256 rows, in "
        f"{counted(len(split), 'row')}, give codes that the cores have to add; the printed table "
        "has no time for that.\n\n" + table(heads, rows)
    )


STALLS = 100
"""Cycles from which on stalls are told."""


def _listed(layers: Sequence[PublishedLayer], runs: Runs) -> str:
    return ", ".join(f"{layer.row} into {runs[layer.row].parts}" for layer in layers)


def _ms(cycles: int) -> str:
    return f"{cycles / rules.FREQUENCY_HZ * 1e3:.3f} ms"


def _shape(layer: PublishedLayer) -> str:
    if layer.kind is LayerKind.CROSSBAR:
        return f"{layer.rows} x {layer.columns}, {layer.jobs:,} jobs"
    return f"{layer.height} x {layer.width} x {layer.channels}"


def _off(layer: PublishedLayer) -> float:
    """How much an efficiency by the rules deviates from the printed one."""
    return layer.macs / layer.rule_energy_j() * 1e-9 / layer.printed_gmac_per_s_per_w - 1
