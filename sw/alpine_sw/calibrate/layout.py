"""Where the programs of the reference's applications keep their data, the same in every run."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_platform.address_space import AddressSpace, Buffer

__all__ = ["Layout"]

OF_LAYERS = "weights", "layer codes", "layer sums"
"""Endings of the names of what digital layers own."""


class Layout(AddressSpace):
    """Memory that gives a program's second run the buffers of its first, layers' own apart.

    Parameters
    ----------
    space : where buffers lie.
    apart_bytes : from the first small buffer to the layers' own. The reference's layout is not
        given.
    """

    def __init__(self, space: AddressSpace, *, apart_bytes: int) -> None:
        super().__init__()
        self._space = space
        self._known: dict[tuple[str, int, int], Buffer] = {}
        self._seen: Counter[str] = Counter()
        self._small = space.allocate("layout", 0).address
        self._layers = self._small + apart_bytes

    def again(self) -> None:
        """Begin the next run."""
        self._seen.clear()

    def allocate(
        self,
        name: str,
        shape: int | tuple[int, ...],
        dtype: npt.DTypeLike = np.int8,
        *,
        align_bytes: int = 64,
    ) -> Buffer:
        """Return the buffer of this name and size that the run before had, or a new one."""
        return self.place(name, np.zeros(shape, dtype), align_bytes=align_bytes)

    def place(
        self,
        name: str,
        data: npt.NDArray[Any],
        *,
        address: int | None = None,
        align_bytes: int = 64,
    ) -> Buffer:
        """Return the same with an array's values."""
        del address
        self._seen[name] += 1
        key = name, self._seen[name], data.nbytes
        if key in self._known:
            self._known[key].data[:] = data
            return self._known[key]
        of_layer = name.endswith(OF_LAYERS)
        start = self._layers if of_layer else self._small
        buffer = self._space.place(name, data, address=-(-start // align_bytes) * align_bytes)
        end = buffer.address + buffer.size_bytes
        if of_layer:
            self._layers = end
        else:
            self._small = end
        self._known[key] = buffer
        return buffer

    def named(self, name: str) -> Buffer:
        """The buffer of a name that was given first.

        Raises
        ------
        StopIteration
            There is none.
        """
        return next(buffer for (known, _, _), buffer in self._known.items() if known == name)
