# SPDX-License-Identifier: Apache-2.0
"""Geometry and timing of one analog in-memory computing tile."""

from dataclasses import dataclass

__all__ = [
    "CODE_MAX",
    "CODE_MIN",
    "CROSSING_DEPTH",
    "CVXIF_DEPTH",
    "MAX_LINES",
    "MAX_PHASE_CYCLES",
    "TileConfig",
    "pending_answers",
]

CODE_MIN, CODE_MAX = -128, 127
"""Range of DAC and ADC codes: signed 8 bit (Klein et al. 2022, Sec. III-B)."""

MAX_LINES = 1 << 16
"""Most word or bit lines accepted: sixteen times the largest published array side."""

MAX_PHASE_CYCLES = (1 << 16) - 1
"""Longest phase: what the hardware's 16-bit phase counter and registers can hold."""

CROSSING_DEPTH = 8
"""Entries of each queue of a clock-domain crossing: enough to keep one transfer per cycle going
across the pointers' delay."""

CVXIF_DEPTH = 4
"""Instructions that wait for their commit in the CV-X-IF adapter, and that are in its tile, at
most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TileConfig:
    """Size of a tile's crossbar and the phases of its matrix-vector multiplication.

    The defaults make 100 cycles, the published 100 ns at the default tile clock of 1 GHz (Klein et
    al. 2022, Table I(C)). How those divide into phases is not published; here all but the first
    and the last cycle integrate, as the HERMES core integrates for 128 of its 130 ns
    (Khaddam-Aljameh et al., JSSC 2022).

    Members
    -------
    rows : int, word lines: inputs, DACs, bytes of input memory.
    columns : int, bit lines: outputs, ADCs, bytes of output memory.
    precharge_cycles, integrate_cycles, digitise_cycles : int, tile cycles of each phase.
    double_buffer : bool, DAC registers apart from the input memory, so that the next vector can be
        queued while the crossbar integrates. The published system has none; Garofalo et al. (2022)
        show what it buys. What instructions compute does not depend on it.

    Raises
    ------
    ValueError
        A side or a phase is not a positive integer, a side exceeds 65536 lines or a phase 65535
        cycles, or double_buffer is not a bool.
    """

    rows: int
    columns: int
    precharge_cycles: int = 1
    integrate_cycles: int = 98
    digitise_cycles: int = 1
    double_buffer: bool = False

    def __post_init__(self) -> None:
        for names, largest in (
            (("rows", "columns"), MAX_LINES),
            (("precharge_cycles", "integrate_cycles", "digitise_cycles"), MAX_PHASE_CYCLES),
        ):
            for name in names:
                value = getattr(self, name)
                if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                    raise ValueError(f"{name} must be a positive integer, not {value!r}")
                if value > largest:
                    raise ValueError(f"{name} must be at most {largest}, not {value!r}")
        if type(self.double_buffer) is not bool:
            raise ValueError(f"double_buffer must be True or False, not {self.double_buffer!r}")

    @property
    def mvm_cycles(self) -> int:
        """Tile cycles of one matrix-vector multiplication: the sum of the phases."""
        return self.precharge_cycles + self.integrate_cycles + self.digitise_cycles


def pending_answers(config: TileConfig) -> int:
    """How many answers can wait behind a running multiplication; 0 without a second buffer.

    A whole vector queued byte by byte fits, and never fewer than four: the answer to CM_PROCESS and
    those to a few groups.
    """
    return max(4, config.rows) if config.double_buffer else 0
