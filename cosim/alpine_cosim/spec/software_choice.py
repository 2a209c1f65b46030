# SPDX-License-Identifier: Apache-2.0
"""How the programs of a run are written."""

from dataclasses import dataclass

from alpine_models.checked_fields import check_fields, checked, chosen, optional, whole
from alpine_models.choices import choose
from alpine_sw.library.workloads import Software

__all__ = ["DIGITAL_STYLES", "SoftwareChoice"]

DIGITAL_STYLES = ("neon4", "neon1", "eigen_i8row")
"""Styles of products without a tile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SoftwareChoice:
    """Styles of the programs.

    Members
    -------
    style : of the analog mappings.
    digital_style : of the digital reference's products, and of the CNNs' dense layers.
    cores : of the digital reference, or None for the network's default.

    Raises
    ------
    AlpineError
        A name is unknown, or a number is none.
    """

    style: Software = Software.RELEASED
    digital_style: str = checked(
        chosen("digital style", lambda: DIGITAL_STYLES), default=DIGITAL_STYLES[0]
    )
    cores: int | None = checked(optional(whole()), default=None)

    def __post_init__(self) -> None:
        name = choose("software style", self.style, list(Software))
        object.__setattr__(self, "style", Software(name))
        check_fields(self)
