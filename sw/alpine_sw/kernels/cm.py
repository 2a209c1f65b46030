# SPDX-License-Identifier: Apache-2.0
"""Queue, process and dequeue: the kernels that talk to the tile.

Styles: ``"bytes"`` packs and unpacks byte by byte, as the released AIMClib does; ``"word"`` moves
32-bit words. Both use the counter form of the instructions unless an index is given.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from alpine_models import isa
from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_platform.accelerators.tile_port import CmBatch, CmResult, empty_batch
from alpine_platform.cores.operations import Program, RunCm, RunCmLoop
from alpine_platform.memory.address_space import Buffer
from alpine_sw.graph.arithmetic import dequantise, quantise
from alpine_sw.quantisation.operands import check_buffers, check_no_nan, real_scale

from .streams import CALL, over, phase

__all__ = [
    "CmStatusError",
    "Packing",
    "dequeue_batch",
    "dequeue_floats",
    "dequeue_vector",
    "process",
    "queue_batch",
    "queue_floats",
    "queue_vector",
]

Packing = Literal["bytes", "word"]
COUNT_REGISTER, INDEX_REGISTER = 11, 12
LAST_INDEX = 1 << 62
"""Beyond any tile, which refuses it, and within what is computed with here."""
BODY = {"bytes": "aimclib", "word": "word"}


class CmStatusError(AlpineError):
    """A CM instruction was answered with a status other than 0."""


def queue_batch(codes: npt.NDArray[np.int8], *, index: int | None = None) -> CmBatch:
    """Return the CM_QUEUE instructions for a vector of codes, without gaps.

    Raises
    ------
    AlpineError
        The index is no whole number of 0 or more.
    """
    length = len(codes)
    groups = -(-length // isa.GROUP_BYTES)
    batch = queue_template(groups, length, index is not None).copy()
    padded = np.zeros(groups * isa.GROUP_BYTES, np.int8)
    padded[:length] = codes
    batch["rm"] = padded.view("<u4")
    if index is not None:
        batch["rn"] = _places(index, groups)
    return batch


def dequeue_batch(length: int, *, index: int | None = None) -> CmBatch:
    """Return the CM_DEQUEUE instructions for so many outputs, without gaps.

    Raises
    ------
    AlpineError
        The index is no whole number of 0 or more.
    """
    groups = -(-length // isa.GROUP_BYTES)
    batch = dequeue_template(groups, length, index is not None).copy()
    if index is not None:
        batch["rn"] = _places(index, groups)
    return batch


def _places(index: int, groups: int) -> npt.NDArray[np.int64]:
    """Index of every group."""
    first = whole_number("index", index, least=0, most=LAST_INDEX)
    return first + isa.GROUP_BYTES * np.arange(groups)


@lru_cache(maxsize=256)
def queue_template(groups: int, length: int, indexed: bool) -> CmBatch:
    """Queue instructions without data; a short last group names its count."""
    index = INDEX_REGISTER if indexed else isa.XZR
    batch = empty_batch(groups)
    batch["word"] = isa.queue(rn=index)
    if length % isa.GROUP_BYTES and groups:
        batch["word"][-1] = isa.queue(ra=COUNT_REGISTER, rn=index)
        batch["ra"][-1] = length % isa.GROUP_BYTES
    return batch


@lru_cache(maxsize=256)
def dequeue_template(groups: int, length: int, indexed: bool) -> CmBatch:
    """Dequeue instructions; a short last group asks for the rest only."""
    index = INDEX_REGISTER if indexed else isa.XZR
    batch = empty_batch(groups)
    batch["word"] = isa.dequeue(rm=COUNT_REGISTER, rn=index)
    batch["rm"] = isa.GROUP_BYTES
    if length % isa.GROUP_BYTES and groups:
        batch["rm"][-1] = length % isa.GROUP_BYTES
    return batch


def queue_vector(
    source: Buffer, *, packing: Packing = "bytes", index: int | None = None, tile: int = 0
) -> Program:
    """Write a buffer of int8 codes to the tile's input memory.

    Parameters
    ----------
    source : one-dimensional int8 buffer.
    packing : how the software assembles operands.
    index : input-memory index of the first code; None continues at the tile's counter.
    tile : which of the core's tiles.

    Raises
    ------
    AlpineError
        The buffer is no vector of int8, or the index no whole number of 0 or more.
    CmStatusError
        The tile refused an instruction.
    """
    check_buffers(np.int8, source)
    if len(source.data) == 0:
        return
    batch = queue_batch(source.data, index=index)
    loop = phase(f"cm_queue_{BODY[packing]}", len(batch), {"codes": over(source, isa.GROUP_BYTES)})
    yield CALL
    result: CmResult = yield RunCmLoop(phases=[loop], batch=batch, tile=tile, wait=False)
    check_status("CM_QUEUE", source.name, result)


def process(*, tile: int = 0) -> Program:
    """Run the tile's product and wait for its end.

    Raises
    ------
    CmStatusError
        The tile refused the instruction.
    """
    batch = empty_batch(1)
    batch["word"] = isa.process()
    result: CmResult = yield RunCm(batch=batch, tile=tile)
    check_status("CM_PROCESS", f"tile {tile}", result)


def dequeue_vector(
    destination: Buffer, *, packing: Packing = "bytes", index: int | None = None, tile: int = 0
) -> Program:
    """Read the tile's output memory into a buffer of int8.

    Parameters and errors as in `queue_vector`.
    """
    check_buffers(np.int8, destination)
    length = len(destination.data)
    if length == 0:
        return
    batch = dequeue_batch(length, index=index)
    loop = phase(
        f"cm_dequeue_{BODY[packing]}", len(batch), {"codes": over(destination, isa.GROUP_BYTES)}
    )
    yield CALL
    result: CmResult = yield RunCmLoop(phases=[loop], batch=batch, tile=tile, wait=True)
    check_status("CM_DEQUEUE", destination.name, result)
    destination.data[:] = result.rd.astype("<u4").view(np.int8)[:length]


def queue_floats(
    source: Buffer, *, scale: float, index: int | None = None, tile: int = 0
) -> Program:
    """Scale float32 values to codes (times scale, toward zero, saturated) and queue them.

    Parameters and errors as in `queue_vector`; a scale that is not positive and finite and values
    that are NaN are refused, too.
    """
    check_buffers(np.float32, source)
    check_no_nan(source)
    codes = quantise(source.data, real_scale(scale, name=f"scale of {source.name}"))
    if len(codes) == 0:
        return
    batch = queue_batch(codes, index=index)
    loop = phase("cm_queue_f32", len(batch), {"values": over(source, 4 * isa.GROUP_BYTES)})
    result: CmResult = yield RunCmLoop(phases=[loop], batch=batch, tile=tile, wait=False)
    check_status("CM_QUEUE", source.name, result)


def dequeue_floats(
    destination: Buffer, *, scale: float, index: int | None = None, tile: int = 0
) -> Program:
    """Dequeue outputs and scale them to float32: code times scale.

    Parameters and errors as in `queue_floats`.
    """
    check_buffers(np.float32, destination)
    scale = real_scale(scale, name=f"scale of {destination.name}")
    length = len(destination.data)
    if length == 0:
        return
    batch = dequeue_batch(length, index=index)
    loop = phase("cm_dequeue_f32", len(batch), {"values": over(destination, 4 * isa.GROUP_BYTES)})
    result: CmResult = yield RunCmLoop(phases=[loop], batch=batch, tile=tile, wait=True)
    check_status("CM_DEQUEUE", destination.name, result)
    codes = result.rd.astype("<u4").view(np.int8)[:length]
    destination.data[:] = dequantise(codes, scale)


def check_status(instruction: str, name: str, result: CmResult) -> None:
    """Raise for the first instruction that was refused."""
    if result.status.any():
        first = int(np.flatnonzero(result.status)[0])
        code = int(result.status[first])
        # A faulty tile gives codes that have no name.
        names = {status.value: status.name.lower().replace("_", " ") for status in isa.CmStatus}
        words = names.get(code, "which no tile gives")
        raise CmStatusError(
            f"{instruction} number {first} for {name}: the tile answers status {code}, {words}"
        )
