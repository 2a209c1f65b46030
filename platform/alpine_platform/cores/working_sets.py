# SPDX-License-Identifier: Apache-2.0
"""How large the data of every loop body was that ran: what calibration is checked for."""

from collections.abc import Iterable, Sequence

from .pipeline import Phase, Stream

__all__ = ["WorkingSets"]


class WorkingSets:
    """Smallest and largest working set of each loop body since the last `clear`.

    The working set of a loop is the extent of its longest stream, repetitions included.
    """

    def __init__(self) -> None:
        self._rounds: dict[str, tuple[int, int]] = {}
        self._bytes: dict[str, tuple[int, int]] = {}

    def clear(self) -> None:
        """Forget what ran."""
        self._rounds.clear()
        self._bytes.clear()

    def note(self, phases: Sequence[Phase], repeats: int) -> None:
        """Note loops that run so often."""
        for phase in phases:
            name, rounds = phase.body.name, phase.iterations * repeats
            fewest, most = self._rounds.get(name, (rounds + 1, rounds - 1))
            if fewest <= rounds <= most:
                continue  # Streams are not looked at: this is on the path of every operation.
            self._rounds[name] = min(fewest, rounds), max(most, rounds)
            size = longest(phase.streams.values(), phase.iterations, repeats)
            smallest, largest = self._bytes.get(name, (size, size))
            self._bytes[name] = min(smallest, size), max(largest, size)

    def as_dict(self) -> dict[str, tuple[int, int]]:
        """Bytes by body name: smallest, largest."""
        return dict(self._bytes)


def longest(streams: Iterable[Stream], iterations: int, repeats: int) -> int:
    """Bytes that the longest of some streams covers."""
    return max(
        (
            abs(stream.stride) * iterations + abs(stream.repeat_stride) * (repeats - 1)
            for stream in streams
        ),
        default=0,
    )
