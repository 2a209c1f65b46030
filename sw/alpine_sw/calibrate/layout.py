# SPDX-License-Identifier: Apache-2.0
"""Where the programs of the reference's applications keep their data, the same in every run."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_platform.memory.address_space import AddressSpace, Buffer

__all__ = ["Layout"]

OF_LAYERS = "weights", "layer codes", "layer sums"
"""Endings of the names of what digital layers own."""


class Layout(AddressSpace):
    """Memory that gives a program's second run the buffers of its first, layers' own apart.

    Parameters
    ----------
    space, layers : where a program's buffers lie, and those of its layers; no address is in both.
    """

    def __init__(self, space: AddressSpace, layers: AddressSpace) -> None:
        super().__init__()
        self._space, self._layers = space, layers
        self._known: dict[tuple[str, int, int], Buffer] = {}
        self._seen: Counter[str] = Counter()

    def again(self) -> None:
        """Begin the next run."""
        self._seen.clear()

    def allocate(
        self, name: str, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.int8
    ) -> Buffer:
        """Return the buffer of this name and size that the run before had, or a new one."""
        return self.place(name, np.zeros(shape, dtype))

    def place(self, name: str, data: npt.NDArray[Any], *, address: int | None = None) -> Buffer:
        """Return the same with an array's values."""
        self._seen[name] += 1
        key = name, self._seen[name], data.nbytes
        if key in self._known:
            self._known[key].data[:] = data
        else:
            space = self._layers if name.endswith(OF_LAYERS) else self._space
            self._known[key] = space.place(name, data, address=address)
        return self._known[key]

    def named(self, name: str) -> Buffer:
        """The buffer of a name that was given first.

        Raises
        ------
        StopIteration
            There is none.
        """
        return next(buffer for (known, _, _), buffer in self._known.items() if known == name)
