"""The names of an imperfection that is absent, and of one that is as published."""

from enum import Enum
from typing import Final

__all__ = ["IDEAL", "PUBLISHED", "Ideal", "Published"]


class Ideal(Enum):
    """Type of `IDEAL`, so that `GainSpread | Ideal` reads as it is meant."""

    IDEAL = "ideal"

    def __repr__(self) -> str:
        return "IDEAL"


class Published(Enum):
    """Type of `PUBLISHED`."""

    PUBLISHED = "published"

    def __repr__(self) -> str:
        return "PUBLISHED"


IDEAL: Final = Ideal.IDEAL
"""In the place of an imperfection: it is absent. A size of zero is refused instead, so that an
imperfection that was forgotten cannot pass for one that was left out on purpose."""

PUBLISHED: Final = Published.PUBLISHED
"""In the place of an imperfection: it follows the formulas of the device's constants."""
