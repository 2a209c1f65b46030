# SPDX-License-Identifier: Apache-2.0
"""The buffers of programs, as an accelerator's memory port reaches them."""

import numpy as np

from alpine_platform.memory.address_space import AddressSpace

__all__ = ["ProgramMemory"]


class ProgramMemory:
    """Grants every request at once, as a scratch-pad memory with a port for the accelerator does.

    Neither caches nor DRAM see these accesses: buffers that an accelerator shares with cores are
    best placed where a system has such a memory.

    Parameters
    ----------
    space : where the buffers lie.
    """

    def __init__(self, space: AddressSpace):
        self._space = space

    def granted(self, edge: int) -> bool:
        """Whether a request is granted at a clock edge: always."""
        return True

    def read(self, address: int, size_bytes: int) -> bytes:
        """Return bytes; raise `ValueError` where no buffer holds them all."""
        self._space.note_read(address, size_bytes)
        return self._bytes(address, size_bytes).tobytes()

    def write(self, address: int, data: bytes) -> None:
        """Change bytes; raise `ValueError` where no buffer holds them all."""
        self._bytes(address, len(data))[:] = np.frombuffer(data, np.uint8)
        self._space.note_write(address, len(data))

    def _bytes(self, address: int, size_bytes: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        buffer = self._space.find(address)
        if buffer is None or address + size_bytes > buffer.address + buffer.size_bytes:
            raise ValueError(
                f"an accelerator accesses {size_bytes} bytes at {address:#x}, where no buffer lies"
            )
        offset = address - buffer.address
        return buffer.data.reshape(-1).view(np.uint8)[offset : offset + size_bytes]
