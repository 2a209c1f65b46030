# SPDX-License-Identifier: Apache-2.0
"""What statements of the paper are compared with: functions of the results and a variation.

All look at the high-power system unless they say otherwise, as the paper's text does.
"""

from collections.abc import Callable, Sequence

from alpine_cosim.spec.specification import RunSpec
from alpine_models.published import Metric, published

from .findings import ROUGHLY, PaperComparison, against, holds, slightly
from .plans import CNN_CORES, Variation
from .results import Results
from .tables import share, times

__all__ = [
    "HIGH",
    "LOW",
    "Check",
    "activation_share",
    "constant_misses",
    "dense_idle",
    "energy_follows",
    "fetched",
    "gains_in_order",
    "growth",
    "idle_gain",
    "input_load",
    "ipc_gain",
    "later_idle",
    "loose_gain",
    "part_of",
    "seconds",
    "shorter",
    "slightly_better",
    "slow_product",
    "small_gain",
    "systems",
    "tight_gain",
]

HIGH, LOW = "high-power", "low-power"
LINE_BYTES = 64
FIG8 = published()["fig8_mlp_shares_percent"]
FIG10 = published()["fig10_lstm_750"]
FIG11 = published()["fig11_lstm_shares_percent_high_power"]
FIG14 = published()["fig14_cnn_s_high_power"]
Check = Callable[[Results, Variation], PaperComparison]
PlanOf = Callable[[Results, Variation], RunSpec]


def seconds(results: Results, network: str, case: int | str, variation: Variation) -> float:
    """Time per inference of an analog case."""
    return results.value(results.analog(network, HIGH, case, variation))


def shorter(network: str, case: int, than: int, theirs: float) -> Check:
    """How much shorter one case runs than another."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        ratio = seconds(results, network, case, variation) / seconds(
            results, network, than, variation
        )
        text = f"{1 - ratio:.0%} shorter" if ratio < 1 else f"{ratio - 1:.0%} longer"
        return against(1 - ratio, theirs, text)

    return observe


def slightly_better(network: str, case: int, than: int) -> Check:
    """Whether one case takes a little less time than another."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        more = seconds(results, network, than, variation)
        more = more / seconds(results, network, case, variation) - 1
        return slightly(more, f"{more:+.1%}")

    return observe


def slow_product(network: str, cases: Sequence[int]) -> Check:
    """How much longer the slowest-hit case takes with products ten times slower."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        plans = [results.analog(network, HIGH, case, variation) for case in cases]
        more = max(results.value(results.slower(p)) / results.value(p) - 1 for p in plans)
        return slightly(more, f"{more:+.0%}" if len(cases) == 1 else f"at most {more:+.0%}")

    return observe


def constant_misses(network: str, cases: Sequence[int]) -> Check:
    """Whether LLC misses per instruction hardly depend on the case."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        found = [
            results.value(
                results.analog(network, HIGH, case, variation), Metric.LLC_MISSES_PER_INSTRUCTION
            )
            for case in cases
        ]
        spread = max(found) / min(found)
        return holds(spread < ROUGHLY, f"largest {spread:.2f}x the smallest")

    return observe


def gains_in_order(pairs: Sequence[tuple[str, int, int]], *, rising: bool = False) -> Check:
    """Whether gains fall, or rise, along (network, case, cores)."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        gains = [
            results.gain(network, HIGH, case=case, cores=cores, variation=variation)
            for network, case, cores in pairs
        ]
        return holds(gains == sorted(gains, reverse=not rising), ", ".join(map(times, gains)))

    return observe


def systems(network: str) -> Check:
    """Whether the high-power system gains more than the low-power one."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        high, low = (results.gain(network, system, variation=variation) for system in (HIGH, LOW))
        return holds(high > low, f"{times(high)} against {times(low)}")

    return observe


def energy_follows(network: str, cores: int) -> Check:
    """Whether energy gains what time gains, within a tenth."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        above = results.digital(network, HIGH, cores, variation)
        below = results.analog(network, HIGH, 1, variation)
        joules = results.value(above, Metric.ENERGY) / results.value(below, Metric.ENERGY)
        gain = results.value(above) / results.value(below)
        return holds(abs(joules / gain - 1) < 0.1, f"{times(joules)} beside {times(gain)}")

    return observe


def part_of(plan: PlanOf, parts: Sequence[str], *, least: float, most: float = 1.0) -> Check:
    """Whether some parts' share of busy time lies in a range."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        found = results.share(plan(results, variation), *parts)
        return holds(least <= found <= most, share(found))

    return observe


def fetched(network: str, digital_bytes: float, analog_bytes: float) -> Check:
    """Bytes fetched from DRAM per inference, digital and analog, against stated working sets."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        plans = (
            results.digital(network, HIGH, 1, variation),
            results.analog(network, HIGH, 1, variation),
        )
        records = [results[plan] for plan in plans]
        found = [r["stats"]["memory"]["l2_misses"] * LINE_BYTES / r["inferences"] for r in records]
        text = f"{found[0] / 1e6:.2f} MB, {found[1] / 1e3:.1f} kB"
        return against(found[0] / found[1], digital_bytes / analog_bytes, text)

    return observe


def loose_gain(theirs: float) -> Check:
    """The loosely coupled system over the digital reference on one core."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        gain = results.gain("mlp", HIGH, case="loose", variation=variation)
        return against(gain - 1, theirs - 1, times(gain))

    return observe


def tight_gain(theirs: float) -> Check:
    """The tightly coupled system over the loosely coupled one."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        gain = seconds(results, "mlp", "loose", variation) / seconds(results, "mlp", 1, variation)
        return against(gain - 1, theirs - 1, times(gain))

    return observe


def input_load(case: int) -> Check:
    """Share of the input load in a case of the perceptron, both systems averaged as in Fig. 8."""

    def observe(results: Results, variation: Variation) -> PaperComparison:
        shares = [
            results.share(results.analog("mlp", system, case, variation), "input load")
            for system in (HIGH, LOW)
        ]
        ours = sum(shares) / len(shares)
        return against(ours, FIG8[f"case{case}"][0] / 100, f"{ours:.0%}")

    return observe


def growth(results: Results, variation: Variation) -> PaperComparison:
    """How much longer an analog LSTM step takes with 750 units than with 256."""
    small, large = (seconds(results, name, 1, variation) for name in ("lstm-256", "lstm-750"))
    return against(large / small - 1, FIG10["aimc_growth_256_to_750"] - 1, times(large / small))


def small_gain(results: Results, variation: Variation) -> PaperComparison:
    """Whether the factor of the smallest LSTM lies in the printed range."""
    low, high = FIG10["n_h_256_range"]
    gain = results.gain("lstm-256", HIGH, variation=variation)
    return holds(low <= gain <= high, times(gain))


def activation_share(results: Results, variation: Variation) -> PaperComparison:
    """Share of the activations in what dequeue and activation of the cell take."""
    plan = results.analog("lstm-750", HIGH, 1, variation)
    both = results.share(plan, "cell dequeue", "cell activation")
    ours = results.share(plan, "cell activation") / both
    return against(ours, FIG11["activations_share_of_dequeue_and_activation"], f"{ours:.0%}")


def idle_gain(results: Results, variation: Variation) -> PaperComparison:
    """By how much convolutions 2 and 3 of CNN-S are less idle with tiles, at best."""
    plans = (
        results.digital("cnn-s", HIGH, CNN_CORES, variation),
        results.analog("cnn-s", HIGH, 1, variation),
    )
    before, after = (results[plan]["cores"] for plan in plans)
    gain = max(before[core]["idle"] / after[core]["idle"] for core in (1, 2))
    cycles = gain * results.value(plans[0]) / results.value(plans[1])
    theirs = FIG14["conv2_conv3_idle_reduction_up_to"]
    return against(gain - 1, theirs - 1, f"share divided by {gain:.1f}, cycles by {cycles:.1f}")


def ipc_gain(results: Results, variation: Variation) -> PaperComparison:
    """By how much their instructions per cycle grow with tiles, at best."""
    before, after = (
        results[plan]["cores"]
        for plan in (
            results.digital("cnn-s", HIGH, CNN_CORES, variation),
            results.analog("cnn-s", HIGH, 1, variation),
        )
    )
    key = "instructions_per_cycle"
    gain = max(after[core][key] / before[core][key] for core in (1, 2))
    return against(gain - 1, FIG14["ipc_gain_up_to"] - 1, times(gain))


def later_idle(results: Results, variation: Variation) -> PaperComparison:
    """Whether convolutions 4 and 5 are idler than 2 and 3."""
    cores = results[results.analog("cnn-s", HIGH, 1, variation)]["cores"]
    early, late = (max(cores[a]["idle"], cores[b]["idle"]) for a, b in ((1, 2), (3, 4)))
    return holds(late > early, f"at most {late:.0%} against {early:.0%}")


def dense_idle(results: Results, variation: Variation) -> PaperComparison:
    """Whether the dense layers' cores are idler than all others."""
    cores = results[results.analog("cnn-s", HIGH, 1, variation)]["cores"]
    dense, others = (min(c["idle"] for c in cores[5:]), max(c["idle"] for c in cores[:5]))
    return holds(dense > others, f"at least {dense:.0%} against at most {others:.0%}")
