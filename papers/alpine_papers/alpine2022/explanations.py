# SPDX-License-Identifier: Apache-2.0
"""Why our runs agree or disagree with the paper's statements, as far as the runs show it."""

from collections.abc import Callable, Sequence

from alpine_models.published import Metric, published

from .plans import BASE, CNN_CORES, CNNS, FP32_INPUTS, LIBM, LINUX_BASE, LOOSE
from .results import Results, if_run
from .statement_checks import HIGH, LOW, seconds
from .tables import time, times

__all__ = [
    "why_case_2",
    "why_cores",
    "why_dense",
    "why_energy",
    "why_growth",
    "why_input_load",
    "why_later",
    "why_loose",
    "why_lstm_cores",
    "why_misses",
    "why_product",
    "why_small",
    "why_spread",
    "why_systems",
]

SMALLEST_SLICE = published()["fig8_mlp_shares_percent"]["case1"][-1]
Why = Callable[[Results], str]


def why_cores(results: Results) -> str:
    """How the perceptron gains from cores, and what blocking costs it."""
    waits = [results.waiting(results.analog("mlp", HIGH, case)) for case in (3, 4)]
    text = (
        f"cases 3 and 4 spread an inference over cores that work at the same time and wait for "
        f"each other {waits[0]:.0%} and {waits[1]:.0%} of it"
    )
    blocked = if_run(lambda: seconds(results, "mlp", 4, LINUX_BASE))
    if blocked is not None:
        plain = results.value(results.analog("mlp", HIGH, 4))
        text += f"; blocking in the kernel takes case 4 from {time(plain)} to {time(blocked)}"
    return text


def why_case_2(results: Results) -> str:
    """The product that case 2 waits for."""
    process = results[results.analog("mlp", HIGH, 1)]["breakdown"]["analog process"]
    return (
        f"case 2 waits for one product more per inference, {process:.1%} of case 1's time; case 1 "
        f"pays one further step to drain its pipeline"
    )


def why_product(results: Results) -> str:
    """A product's share of the perceptron's time."""
    process = results[results.analog("mlp", HIGH, 1)]["breakdown"]["analog process"]
    return (
        f"a product is {process:.1%} of case 1's time with released software (paper, smallest "
        f"slice of Fig. 8: {SMALLEST_SLICE}%); the faster the software, the more it weighs"
    )


def why_systems(network: str) -> Why:
    """How long the digital reference waits for memory on both systems."""

    def why(results: Results) -> str:
        stalls = [
            sum(core["wait_cycles"] for core in results[plan]["stats"]["cores"].values())
            / sum(
                core["active_cycles"] + core["wait_cycles"]
                for core in results[plan]["stats"]["cores"].values()
            )
            for plan in (
                results.digital(network, system, CNN_CORES if network in CNNS else 1)
                for system in (HIGH, LOW)
            )
        ]
        return (
            f"the digital reference waits for memory {stalls[0]:.0%} of the high-power and "
            f"{stalls[1]:.0%} of the low-power cores' cycles; memory is equally fast in both"
        )

    return why


def why_misses(results: Results) -> str:
    """The misses themselves."""
    counts = [
        results[results.analog("mlp", HIGH, case)]["stats"]["memory"]["l2_misses"]
        for case in (1, 2, 3, 4)
    ]
    return f"misses of ten inferences in cases 1 to 4: {', '.join(map(str, counts))}"


def why_growth(results: Results) -> str:
    """What grows with the units."""
    small, large = (results.value(results.analog(n, HIGH, 1)) for n in ("lstm-256", "lstm-750"))
    gates = 750 / 256
    return (
        f"queue, dequeue and activations take a time per unit and {gates:.1f}x as many units, so "
        f"{time(small)} become {time(large)}; the printed growth needs a large part that does not "
        f"grow"
    )


def why_lstm_cores(results: Results) -> str:
    """What four cores share."""
    one, four = (results.value(results.analog("lstm-750", HIGH, case)) for case in (1, 4))
    wait = results.waiting(results.analog("lstm-750", HIGH, 4))
    return (
        f"four cores share the dequeues and activations: {time(one)} become {time(four)}, with "
        f"{wait:.0%} of the cores' time spent waiting"
    )


def why_input_load(results: Results) -> str:
    """What the input format does to the input load."""
    codes, values = (
        results.share(results.analog("mlp", HIGH, 1, variation), "input load")
        for variation in (BASE, FP32_INPUTS)
    )
    return (
        f"{codes:.0%} on the high-power system with inputs that are codes, {values:.0%} with fp32 "
        f"values that the program converts one by one"
    )


def why_dense(results: Results) -> str:
    """The core that limits the analog CNN-S."""
    core, busy = results.busiest(results.analog("cnn-s", HIGH, 1))
    whole = results.value(results.analog("cnn-s", HIGH, 1))
    return (
        f"the busiest core of our analog run is core {core + 1}, at work {time(busy)} of the "
        f"{time(whole)} per image; the first dense layer streams its weights from DRAM for every "
        f"image, so it limits the pipeline once the convolutions are fast"
    )


def why_energy(network: str, cores: int) -> Why:
    """The powers behind the two factors."""

    def why(results: Results) -> str:
        plans = results.digital(network, HIGH, cores), results.analog(network, HIGH, 1)
        watts = [results.value(p, Metric.ENERGY) / results.value(p) for p in plans]
        return f"the digital run draws {watts[0]:.2f} W, the analog one {watts[1]:.2f} W"

    return why


def why_later(results: Results) -> str:
    """How idle convolutions 2 to 5 are."""
    shares = [core["idle"] for core in results[results.analog("cnn-s", HIGH, 1)]["cores"][1:5]]
    return (
        f"convolutions 2 to 5 of our run are idle {', '.join(f'{each:.0%}' for each in shares)}: "
        f"the third moves the least data, half as many channels in as the fourth and fifth at the "
        f"same number of positions"
    )


def why_loose(results: Results) -> str:
    """What the accesses over the I/O path take."""
    plan = results.analog("mlp", HIGH, LOOSE)
    core, count = results[plan]["stats"]["cores"]["0"], results[plan]["inferences"]
    accesses = core["io_reads"] + core["io_writes"]
    each = results.value(plan) * count / accesses
    return (
        f"ours makes {accesses / count:.0f} uncached accesses per inference, one every "
        f"{time(each)}; docs/loose.md has other widths and posted stores"
    )


def why_small(results: Results) -> str:
    """The smallest LSTM's times."""
    plans = results.digital("lstm-256", HIGH, 1), results.analog("lstm-256", HIGH, 1)
    text = f"ours are {time(results.value(plans[0]))} and {time(results.value(plans[1]))}"
    library = if_run(lambda: seconds(results, "lstm-256", 1, LIBM))
    if library is not None:
        text += f", the latter {time(library)} if activations call the C library"
    return text


def why_spread(network: str, pairs: Sequence[tuple[int, int]]) -> Why:
    """How much both programs gain from more cores: (case, cores), the first one on one core."""

    def why(results: Results) -> str:
        digital = [results.value(results.digital(network, HIGH, n)) for _, n in pairs]
        analog = [results.value(results.analog(network, HIGH, case)) for case, _ in pairs]
        gained = [
            ", ".join(times(found[0] / each) for each in found[1:]) for found in (digital, analog)
        ]
        counts = " and ".join(str(cores) for _, cores in pairs[1:])
        return (
            f"on {counts} cores our digital program is {gained[0]} faster than on one, our analog "
            f"one {gained[1]}"
        )

    return why
