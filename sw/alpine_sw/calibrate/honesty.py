# SPDX-License-Identifier: Apache-2.0
"""What a reader of the calibration page must know: chosen numbers, and runs beyond the limits."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from alpine_platform.config import OBSERVED
from alpine_platform.systems.presets import HIGH_POWER

from .fit import Comparison
from .reasons import (
    CYCLE_REASONS,
    INSTRUCTION_REASONS,
    INSTRUCTION_REGION_REASONS,
    MISS_REASON,
    REGION_REASONS,
)

__all__ = ["MISSES_COMPARED", "beyond_limits", "chosen_numbers", "instruction_errors", "observed"]

MISSES_COMPARED = 1000
CYCLE_LIMIT = 0.15
APPLICATION_LIMIT = 0.10
MISS_LIMIT = 0.05
INSTRUCTION_LIMIT = 0.02
UNEXPLAINED = "unexplained"


def observed(config: Any, path: str = "") -> Iterator[tuple[str, Any, str]]:
    """Fields of a configuration that were set after looking at the reference: name, value, why."""
    for item in fields(config):
        value = getattr(config, item.name)
        name = f"{path}{item.name}"
        if is_dataclass(value):
            yield from observed(value, f"{name}.")
        elif OBSERVED in str(item.metadata.get("source", "")):
            yield name, value, str(item.metadata["source"]).removeprefix(OBSERVED).strip(": ")


def chosen_numbers() -> list[str]:
    """Say which numbers the reference runs had a hand in besides the fitted constants."""
    return [
        "The fitted constants are not all that was chosen with the reference runs in view. These"
        " fields of the configuration, the same for both systems and all kernels, were set after"
        " looking at its rows, so the table above is not mechanism alone:",
        "",
        "| field | value | set from |",
        "|---|---|---|",
        *(
            f"| {name} | {value} | {why or 'its rows'} |"
            for name, value, why in observed(HIGH_POWER)
        ),
        "",
        "So were, within the instruction mixes that the reference's README states: the order of"
        " the instructions in a body where it gives a mix without one; how many of a packet"
        " function's operations form one chain (`exp_eigen`, `sigmoid_eigen`, `tanh_eigen`,"
        " `logistic_eigen`); the operations into which pairs, 16-byte stores and post-increments"
        " split; and the instructions between rows, columns and calls, from its counts.",
        "",
        "What the reference does not give at all and its counters show was put into the"
        " counterparts of its runs (`alpine_sw.calibrate`), not into the model: which word loops"
        " lie across two fetch lines (4.1 instead of 3.1 fetches per iteration), 600 instructions"
        " in every region of rd, wr and cp, some tens at an inference's start and between"
        " positions, that core 0 of the programs on several cores spins at the end, and where"
        " in the heap small buffers lie, for which the misses of the LSTM's regions on one core are"
        " the only sign (`alpine_sw.calibrate.programs`): about 15 settings of the LSTM's offset"
        " (54 kB) and of that of the layers' own buffers (1294 kB behind) were compared with the"
        " misses and the best were kept. [placement.md](placement.md) describes the placements;"
        " that page frames follow each other in the order of first touch (`glibc`) was preferred"
        " to `virtual` because of the row hits of the perceptron on two cores.",
        "",
        "The rows of the perceptron and the LSTM are the library's own programs, as `alpine run`"
        " executes them; only the digital layers are the reference's, which do not go by way of a"
        " tile's codes. The bodies of the C library's functions (`libm`) follow from the"
        " algorithms and the reference's instruction counts: predictions, no constant is fitted.",
        "",
        "The overlap of loads has a rule (`loads_in_flight_late_address`, `fresh_address_cycles`,"
        " `shared_address_cycles`) but no reason. MinorCPU's queues (one request, four transfers,"
        " four accesses in memory, four MSHRs) allow four loads in flight in all cases, and its"
        " rule for early memory accesses asks only that the address's producer has committed. That"
        " the first load behind its address goes alone and four follow would explain"
        " line_ld_*_4indep and 8indep as well as the products, but not stream16_x2, whose two loads"
        " do overlap.",
    ]


def reason(table: dict[str, str], regions: dict[str, str], name: str) -> str:
    """First entry whose key starts the name, or the one of the region."""
    by_region = regions.get(name.partition(":")[2], UNEXPLAINED)
    return next((text for key, text in table.items() if name.startswith(key)), by_region)


def cycle_limit(run: Comparison) -> float:
    """Largest error in cycles that a run may have."""
    return APPLICATION_LIMIT if run.group.startswith("application") else CYCLE_LIMIT


def rows(
    runs: Sequence[Comparison],
    error: Callable[[Comparison], float],
    table: dict[str, str],
    regions: dict[str, str],
) -> list[str]:
    """One line per run name that lies beyond a limit, with both systems' errors."""
    by_name: dict[str, list[Comparison]] = {}
    for run in runs:
        by_name.setdefault(run.name, []).append(run)
    return [
        f"| {name} | {', '.join(f'{error(run):+.1%} {run.system}' for run in members)} |"
        f" {reason(table, regions, name)} |"
        for name, members in by_name.items()
    ]


def beyond_limits(runs: Sequence[Comparison]) -> list[str]:
    """Name every run whose cycles or misses are further off than they may be."""
    cycles = [run for run in runs if abs(run.error) > cycle_limit(run)]
    counted = [run for run in runs if run.reference_misses > MISSES_COMPARED]
    misses = [run for run in counted if abs(run.miss_error) > MISS_LIMIT]
    return [
        "## Beyond the limits",
        "",
        f"Cycles: {CYCLE_LIMIT:.0%} for micro-kernels, {APPLICATION_LIMIT:.0%} for applications and"
        f" their regions; {len(cycles)} of {len(runs)} runs lie beyond, and count in the tables"
        " above all the same. A reason is given where a run shows it.",
        "",
        "| run | error | reason |",
        "|---|---|---|",
        *rows(cycles, lambda run: run.error, CYCLE_REASONS, REGION_REASONS),
        "",
        f"LLC misses, {MISS_LIMIT:.0%} where there are more than {MISSES_COMPARED}: {len(misses)}"
        f" of {len(counted)} runs lie beyond"
        + "".join(f"; {run.name} {run.system} {run.miss_error:+.1%}" for run in misses)
        + (f": {MISS_REASON}." if misses else "."),
    ]


def instruction_errors(runs: Sequence[Comparison]) -> list[str]:
    """Say how well instructions are counted, and name every run beyond the limit."""
    counted = [run for run in runs if not math.isnan(run.our_instructions)]
    errors = sorted(abs(run.instruction_error) for run in counted)
    worst = max(counted, key=lambda run: abs(run.instruction_error))
    beyond = [run for run in counted if abs(run.instruction_error) > INSTRUCTION_LIMIT]
    return [
        "## Instruction counts",
        "",
        f"{len(counted)} runs: median {errors[len(errors) // 2]:.2%}, worst"
        f" {worst.instruction_error:+.1%} ({worst.name} {worst.system}); {len(beyond)} beyond"
        f" {INSTRUCTION_LIMIT:.0%}:",
        "",
        "| run | error | reason |",
        "|---|---|---|",
        *rows(
            beyond,
            lambda run: run.instruction_error,
            INSTRUCTION_REASONS,
            INSTRUCTION_REGION_REASONS,
        ),
    ]
