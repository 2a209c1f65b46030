# SPDX-License-Identifier: Apache-2.0
"""What is looked at during a run, without any influence on its numbers."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypedDict

from alpine_models.checked_fields import check_fields, checked, flag, optional, path
from alpine_models.errors import AlpineError
from alpine_models.files import check_writable

__all__ = ["OBSERVED", "UNOBSERVED", "Observation", "ObservationKeywords"]


def _function(name: str, value: Any) -> Any:
    if callable(value):
        return value
    raise AlpineError(f"{name} {value!r} is refused: give a function")


def _output(name: str, value: Any) -> Path:
    file = path(name, value)
    check_writable(file)
    return file


def _no_stage(stage: str, total: int) -> None:
    pass


def _no_step() -> None:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """How a run is watched.

    Members
    -------
    trace : directory in which to leave waveforms of the first and the last inference, with engine
        cocotb of the whole run, or None; with engine rtl also of the first one with wrong outputs.
    timeline : file for the cores' operations as trace events, which Perfetto displays, or None.
    profile : say in the result where host time goes.
    check_reads : refuse to read memory that nobody wrote; slow.
    on_stage : told what begins, and in how many steps.
    on_step : told of each step.

    Raises
    ------
    AlpineError
        A value is of another type, or the timeline's file cannot be written.
    """

    trace: Path | None = checked(optional(path), default=None)
    timeline: Path | None = checked(optional(_output), default=None)
    profile: bool = checked(flag, default=False)
    check_reads: bool = checked(flag, default=False)
    on_stage: Callable[[str, int], None] = checked(_function, default=_no_stage)
    on_step: Callable[[], None] = checked(_function, default=_no_step)

    def __post_init__(self) -> None:
        check_fields(self)

    def told_of_steps(self, on_step: Callable[[], None]) -> "Observation":
        """The same with another function that is told of each step."""
        return replace(self, on_step=on_step)

    def elsewhere(self) -> "Observation":
        """The same for another process, in which nobody is told anything."""
        return replace(self, on_stage=_no_stage, on_step=_no_step)


UNOBSERVED = Observation()
"""Nothing is looked at, nobody is told."""


class ObservationKeywords(TypedDict, total=False):
    """Keywords that make an `Observation`."""

    trace: Path | str | None
    timeline: Path | str | None
    profile: bool
    check_reads: bool
    on_stage: Callable[[str, int], None]
    on_step: Callable[[], None]


OBSERVED = tuple(item.name for item in fields(Observation))
"""Names of the keywords."""
