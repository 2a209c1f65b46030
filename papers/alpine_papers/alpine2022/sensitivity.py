# SPDX-License-Identifier: Apache-2.0
"""What it would take to obtain the printed factors."""

import math
from statistics import median

from alpine_cosim.pages.markdown import table
from alpine_models.published import (
    Metric,
    PublishedFactor,
    cnn_factors,
    lstm_factors,
    mlp_factors,
    published,
)
from alpine_platform.systems.presets import SYSTEMS
from alpine_sw.calibrate.reference import reference_runs
from alpine_sw.datasets.texts import ONE_HOT_WIDTH
from alpine_sw.graph.lstm import Gate
from alpine_sw.networks.cnn_shapes import cnn_shape

from .constant_costs import exact_table, fit_table, fits, prediction_table
from .figures import METRICS
from .plans import (
    CNN_CORES,
    CNNS,
    FP32_INPUTS,
    HANDOVERS_CYCLES,
    SENSITIVE,
    SENSITIVITIES,
    VARIATIONS,
    changed,
    handed_over,
)
from .results import Results, if_run
from .tables import MISSING, NOTABLE, deviation, share, time, times

__all__ = ["sensitivity_page"]

HIGH = "high-power"
PRODUCT_S = 100e-9
"""CM_PROCESS (Table I-C)."""
MLP_WEIGHTS = 2 * 1024**2
"""Bytes that a digital perceptron reads, and products that it computes, per inference."""
HEADLINES = (("mlp", 1), ("lstm-750", 1), ("cnn-s", CNN_CORES))


def sensitivity_page(results: Results) -> str:
    """Return the page's sections as Markdown, without a title."""
    parts = [
        "What do the paper's factors depend on that the paper does not say? Every table below is "
        "computed from runs; nothing was tuned to a printed number.\n",
        "## Programs: software style, kernel style, synchronisation\n",
        "Digital reference over analog case, high-power system, as many cores on both sides.\n",
        _style_table(results),
        "## System: one change at a time\n",
        "Software `released`, digital style `neon4`, high-power system, one core (eight and one "
        "image for the CNN); digital time / analog time = factor.\n",
        _change_table(results),
        *_large_cache(results),
        "## Hand-overs between cores\n",
        "The paper's cases 3 and 4 of the perceptron take longer than its case 1. What waking "
        "another thread would have to cost for that, released software, high-power system:\n",
        _handover_table(results),
        "## What would give exactly the printed factor\n",
        "Three ways, each with everything else as it is.\n",
        _headline_table(results),
        "## A constant cost per inference\n",
        "An operating system, page faults, a timer call, a line of output or slower code around "
        "the products cost the same with and without a tile. With t more per inference in both "
        "programs the factor is (digital + t) / (analog + t). The t that gives exactly the printed "
        "factor, in core cycles: what a core executes takes as many cycles on both systems, a "
        "ratio of 1; what memory or a tile takes does not, a ratio up to that of the clocks, "
        f"{SYSTEMS[HIGH].core.frequency_hz / SYSTEMS['low-power'].core.frequency_hz:.2f}.\n",
        exact_table(results),
        "One number of cycles, fitted on the logarithms of the printed time factors of one core "
        "(MLP and LSTM-750 on both systems):\n",
        fit_table(results),
        "What the fitted constants predict about statements that they were not fitted on, on the "
        "high-power system:\n",
        prediction_table(results),
        "## What the paper's own numbers imply\n",
        _consistency(results),
        "## Compiled without optimisation\n",
        _unoptimised(),
        "## How plausible\n",
        _verdict(results),
    ]
    return "\n".join(parts)


def _high_power_times() -> list[PublishedFactor]:
    return [
        factor
        for factor in (*mlp_factors(), *lstm_factors(), *cnn_factors())
        if factor.metric is Metric.TIME and factor.system == HIGH
    ]


def _headlines() -> list[PublishedFactor]:
    return [f for f in _high_power_times() if (f.network, f.cores) in HEADLINES]


def _style_table(results: Results) -> str:
    rows = [
        [
            f"{factor.network}, case {factor.case}",
            times(factor.factor),
            *(
                deviation(if_run(lambda f=factor, v=v: results.factor(f, v)), factor.factor)
                for v in VARIATIONS
            ),
        ]
        for factor in _high_power_times()
    ]
    return table(["", "paper", *(v.name for v in VARIATIONS)], rows)


def _change_table(results: Results) -> str:
    rows: list[list[str]] = []
    for name, settings in {"as published": (), **SENSITIVITIES}.items():
        row = [name]
        for network in SENSITIVE:
            plans = changed(network, settings)
            if all(plan in results for plan in plans):
                digital, analog = map(results.value, plans)
                row.append(f"{time(digital)} / {time(analog)} = {times(digital / analog)}")
            else:
                row.append(MISSING)
        rows.append(row)
    return table(["", *SENSITIVE], rows)


def _large_cache(results: Results) -> list[str]:
    """A section on a cache that holds the weights, or nothing where it was not run."""
    rows: list[list[str]] = []
    deviations: dict[Metric, tuple[list[float], list[float]]] = {}
    for factor in (*mlp_factors(), *lstm_factors()):
        ours = if_run(lambda f=factor: results.factor(f))
        held = if_run(lambda f=factor: results.cached_factor(f))
        if ours is None or held is None:
            continue
        cores = f"{factor.cores} core{'s' * (factor.cores > 1)}"
        rows.append(
            [
                f"{factor.network}, {factor.system}, {cores}, case {factor.case}",
                METRICS[factor.metric],
                times(factor.factor),
                deviation(ours, factor.factor),
                deviation(held, factor.factor),
            ]
        )
        found = deviations.setdefault(factor.metric, ([], []))
        for value, into in zip((ours, held), found, strict=True):
            into.append(abs(value / factor.factor - 1))
    if not rows:
        return []
    medians = "; ".join(
        f"{METRICS[metric]} {median(before):.0%} and {median(after):.0%}"
        for metric, (before, after) in deviations.items()
    )
    sizes = " and ".join(
        f"{config.last_level_cache.size_bytes // 2**10} kB" for config in SYSTEMS.values()
    )
    misses = deviations.get(Metric.LLC_MISSES_PER_INSTRUCTION, ([], [math.inf]))[1]
    fits = "fit" if median(misses) < NOTABLE else "do not fit"
    return [
        "## A last-level cache that holds the weights\n",
        f"The digital programs' weights are larger than the last-level caches of {sizes}, so every "
        "inference reads them from DRAM again. With a cache of 8 MB only the first of the ten "
        "does; software `released`, digital style `neon4`:\n",
        table(["", "", "paper", "ours", "with the large cache"], rows),
        f"Median deviations, ours and with the large cache: {medians}. So the printed LLC misses "
        f"{fits} programs whose weights stay in the cache.\n",
    ]


def _handover_table(results: Results) -> str:
    alone = if_run(lambda: results.value(results.analog("mlp", HIGH, 1)))
    said = published()["mlp_text"]
    rows: list[list[str]] = []
    for cycles in HANDOVERS_CYCLES:
        row = [f"{cycles:,}, {time(cycles / SYSTEMS[HIGH].core.frequency_hz)}"]
        for case in (3, 4):
            taken = if_run(lambda k=case, c=cycles: results.value(handed_over(k, c)))
            if taken is None or alone is None:
                row.append(MISSING)
            else:
                row.append(f"{time(taken)}: {1 - alone / taken:+.0%}")
        rows.append(row)
    rows.append(["paper", *(f"{said[f'case1_vs_case{case}_runtime']:+.0%}" for case in (3, 4))])
    heads = ["cycles to wake a thread", "case 3: case 1 is shorter by", "case 4: by"]
    return table(heads, rows)


def _headline_table(results: Results) -> str:
    rows: list[list[str]] = []
    for factor in _headlines():
        pair = results.pair(factor)
        if any(plan not in results for plan in pair):
            continue
        digital, analog = map(results.value, pair)
        wanted = factor.factor * analog
        work = _products(factor.network) / SYSTEMS[HIGH].core.frequency_hz
        constant = (digital - wanted) / (factor.factor - 1)
        rows.append(
            [
                factor.network,
                times(factor.factor),
                times(digital / analog),
                f"{time(digital / factor.factor)} instead of {time(analog)}",
                f"{time(wanted)} instead of {time(digital)}: {work / wanted:.1f} instead of "
                f"{work / digital:.1f} products per cycle",
                time(constant) if constant > 0 else "none: ours lies below the printed factor",
            ]
        )
    heads = ["", "paper", "ours", "an analog time of", "a digital time of", "a constant of"]
    return table(heads, rows)


def _products(network: str) -> int:
    """Multiplications of an inference."""
    if network in CNNS:
        shape = cnn_shape(network)
        dense = sum(outputs * inputs for outputs, inputs in shape.dense_shapes)
        return dense + sum(place.products for place in shape.geometry)
    if network == "mlp":
        return MLP_WEIGHTS
    hidden, width = int(network.removeprefix("lstm-")), ONE_HOT_WIDTH
    return len(Gate) * hidden * (hidden + width) + width * hidden


def _consistency(results: Results) -> str:
    said = published()
    smallest = min(said["fig8_mlp_shares_percent"]["case1"]) / 100
    printed = said["fig7_mlp"][HIGH]["time"]["1"]
    axis = said["fig7_mlp"]["axis_top_ticks"]
    analog = PRODUCT_S / smallest
    digital = printed * analog
    top = axis[HIGH]["time_s"] / axis["inferences"]
    rows = [
        ["smallest slice of Fig. 8, case 1, taken for the products", f"{smallest:.1%}"],
        [f"analog time per inference, if that is one product of {time(PRODUCT_S)}", time(analog)],
        ["ours, released", time(if_run(lambda: results.value(results.analog("mlp", HIGH, 1))))],
        [f"digital time per inference, {times(printed)} that", time(digital)],
        ["rate at which it would read its weights", f"{MLP_WEIGHTS / digital / 1e9:.1f} GB/s"],
        ["top of Fig. 7's time axis, per inference", time(top)],
        ["share of that axis which the digital bar would fill", f"{digital / top:.0%}"],
        ["analog time, if the digital bar filled the axis", time(top / printed)],
        ["products' share of it", f"{PRODUCT_S / (top / printed):.2%}"],
    ]
    return (
        "The shares of Fig. 8 fix an absolute time, because a product's is known; the axis of "
        "Fig. 7 bounds absolute times, too.\n\n"
        + table(["", ""], rows)
        + "\nThe two readings contradict each other: either the smallest slice is not the products "
        "alone, or Fig. 7's bars fill a small part of its axis, or a product took longer than "
        f"{time(PRODUCT_S)}.\n"
    )


def _unoptimised() -> str:
    runs = reference_runs()
    rows: list[list[str]] = []
    for key, config in (("hp", SYSTEMS["high-power"]), ("lp", SYSTEMS["low-power"])):
        clock = config.core.frequency_hz
        fast, slow, *digital = (
            runs[f"mlp_{name}:total", key].cycles / clock
            for name in ("ana1_cold", "ana1_O0", "dig_ei8r", "dig_neon4", "dig_neon1")
        )
        printed = published()["fig7_mlp"][config.name]["time"]["1"]
        factors = [deviation(reference / slow, printed) for reference in digital]
        rows.append([config.name, time(fast), time(slow), times(printed), *factors])
    heads = ["gem5", "case 1, -O3", "case 1, -O0", "paper", "Eigen int8 / -O0", "neon4 / -O0",
             "neon1 / -O0"]  # fmt: skip
    return (
        "The reference holds gem5 runs of the MLP's case 1 compiled with `-O0`, beside digital "
        "kernels compiled with `-O3`: what a build that leaves the analog program unoptimised "
        "would give. They are gem5's times, not ours.\n\n" + table(heads, rows)
    )


def _verdict(results: Results) -> str:
    lines = [*_nearest_lines(results), *_system_lines(results), *_constant_lines(results)]
    shares = if_run(lambda: _share_line(results))
    return "\n".join([*lines, shares] if shares else lines) + "\n"


def _nearest_lines(results: Results) -> list[str]:
    """For every headline the variation that comes nearest, and how it does elsewhere."""
    lines: list[str] = []
    for factor in _headlines():
        found = {v: if_run(lambda f=factor, v=v: results.factor(f, v)) for v in VARIATIONS}
        known = {variation: value for variation, value in found.items() if value is not None}
        if not known:
            continue
        low, high = min(known.values()), max(known.values())
        best = min(known, key=lambda v: abs(math.log(known[v] / factor.factor)))
        others = [
            abs(ours / other.factor - 1)
            for other in (*mlp_factors(), *lstm_factors(), *cnn_factors())
            if other.metric is Metric.TIME and other.network == factor.network and other != factor
            if (ours := if_run(lambda o=other, v=best: results.factor(o, v))) is not None
        ]
        lines.append(
            f"- {factor.network}, printed {times(factor.factor)}: the variations span {times(low)} "
            f"to {times(high)}. Nearest is {best.name} with {deviation(known[best], factor.factor)}"
            f"; on the network's other printed time factors it deviates by "
            f"{', '.join(f'{other:.0%}' for other in others)}."
        )
    return lines


def _system_lines(results: Results) -> list[str]:
    """For every headline the change of the system that comes nearest, and what else it changes."""
    lines: list[str] = []
    printed = {
        (f.network, f.system, f.cores): f.factor
        for f in (*mlp_factors(), *lstm_factors(), *cnn_factors())
        if f.metric is Metric.LLC_MISSES_PER_INSTRUCTION
    }
    for factor in _headlines():
        if factor.network not in SENSITIVE:
            continue
        ratios = {
            name: found
            for name, settings in SENSITIVITIES.items()
            if (found := if_run(lambda f=factor, s=settings: _changed_ratios(results, f, s)))
        }
        if not ratios:
            continue
        best = min(ratios, key=lambda n: abs(math.log(ratios[n][Metric.TIME] / factor.factor)))
        misses = ratios[best][Metric.LLC_MISSES_PER_INSTRUCTION]
        lines.append(
            f"- {factor.network}, of the changes to the system: nearest is {best} with "
            f"{deviation(ratios[best][Metric.TIME], factor.factor)}; LLC misses per instruction "
            f"then differ by a factor of {times(misses)}, printed "
            f"{times(printed[factor.network, factor.system, factor.cores])}."
        )
    return lines


def _changed_ratios(
    results: Results, factor: PublishedFactor, settings: tuple[str, ...]
) -> dict[Metric, float]:
    """Digital over analog, in time and in misses, on a changed system."""
    digital, analog = changed(factor.network, settings)
    return {
        metric: results.value(digital, metric) / results.value(analog, metric)
        for metric in (Metric.TIME, Metric.LLC_MISSES_PER_INSTRUCTION)
    }


def _share_line(results: Results) -> str:
    """What inputs that are values do to Fig. 8's largest slices."""
    said = published()["fig8_mlp_shares_percent"]
    cases = (1, 3, 4)
    ours = [
        sum(
            results.share(results.analog("mlp", system, case, FP32_INPUTS), "input load")
            for system in SYSTEMS
        )
        / len(SYSTEMS)
        for case in cases
    ]
    printed = [said[f"case{case}"][0] / 100 for case in cases]
    close = all(abs(a / b - 1) < NOTABLE for a, b in zip(ours, printed, strict=True))
    gain = results.gain("mlp", HIGH, variation=FP32_INPUTS)
    return (
        f"- Inputs that lie in memory as fp32 values and are converted one by one make the input "
        f"load {', '.join(map(share, ours))} of the perceptron's cases 1, 3 and 4, where the "
        f"largest slices of Fig. 8 are {', '.join(map(share, printed))}: the input format "
        f"{'can explain' if close else 'does not explain'} these shares; the factor of case 1 is "
        f"then {times(gain)}."
    )


def _constant_lines(results: Results) -> list[str]:
    known = fits(results)
    if not known:
        return []
    best = min(known, key=lambda fit: median(fit.fitted))
    explains = "may explain" if median(best.others) < NOTABLE else "does not explain"
    return [
        f"- A constant of {best.cycles:,.0f} cycles per inference in both programs "
        f"({best.variation.name}) leaves a median deviation of {median(best.fitted):.0%} on the "
        f"factors of one core that it was fitted on and of {median(best.others):.0%} on those of "
        f"more cores: a constant alone {explains} these."
    ]
