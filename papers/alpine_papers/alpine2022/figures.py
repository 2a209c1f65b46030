# SPDX-License-Identifier: Apache-2.0
"""The paper's figures as tables: ours beside theirs."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from alpine_cosim.pages.markdown import table
from alpine_cosim.spec.specification import RunSpec
from alpine_models.published import Metric, PublishedFactor, published
from alpine_platform.systems.presets import PUBLISHED_SYSTEMS

from .plans import CNN_CORES, CNNS, LOOSE, LOOSE_VARIATIONS, VARIATIONS, Variation, label_of
from .results import Results, if_run
from .tables import MISSING, NOTABLE, deviation, energy, share, time, times

__all__ = [
    "FIG8_PARTS",
    "FIG11_PARTS",
    "METRICS",
    "absolute_table",
    "activity_table",
    "breakdown_table",
    "energy_table",
    "factor_table",
    "loose_table",
    "parts_of",
    "reason_table",
    "slow_product_table",
    "variant_table",
]

METRICS = {
    Metric.TIME: "time",
    Metric.LLC_MISSES_PER_INSTRUCTION: "LLC misses per instruction",
    Metric.ENERGY: "energy",
}

FIG8_PARTS = {
    "input load": ("input load",),
    "MVM operation": ("analog process", "product"),
    "analog queue": ("analog queue",),
    "dequeue, digital activation": ("analog dequeue", "activation"),
    "output writeback": ("output writeback",),
}
"""The legend of Fig. 8, and which parts of our breakdown belong to each entry."""

FIG11_PARTS = {
    "cell dequeue, activation": ("cell dequeue", "cell activation"),
    "gate combination": ("gate combination",),
    "cell queue": ("cell queue",),
    "input load": ("input load",),
}
"""The same of Fig. 11, as far as its slices can be read."""

OTHERS = "others"


def parts_of(
    results: Results, plan: RunSpec, legend: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Shares of a run's busy time by entry of a legend, and the rest.

    Waiting for other cores counts for none: the figures have no entry for it.
    """
    parts = {name: results.share(plan, *found) for name, found in legend.items()}
    return {**parts, OTHERS: max(1 - sum(parts.values()), 0.0)}


def factor_table(results: Results, factors: Sequence[PublishedFactor]) -> str:
    """Every printed factor, ours in every variation that was run, with the deviation."""
    ours = {v.name: [if_run(lambda f=f, v=v: results.factor(f, v)) for f in factors]
            for v in VARIATIONS}  # fmt: skip
    columns = {name: found for name, found in ours.items() if set(found) != {None}}
    rows = [
        [
            _name(factor),
            METRICS[factor.metric],
            times(factor.factor),
            *(deviation(found[number], factor.factor) for found in columns.values()),
        ]
        for number, factor in enumerate(factors)
    ]
    return table(["", "", "paper", *columns], rows)


def reason_table(results: Results, factors: Iterable[PublishedFactor]) -> str:
    """What the runs show about every factor that deviates notably."""
    rows: list[list[str]] = []
    for factor in factors:
        ours = if_run(lambda factor=factor: results.factor(factor))
        if ours is not None and abs(ours / factor.factor - 1) > NOTABLE:
            reasons = [_closest(results, factor), _reason(results, factor)]
            what = METRICS[factor.metric]
            rows.append([_name(factor), what, deviation(ours, factor.factor), *reasons])
    if not rows:
        return f"Every factor lies within {NOTABLE:.0%} of the printed one.\n"
    return table(["", "", "ours", "nearest of the runs", "what the runs show"], rows)


def _reason(results: Results, factor: PublishedFactor) -> str:
    above, below = results.pair(factor)
    digital, analog = results.value(above), results.value(below)
    if factor.metric is Metric.ENERGY:
        joules = [results.value(plan, Metric.ENERGY) for plan in (above, below)]
        power = joules[0] / digital, joules[1] / analog
        return (
            f"times {times(digital / analog)}, powers {power[0]:.2f} W over {power[1]:.2f} W: "
            f"the rest is the deviation of time"
        )
    if factor.metric is Metric.LLC_MISSES_PER_INSTRUCTION:
        misses = [results[plan]["stats"]["memory"]["l2_misses"] for plan in (above, below)]
        instructions = [results[plan]["instructions"] for plan in (above, below)]
        held = if_run(lambda: results.cached_factor(factor))
        large = f"; with a cache of 8 MB {deviation(held, factor.factor)}" if held else ""
        return (
            f"misses {times(misses[0] / max(misses[1], 1))} over instructions "
            f"{times(instructions[0] / instructions[1])}{large}"
        )
    if factor.network in CNNS:
        (above_core, above_s), (below_core, below_s) = map(results.busiest, (above, below))
        return (
            f"core {above_core + 1} of the digital run works {time(above_s)} per image, core "
            f"{below_core + 1} of the analog run {time(below_s)}: full pipelines would give "
            f"{deviation(above_s / below_s, factor.factor)}"
        )
    constant = (digital - factor.factor * analog) / (factor.factor - 1)
    if constant > 0:
        return f"exact if both took {time(constant)} longer per inference"
    return f"exact if the analog run took {time(digital / factor.factor)}, not {time(analog)}"


def _closest(results: Results, factor: PublishedFactor) -> str:
    """The variation whose factor lies nearest to the printed one."""
    found = {v.name: if_run(lambda v=v: results.factor(factor, v)) for v in VARIATIONS}
    known = {name: value for name, value in found.items() if value is not None}
    name = min(known, key=lambda name: abs(known[name] / factor.factor - 1))
    return f"{name}: {deviation(known[name], factor.factor)}"


def _name(factor: PublishedFactor) -> str:
    if factor.cores == CNN_CORES:
        return f"{factor.network}, {factor.system}"
    cores = f"{factor.cores} core{'s' * (factor.cores > 1)}"
    return f"{factor.network}, {factor.system}, {cores}, case {factor.case}"


def absolute_table(results: Results, plans: Iterable[RunSpec]) -> str:
    """What was measured, per inference, with energy in both ways of counting."""
    heads = ["run", "time", "energy", "with memory controller, I/O", "LLC misses per instruction",
             "instructions", "engine", "equals golden"]  # fmt: skip
    rows: list[list[str]] = []
    for plan in plans:
        record, count = results[plan], results[plan]["inferences"]
        more = record["energy_j"] + record["energy_memory_controller_io_j"]
        rows.append(
            [
                label_of(plan),
                time(record["time_s"] / count),
                energy(record["energy_j"] / count),
                energy(more / count),
                f"{record['llc_misses_per_instruction']:.5f}",
                f"{record['instructions'] / count:,.0f}",
                record["engine"],
                "yes" if record["outputs_equal_golden"] else "**no**",
            ]
        )
    return table(heads, rows)


def breakdown_table(
    results: Results,
    runs: Mapping[str, Sequence[RunSpec]],
    legend: Mapping[str, Sequence[str]],
    printed: Mapping[str, Mapping[str, float]],
) -> str:
    """Shares of busy time per legend entry, ours and, where one can be read, the printed one.

    ``runs`` names the columns; several plans are averaged. ``printed`` has percents by column and
    entry.
    """
    heads = [""]
    for name in runs:
        heads += [f"{name}, ours", "paper"]
    found = {name: [parts_of(results, p, legend) for p in plans] for name, plans in runs.items()}
    rows: list[list[str]] = []
    for entry in (*legend, OTHERS):
        row = [entry]
        for name, parts in found.items():
            theirs = printed.get(name, {}).get(entry)
            row.append(share(sum(part[entry] for part in parts) / len(parts)))
            row.append(MISSING if theirs is None else f"{theirs:.1f}%")
        rows.append(row)
    return table(heads, rows)


def activity_table(results: Results) -> str:
    """Fig. 14: how busy every core is on CNN-S, digital and analog, high-power system."""
    digital = results[results.digital("cnn-s", "high-power", CNN_CORES)]["cores"]
    analog = results[results.analog("cnn-s", "high-power", 1)]["cores"]
    key = "instructions_per_cycle"
    rows = [
        [
            f"{number}, {'convolution' if number <= 5 else 'dense'}",
            share(before["idle"]),
            share(after["idle"]),
            times(before["idle"] / after["idle"]),
            f"{before[key]:.3f}",
            f"{after[key]:.3f}",
            times(after[key] / before[key]),
        ]
        for number, (before, after) in enumerate(zip(digital, analog, strict=True), start=1)
    ]
    heads = ["core", "idle, digital", "analog", "less by", "instructions per cycle, digital",
             "analog", "more by"]  # fmt: skip
    return table(heads, rows)


def slow_product_table(results: Results, cases: Iterable[tuple[str, int, Variation]]) -> str:
    """The experiment with products ten times slower."""
    rows: list[list[str]] = []
    for network, case, variation in cases:
        for system in PUBLISHED_SYSTEMS:
            plan = results.analog(network, system, case, variation)
            slow = results.slower(plan)
            if plan in results and slow in results:
                before, after = results.value(plan), results.value(slow)
                name = f"{network}, {system}, case {case}"
                more = f"{after / before - 1:+.1%}"
                rows.append([name, variation.software, time(before), time(after), more])
    return table(["", "software", "100 ns", "1000 ns", ""], rows)


def energy_table(results: Results, factors: Iterable[PublishedFactor]) -> str:
    """Energy factors with and without the memory controller and I/O, beside the printed ones."""
    rows: list[list[str]] = []
    for factor in factors:
        pair = results.pair(factor)
        if factor.metric is Metric.ENERGY and all(plan in results for plan in pair):
            with_it = [
                (record["energy_j"] + record["energy_memory_controller_io_j"])
                / record["inferences"]
                for record in (results[plan] for plan in pair)
            ]
            ours = deviation(results.factor(factor), factor.factor)
            more = deviation(with_it[0] / with_it[1], factor.factor)
            rows.append([_name(factor), times(factor.factor), ours, more])
    return table(["", "paper", "ours, as compared", "with memory controller and I/O"], rows)


def loose_table(results: Results) -> str:
    """The loosely coupled perceptron beside the digital reference and the tight case 1."""
    rows: list[list[str]] = []
    for system, variation in product(PUBLISHED_SYSTEMS, LOOSE_VARIATIONS):
        plan = results.analog("mlp", system, LOOSE, variation)
        if plan in results:
            seconds = results.value(plan)
            digital = results.value(results.digital("mlp", system, 1, variation))
            tight = results.value(results.analog("mlp", system, 1, variation))
            name = f"{system}, {variation.name}"
            rows.append([name, time(seconds), times(digital / seconds), times(seconds / tight)])
    said = published()["mlp_text"]
    printed = [times(said["loose_over_digital"]), times(said["tight_over_loose"])]
    rows.append(["paper, high-power", MISSING, *printed])
    heads = ["", "time", "faster than digital on one core", "slower than tight, case 1"]
    return table(heads, rows)


def variant_table(results: Results, pairs: Iterable[tuple[RunSpec, RunSpec]]) -> str:
    """Networks beside their variants."""
    rows: list[list[str]] = []
    for plan, variant in pairs:
        if plan in results and variant in results:
            before, after = results.value(plan), results.value(variant)
            spent, saved = (results.value(p, Metric.ENERGY) for p in (plan, variant))
            change = f"{after / before - 1:+.1%}"
            rows.append(
                [label_of(variant), time(before), time(after), change, energy(spent), energy(saved)]
            )
    return table(["variant", "time, network", "variant", "", "energy, network", "variant"], rows)
