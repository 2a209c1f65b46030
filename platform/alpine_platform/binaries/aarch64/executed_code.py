# SPDX-License-Identifier: Apache-2.0
"""From what the processor recorded to the trace that the pipeline model times."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from alpine_platform.config import CoreConfig
from alpine_platform.cores.machine_code import MachineCode, Trace

from .decoding import block_operations, instruction_class
from .recording import Recorded

__all__ = ["ExecutedCode"]


class ExecutedCode:
    """The blocks of a program by the recorder's numbers, decoded when they first come.

    Parameters
    ----------
    core : that executes them.
    read : takes an address and a size, returns the code there.
    stops : addresses of instructions before which the processor stops, and behind which it begins
        a new block.

    Members
    -------
    code : for the pipeline.
    """

    def __init__(
        self, core: CoreConfig, read: Callable[[int, int], bytes], stops: Iterable[int]
    ) -> None:
        self.code = MachineCode(core=core)
        self._read, self._stops = read, sorted(stops)
        self._starts: list[int] = []
        self._classes: list[Counter[str]] = []

    def trace(self, recorded: Recorded, *, following: int = 0) -> Trace:
        """Return the trace of what was recorded; ``following``: the block that comes next."""
        for address, size in recorded.known.tolist():
            self._add(address, size)
        numbers = np.ascontiguousarray(recorded.blocks[:, 0])
        starts = np.array(self._starts, np.int64)
        return Trace(
            blocks=numbers,
            following=np.append(starts[numbers[1:]], following)[: len(numbers)],
            first_accesses=np.append(recorded.blocks[:, 1], len(recorded.accesses)),
            accesses=recorded.accesses,
        )

    def first(self, trace: Trace, address: int) -> int:
        """Return the place of the first block of a trace at an address; its length if none."""
        found = np.flatnonzero(np.array(self._starts, np.int64)[trace.blocks] == address)
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
        self._starts.append(address)
        self._classes.append(Counter(map(instruction_class, instructions)))
