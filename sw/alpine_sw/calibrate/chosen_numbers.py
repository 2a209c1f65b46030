# SPDX-License-Identifier: Apache-2.0
"""Which numbers were chosen with the reference runs in view, as the calibration page lists them."""

from collections.abc import Iterator
from typing import Any

from alpine_platform.config import OBSERVED, SystemConfig
from alpine_platform.config.replacing import field_of, field_values
from alpine_platform.systems.presets import HIGH_POWER

__all__ = ["chosen_numbers", "observed"]


def observed(config: SystemConfig) -> Iterator[tuple[str, Any, str]]:
    """Fields of a system that were set after looking at the reference: name, value, why."""
    for name, value in field_values(config).items():
        source = str(field_of(config, name).metadata.get("source", ""))
        if OBSERVED in source:
            yield name, value, source.removeprefix(OBSERVED).strip(": ")


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
