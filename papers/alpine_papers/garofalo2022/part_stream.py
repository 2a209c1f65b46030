# SPDX-License-Identifier: Apache-2.0
"""Parts of a layer through the TCDM: the DMA brings and takes them beside the computation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alpine_models.errors import AlpineError
from alpine_sw.riscv.command_list import ClusterUnit

from .workload import ClusterWorkload

__all__ = ["LayerPart", "PartSizes", "Transfer", "stream_parts"]


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Bytes in L2 that lie side by side in the TCDM.

    Members
    -------
    behind : address in L2. row_bytes, rows : how much. stride : in L2 from row to row.
    """

    behind: int
    row_bytes: int
    rows: int = 1
    stride: int = 0


@dataclass(frozen=True, kw_only=True)
class LayerPart:
    """One part: its first item, how many, and what is moved for it."""

    first: int
    items: int
    load: Transfer
    store: Transfer


@dataclass(frozen=True, kw_only=True)
class PartSizes:
    """How a layer may be cut.

    Members
    -------
    items : rows of pixels or blocks of channels, which stay whole.
    bytes_in, bytes_out : of the TCDM for so many items.
    """

    items: int
    bytes_in: Callable[[int], int]
    bytes_out: Callable[[int], int]

    def cut(self, free_bytes: int) -> list[tuple[int, int]]:
        """Return first item and number of items of each part, as few and as even as fit.

        Raises
        ------
        AlpineError
            Not even one item fits.
        """
        for count in range(1, self.items + 1):
            largest = -(-self.items // count)
            if min(count, 2) * self._bytes(largest) <= free_bytes:
                break
        else:
            # Not twice: one part after the other.
            largest = 1
            if self._bytes(1) > free_bytes:
                raise AlpineError(
                    f"one item of the layer takes {self._bytes(1)} bytes of the TCDM, "
                    f"{self._bytes(1) - free_bytes} too many: choose smaller sizes"
                )
        starts = range(0, self.items, largest)
        return [(first, min(largest, self.items - first)) for first in starts]

    def _bytes(self, items: int) -> int:
        # Buffers begin at multiples of 16.
        return self.bytes_in(items) + self.bytes_out(items) + 32


def stream_parts(
    work: ClusterWorkload,
    parts: Sequence[LayerPart],
    sizes: PartSizes,
    compute: Callable[[LayerPart, int, int], int],
) -> None:
    """Write the commands for all parts: each is loaded, computed and stored.

    The DMA does transfers in the order in which they are queued. So a part's place is free again
    when the part behind the next one has been loaded, which is queued later.

    Parameters
    ----------
    work : buffers and commands.
    parts, sizes : of `PartSizes.cut`.
    compute : writes the commands for a part, given the addresses of its input and of its output's
        place, up to the end of the computation; returns where the output then is.
    """
    largest = max(part.items for part in parts)
    need = sizes.bytes_in(largest) + sizes.bytes_out(largest) + 32
    count = 2 if len(parts) > 1 and 2 * need <= work.free_bytes else 1
    places = [
        (
            work.room("input of a part", sizes.bytes_in(largest)),
            work.room("output of a part", sizes.bytes_out(largest)),
        )
        for _ in range(count)
    ]
    ahead = len(places) > 1
    loaded = [_load(work, parts[0], places[0][0])]
    for number, part in enumerate(parts):
        source, target = places[number % len(places)]
        following = parts[number + 1] if number + 1 < len(parts) else None
        if following is not None and ahead:
            loaded.append(_load(work, following, places[(number + 1) % 2][0]))
        work.commands.wait(ClusterUnit.DMA, loaded[number])
        result = compute(part, source, target)
        work.commands.transfer(
            source=result,
            destination=part.store.behind,
            row_bytes=part.store.row_bytes,
            rows=part.store.rows,
            source_stride=part.store.row_bytes,
            destination_stride=part.store.stride,
        )
        if following is not None and not ahead:
            loaded.append(_load(work, following, places[0][0]))
    work.commands.wait(ClusterUnit.DMA)


def _load(work: ClusterWorkload, part: LayerPart, place: int) -> int:
    """Queue a part's load; return how many transfers are done when it is."""
    work.commands.transfer(
        source=part.load.behind,
        destination=place,
        row_bytes=part.load.row_bytes,
        rows=part.load.rows,
        source_stride=part.load.stride,
        destination_stride=part.load.row_bytes,
    )
    return work.commands.started[ClusterUnit.DMA]
