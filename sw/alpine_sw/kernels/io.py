# SPDX-License-Identifier: Apache-2.0
"""Loads and stores to memory-mapped peripherals: vectors through a window, single registers.

Vectors are packed as for a tightly coupled tile (`cm`): ``"bytes"`` byte by byte into words, as the
released AIMClib does, ``"word"`` in words from the start. Accesses narrower than a word move one
element each and need no packing.
"""

import numpy as np
import numpy.typing as npt

from alpine_models.axi import AxiResponse
from alpine_models.errors import AlpineError
from alpine_platform.accelerators.peripheral_port import IoBatch, IoResult, empty_accesses
from alpine_platform.cores.operations import Compute, Program, RunIo, RunIoLoop
from alpine_platform.memory.address_space import Buffer
from alpine_sw.quantisation.operands import check_buffers

from .cm import BODY, Packing
from .streams import over, phase

__all__ = [
    "IoResponseError",
    "load_vector",
    "poll_register",
    "read_register",
    "store_vector",
    "write_register",
]

WORD_BYTES = 4
COMPARE = Compute(cycles=4, instructions=3)
"""Test of a flag that was read, and the branch."""


PATIENCE_POLLS = 100_000
"""Loads of a flag after which a driver gives up: longer than any multiplication takes."""


class IoResponseError(AlpineError):
    """A peripheral refused an access, nothing is at its address, or a flag never came."""


def store_vector(
    source: Buffer, *, base: int, address: int, access_bytes: int, packing: Packing = "bytes"
) -> Program:
    """Store a buffer of int8 to a window of a peripheral.

    Parameters
    ----------
    source : one-dimensional int8 buffer.
    base : address of the peripheral in the system.
    address : of the first byte in the peripheral; a multiple of 4.
    access_bytes : 1, 2 or 4 bytes per store.
    packing : how the software assembles words.

    Raises
    ------
    AlpineError
        The buffer is no vector of int8.
    IoResponseError
        The peripheral refused a store.
    """
    check_buffers(np.int8, source)
    length = len(source.data)
    batch = window_batch(length, address=address, access_bytes=access_bytes, write=True)
    places = np.arange(length)
    words: npt.NDArray[np.uint32] = np.zeros(len(batch), np.uint32)
    bits = source.data.view(np.uint8).astype(np.uint32) << (8 * (places % WORD_BYTES))
    np.bitwise_or.at(words, places // access_bytes, bits.astype(np.uint32))
    batch["data"] = words
    yield from move(f"cm_queue_{body(packing, access_bytes)}", source, base, batch, access_bytes)


def load_vector(
    destination: Buffer, *, base: int, address: int, access_bytes: int, packing: Packing = "bytes"
) -> Program:
    """Load a buffer of int8 from a window of a peripheral.

    Parameters and errors as in `store_vector`.
    """
    check_buffers(np.int8, destination)
    length = len(destination.data)
    batch = window_batch(length, address=address, access_bytes=access_bytes, write=False)
    name = f"cm_dequeue_{body(packing, access_bytes)}"
    result: IoResult = yield from move(name, destination, base, batch, access_bytes)
    places = np.arange(length)
    words = result.data[places // access_bytes] >> (8 * (places % WORD_BYTES)).astype(np.uint32)
    destination.data[:] = words.astype(np.uint8).view(np.int8)


def body(packing: Packing, access_bytes: int) -> str:
    """The loop body: only whole words need packing."""
    return BODY[packing if access_bytes == WORD_BYTES else "word"]


def window_batch(length: int, *, address: int, access_bytes: int, write: bool) -> IoBatch:
    """Accesses to so many bytes; the last one has the lanes that are left."""
    batch = empty_accesses(-(-length // access_bytes), write=write)
    first = access_bytes * np.arange(len(batch))
    batch["address"] = address + first
    lanes = (1 << np.minimum(length - first, access_bytes)) - 1
    batch["strobes"] = lanes << (first % WORD_BYTES)
    return batch


def move(name: str, buffer: Buffer, base: int, batch: IoBatch, access_bytes: int) -> Program:
    """Run the loop around a batch of accesses and return what they returned."""
    loop = phase(name, len(batch), {"codes": over(buffer, access_bytes)})
    loads = not batch["write"].any()
    result: IoResult = yield RunIoLoop(base=base, phases=[loop], batch=batch, wait=loads)
    check_responses(batch, result)
    return result


def read_register(*, base: int, address: int) -> Program:
    """Load one word; returns it.

    Raises
    ------
    IoResponseError
        The peripheral refused.
    """
    batch = empty_accesses(1, write=False)
    batch["address"] = address
    result: IoResult = yield RunIo(base=base, batch=batch, wait=True)
    check_responses(batch, result)
    return int(result.data[0])


def write_register(*, base: int, address: int, value: int) -> Program:
    """Store one word; the core goes on meanwhile.

    Raises
    ------
    IoResponseError
        The peripheral refused.
    """
    batch = empty_accesses(1, write=True)
    batch["address"], batch["data"] = address, value
    result: IoResult = yield RunIo(base=base, batch=batch, wait=False)
    check_responses(batch, result)


def poll_register(*, base: int, address: int, mask: int) -> Program:
    """Load one word until all bits of a mask are set in it.

    Raises
    ------
    IoResponseError
        The peripheral refused, or the bits did not come.
    """
    for _ in range(PATIENCE_POLLS):
        value: int = yield from read_register(base=base, address=address)
        yield COMPARE
        if value & mask == mask:
            return
    raise IoResponseError(f"bits {mask:#x} of {address:#x} were not set in {PATIENCE_POLLS} loads")


def check_responses(batch: IoBatch, result: IoResult) -> None:
    """Raise for the first access that was refused."""
    if result.response.any():
        first = int(np.flatnonzero(result.response)[0])
        name = AxiResponse(int(result.response[first])).name
        kind = "store to" if batch["write"][first] else "load from"
        raise IoResponseError(f"{kind} {int(batch['address'][first]):#x} was answered {name}")
