# SPDX-License-Identifier: Apache-2.0
"""Clocks that a model drives."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from alpine_models.errors import AlpineError

from .ports import Port, PortDirection

__all__ = ["Clock", "chosen_clocks", "precision_fs"]

DEFAULT_PERIOD_FS = 1_000_000
PICOSECOND_FS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """A clock of a model, half of each period at its active level.

    Members
    -------
    name : str, of the port; one bit wide.
    period_fs : int, from one active edge to the next.
    phase_fs : int, how much later than half a period after the start the first active edge comes.
    edge : ``rising`` or ``falling``, the active one.
    """

    name: str
    period_fs: int = DEFAULT_PERIOD_FS
    phase_fs: int = 0
    edge: Literal["rising", "falling"] = "rising"

    def __post_init__(self) -> None:
        if self.period_fs < 2:
            raise AlpineError(f"clock {self.name} has period_fs={self.period_fs}: at least 2")
        if self.phase_fs < 0:
            raise AlpineError(f"clock {self.name} has phase_fs={self.phase_fs}: at least 0")
        if self.edge not in ("rising", "falling"):
            raise AlpineError(f"clock {self.name} has edge={self.edge}: rising or falling")

    @property
    def first_edge_fs(self) -> int:
        """Time of the first active edge."""
        return self.period_fs // 2 + self.phase_fs

    @property
    def idle_level(self) -> int:
        """Level at the start."""
        return int(self.edge == "falling")


def chosen_clocks(
    clock: "str | Clock | Sequence[str | Clock] | None", ports: Iterable[Port]
) -> tuple[Clock, ...]:
    """Return the clocks that a person named, after checking that the design has them.

    Raises
    ------
    AlpineError
        There is no such input of one bit; the message lists what there is.
    """
    if clock is None:
        return ()
    given = [clock] if isinstance(clock, str | Clock) else list(clock)
    clocks = tuple(Clock(name=each) if isinstance(each, str) else each for each in given)
    inputs = {port.name: port for port in ports if port.direction is PortDirection.INPUT}
    narrow = [name for name, port in inputs.items() if port.width == 1]
    for each in clocks:
        if each.name not in narrow:
            near = difflib.get_close_matches(each.name, narrow, n=3, cutoff=0.5)
            # The names that the field gives clocks.
            near = near or [name for name in narrow if "clk" in name.lower() or "clock" in name]
            listed = near or narrow or list(inputs)
            has = ", ".join(listed) if listed else "no inputs"
            raise AlpineError(
                f"the design has no clock input {each.name} of one bit; it has {has}: "
                f"pass clock=NAME, or clock=None for a design without a clock"
            )
    names = [each.name for each in clocks]
    if len(set(names)) < len(names):
        raise AlpineError(f"a clock is named twice among {', '.join(names)}")
    return clocks


def precision_fs(clocks: Iterable[Clock]) -> int:
    """Return the coarsest unit of time, a picosecond or a femtosecond, that meets every edge."""
    times = [time for each in clocks for time in (each.first_edge_fs, each.period_fs)]
    halves = [each.period_fs // 2 for each in clocks]
    exact = all(time % PICOSECOND_FS == 0 for time in (*times, *halves))
    return PICOSECOND_FS if exact else 1
