# SPDX-License-Identifier: Apache-2.0
"""An in-order core."""

import math
from dataclasses import dataclass

from alpine_platform.time import period_fs

from .fields import OBSERVED, REFERENCE, TABLE_I, Checked, described

__all__ = ["CoreConfig", "CoreTypeConfig"]


class CoreTypeConfig(Checked):
    """Base of the configurations of cores, whatever their model.

    Members
    -------
    frequency_hz : clock of the core and of its L1.
    """

    frequency_hz: float

    @property
    def period_fs(self) -> int:
        """Period of the core clock."""
        return period_fs(self.frequency_hz)


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreConfig(CoreTypeConfig):
    """An in-order core: clock, widths, functional units and load/store queue."""

    frequency_hz: float = described("core clock", source=TABLE_I, minimum=1e6, maximum=100e9)
    issue_width: int = described(
        "operations issued per cycle", source=REFERENCE, minimum=1, maximum=16, default=4
    )
    commit_width: int = described(
        "operations committed per cycle", source=REFERENCE, minimum=1, maximum=16, default=4
    )
    fetch_width: int = described(
        "operations that the front end delivers per cycle",
        source=REFERENCE,
        minimum=1,
        maximum=16,
        default=4,
    )
    fetch_buffer_groups: int = described(
        "fetch groups buffered before execution: 7 execute and 6 decode entries",
        source=REFERENCE,
        minimum=1,
        maximum=64,
        default=13,
    )
    taken_branch_half_cycles: int = described(
        "from the delivery of a taken branch to that of its target, in half cycles",
        source=OBSERVED + ": loops of 5 to 8 instructions take 6 cycles, of 9 to 12 take 7",
        minimum=2,
        maximum=200,
        default=10,
    )
    taken_branch_first_group_half_cycles: int = described(
        "the same for a branch in the fetch group in which its loop begins",
        source=OBSERVED + ": loops of 2 to 4 instructions take 4.5 cycles",
        minimum=2,
        maximum=200,
        default=9,
    )
    refill_cycles: int = described(
        "cycles from the commit of a mispredicted branch to the next operation's delivery",
        source=OBSERVED + ": loop exits of the *_100 loops",
        minimum=1,
        maximum=1000,
        default=6,
    )
    predicted_iterations: int = described(
        "longest loop whose exit the branch predictor has learned (bits of local history)",
        source=REFERENCE + ": gem5's TournamentBP",
        minimum=0,
        maximum=10**6,
        default=11,
    )
    alu_units: int = described("integer units", source=REFERENCE, minimum=1, maximum=2, default=2)
    alu_latency_cycles: int = described(
        "integer operation, issue to commit", source=REFERENCE, minimum=1, maximum=60, default=3
    )
    multiply_latency_cycles: int = described(
        "integer multiplication, issue to commit",
        source=REFERENCE,
        minimum=1,
        maximum=60,
        default=3,
    )
    divide_latency_cycles: int = described(
        "integer division, issue to commit, not pipelined",
        source=REFERENCE,
        minimum=1,
        maximum=60,
        default=9,
    )
    float_latency_cycles: int = described(
        "floating-point or NEON operation, issue to commit",
        source=REFERENCE,
        minimum=1,
        maximum=60,
        default=6,
    )
    forward_cycles: int = described(
        "cycles before commit at which integer, NEON and CM units take a result",
        source=REFERENCE + ": srcRegsRelativeLats",
        minimum=0,
        maximum=60,
        default=2,
    )
    memory_forward_cycles: int = described(
        "cycles before commit at which the memory unit takes a result",
        source=REFERENCE + ": srcRegsRelativeLats",
        minimum=0,
        maximum=60,
        default=1,
    )
    load_assumed_cycles: int = described(
        "cycles after issue at which the scoreboard takes a load for committed",
        source=REFERENCE + ": opLat 1 + extraAssumedLat 2",
        minimum=1,
        maximum=60,
        default=3,
    )
    loads_in_flight: int = described(
        "loads between memory request and response (transfer queue)",
        source=REFERENCE,
        minimum=1,
        maximum=7,
        default=4,
    )
    loads_in_flight_late_address: int = described(
        "the same for loads that issue before their address has committed",
        source=OBSERVED + ": 4 and 8 such misses take 2.03 and 3.13 latencies; the products of 4"
        " and 8 rows, whose addresses are old, about 1 and 2",
        minimum=1,
        maximum=7,
        default=3,
    )
    fresh_address_cycles: int = described(
        "cycles after its commit during which a load's address counts as late",
        source=OBSERVED + ": 8 interleaved streams overlap as 8 loads of one stream do",
        minimum=0,
        maximum=1000,
        default=3,
    )
    shared_address_cycles: int = described(
        "cycles within which addresses count as computed together",
        source=OBSERVED + ": 8 interleaved streams",
        minimum=0,
        maximum=1000,
        default=6,
    )
    store_buffer_entries: int = described(
        "stores between commit and their line", source=REFERENCE, minimum=1, maximum=64, default=5
    )
    cm_latency_s: float = described(
        "CM_QUEUE, CM_DEQUEUE and CM_PARAM, issue to commit",
        source="ALPINE's released code (1 ns)",
        minimum=0,
        maximum=1e-6,
        default=1e-9,
    )

    @property
    def cm_latency_cycles(self) -> int:
        """Core cycles of a CM_QUEUE or CM_DEQUEUE as the pipeline assumes them."""
        return max(1, math.ceil(self.cm_latency_s * self.frequency_hz - 1e-9))
