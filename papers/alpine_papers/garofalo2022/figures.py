# SPDX-License-Identifier: Apache-2.0
"""Sections of the page that follow from rules, the table and the packing alone."""

from collections.abc import Mapping, Sequence

from alpine_cosim.pages.markdown import table

from . import rules
from .layer_runs import LayerRun
from .layer_table import run_total_seconds
from .layers import (
    FIRST_ROW_PRINTED_LINES,
    LayerKind,
    PublishedLayer,
    energy_total_j,
    published_layers,
    time_total_s,
)
from .packing import PackingOrder, PlacedBlock, matrix_blocks, pack_blocks
from .published import COMPARED, CROSSBARS, PRINTED_TOTALS

__all__ = [
    "breakdown_section",
    "comparison_section",
    "packing_section",
    "rules_section",
    "totals_section",
    "used_shares",
]

CELLS = rules.SIDE**2


def rules_section() -> str:
    """The rules, and where each is from."""
    rows = [[rule.what, rule.text, rule.origin.value] for rule in rules.RULES]
    return "## Rules\n\n" + table(["what", "rule", "origin"], rows)


def totals_section(runs: Mapping[int, LayerRun], *, engine: str) -> str:
    """The printed totals, and which rows they contain."""
    layers, printed = published_layers(), PRINTED_TOTALS
    inner = layers[1:-1]
    seconds = sum(layer.rule_seconds for layer in layers)
    inner_run, all_run = (run_total_seconds(some, runs) for some in (inner, layers))
    rest = layers[-1].rule_energy_j()
    joules = {lines: energy_total_j(first_row_lines=lines) + rest for lines in (3, 27)}
    rows = [
        ["time, by the rules", f"{printed.time_ms:.2f} ms", f"{time_total_s() * 1e3:.3f} ms",
         "all but the first and the last convolution", f"{seconds * 1e3:.3f} ms"],
        [f"time, {engine}", f"{printed.time_ms:.2f} ms", f"{inner_run * 1e3:.3f} ms",
         "all but the first and the last convolution", f"{all_run * 1e3:.3f} ms"],
        ["operations", f"{printed.mmac:.2f} MMAC", f"{_macs(inner):.3f} MMAC",
         "all but the first and the last convolution", f"{_macs(layers):.3f} MMAC"],
        ["energy, by the rules", f"{printed.energy_uj:.0f} uJ", f"{energy_total_j() * 1e6:.2f} uJ",
         f"all but the last; the first one's jobs with {FIRST_ROW_PRINTED_LINES} word lines",
         f"{joules[3] * 1e6:.2f} uJ"],
        ["energy, by the rules", "", f"{energy_total_j(first_row_lines=27) * 1e6:.2f} uJ",
         "all but the last; the first one's jobs with their 27 word lines",
         f"{joules[27] * 1e6:.2f} uJ"],
        ["inferences", f"{printed.inferences_per_s:.0f} a second",
         f"{1 / time_total_s():.1f} a second", "as the time", f"{1 / seconds:.1f} a second"],
        ["parameters", f"{printed.parameters:,}",
         f"{sum(layer.parameters for layer in layers):,}", "all", ""],
    ]  # fmt: skip
    heads = [
        "",
        "printed",
        "ours",
        "rows that give it (derived)",
        "all rows",
    ]
    return (
        "## Totals\n\n"
        + table(heads, rows)
        + "\nNo single choice of rows gives all printed totals: time and operations leave out two "
        "rows, energy one, the number of parameters none. The energies of crossbar jobs are "
        "fitted, so the energy totals are. The simulated time differs from the rules' by "
        f"{inner_run / time_total_s() - 1:+.1%}: depthwise rows at stride 2 take longer, those at "
        "stride 1 and residual additions less.\n"
    )


def breakdown_section(layers: Sequence[PublishedLayer]) -> str:
    """Shares of time and energy by what computes; all rows."""
    seconds = sum(layer.rule_seconds for layer in layers)
    joules = sum(layer.rule_energy_j() for layer in layers)
    rows: list[list[str]] = []
    for kind in LayerKind:
        own = [layer for layer in layers if layer.kind is kind]
        time, energy = (
            sum(layer.rule_seconds for layer in own),
            sum(layer.rule_energy_j() for layer in own),
        )
        rows.append(
            [kind.value, f"{len(own)}", f"{_macs(own):.2f}", f"{time * 1e3:.3f} ms",
             f"{time / seconds:.1%}", f"{energy * 1e6:.1f} uJ", f"{energy / joules:.1%}"]
        )  # fmt: skip
    heads = ["what computes", "rows", "MMAC", "time", "share", "energy", "share"]
    return "## Where time and energy go\n\nAll 63 rows, by the rules.\n\n" + table(heads, rows)


def used_shares(placed: Sequence[PlacedBlock]) -> list[float]:
    """Return the share of every crossbar's cells that hold weights."""
    shares = [0.0] * (1 + max(each.crossbar for each in placed))
    for each in placed:
        shares[each.crossbar] += each.block.rows * each.block.columns / CELLS
    return shares


def packing_section(placed: Sequence[PlacedBlock], picture: str) -> str:
    """How many crossbars the layers take."""
    blocks = matrix_blocks(published_layers())
    rows: list[list[str]] = []
    for order in PackingOrder:
        for turned in (False, True):
            others = pack_blocks(blocks, order=order, turned=turned)
            count = 1 + max(each.crossbar for each in others)
            rows.append([order.value, "yes" if turned else "no", f"{count}"])
    cells = sum(block.rows * block.columns for block in blocks)
    shares = used_shares(placed)
    full = sum(share > 0.999 for share in shares)
    return (
        "## Crossbars\n\n"
        f"The matrices are cut into {len(blocks)} blocks of at most 256 x 256 with {cells:,} "
        f"weights, which are {cells / CELLS:.2f} crossbars of cells. Packed by rectpack (MaxRects "
        "by the best short side, the best-fitting crossbar first, largest area first, not turned) "
        f"they take {len(shares)} crossbars; the paper prints {CROSSBARS}. {full} of them are "
        f"full; the emptiest is used to {min(shares):.0%} (the paper: most to 100 %, the last "
        "below 84 %).\n\n"
        f"{picture}\n"
        "The paper names neither order nor rotation, and both move the number by one:\n\n"
        + table(["largest first by", "turned", "crossbars"], rows)
    )


def comparison_section(throughput: float, runs: Mapping[int, LayerRun]) -> str:
    """The paper's comparison, and our figures under it."""
    period = rules.job_period_cycles(rows=256, columns=256, frequency_hz=250e6)
    gops = 2 * CELLS / period * 0.25
    efficiency = 2 * CELLS / rules.crossbar_energy_j(1, rows=256, columns=256) * 1e-12
    rows = [
        [each.name, f"{each.technology_nm}", each.area_mm2, each.arrays, each.tops,
         each.tops_per_w, each.network, "published"]
        for each in COMPARED
    ]  # fmt: skip
    rows.append(
        ["by the rules", "22", "", "34, 256 x 256", f"{gops / 1e3:.3f}", f"{efficiency:.2f}",
         f"{1 / time_total_s():.1f} inferences/s, {energy_total_j() * 1e3:.3f} mJ",
         "derived; efficiency and energy fitted"]
    )  # fmt: skip
    seconds = run_total_seconds(published_layers()[1:-1], runs)
    rows.append(
        ["simulated", "22", "", "34, 256 x 256", f"{throughput / 1e3:.3f}", "",
         f"{1 / seconds:.1f} inferences/s", "simulated"]
    )  # fmt: skip
    heads = ["", "nm", "mm2", "arrays", "TOPS", "TOPS/W", "MobileNetV2", "origin"]
    return "## Beside other systems\n\n" + table(heads, rows)


def _macs(layers: Sequence[PublishedLayer]) -> float:
    return sum(layer.macs for layer in layers) / 1e6
