# SPDX-License-Identifier: Apache-2.0
"""Checks that loops read only memory that was written: what `System(check_reads=True)` turns on.

A loop's body names its address streams but not how many bytes each access takes. That follows from
its neighbours: an access reaches to the next one of its kind in the same stream, in this or the
following iteration, and never further than the widest load or store. Bytes beyond the end that a
stream states are the affair of the kernel's tail and are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alpine_platform.memory.address_space import AddressSpace

from .loop_body import CompiledBody, Memory, OperationColumn, compile_body
from .pipeline import Phase, Stream

__all__ = ["note_accesses"]

WIDEST = {Memory.LOAD: 16, Memory.STORE: 8}
"""Bytes of one access at most; see `loop_body.KINDS`."""
NEVER = np.iinfo(np.int64).max

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LoopAccess:
    """One memory operation in all iterations and repetitions of its nest.

    Members
    -------
    kind : load or store.
    stream : where it walks.
    start : address that names the buffer; offsets may leave a short one, where a tail would go on.
    addresses, times : of every execution, in order; a later one has the greater time.
    width : bytes.
    """

    kind: Memory
    stream: Stream
    start: int
    addresses: Ints
    times: Ints
    width: int

    @property
    def end(self) -> int:
        """First address that it cannot reach."""
        end = int(self.addresses.max()) + self.width
        return end if self.stream.end is None else min(end, self.stream.end)

    def bytes_at(self, start: int, end: int) -> tuple[Ints, Ints]:
        """Every byte between two addresses that it touches, relative to the first, and when."""
        offsets = (self.addresses[:, None] + np.arange(self.width) - start).reshape(-1)
        times = np.repeat(self.times, self.width)
        inside = (offsets >= 0) & (offsets < min(end, self.end) - start)
        return offsets[inside], times[inside]


def note_accesses(space: AddressSpace, phases: Sequence[Phase], repeats: int) -> None:
    """Check every load of a nest of loops against what was written before it, and note its stores.

    Does nothing unless the memory checks reads.

    Raises
    ------
    ValueError
        A stream starts where no buffer lies, or a byte is read that nobody wrote before.
    """
    if not space.check_reads:
        return
    accesses = [access for access in nest_accesses(phases, repeats) if len(access.addresses)]
    first_write: dict[int, Ints] = {}
    for access in accesses:
        if access.kind is Memory.STORE:
            buffer, written = space.written(access.start)
            times = first_write.setdefault(
                buffer.address, np.full(len(written), NEVER, dtype=np.int64)
            )
            offsets, when = access.bytes_at(buffer.address, buffer.address + len(written))
            np.minimum.at(times, offsets, when)
    for access in accesses:
        if access.kind is Memory.LOAD:
            buffer, written = space.written(access.start)
            start, end = buffer.address, buffer.address + len(written)
            low = max(int(access.addresses.min()), start)
            if written[low - start : min(access.end, end) - start].all():
                continue
            offsets, when = access.bytes_at(start, end)
            missing = ~written[offsets]
            if start in first_write:
                missing &= first_write[start][offsets] > when
            if missing.any():
                byte = offsets[missing][np.argmin(when[missing])]
                space.note_read(start + int(byte), 1)
    for address, times in first_write.items():
        space.written(address)[1][times != NEVER] = True


def nest_accesses(phases: Sequence[Phase], repeats: int) -> Iterator[LoopAccess]:
    """All memory operations of a nest of loops, in program order."""
    operations = sum(len(compile_body(phase.body).operations) for phase in phases)
    longest = max((phase.iterations for phase in phases), default=0)
    for place, phase in enumerate(phases):
        compiled = compile_body(phase.body)
        repeat, iteration = np.mgrid[:repeats, : phase.iterations].reshape(2, -1)
        times = ((repeat * len(phases) + place) * longest + iteration) * operations
        for index, row in enumerate(compiled.operations):
            kind = Memory(int(row[OperationColumn.MEMORY]))
            if kind is Memory.NONE:
                continue
            stream = phase.streams[compiled.streams[row[OperationColumn.STREAM]]]
            if stream.table is None:
                offsets = iteration * stream.stride + repeat * stream.repeat_stride
            else:
                offsets = stream.table[repeat * stream.table_repeat + iteration]
            yield LoopAccess(
                kind=kind,
                stream=stream,
                start=stream.address + int(offsets[0]) if len(offsets) else 0,
                addresses=stream.address + int(row[OperationColumn.OFFSET]) + offsets,
                times=times + index,
                width=width_of(compiled, row, stream, phase.iterations, repeats),
            )


def width_of(
    compiled: CompiledBody, row: Ints, stream: Stream, iterations: int, repeats: int
) -> int:
    """Bytes of a memory operation: up to the next of its kind, at most the widest."""
    table = compiled.operations
    alike = (table[:, OperationColumn.STREAM] == row[OperationColumn.STREAM]) & (
        table[:, OperationColumn.MEMORY] == row[OperationColumn.MEMORY]
    )
    places = table[alike, OperationColumn.OFFSET]
    step = abs(stream.stride) if iterations > 1 and stream.table is None else 0
    if step == 0 and repeats > 1:
        step = abs(stream.repeat_stride)
    width = WIDEST[Memory(int(row[OperationColumn.MEMORY]))]
    following = places[places > row[OperationColumn.OFFSET]]
    if len(following):
        width = min(width, int(following.min() - row[OperationColumn.OFFSET]))
    if step:
        # Where iterations overlap, each still takes as much as they advance.
        reach = int(places.min()) + step - int(row[OperationColumn.OFFSET])
        width = min(width, reach if reach > 0 else step)
    return width
