"""What it would take to obtain the printed factors: changes one at a time, and constant costs."""

import math
from collections.abc import Callable
from statistics import median

import numpy as np

from alpine_models.golden_lstm import Gate
from alpine_models.published import (
    Metric,
    PublishedFactor,
    cnn_factors,
    lstm_factors,
    mlp_factors,
    published,
)
from alpine_platform.presets import SYSTEMS
from alpine_sw.calibrate.reference import reference_runs
from alpine_sw.networks.cnn_shapes import cnn_shape
from alpine_sw.texts import ONE_HOT_WIDTH

from .plans import CNNS, SENSITIVE, SENSITIVITIES, VARIATIONS, Variation, changed
from .results import Results, if_run
from .tables import MISSING, deviation, table, time, times

__all__ = ["sensitivity_page"]

HIGH = "high-power"
PRODUCT_S = 100e-9
"""CM_PROCESS (Table I-C)."""
CONSTANTS_S = 1e-9, 1e-3
"""Range in which constants are looked for."""


def sensitivity_page(results: Results) -> str:
    """Return the page's sections as Markdown, without a title."""
    parts = [
        "What do the paper's factors depend on that the paper does not say? Every table below is "
        "computed from runs; nothing was tuned to a printed number.\n",
        "## Programs: software style, kernel style, synchronisation\n",
        "Digital reference over analog case, high-power system, as many cores on both sides.\n",
        _style_table(results),
        "## System: one change at a time\n",
        "Software `released`, digital style `neon4`, one core (eight for the CNN, one image).\n",
        _change_table(results),
        "## What would give exactly the printed factor\n",
        "Three ways, each with everything else as it is.\n",
        _headline_table(results),
        "## A constant cost per inference\n",
        "An operating system, page faults, a timer call or a line of output per inference cost the "
        "same with and without a tile. With t more in both programs the factor is "
        "(digital + t) / (analog + t). One t for all printed time factors of MLP and LSTM, fitted "
        "on the logarithms:\n",
        _constant_table(results),
        "What the fitted constants predict about statements that they were not fitted on, the "
        "high-power system:\n",
        _prediction_table(results),
        "## What the paper's own numbers imply\n",
        _consistency(results),
        "## Compiled without optimisation\n",
        _unoptimised(),
        "## How plausible\n",
        _verdict(results),
    ]
    return "\n".join(parts)


def _headlines() -> list[PublishedFactor]:
    wanted = {("mlp", 1), ("lstm-750", 1), ("cnn-s", 8)}
    return [
        factor
        for factor in (*mlp_factors(), *lstm_factors(), *cnn_factors())
        if factor.metric is Metric.TIME
        and factor.system == HIGH
        and (factor.network, factor.cores) in wanted
    ]


def _times_printed() -> list[PublishedFactor]:
    return [f for f in (*mlp_factors(), *lstm_factors()) if f.metric is Metric.TIME]


def _style_table(results: Results) -> str:
    factors = [
        factor
        for factor in (*mlp_factors(), *lstm_factors(), *cnn_factors())
        if factor.metric is Metric.TIME and factor.system == HIGH
    ]
    rows = [
        [
            f"{factor.network}, case {factor.case}",
            times(factor.factor),
            *(
                deviation(if_run(lambda f=factor, v=v: results.factor(f, v)), factor.factor)
                for v in VARIATIONS
            ),
        ]
        for factor in factors
    ]
    return table(["", "paper", *(v.name for v in VARIATIONS)], rows)


def _change_table(results: Results) -> str:
    rows: list[list[str]] = []
    for name, settings in {"as published": (), **SENSITIVITIES}.items():
        row = [name]
        for network in SENSITIVE:
            above, below = changed(network, settings)
            if above in results and below in results:
                digital, analog = results.value(above), results.value(below)
                row.append(f"{time(digital)} / {time(analog)} = {times(digital / analog)}")
            else:
                row.append(MISSING)
        rows.append(row)
    return table(["", *SENSITIVE], rows)


def _headline_table(results: Results) -> str:
    rows: list[list[str]] = []
    for factor in _headlines():
        above, below = results.pair(factor)
        if above not in results or below not in results:
            continue
        digital, analog = results.value(above), results.value(below)
        wanted = factor.factor * analog
        work = _products(factor.network) / SYSTEMS[HIGH].core.frequency_hz
        constant = (digital - wanted) / (factor.factor - 1)
        rows.append(
            [
                factor.network,
                times(factor.factor),
                times(digital / analog),
                f"{time(digital / factor.factor)} instead of {time(analog)}",
                f"{time(wanted)} instead of {time(digital)}, which is {work / wanted:.1f} instead "
                f"of {work / digital:.1f} products per core cycle",
                time(constant) if constant > 0 else "none: ours is below the printed factor",
            ]
        )
    heads = ["", "paper", "ours", "an analog time of", "a digital time of", "a constant of"]
    return table(heads, rows)


MLP_WEIGHTS = 2 * 1024**2
"""Bytes that a digital perceptron reads, and products that it computes, per inference."""


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


def _with(results: Results, factor: PublishedFactor, variation: Variation, more: float) -> float:
    above, below = results.pair(factor, variation)
    return (results.value(above) + more) / (results.value(below) + more)


def _fitted(results: Results, variation: Variation) -> tuple[float, list[float]]:
    """The constant that fits all printed factors best, and the factors' deviations with it."""
    factors = _times_printed()

    def ratios(more: float) -> list[float]:
        return [_with(results, f, variation, more) / f.factor for f in factors]

    def error(more: float) -> float:
        return sum(math.log(ratio) ** 2 for ratio in ratios(more))

    constant = min(map(float, np.geomspace(*CONSTANTS_S, 2000)), key=error)
    return constant, [abs(ratio - 1) for ratio in ratios(constant)]


def _fits(results: Results) -> list[tuple[Variation, float, list[float]]]:
    found = [(v, if_run(lambda v=v: _fitted(results, v))) for v in VARIATIONS]
    return [(variation, *fit) for variation, fit in found if fit is not None]


def _constant_table(results: Results) -> str:
    rows: list[list[str]] = []
    for variation, constant, errors in _fits(results):
        before = [
            abs(results.factor(factor, variation) / factor.factor - 1)
            for factor in _times_printed()
        ]
        cycles = [constant * config.core.frequency_hz for config in SYSTEMS.values()]
        rows.append(
            [
                variation.name,
                f"{median(before):.0%}, {max(before):.0%}",
                time(constant),
                " / ".join(f"{count:,.0f}" for count in cycles),
                f"{median(errors):.0%}, {max(errors):.0%}",
            ]
        )
    heads = ["", "deviation without: median, worst", "constant",
             f"core cycles, {' / '.join(SYSTEMS)}", "deviation with: median, worst"]  # fmt: skip
    return table(heads, rows)


def _prediction_table(results: Results) -> str:
    said = published()
    rows: list[list[str]] = []

    def predict(says: str, value: Callable[[Variation, float], str]) -> None:
        cells = [
            if_run(lambda v=v, c=constant: value(v, c)) or MISSING
            for v, constant, _ in _fits(results)
        ]
        rows.append([says, *cells])

    def case(variation: Variation, network: str, number: int, more: float) -> float:
        return results.value(results.analog(network, HIGH, number, variation)) + more

    def shorter(network: str, number: int, than: int) -> Callable[[Variation, float], str]:
        return lambda v, c: f"{1 - case(v, network, number, c) / case(v, network, than, c):+.0%}"

    growth = said["fig10_lstm_750"]["aimc_growth_256_to_750"]
    predict(
        f"analog LSTM time grows {growth}x from 256 to 750 units",
        lambda v, c: times(case(v, "lstm-750", 1, c) / case(v, "lstm-256", 1, c)),
    )
    predict(
        "256 units gain 1.0x to 1.5x",
        lambda v, c: times(
            (results.value(results.digital("lstm-256", HIGH, 1, v)) + c) / case(v, "lstm-256", 1, c)
        ),
    )
    predict("MLP case 1 runs 20% shorter than case 3", shorter("mlp", 1, 3))
    predict("MLP case 1 runs 30% shorter than case 4", shorter("mlp", 1, 4))
    predict("LSTM-750 case 4 runs 9% shorter than case 1", shorter("lstm-750", 4, 1))
    return table(["paper", *(v.name for v, _, _ in _fits(results))], rows)


def _consistency(results: Results) -> str:
    said = published()
    smallest = min(said["fig8_mlp_shares_percent"]["case1"]) / 100
    printed = said["fig7_mlp"][HIGH]["time"]["1"]
    axis = said["fig7_mlp"]["axis_top_ticks"]
    analog = PRODUCT_S / smallest
    digital = printed * analog
    top = axis[HIGH]["time_s"] / axis["inferences"]
    ours = if_run(lambda: results.value(results.analog("mlp", HIGH, 1)))
    rows = [
        ["smallest slice of Fig. 8, case 1, taken for the products", f"{smallest:.1%}"],
        [f"analog time per inference, if that is one product of {time(PRODUCT_S)}", time(analog)],
        ["ours, released", time(ours)],
        [f"digital time per inference, {times(printed)} that", time(digital)],
        ["rate at which it would read its weights", f"{MLP_WEIGHTS / digital / 1e9:.1f} GB/s"],
        ["top of Fig. 7's time axis, per inference", time(top)],
        ["share of that axis which the digital bar would fill", f"{digital / top:.0%}"],
        ["analog time, if the digital bar filled the axis", time(top / printed)],
        ["products' share of it", f"{PRODUCT_S / (top / printed):.2%}"],
    ]
    return (
        "The shares of Fig. 8 fix an absolute time, because the product's is known; the axis of "
        "Fig. 7 bounds the absolute times, too.\n\n"
        + table(["", ""], rows)
        + "\nThe two readings differ by an order of magnitude: either the smallest slice is not "
        "the products alone, or Fig. 7's bars fill a small part of its axis, or products took "
        "longer than 100 ns.\n"
    )


def _unoptimised() -> str:
    runs = reference_runs()
    clocks = {"hp": SYSTEMS["high-power"], "lp": SYSTEMS["low-power"]}
    rows: list[list[str]] = []
    for system, config in clocks.items():

        def seconds(name: str, key: str = system, clock: float = config.core.frequency_hz) -> float:
            return runs[f"mlp_{name}:total", key].cycles / clock

        slow = seconds("ana1_O0")
        factors = [times(seconds(f"dig_{style}") / slow) for style in ("ei8r", "neon4", "neon1")]
        rows.append([config.name, time(seconds("ana1_cold")), time(slow), *factors])
    heads = ["gem5", "case 1, -O3", "case 1, -O0", "Eigen int8 over -O0", "neon4", "neon1"]
    return (
        "The reference holds gem5 runs of the MLP's case 1 compiled with `-O0`, digital kernels "
        "with `-O3`. A library of templates under a kernel library that is always optimised would "
        "look like that.\n\n" + table(heads, rows)
    )


def _verdict(results: Results) -> str:
    lines: list[str] = []
    for factor in _headlines():
        known = {
            v.name: found
            for v in VARIATIONS
            if (found := if_run(lambda f=factor, v=v: results.factor(f, v))) is not None
        }
        if not known:
            continue
        low, high = min(known.values()), max(known.values())
        inside = low <= factor.factor <= high
        lines.append(
            f"- {factor.network}, printed {times(factor.factor)}: the styles alone span "
            f"{times(low)} to {times(high)}, and the printed factor lies "
            f"{'within' if inside else 'outside'} that range."
        )
    fits = _fits(results)
    if fits:
        variation, constant, errors = min(fits, key=lambda fit: median(fit[2]))
        lines.append(
            f"- A constant of {time(constant)} per inference in both programs, in the variation "
            f"that it serves best ({variation.name}), brings the median deviation of "
            f"{len(errors)} printed factors to {median(errors):.0%}. Whether it predicts what it "
            f"was not fitted on is in the table above."
        )
    return "\n".join(lines) + "\n"
