"""Configuration of a system: frozen dataclasses whose every number has a unit and a source.

The presets are the two systems of Klein et al., "ALPINE: Analog In-Memory Acceleration with Tight
Processor Integration for Deep Learning", IEEE TC 2022 (below: ALPINE), Table I; what the paper
leaves open is set as in the reference runs (`data/gem5/README.md`, below: reference), which use
gem5's MinorCPU with ALPINE's released parameters.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .overrides import override
from .time import period_fs

__all__ = [
    "BusConfig",
    "CacheConfig",
    "CoreConfig",
    "DramConfig",
    "EnergyConfig",
    "IoConfig",
    "SyncConfig",
    "SystemConfig",
    "TileClockConfig",
    "described",
]

REFERENCE = "reference configuration (gem5 MinorCPU with ALPINE's parameters)"
TABLE_I = "ALPINE, Table I"
OBSERVED = "reference observations"


def described(text: str, *, source: str, minimum: float = 0, default: Any = None) -> Any:
    """Declare a field: what it is, where its number comes from and the least it may be."""
    metadata = {"text": text, "source": source, "minimum": minimum}
    if default is None:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


class Checked:
    """Base of all configurations: numbers are finite, of the declared kind and not too small."""

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if isinstance(value, Checked):
                continue
            if item.type is int and (isinstance(value, bool) or not isinstance(value, int)):
                raise ValueError(f"{item.name} must be a whole number, not {value!r}")
            if item.type is bool and not isinstance(value, bool):
                raise ValueError(f"{item.name} must be true or false, not {value!r}")
            if item.type is float and (
                isinstance(value, bool) or not isinstance(value, (int, float))
            ):
                raise ValueError(f"{item.name} must be a number, not {value!r}")
            if isinstance(value, (int, float)):
                minimum = item.metadata.get("minimum", 0)
                if not math.isfinite(value) or value < minimum:
                    raise ValueError(f"{item.name} must be at least {minimum}, not {value!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreConfig(Checked):
    """An in-order core: clock, widths, functional units and load/store queue."""

    frequency_hz: float = described("core clock in hertz", source=TABLE_I, minimum=1e3)
    issue_width: int = described(
        "operations issued per cycle", source=REFERENCE, minimum=1, default=4
    )
    commit_width: int = described(
        "operations committed per cycle", source=REFERENCE, minimum=1, default=4
    )
    fetch_width: int = described(
        "operations that the front end delivers per cycle", source=REFERENCE, minimum=1, default=4
    )
    fetch_buffer_groups: int = described(
        "fetch groups buffered before execution: 7 execute and 6 decode entries",
        source=REFERENCE,
        minimum=1,
        default=13,
    )
    taken_branch_half_cycles: int = described(
        "from the delivery of a taken branch to that of its target, in half cycles",
        source=OBSERVED + ": loops of 5 to 8 instructions take 6 cycles, of 9 to 12 take 7",
        minimum=2,
        default=10,
    )
    taken_branch_first_group_half_cycles: int = described(
        "the same for a branch in the fetch group in which its loop begins",
        source=OBSERVED + ": loops of 2 to 4 instructions take 4.5 cycles",
        minimum=2,
        default=9,
    )
    refill_cycles: int = described(
        "cycles from the commit of a mispredicted branch to the next operation's delivery",
        source=OBSERVED + ": loop exits of the *_100 loops",
        minimum=1,
        default=6,
    )
    predicted_iterations: int = described(
        "longest loop whose exit the branch predictor has learned (bits of local history)",
        source=REFERENCE + ": gem5's TournamentBP",
        default=11,
    )
    alu_units: int = described("integer units", source=REFERENCE, minimum=1, default=2)
    alu_latency_cycles: int = described(
        "integer operation, issue to commit", source=REFERENCE, minimum=1, default=3
    )
    multiply_latency_cycles: int = described(
        "integer multiplication, issue to commit", source=REFERENCE, minimum=1, default=3
    )
    divide_latency_cycles: int = described(
        "integer division, issue to commit, not pipelined", source=REFERENCE, minimum=1, default=9
    )
    float_latency_cycles: int = described(
        "floating-point or NEON operation, issue to commit", source=REFERENCE, minimum=1, default=6
    )
    forward_cycles: int = described(
        "cycles before commit at which integer, NEON and CM units take a result",
        source=REFERENCE + ": srcRegsRelativeLats",
        default=2,
    )
    memory_forward_cycles: int = described(
        "cycles before commit at which the memory unit takes a result",
        source=REFERENCE + ": srcRegsRelativeLats",
        default=1,
    )
    load_assumed_cycles: int = described(
        "cycles after issue at which the scoreboard takes a load for committed",
        source=REFERENCE + ": opLat 1 + extraAssumedLat 2",
        minimum=1,
        default=3,
    )
    loads_in_flight: int = described(
        "loads between memory request and response (transfer queue), at most 7",
        source=REFERENCE,
        minimum=1,
        default=4,
    )
    loads_in_flight_late_address: int = described(
        "the same for loads that issue before their address has committed",
        source=OBSERVED + ": 4 and 8 such misses take 2.03 and 3.13 latencies; the products of 4"
        " and 8 rows, whose addresses are old, about 1 and 2",
        minimum=1,
        default=3,
    )
    fresh_address_cycles: int = described(
        "cycles after its commit during which a load's address counts as late",
        source=OBSERVED + ": 8 interleaved streams overlap as 8 loads of one stream do",
        default=3,
    )
    shared_address_cycles: int = described(
        "cycles within which addresses count as computed together",
        source=OBSERVED + ": 8 interleaved streams",
        default=6,
    )
    store_buffer_entries: int = described(
        "stores between commit and their line", source=REFERENCE, minimum=1, default=5
    )
    cm_latency_s: float = described(
        "CM_QUEUE, CM_DEQUEUE and CM_PARAM, issue to commit, in seconds",
        source="ALPINE's released code (1 ns)",
        default=1e-9,
    )

    def __post_init__(self) -> None:
        super(CoreConfig, self).__post_init__()
        if self.loads_in_flight > 7:
            raise ValueError(f"loads_in_flight must be at most 7, not {self.loads_in_flight}")

    @property
    def period_fs(self) -> int:
        """Period of the core clock."""
        return period_fs(self.frequency_hz)

    @property
    def cm_latency_cycles(self) -> int:
        """Core cycles of a CM_QUEUE or CM_DEQUEUE as the pipeline assumes them."""
        return max(1, math.ceil(self.cm_latency_s * self.frequency_hz - 1e-9))


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheConfig(Checked):
    """A set-associative cache with LRU replacement, write-back and write-allocate."""

    size_bytes: int = described("capacity", source=TABLE_I, minimum=1)
    associativity: int = described("ways per set", source=REFERENCE, minimum=1, default=2)
    line_bytes: int = described("bytes per line", source=REFERENCE, minimum=1, default=64)
    lookup_cycles: int = described("tag and data, in core cycles", source=REFERENCE)
    response_cycles: int = described("return path of a miss, in core cycles", source=REFERENCE)
    mshrs: int = described("misses in flight", source=REFERENCE, minimum=1)

    def __post_init__(self) -> None:
        super(CacheConfig, self).__post_init__()
        for name in ("size_bytes", "line_bytes"):
            value = getattr(self, name)
            if value & (value - 1):
                raise ValueError(f"{name} must be a power of two, not {value}")
        lines = self.size_bytes // self.line_bytes
        if self.associativity > lines:
            raise ValueError(
                f"associativity must be at most the {lines} lines, not {self.associativity}"
            )
        if lines % self.associativity or (lines // self.associativity) & (
            lines // self.associativity - 1
        ):
            raise ValueError(
                f"associativity must leave a power of two of sets, not {lines} lines /"
                f" {self.associativity}"
            )

    @property
    def sets(self) -> int:
        """Number of sets."""
        return self.size_bytes // self.line_bytes // self.associativity


@dataclass(frozen=True, kw_only=True, slots=True)
class BusConfig(Checked):
    """The core-side bus between L1 and L2 and the memory bus behind L2."""

    core_width_bytes: int = described("L1-L2 bus width", source=REFERENCE, minimum=1, default=32)
    core_frontend_cycles: int = described(
        "L1-L2 bus, request, core cycles", source=REFERENCE, default=1
    )
    core_response_cycles: int = described(
        "L1-L2 bus, response, core cycles", source=REFERENCE, default=1
    )
    core_snoop_cycles: int = described(
        "L1-L2 bus, snoop response, core cycles", source=REFERENCE, default=1
    )
    frequency_hz: float = described(
        "memory bus clock in hertz", source=REFERENCE, minimum=1e3, default=1.6e9
    )
    width_bytes: int = described("memory bus width", source=TABLE_I, minimum=1, default=16)
    frontend_cycles: int = described("memory bus, request", source=TABLE_I, default=3)
    forward_cycles: int = described("memory bus, forward", source=TABLE_I, default=4)
    response_cycles: int = described("memory bus, response", source=TABLE_I, default=4)
    crossing_cycles: int = described(
        "between L2 and memory bus, core cycles",
        source=OBSERVED + ": 48 to 49 of a memory access's cycles scale with the core clock",
        default=1,
    )

    @property
    def period_fs(self) -> int:
        """Period of the memory bus clock."""
        return period_fs(self.frequency_hz)


@dataclass(frozen=True, kw_only=True, slots=True)
class DramConfig(Checked):
    """One DDR4-2400 channel: banks with open rows, refresh, write queue; times in nanoseconds.

    Addresses map, from the most significant part, to row, rank, bank and column (RoRaBaCoCh).
    """

    ranks: int = described("ranks", source=REFERENCE, minimum=1, default=4)
    banks: int = described("banks per rank", source=REFERENCE, minimum=1, default=8)
    row_bytes: int = described("row buffer of a rank", source=REFERENCE, minimum=64, default=8192)
    frontend_ns: float = described("controller, before the queue", source=REFERENCE, default=10.0)
    backend_ns: float = described("controller, after the data", source=REFERENCE, default=10.0)
    t_burst_ns: float = described("one line on the data bus", source=REFERENCE, default=3.332)
    t_ccd_l_ns: float = described(
        "column to column, same bank group", source=REFERENCE, default=5.0
    )
    t_rcd_ns: float = described("row to column", source=REFERENCE, default=14.16)
    t_cl_ns: float = described("column to data", source=REFERENCE, default=14.16)
    t_rp_ns: float = described("precharge", source=REFERENCE, default=14.16)
    t_ras_ns: float = described("row active", source=REFERENCE, default=32.0)
    t_rtp_ns: float = described("read to precharge", source=REFERENCE, default=7.5)
    t_wr_ns: float = described("write recovery", source=REFERENCE, default=15.0)
    t_wtr_ns: float = described("write to read", source=REFERENCE, default=5.0)
    t_rtw_ns: float = described("read to write", source=REFERENCE, default=1.666)
    t_refi_ns: float = described("refresh interval", source=REFERENCE, minimum=1, default=7800.0)
    t_rfc_ns: float = described("refresh", source=REFERENCE, default=350.0)
    row_accesses: int = described(
        "column accesses after which a row is closed",
        source="gem5's default, seen in the reference row-hit counts (593 misses in 8194)",
        minimum=1,
        default=16,
    )
    write_high: int = described(
        "queued writes that force a drain (85 % of 128)", source=REFERENCE, minimum=1, default=108
    )
    write_low: int = described(
        "queued writes above which an idle channel drains (50 % of 128)",
        source=REFERENCE,
        minimum=1,
        default=64,
    )
    writes_per_switch: int = described(
        "least writes of a drain", source=REFERENCE, minimum=1, default=16
    )

    def __post_init__(self) -> None:
        super(DramConfig, self).__post_init__()
        for name in ("ranks", "banks", "row_bytes"):
            value = getattr(self, name)
            if value & (value - 1):
                raise ValueError(f"{name} must be a power of two, not {value}")


@dataclass(frozen=True, kw_only=True, slots=True)
class IoConfig(Checked):
    """Path to memory-mapped peripherals: bridge, I/O crossbar and device."""

    frequency_hz: float = described(
        "I/O crossbar clock in hertz", source="gem5's IOXBar", minimum=1e3, default=1e9
    )
    width_bytes: int = described("crossbar width", source="gem5's IOXBar", minimum=1, default=16)
    frontend_cycles: int = described("crossbar, request", source="gem5's IOXBar", default=2)
    forward_cycles: int = described("crossbar, forward", source="gem5's IOXBar", default=1)
    response_cycles: int = described("crossbar, response", source="gem5's IOXBar", default=2)
    bridge_ns: float = described("bridge, each way", source="gem5's Bridge", default=50.0)
    device_ns: float = described(
        "device, besides the cycles of its own bus interface",
        source="gem5's BasicPioDevice",
        default=100.0,
    )
    access_bytes: int = described(
        "bytes per uncached access", source="this project", minimum=1, default=4
    )
    posted_stores: bool = described(
        "a store does not wait for its answer", source="this project: an option", default=False
    )

    def __post_init__(self) -> None:
        super(IoConfig, self).__post_init__()
        if self.access_bytes not in (1, 2, 4):
            raise ValueError(f"access_bytes must be 1, 2 or 4, not {self.access_bytes}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncConfig(Checked):
    """Cost of synchronisation between threads, in core cycles and instructions.

    On bare metal, as in the reference runs, a waiting thread costs nothing but what its own code
    does. Under Linux it blocks in the kernel: whoever wakes it makes a system call, and it runs
    again only when the scheduler has switched to it. Threads that find what they wait for, and
    spinning ones, never enter the kernel. Not modelled: the way into the kernel of a thread that
    goes to sleep, which overlaps with its waiting, and the kernel's instructions and cache misses.
    """

    mutex_cycles: int = described(
        "uncontended lock and unlock", source=OBSERVED + ": mutex_uncontended", default=99
    )
    mutex_instructions: int = described(
        "instructions of a lock and unlock", source=OBSERVED, default=91
    )
    handover_cycles: int = described(
        "mutex and condition variable, notify to the waiter running",
        source=OBSERVED + ": pp_mutex_flag, half a round trip",
        default=544,
    )
    handover_instructions: int = described(
        "instructions of a hand-over, both sides", source=OBSERVED, default=758
    )
    flag_cycles: int = described(
        "atomic flag, store to the spinning reader's continuation",
        source=OBSERVED + ": pp_atomic_flag, half a round trip",
        default=44,
    )
    flag_instructions: int = described(
        "instructions of a flag hand-over, both sides",
        source=OBSERVED + ": pp_atomic_flag",
        default=21,
    )
    spin_cycles: float = described(
        "one look of a spinning core at its flag",
        source=OBSERVED + ": pp_read1k, pp_wait and pp_write1k, 391 looks in 1,633 cycles",
        minimum=1,
        default=4.2,
    )
    spin_instructions: int = described(
        "instructions of such a look: load, comparison, branch",
        source=OBSERVED + ": pp_write1k, 515 instructions and 267 loads and stores",
        default=3,
    )
    linux: bool = described(
        "waiting threads block in the kernel (--sync linux); false: bare metal",
        source="this project: an option; the paper's programs ran under Linux 4.3",
        default=False,
    )
    futex_wake_cycles: int = described(
        "under Linux, system call by which a core wakes the threads that it finds blocked",
        source="Nolte et al., HW-FUTEX, IEEE TVLSI 32(1), 2024, abstract: 350 cycles are at least"
        " 90 % less",
        default=3500,
    )
    futex_resume_cycles: int = described(
        "under Linux, from the end of that call to the blocked thread running: scheduler, switch",
        source="UnixBench 5.1.3 on a Pinebook (Cortex-A53 at 1.152 GHz, Linux 3.10), gist"
        " 26e5157b7a78b8878a5e9234efc0872c: 63,925 pipe round trips and 334,252 pipe calls a"
        " second, so (15.64 us - 2 x 2.99 us) / 2 = 4.83 us or 5,560 cycles per hand-over,"
        " less the 3,500 of the waker",
        default=2060,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TileClockConfig(Checked):
    """Clock of the tiles' digital parts, and how long a product takes."""

    frequency_hz: float = described(
        "tile clock; one 4-byte transfer per cycle is the published 4 GB/s",
        source="design; ALPINE, Table I(C)",
        minimum=1e3,
        default=1e9,
    )
    product_cycles: int = described(
        "tile cycles of a matrix-vector product",
        source="ALPINE, Table I(C): 100 ns",
        minimum=3,
        default=100,
    )

    @property
    def period_fs(self) -> int:
        """Period of the tile clock."""
        return period_fs(self.frequency_hz)


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyConfig(Checked):
    """Energy constants: ALPINE, Table I(B) and I(C)."""

    core_idle_pj_per_cycle: float = described("idle core", source=TABLE_I + "(B)")
    core_wait_pj_per_cycle: float = described("core waiting for memory", source=TABLE_I + "(B)")
    core_active_pj_per_cycle: float = described("active core", source=TABLE_I + "(B)")
    llc_leakage_w: float = described(
        "leakage of the whole last-level cache", source=TABLE_I + "(B)"
    )
    llc_read_pj_per_byte: float = described("last-level cache read", source=TABLE_I + "(B)")
    llc_write_pj_per_byte: float = described("last-level cache write", source=TABLE_I + "(B)")
    dram_pj_per_access: float = described("one DRAM access", source=TABLE_I + "(B)", default=120.0)
    memory_controller_io_w: float = described(
        "memory controller and I/O, reported apart", source=TABLE_I + "(B)"
    )
    tile_tops_per_w: float = described(
        "efficiency of a 256 x 256 product in 14 nm",
        source=TABLE_I + "(C)",
        minimum=1e-6,
        default=12.8,
    )
    tile_scaling: float = described(
        "power factor from 14 nm to the system's 28 nm and voltage",
        source="ALPINE, Sec. III-B",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemConfig(Checked):
    """A whole system: cores, caches, buses, DRAM, I/O, tile clock, energy."""

    name: str = field(metadata={"text": "name of the system", "source": "this project"})
    cores: int = described("number of cores", source=TABLE_I, minimum=1, default=8)
    core: CoreConfig
    l1: CacheConfig
    l2: CacheConfig
    bus: BusConfig = field(default_factory=BusConfig)
    dram: DramConfig = field(default_factory=DramConfig)
    io: IoConfig = field(default_factory=IoConfig)
    sync: SyncConfig = field(default_factory=SyncConfig)
    tile_clock: TileClockConfig = field(default_factory=TileClockConfig)
    energy: EnergyConfig

    def __post_init__(self) -> None:
        super(SystemConfig, self).__post_init__()
        if self.l1.line_bytes != self.l2.line_bytes:
            raise ValueError(
                f"l1.line_bytes must equal l2.line_bytes {self.l2.line_bytes},"
                f" not {self.l1.line_bytes}"
            )

    def override(self, settings: Mapping[str, Any]) -> "SystemConfig":
        """Return this configuration with fields replaced by dotted name.

        Raises
        ------
        AlpineError
            A field does not exist or its value is impossible.
        """
        return override(self, settings)
