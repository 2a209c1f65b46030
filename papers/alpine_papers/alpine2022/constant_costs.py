# SPDX-License-Identifier: Apache-2.0
"""Constant costs per inference, the same with and without a tile, that give the paper's factors.

With t more in both programs a factor is (digital + t) / (analog + t). Costs are in core cycles:
what a core executes takes as many cycles on both systems.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

from alpine_cosim.pages.markdown import table
from alpine_cosim.spec.specification import RunSpec
from alpine_models.published import Metric, PublishedFactor, lstm_factors, mlp_factors, published
from alpine_platform.systems.presets import PUBLISHED_SYSTEMS

from .plans import VARIATIONS, Variation
from .results import Results, if_run
from .tables import MISSING, time, times

__all__ = ["Fit", "exact_table", "fit_table", "fits", "prediction_table"]

HIGH = "high-power"
CYCLES = np.geomspace(1e2, 1e8, 3000)
"""Constants that are tried."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """The constant that serves the factors of one core best.

    Members
    -------
    variation : of the programs.
    cycles : per inference.
    fitted, others : deviations with it, of the factors it was fitted on and of those with more
        cores.
    """

    variation: Variation
    cycles: float
    fitted: list[float]
    others: list[float]


def printed_times() -> list[PublishedFactor]:
    """Time factors of perceptron and LSTM."""
    return [f for f in (*mlp_factors(), *lstm_factors()) if f.metric is Metric.TIME]


def fits(results: Results) -> list[Fit]:
    """Fit every variation that was run, on the logarithms of the factors of one core."""
    found = [if_run(lambda v=v: _fit(results, v)) for v in VARIATIONS]
    return [fit for fit in found if fit is not None]


def _fit(results: Results, variation: Variation) -> Fit:
    alone = [f for f in printed_times() if f.cores == 1]
    more = [f for f in printed_times() if f.cores > 1]

    def ratios(cycles: float, factors: list[PublishedFactor]) -> list[float]:
        return [_factor(results, f, variation, cycles) / f.factor for f in factors]

    cycles = min(
        map(float, CYCLES), key=lambda c: sum(math.log(ratio) ** 2 for ratio in ratios(c, alone))
    )
    fitted, others = ([abs(r - 1) for r in ratios(cycles, fs)] for fs in (alone, more))
    return Fit(variation=variation, cycles=cycles, fitted=fitted, others=others)


def _factor(
    results: Results, factor: PublishedFactor, variation: Variation, cycles: float
) -> float:
    more = cycles / PUBLISHED_SYSTEMS[factor.system].core.frequency_hz
    digital, analog = map(results.value, results.pair(factor, variation))
    return (digital + more) / (analog + more)


def exact_table(results: Results) -> str:
    """The constants that give exactly the printed factors, per system, and their ratios."""
    rows: list[list[str]] = []
    factors = {(f.network, f.cores, f.system): f for f in printed_times()}
    for (network, cores, system), factor in factors.items():
        if system != HIGH:
            continue
        row = [f"{network}, {cores} core{'s' * (cores > 1)}, case {factor.case}"]
        for variation in VARIATIONS:
            both = if_run(
                lambda n=network, c=cores, v=variation: [
                    _exact_cycles(results, factors[n, c, s], v) for s in PUBLISHED_SYSTEMS
                ]
            )
            text = f"{both[0]:,.0f}, {both[1]:,.0f}: {both[0] / both[1]:.2f}" if both else MISSING
            row.append(text)
        rows.append(row)
    return table([f"{', '.join(PUBLISHED_SYSTEMS)}: ratio", *(v.name for v in VARIATIONS)], rows)


def _exact_cycles(results: Results, factor: PublishedFactor, variation: Variation) -> float:
    digital, analog = map(results.value, results.pair(factor, variation))
    seconds = (digital - factor.factor * analog) / (factor.factor - 1)
    return seconds * PUBLISHED_SYSTEMS[factor.system].core.frequency_hz


def fit_table(results: Results) -> str:
    """The fitted constants and what deviation they leave."""
    rows = [
        [
            fit.variation.name,
            f"{fit.cycles:,.0f}",
            ", ".join(time(fit.cycles / c.core.frequency_hz) for c in PUBLISHED_SYSTEMS.values()),
            f"{median(fit.fitted):.0%}, {max(fit.fitted):.0%}",
            f"{median(fit.others):.0%}, {max(fit.others):.0%}",
        ]
        for fit in fits(results)
    ]
    heads = ["", "cycles", ", ".join(PUBLISHED_SYSTEMS), "one core: median, worst deviation",
             "more cores, not fitted: median, worst"]  # fmt: skip
    return table(heads, rows)


def prediction_table(results: Results) -> str:
    """Statements that the constants were not fitted on, with the constants in place."""
    said = published()
    clock = PUBLISHED_SYSTEMS[HIGH].core.frequency_hz
    load = said["fig8_mlp_shares_percent"]["case1"][0]
    growth = said["fig10_lstm_750"]["aimc_growth_256_to_750"]

    def seconds(plan: RunSpec, fit: Fit) -> float:
        return results.value(plan) + fit.cycles / clock

    def case(fit: Fit, network: str, number: int) -> float:
        return seconds(results.analog(network, HIGH, number, fit.variation), fit)

    def shorter(network: str, number: int, than: int) -> Callable[[Fit], str]:
        return lambda fit: f"{1 - case(fit, network, number) / case(fit, network, than):+.0%}"

    def small_gain(fit: Fit) -> str:
        digital = results.digital("lstm-256", HIGH, 1, fit.variation)
        return times(seconds(digital, fit) / case(fit, "lstm-256", 1))

    def input_load(fit: Fit) -> str:
        plan = results.analog("mlp", HIGH, 1, fit.variation)
        loading = results.share(plan, "input load") * results.value(plan)
        return f"{(loading + fit.cycles / clock) / seconds(plan, fit):.0%}"

    statements: dict[str, Callable[[Fit], str]] = {
        f"analog LSTM time grows {growth}x from 256 to 750 units": lambda fit: times(
            case(fit, "lstm-750", 1) / case(fit, "lstm-256", 1)
        ),
        "256 units gain 1.0x to 1.5x": small_gain,
        "MLP case 1 runs 20% shorter than case 3": shorter("mlp", 1, 3),
        "MLP case 1 runs 30% shorter than case 4": shorter("mlp", 1, 4),
        "LSTM-750 case 4 runs 9% shorter than case 1": shorter("lstm-750", 4, 1),
        f"input load takes {load}% of MLP case 1, if the constant lies there": input_load,
    }
    known = fits(results)
    rows = [
        [says, *(if_run(lambda f=fit, v=value: v(f)) or MISSING for fit in known)]
        for says, value in statements.items()
    ]
    return table(["paper", *(fit.variation.name for fit in known)], rows)
