# SPDX-License-Identifier: Apache-2.0
"""A stretch of memory with real contents, in which buffers are laid out one behind the other."""

from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_models.errors import AlpineError

from .address_space import AddressSpace, Buffer

__all__ = ["MemoryRegion"]


class MemoryRegion:
    """Buffers of one memory, which share its bytes with whatever else reaches them.

    Parameters
    ----------
    name : for messages.
    address : first one.
    contents : uint8 array, the memory's bytes.
    space : in which the buffers are found.
    """

    def __init__(
        self, name: str, address: int, contents: npt.NDArray[np.uint8], space: AddressSpace
    ) -> None:
        self.name, self.address, self.contents = name, address, contents
        self._space = space
        self._used_bytes = 0

    def holds(self, address: int, size_bytes: int) -> bool:
        """Whether all of some bytes lie in it."""
        return self.address <= address <= self.address + len(self.contents) - size_bytes

    def allocate(
        self, name: str, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.int8
    ) -> Buffer:
        """Return room behind the buffers so far, aligned to its elements; it holds what was there.

        Raises
        ------
        AlpineError
            The buffer does not fit.
        """
        kind = np.dtype(dtype)
        start = -(-self._used_bytes // kind.itemsize) * kind.itemsize
        end = start + int(np.prod(shape)) * kind.itemsize
        if end > len(self.contents):
            raise AlpineError(
                f"buffer {name} ends {end - len(self.contents)} bytes beyond the {self.name} of"
                f" {len(self.contents)} bytes: make buffers smaller or the memory larger"
            )
        data: npt.NDArray[Any] = self.contents[start:end].view(kind).reshape(shape)
        buffer = Buffer(name, self.address + start, data)
        self._space.adopt(buffer)
        self._used_bytes = end
        return buffer

    def place(self, name: str, data: npt.NDArray[Any]) -> Buffer:
        """Return a buffer that holds a copy of an array.

        Raises
        ------
        AlpineError
            The buffer does not fit.
        """
        buffer = self.allocate(name, data.shape, data.dtype)
        buffer.data[...] = data
        self._space.note_write(buffer.address, buffer.size_bytes)
        return buffer
