# SPDX-License-Identifier: Apache-2.0
"""From what the processor recorded to the trace that the pipeline model times."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from alpine_models.isa import CmOperation, decode
from alpine_platform.accelerators.tile_port import CmBatch, empty_batch
from alpine_platform.config import CoreConfig
from alpine_platform.cores.machine_code import AnswerKind, MachineCode, Rows, Trace, one_part

from .decoding import block_operations, instruction_class
from .listing import InstructionListing
from .recording import Ints, Recorded

__all__ = ["ExecutedCode", "ExecutedPart", "GatheredInstruction"]


@dataclass(frozen=True, kw_only=True, slots=True)
class GatheredInstruction:
    """A CM instruction with the values of its registers, and whether its own value is awaited."""

    address: int
    word: int
    rn: int
    rm: int
    ra: int
    awaited: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutedPart:
    """A part of an execution for the pipeline.

    Members
    -------
    trace, parts : see `RunTrace`. instructions : rows as of `Recorded`.
    """

    trace: Trace
    parts: Ints
    instructions: Ints

    def batch(self) -> CmBatch:
        """Return the CM instructions as the tile takes them."""
        batch = empty_batch(len(self.instructions))
        batch["word"] = self.instructions[:, 1]
        for column, name in enumerate(("rn", "rm", "ra"), 2):
            batch[name] = self.instructions[:, column].view(np.uint64)
        return batch

    def operations(self) -> Counter[CmOperation]:
        """Return the CM instructions by operation."""
        words, counts = np.unique(self.instructions[:, 1], return_counts=True)
        total: Counter[CmOperation] = Counter()
        for word, count in zip(words.tolist(), counts.tolist(), strict=True):
            total[decode(word).operation] += count
        return total

    def without_last_block(self) -> "ExecutedPart":
        """Return it without the last block of a part that no answer ends."""
        before = int(self.parts[-2, 0]) if len(self.parts) > 1 else 0
        count = len(self.trace.blocks)
        if count == before:
            return self
        parts = self.parts.copy()
        parts[-1, 0] = count - 1
        trace, _ = self.trace.split(count - 1)
        return replace(self, trace=trace, parts=parts)

    def split(self, place: int) -> tuple["ExecutedPart", "ExecutedPart", "ExecutedPart"]:
        """Return the parts before the one that a block is in, its blocks before it, and the rest.

        The CM instructions of the block's part belong to the rest.
        """
        inside = int(np.searchsorted(self.parts[:, 0], place, "right"))
        blocks, instructions = self.parts[inside - 1, :2].tolist() if inside else (0, 0)
        first, _ = self.trace.split(blocks)
        begun, rest = self.trace.split(place)
        _, start = begun.split(blocks)
        return (
            ExecutedPart(
                trace=first,
                parts=self.parts[:inside],
                instructions=self.instructions[:instructions],
            ),
            ExecutedPart(trace=start, parts=one_part(start, 0), instructions=self.instructions[:0]),
            ExecutedPart(
                trace=rest,
                parts=self.parts[inside:] - np.array([place, instructions, 0]),
                instructions=self.instructions[instructions:],
            ),
        )


class ExecutedCode:
    """The blocks of a program by the recorder's numbers, decoded when they first come.

    Parameters
    ----------
    core : that executes them.
    read : takes an address and a size, returns the code there.
    stops : addresses of instructions before which the processor stops, and behind which it begins
        a new block.
    listing : hears of every block, and is written by who knows how far the program came.

    Members
    -------
    code : for the pipeline.
    """

    def __init__(
        self,
        core: CoreConfig,
        read: Callable[[int, int], bytes],
        stops: Iterable[int],
        listing: InstructionListing | None = None,
    ) -> None:
        self.listing = listing
        self.code = MachineCode(core=core)
        self._read, self._stops = read, sorted(stops)
        self._starts = Rows(np.zeros(0, np.int64))
        self._classes: list[Counter[str]] = []

    def part(
        self,
        recorded: Recorded,
        *,
        following: int = 0,
        last: GatheredInstruction | None = None,
    ) -> ExecutedPart:
        """Return what was recorded, as far as the program has come.

        ``following``: the block that comes next; ``last``: a CM instruction that ends it.
        """
        for address, size in recorded.known.tolist():
            self._add(address, size)
        numbers = np.ascontiguousarray(recorded.blocks[:, 0])
        starts = self._starts.all
        trace = Trace(
            blocks=numbers,
            following=np.append(starts[numbers[1:]], following)[: len(numbers)],
            first_accesses=np.append(recorded.blocks[:, 1], len(recorded.accesses)),
            accesses=recorded.accesses,
        )
        instructions, answer = recorded.instructions, AnswerKind.NOT_AWAITED
        if last is not None:
            values = (last.address, last.word, last.rn, last.rm, last.ra)
            row = np.array([values], np.uint64).view(np.int64)
            instructions = np.concatenate([instructions, row])
            answer = AnswerKind.AWAITED if last.awaited else answer
        parts = np.concatenate([recorded.parts, one_part(trace, len(instructions), answer)])
        return ExecutedPart(trace=trace, parts=parts, instructions=instructions)

    def first(self, trace: Trace, address: int) -> int:
        """Return the place of the first block of a trace at an address; its length if none."""
        found = np.flatnonzero(self._starts.all[trace.blocks] == address)
        return int(found[0]) if len(found) else len(trace.blocks)

    @property
    def executions(self) -> list[int]:
        """How often each block has been executed."""
        return self.code.executions.tolist()

    def classes_since(self, executions: list[int]) -> Counter[str]:
        """Return the instructions by class since some earlier `executions`."""
        total: Counter[str] = Counter()
        before = executions + [0] * (len(self._classes) - len(executions))
        for now, then, classes in zip(self.executions, before, self._classes, strict=True):
            if now > then:
                total.update({name: (now - then) * count for name, count in classes.items()})
        return total

    def _add(self, address: int, size: int) -> None:
        place = bisect_left(self._stops, address)
        if place < len(self._stops):
            size = min(size, self._stops[place] + 4 - address)
        data = self._read(address, size)
        words = np.frombuffer(data[: len(data) & ~3], "<u4").tolist()
        instructions = block_operations(words)
        self.code.add(instructions, end_address=address + size)
        self._starts.append(np.array([address], np.int64))
        self._classes.append(Counter(map(instruction_class, instructions)))
        if self.listing is not None:
            self.listing.add(address, words)
