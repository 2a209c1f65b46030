# SPDX-License-Identifier: Apache-2.0
"""Port width, clock, execution and crossbar size: throughput of jobs on a whole crossbar."""

from alpine_cosim.pages.markdown import table
from alpine_models.imc_cluster import PORT_BYTES, Execution

from . import rules
from .published import PEAK_GOPS_250

__all__ = ["rule_gops", "study_section"]

CLOCKS_HZ = (500e6, 250e6)
SIDES = (64, 128, 256, 512, 1024)
"""Of square crossbars. The paper has 256 alone; that 130 ns hold for others is assumed."""
PORT = 16
"""Published width in bytes."""


def rule_gops(
    side: int, *, port_bytes: int, frequency_hz: float, execution: Execution = Execution.PIPELINED
) -> float:
    """Return the throughput of jobs on a square crossbar, by the rule of the job's period."""
    period = rules.job_period_cycles(
        rows=side,
        columns=side,
        port_bytes=port_bytes,
        frequency_hz=frequency_hz,
        execution=execution,
    )
    return 2 * side**2 / period * frequency_hz * 1e-9


def study_section() -> str:
    """Both tables, and the printed throughput beside ours."""
    combined = [(clock, execution) for clock in CLOCKS_HZ for execution in Execution]
    heads = [f"{clock / 1e6:.0f} MHz, {execution.value}" for clock, execution in combined]
    widths = [
        [f"{8 * port} bit"]
        + [
            f"{rule_gops(256, port_bytes=port, frequency_hz=clock, execution=execution):.1f}"
            for clock, execution in combined
        ]
        for port in PORT_BYTES
    ]
    sides = [
        [f"{side} x {side}"]
        + [
            f"{rule_gops(side, port_bytes=PORT, frequency_hz=clock, execution=execution):.1f}"
            for clock, execution in combined
        ]
        for side in SIDES
    ]
    best = rule_gops(256, port_bytes=PORT, frequency_hz=250e6)
    narrow, wide = (
        rule_gops(256, port_bytes=port, frequency_hz=500e6, execution=Execution.SEQUENTIAL)
        for port in (8, 64)
    )
    peak = 2 * 256**2 / rules.PRODUCT_SECONDS * 1e-9
    return (
        "## Port width and clock\n\n"
        "GOPS of jobs on a whole crossbar of 256 x 256, by the rule of the job's period (derived). "
        f"A crossbar without ports would give {peak:.1f} (published as 1.008 TOPS).\n\n"
        + table(["port", *heads], widths)
        + f"\nPipelined at 250 MHz through 128 bits the paper prints {PEAK_GOPS_250} GOPS; the "
        f"rule gives {best:.1f}, {best / PEAK_GOPS_250 - 1:.1%} more, which the programming that "
        "the paper names as the loss would explain. 128 bits are needed there because two streams "
        "of 256 bytes take 34 cycles and the product 33. The paper calls 64 bits enough for "
        "sequential jobs at 500 MHz; by the rule 512 bits would give "
        f"{wide / narrow - 1:.0%} more.\n\n"
        "The same for other crossbars behind the 128-bit port. That a product takes 130 ns at "
        "every size is assumed (inferred):\n\n" + table(["crossbar", *heads], sides)
    )
