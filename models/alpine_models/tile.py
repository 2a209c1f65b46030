"""Geometry and timing of one analog in-memory computing tile."""

from dataclasses import dataclass

__all__ = ["CODE_MAX", "CODE_MIN", "TileConfig"]

CODE_MIN, CODE_MAX = -128, 127
"""Range of DAC and ADC codes: signed 8 bit (Klein et al. 2022, Sec. III-B)."""

MAX_LINES = 1 << 16
"""Most word or bit lines accepted: sixteen times the largest published array side."""


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

    Raises
    ------
    ValueError
        A member is not a positive integer, or a side exceeds 65536 lines.
    """

    rows: int
    columns: int
    precharge_cycles: int = 1
    integrate_cycles: int = 98
    digitise_cycles: int = 1

    def __post_init__(self) -> None:
        for name in (
            "rows",
            "columns",
            "precharge_cycles",
            "integrate_cycles",
            "digitise_cycles",
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a positive integer, not {value!r}")
            if value > MAX_LINES:
                raise ValueError(f"{name} must be at most {MAX_LINES}, not {value!r}")

    @property
    def mvm_cycles(self) -> int:
        """Tile cycles of one matrix-vector multiplication: the sum of the phases."""
        return self.precharge_cycles + self.integrate_cycles + self.digitise_cycles
