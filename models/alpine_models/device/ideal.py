# SPDX-License-Identifier: Apache-2.0
"""An imperfection that is absent, one that is as published, and one whose size is refused."""

from enum import Enum
from typing import Final

from alpine_models.errors import AlpineError

__all__ = ["IDEAL", "PUBLISHED", "Ideal", "OutOfRangeError", "Published"]


class OutOfRangeError(AlpineError):
    """The size of an imperfection is out of range.

    Members
    -------
    wanted : str, the sizes that are accepted, as they follow after "give".
    """

    def __init__(self, what: str, value: object, wanted: str, *, otherwise: str = ", or IDEAL"):
        super().__init__(f"{what} {value!r} is refused: give {wanted}{otherwise}")
        self.wanted = wanted


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
