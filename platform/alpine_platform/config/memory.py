# SPDX-License-Identifier: Apache-2.0
"""Between the caches and the DRAM, and the DRAM."""

from dataclasses import dataclass

from alpine_platform.time import period_fs

from .fields import OBSERVED, REFERENCE, TABLE_I, Checked, described

__all__ = ["BusConfig", "DramConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BusConfig(Checked):
    """The core-side bus between L1 and L2 and the memory bus behind L2."""

    core_width_bytes: int = described(
        "L1-L2 bus width", source=REFERENCE, minimum=1, maximum=4096, default=32
    )
    core_frontend_cycles: int = described(
        "L1-L2 bus, request, core cycles", source=REFERENCE, minimum=0, maximum=1000, default=1
    )
    core_response_cycles: int = described(
        "L1-L2 bus, response, core cycles", source=REFERENCE, minimum=0, maximum=1000, default=1
    )
    core_snoop_cycles: int = described(
        "L1-L2 bus, snoop response, core cycles",
        source=REFERENCE,
        minimum=0,
        maximum=1000,
        default=1,
    )
    frequency_hz: float = described(
        "memory bus clock", source=REFERENCE, minimum=1e6, maximum=100e9, default=1.6e9
    )
    width_bytes: int = described(
        "memory bus width", source=TABLE_I, minimum=1, maximum=4096, default=16
    )
    frontend_cycles: int = described(
        "memory bus, request", source=TABLE_I, minimum=0, maximum=1000, default=3
    )
    forward_cycles: int = described(
        "memory bus, forward", source=TABLE_I, minimum=0, maximum=1000, default=4
    )
    response_cycles: int = described(
        "memory bus, response", source=TABLE_I, minimum=0, maximum=1000, default=4
    )
    crossing_cycles: int = described(
        "between L2 and memory bus, core cycles",
        source=OBSERVED + ": 48 to 49 of a memory access's cycles scale with the core clock",
        minimum=0,
        maximum=1000,
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

    ranks: int = described(
        "ranks", source=REFERENCE, minimum=1, maximum=16, power_of_two=True, default=4
    )
    banks: int = described(
        "banks per rank", source=REFERENCE, minimum=1, maximum=64, power_of_two=True, default=8
    )
    row_bytes: int = described(
        "row buffer of a rank",
        source=REFERENCE,
        minimum=64,
        maximum=1 << 20,
        power_of_two=True,
        default=8192,
    )
    frontend_ns: float = described(
        "controller, before the queue", source=REFERENCE, minimum=0, maximum=1e6, default=10.0
    )
    backend_ns: float = described(
        "controller, after the data", source=REFERENCE, minimum=0, maximum=1e6, default=10.0
    )
    t_burst_ns: float = described(
        "64 bytes on the data bus", source=REFERENCE, minimum=0, maximum=1e4, default=3.332
    )
    t_ccd_l_ns: float = described(
        "column to column, same bank group", source=REFERENCE, minimum=0, maximum=1e4, default=5.0
    )
    t_rcd_ns: float = described(
        "row to column", source=REFERENCE, minimum=0, maximum=1e4, default=14.16
    )
    t_cl_ns: float = described(
        "column to data", source=REFERENCE, minimum=0, maximum=1e4, default=14.16
    )
    t_rp_ns: float = described("precharge", source=REFERENCE, minimum=0, maximum=1e4, default=14.16)
    t_ras_ns: float = described(
        "row active", source=REFERENCE, minimum=0, maximum=1e4, default=32.0
    )
    t_rtp_ns: float = described(
        "read to precharge", source=REFERENCE, minimum=0, maximum=1e4, default=7.5
    )
    t_wr_ns: float = described(
        "write recovery", source=REFERENCE, minimum=0, maximum=1e4, default=15.0
    )
    t_wtr_ns: float = described(
        "write to read", source=REFERENCE, minimum=0, maximum=1e4, default=5.0
    )
    t_rtw_ns: float = described(
        "read to write", source=REFERENCE, minimum=0, maximum=1e4, default=1.666
    )
    t_refi_ns: float = described(
        "refresh interval", source=REFERENCE, minimum=1, maximum=1e9, default=7800.0
    )
    t_rfc_ns: float = described("refresh", source=REFERENCE, minimum=0, maximum=1e6, default=350.0)
    row_accesses: int = described(
        "column accesses after which a row is closed",
        source="gem5's default, seen in the reference row-hit counts (593 misses in 8194)",
        minimum=1,
        maximum=10**6,
        default=16,
    )
    write_high: int = described(
        "queued writes that force a drain (85 % of 128)",
        source=REFERENCE,
        minimum=1,
        maximum=255,
        default=108,
    )
    write_low: int = described(
        "queued writes above which an idle channel drains (50 % of 128)",
        source=REFERENCE,
        minimum=0,
        maximum=255,
        default=64,
    )
    writes_per_switch: int = described(
        "least writes of a drain", source=REFERENCE, minimum=1, maximum=255, default=16
    )

    def __post_init__(self) -> None:
        super(DramConfig, self).__post_init__()
        if self.t_refi_ns <= self.t_rfc_ns:
            raise ValueError(
                f"t_refi_ns must be above t_rfc_ns {self.t_rfc_ns:g}, what a refresh takes,"
                f" not {self.t_refi_ns:g}"
            )
        if self.write_low >= self.write_high:
            raise ValueError(
                f"write_low must be below write_high {self.write_high}, not {self.write_low}"
            )
