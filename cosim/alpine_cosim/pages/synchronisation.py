# SPDX-License-Identifier: Apache-2.0
"""Writes the page on waiting: ``python -m alpine_cosim.pages.synchronisation FILE``."""

from alpine_cosim.code_digest import page_origin
from alpine_cosim.runs.network_run import run
from alpine_models.files import deliver
from alpine_models.page_origin import with_origin
from alpine_models.published import published
from alpine_platform.config import SyncConfig, SystemConfig
from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER

from .markdown import table

__all__ = ["synchronisation_page"]

INFERENCES = 10
SCALES = (0, 1, 2, 4, 8, 16)
"""Multiples of the documented cost of the kernel; 0 is bare metal."""
SPREAD = (3, 4)
"""Cases of the perceptron on several cores."""
ALONE = 1

INTRODUCTION = """# Synchronisation: what waiting for another core costs

This page is made by `python -m alpine_cosim.pages.synchronisation`, on the timed tiles, which agree
with the RTL to the cycle.

Programs on several cores hand vectors over through ping-pong buffers under a mutex and a condition
variable (`alpine_sw.library.ping_pong`, `alpine_sw.library.row_ring`). What a hand-over costs is
configuration, section `sync` of `alpine system describe`.

**Bare metal** (`--sync bare-metal`, the default) is what the gem5 reference runs measure: their
system calls take no time, so a hand-over is the threads' own code, {handover} cycles from the
notification to the waiter running. A ping-pong buffer notifies when the last producer has filled a
slot or the last consumer has read it, not at every share, so that nobody wakes up for a slot that
is half full. A core that finds the mutex itself taken sleeps as well and wakes up as slowly, but
then only tries again: a lock's instructions instead of a hand-over's.

**Linux** (`--sync linux`) adds the kernel's share where a thread really blocks, in a mutex, a
condition variable, a barrier or a channel:

{costs}
UnixBench counts 63,925 round trips of a token through two pipes and 334,252 writes with reads of
one pipe a second. A round trip holds two hand-overs and two such pairs, so a hand-over takes
(15.64 us - 2 x 2.99 us) / 2 = 4.83 us, or 5,560 cycles; what the waker does not pay of it is the
rest. That benchmark's processes may share a core or not, its kernel is older than the paper's
Linux 4.3, and the two sources are different machines: take the sum as right to within a factor of
two, and the split as a guess. On the high-power system it is {high_us:.1f} us, on the low-power one
{low_us:.1f} us.

Nothing is paid where nobody blocks: not by a thread that finds what it waits for, nor by a spinning
one (`Channel(spinning=True)`). Not modelled: the way into the kernel of a thread that goes to
sleep, which overlaps with its waiting, and the kernel's own instructions and cache misses.

Another cost is one setting away: `alpine run mlp --case 3 --sync linux --set
sync.futex_wake_cycles=10000`.

## What it would take

The paper has case 1 of the perceptron run {case3:.0%} shorter than case 3 and {case4:.0%} shorter
than case 4. On bare metal both are faster than case 1, as they are pipelines over two and four
cores. Microseconds per inference, high-power, `released`, {inferences} inferences, both fields
multiplied:
"""

COSTS = {
    "futex_wake_cycles": (
        "the core that finds others blocked, once per notification or unlock",
        "Nolte et al., HW-FUTEX, IEEE TVLSI 32(1), 2024, pages 16-29, abstract (IEEE Xplore "
        "10285121): their 350 cycles are at least 90 % less than Linux's futex wake in gem5",
    ),
    "futex_resume_cycles": (
        "the woken core, before its own code goes on",
        "UnixBench 5.1.3 on a Pinebook, four Cortex-A53 at 1.152 GHz, Linux 3.10 (GitHub gist "
        "26e5157b7a78b8878a5e9234efc0872c)",
    ),
}
"""The kernel's costs: who pays, and the source."""

READING = """Case 4 suffers first: two producers and two consumers share one mutex, and a core that
wakes others inside the kernel holds it, so that the rest block on it in turn. In case 3 the second
buffer hides most hand-overs.
"""


def synchronisation_page() -> str:
    """Return the page in Markdown."""
    said = published()["mlp_text"]
    costs = SyncConfig()
    introduction = INTRODUCTION.format(
        handover=costs.handover_cycles,
        costs=table(
            ["field", "cycles", "who pays", "source"],
            [
                [f"`sync.{name}`", f"{getattr(costs, name):,}", *words]
                for name, words in COSTS.items()
            ],
        ),
        high_us=handed_over_us(HIGH_POWER, 1),
        low_us=handed_over_us(LOW_POWER, 1),
        case3=said["case1_vs_case3_runtime"],
        case4=said["case1_vs_case4_runtime"],
        inferences=INFERENCES,
    )
    alone = time_us(ALONE, 0)
    found = {case: {scale: time_us(case, scale) for scale in SCALES} for case in SPREAD}
    rows = [
        [
            _name(scale),
            f"{handed_over_us(HIGH_POWER, scale):.1f} us",
            f"{alone:.1f}",
            *(f"{found[case][scale]:.1f}" for case in SPREAD),
        ]
        for scale in SCALES
    ]
    heads = ["kernel's cost", "per hand-over", *(f"case {case}" for case in (ALONE, *SPREAD))]
    turns = [turning_point(case, found[case], alone) for case in SPREAD]
    return "\n".join([introduction, table(heads, rows), " ".join(turns), "", READING])


def time_us(case: int, scale: int) -> float:
    """Time per inference with the kernel's cost multiplied."""
    documented = SyncConfig()
    result = run(
        "mlp",
        case=case,
        engine="model",
        sync="linux" if scale else "bare-metal",
        inferences=INFERENCES,
        back_door=True,
        settings=[f"sync.{name}={scale * getattr(documented, name)}" for name in COSTS],
    )
    return result.time_s / INFERENCES * 1e6


def handed_over_us(system: SystemConfig, scale: int) -> float:
    """The kernel's share of a hand-over, both cores together."""
    cycles = scale * (system.sync.futex_wake_cycles + system.sync.futex_resume_cycles)
    return cycles / system.core.frequency_hz * 1e6


def turning_point(case: int, found: dict[int, float], alone: float) -> str:
    """Say from which cost of the kernel on a case takes longer than case 1."""
    slower = [scale for scale in SCALES if found[scale] > alone]
    if not slower:
        return f"Case {case} is the faster one throughout."
    before = SCALES[SCALES.index(slower[0]) - 1]
    low, high = (handed_over_us(HIGH_POWER, scale) for scale in (before, slower[0]))
    return (
        f"Case {case} becomes slower than case {ALONE} between {low:.1f} and {high:.1f} us per "
        "hand-over."
    )


def _name(scale: int) -> str:
    return {0: "none (bare metal)", 1: "as documented"}.get(scale, f"{scale} times")


if __name__ == "__main__":
    deliver(with_origin(synchronisation_page(), page_origin("make docs")))
