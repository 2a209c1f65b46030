# SPDX-License-Identifier: Apache-2.0
"""A level of cache."""

from dataclasses import dataclass

from .fields import REFERENCE, TABLE_I, Checked, described

__all__ = ["CacheConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheConfig(Checked):
    """A set-associative cache with LRU replacement, write-back and write-allocate."""

    size_bytes: int = described(
        "capacity", source=TABLE_I, minimum=64, maximum=1 << 28, power_of_two=True
    )
    associativity: int = described(
        "ways per set", source=REFERENCE, minimum=1, maximum=256, default=2
    )
    line_bytes: int = described(
        "bytes per line", source=REFERENCE, minimum=16, maximum=4096, power_of_two=True, default=64
    )
    lookup_cycles: int = described(
        "tag and data, in core cycles", source=REFERENCE, minimum=0, maximum=1000
    )
    response_cycles: int = described(
        "return path of a miss, in core cycles", source=REFERENCE, minimum=0, maximum=1000
    )
    mshrs: int = described("misses in flight", source=REFERENCE, minimum=1, maximum=1024)

    def __post_init__(self) -> None:
        super(CacheConfig, self).__post_init__()
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
