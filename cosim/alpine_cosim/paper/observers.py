"""What statements of the paper are compared with: functions of the results and a variation.

All look at the high-power system unless they say otherwise, as the paper's text does.
"""

from collections.abc import Callable, Sequence

from alpine_models.published import Metric

from .findings import ROUGHLY, Observation, against, holds, slightly
from .plans import Plan, Variation
from .results import Results
from .tables import share, times

__all__ = [
    "HIGH",
    "LOW",
    "Observe",
    "constant_misses",
    "energy_follows",
    "fetched",
    "gains_in_order",
    "loose_gain",
    "part_of",
    "shorter",
    "slightly_better",
    "slow_product",
    "systems",
    "tight_gain",
]

HIGH, LOW = "high-power", "low-power"
LINE_BYTES = 64
Observe = Callable[[Results, Variation], Observation]
PlanOf = Callable[[Results, Variation], Plan]


def seconds(results: Results, network: str, case: int | str, variation: Variation) -> float:
    """Time per inference of an analog case."""
    return results.value(results.analog(network, HIGH, case, variation))


def shorter(network: str, case: int, than: int, theirs: float) -> Observe:
    """How much shorter one case runs than another."""

    def observe(results: Results, variation: Variation) -> Observation:
        ratio = seconds(results, network, case, variation) / seconds(
            results, network, than, variation
        )
        text = f"{1 - ratio:.0%} shorter" if ratio < 1 else f"{ratio - 1:.0%} longer"
        return against(1 - ratio, theirs, text)

    return observe


def slightly_better(network: str, case: int, than: int) -> Observe:
    """Whether one case takes a little less time than another."""

    def observe(results: Results, variation: Variation) -> Observation:
        more = seconds(results, network, than, variation)
        more = more / seconds(results, network, case, variation) - 1
        return slightly(more, f"{more:+.1%}")

    return observe


def slow_product(network: str, cases: Sequence[int]) -> Observe:
    """How much longer the slowest-hit case takes with products ten times slower."""

    def observe(results: Results, variation: Variation) -> Observation:
        plans = [results.analog(network, HIGH, case, variation) for case in cases]
        more = max(results.value(results.slower(p)) / results.value(p) - 1 for p in plans)
        return slightly(more, f"{more:+.0%}" if len(cases) == 1 else f"at most {more:+.0%}")

    return observe


def constant_misses(network: str, cases: Sequence[int]) -> Observe:
    """Whether LLC misses per instruction hardly depend on the case."""

    def observe(results: Results, variation: Variation) -> Observation:
        found = [
            results.value(
                results.analog(network, HIGH, case, variation), Metric.LLC_MISSES_PER_INSTRUCTION
            )
            for case in cases
        ]
        spread = max(found) / min(found)
        return holds(spread < ROUGHLY, f"largest {spread:.2f}x the smallest")

    return observe


def gains_in_order(pairs: Sequence[tuple[str, int, int]], *, rising: bool = False) -> Observe:
    """Whether gains fall, or rise, along (network, case, cores)."""

    def observe(results: Results, variation: Variation) -> Observation:
        gains = [
            results.gain(network, HIGH, case=case, cores=cores, variation=variation)
            for network, case, cores in pairs
        ]
        return holds(gains == sorted(gains, reverse=not rising), ", ".join(map(times, gains)))

    return observe


def systems(network: str) -> Observe:
    """Whether the high-power system gains more than the low-power one."""

    def observe(results: Results, variation: Variation) -> Observation:
        high, low = (results.gain(network, system, variation=variation) for system in (HIGH, LOW))
        return holds(high > low, f"{times(high)} against {times(low)}")

    return observe


def energy_follows(network: str, cores: int) -> Observe:
    """Whether energy gains what time gains, within a tenth."""

    def observe(results: Results, variation: Variation) -> Observation:
        above = results.digital(network, HIGH, cores, variation)
        below = results.analog(network, HIGH, 1, variation)
        joules = results.value(above, Metric.ENERGY) / results.value(below, Metric.ENERGY)
        gain = results.value(above) / results.value(below)
        return holds(abs(joules / gain - 1) < 0.1, f"{times(joules)} beside {times(gain)}")

    return observe


def part_of(plan: PlanOf, parts: Sequence[str], *, least: float, most: float = 1.0) -> Observe:
    """Whether some parts' share of busy time lies in a range."""

    def observe(results: Results, variation: Variation) -> Observation:
        found = results.share(plan(results, variation), *parts)
        return holds(least <= found <= most, share(found))

    return observe


def fetched(network: str, digital_bytes: float, analog_bytes: float) -> Observe:
    """Bytes fetched from DRAM per inference, digital and analog, against stated working sets."""

    def observe(results: Results, variation: Variation) -> Observation:
        plans = (
            results.digital(network, HIGH, 1, variation),
            results.analog(network, HIGH, 1, variation),
        )
        records = [results[plan] for plan in plans]
        found = [r["stats"]["memory"]["l2_misses"] * LINE_BYTES / r["inferences"] for r in records]
        text = f"{found[0] / 1e6:.2f} MB, {found[1] / 1e3:.1f} kB"
        return against(found[0] / found[1], digital_bytes / analog_bytes, text)

    return observe


def loose_gain(theirs: float) -> Observe:
    """The loosely coupled system over the digital reference on one core."""

    def observe(results: Results, variation: Variation) -> Observation:
        gain = results.gain("mlp", HIGH, case="loose", variation=variation)
        return against(gain - 1, theirs - 1, times(gain))

    return observe


def tight_gain(theirs: float) -> Observe:
    """The tightly coupled system over the loosely coupled one."""

    def observe(results: Results, variation: Variation) -> Observation:
        gain = seconds(results, "mlp", "loose", variation) / seconds(results, "mlp", 1, variation)
        return against(gain - 1, theirs - 1, times(gain))

    return observe
