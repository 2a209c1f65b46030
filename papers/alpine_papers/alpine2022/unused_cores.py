# SPDX-License-Identifier: Apache-2.0
"""What the idle energy of cores without a program changes, and what the paper's figures allow."""

from collections.abc import Iterable

from alpine_cosim.pages.markdown import table
from alpine_cosim.spec.specification import RunSpec
from alpine_models.published import Metric, PublishedFactor, published
from alpine_platform.systems.presets import SYSTEMS

from .results import Results
from .tables import deviation, share, times

__all__ = ["unused_cores_section", "used_cores_energy_j"]

FIGURES = {"mlp": "fig7_mlp", "lstm-750": "fig10_lstm_750"}
"""Figures whose networks leave cores without a program."""


def unused_cores_section(results: Results, factors: Iterable[PublishedFactor]) -> str:
    """Return energy factors and powers with either count of cores, beside the printed ones."""
    factors = [factor for factor in factors if factor.network in FIGURES]
    timed = {_place(factor): factor for factor in factors if factor.metric is Metric.TIME}
    rows: list[list[str]] = []
    nearer = count = 0
    for factor in factors:
        pair = results.pair(factor)
        if factor.metric is not Metric.ENERGY or not all(plan in results for plan in pair):
            continue
        digital, analog = pair
        time = results.value(digital) / results.value(analog)
        whole = results.factor(factor)
        used = used_cores_energy_j(results, digital) / used_cores_energy_j(results, analog)
        printed = factor.factor / timed[_place(factor)].factor
        nearer += abs(whole / time - printed) <= abs(used / time - printed)
        count += 1
        rows.append(
            [
                f"{factor.network}, {factor.system}, {factor.cores} of 8 cores",
                times(factor.factor),
                deviation(whole, factor.factor),
                deviation(used, factor.factor),
                *(f"{ratio:.2f}" for ratio in (printed, whole / time, used / time)),
            ]
        )
    if not rows:
        return "No run of these networks was made.\n"
    heads = ["", "energy, paper", "whole chip", "used cores only"]
    heads += ["energy / time, paper", "whole chip", "used cores only"]
    return (
        "The chip has eight cores, and Table I gives an idle one an energy; the paper does not say "
        "whether its energies hold the cores that run no program. In this report they do "
        "(`energy.count_unused_cores`, true unless it is set). Energy factors with both counts, "
        "and the factor of energy over that of time, which is the digital power over the analog "
        "one and does not depend on how long anything takes:\n\n"
        + table(heads, rows)
        + f"\nWith the whole chip {nearer} of the {count} ratios of powers lie at least as near to "
        "the printed ones. They exclude neither count, and nor do the axes, below whose tops the "
        "printed bars lie. How full the digital reference's bar can be at most on the axis of "
        "time, one core, with our power, before its bar on the axis of energy is full:\n\n"
        + _axes(results)
    )


def used_cores_energy_j(results: Results, plan: RunSpec) -> float:
    """Energy per inference of a run, without that of cores that ran no program."""
    record = results[plan]
    config = SYSTEMS[plan.system.name]
    cycles = record["stats"]["unused_cores"] * record["time_s"] * config.core.frequency_hz
    idle_j = cycles * config.complexes[0].energy.core_idle_pj_per_cycle * 1e-12
    return (float(record["energy_j"]) - idle_j) / record["inferences"]


def _place(factor: PublishedFactor) -> tuple[str, str, int]:
    return factor.network, factor.system, factor.cores


def _axes(results: Results) -> str:
    rows: list[list[str]] = []
    for network, figure in FIGURES.items():
        for system in SYSTEMS:
            plan = results.digital(network, system, 1)
            if plan not in results:
                continue
            axis = published()[figure]["axis_top_ticks"][system]
            powers = [
                joules / results.value(plan)
                for joules in (
                    results.value(plan, Metric.ENERGY),
                    used_cores_energy_j(results, plan),
                )
            ]
            tops = f"{axis['energy_j']:g} J, {axis['time_s']:g} s"
            most = [axis["energy_j"] / (power * axis["time_s"]) for power in powers]
            shown = [
                f"{power:.2f} W: {share(min(m, 1.0))}"
                for power, m in zip(powers, most, strict=True)
            ]
            rows.append([f"{network}, {system}", tops, *shown])
    return table(["", "tops of the axes", "whole chip", "used cores only"], rows)
