# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportUntypedFunctionDecorator=false
# Numba carries no types; everything that crosses this module's border is annotated.
"""What CM instructions do to a tile, without time: the reference for every engine."""

import numpy as np
import numpy.typing as npt

from .compiling import compiled
from .crossbar import IdealCrossbar, multiply
from .isa import GROUP_BYTES, OPCODES, XZR, CmOperation, CmStatus

__all__ = ["IDEALLY", "ReferenceTile", "execute_command"]

IDEALLY: npt.NDArray[np.int8] = np.empty(0, np.int8)
"""In the place of converted codes: the crossbar is ideal."""

# Numba compiles plain integers, not enumerations.
_QUEUE, _DEQUEUE, _PROCESS, _INITIALIZE, _PARAM_READ = (
    int(OPCODES[operation][0]) << 1 | OPCODES[operation][1]
    for operation in (
        CmOperation.QUEUE,
        CmOperation.DEQUEUE,
        CmOperation.PROCESS,
        CmOperation.INITIALIZE,
        CmOperation.PARAM_READ,
    )
)
_DONE, _UNKNOWN = int(CmStatus.DONE), int(CmStatus.UNKNOWN_INSTRUCTION)
_BAD_COUNT, _BAD_INDEX = int(CmStatus.BAD_COUNT), int(CmStatus.INDEX_OUT_OF_RANGE)
_ZERO, _GROUP = np.uint64(0), np.uint64(GROUP_BYTES)


@compiled()
def _transfer_range(streaming, index, count, counter, size):
    """Return (first index, bytes to move, status) of one queue or dequeue group."""
    if count == _ZERO or count > _GROUP:
        return 0, 0, _BAD_COUNT
    asked = np.int64(count)
    if streaming:
        if counter >= size:
            return 0, 0, _BAD_INDEX
        return counter, min(asked, size - counter), _DONE
    if index >= np.uint64(size) or np.int64(index) + asked > size:
        return 0, 0, _BAD_INDEX
    return np.int64(index), asked, _DONE


@compiled()
def execute_command(word, rn, rm, ra, inputs, outputs, counters, cells, lsb, read_back, converted):
    """Carry out one CM instruction; return (rd, status, operation).

    Parameters
    ----------
    word : int, instruction word. rn, rm, ra : uint64, values of the registers it names.
    inputs, outputs : int8 arrays, [rows] and [columns]: input and output memory.
    counters : int64 array, [2]: where the next streaming queue and dequeue begin.
    cells, lsb : int8 [columns, rows] and float64 [columns]: the crossbar.
    read_back : int8 [columns, rows], what CM_PARAM_READ finds: the cells, where they are ideal.
    converted : int8 [columns], the ADC codes of a CM_PROCESS from an analog crossbar; empty where
        the crossbar is ideal.
    """
    selector = (word >> 21 & 0x7FF) << 1 | (word >> 15 & 1)
    rm = _ZERO if word >> 16 & 31 == XZR else rm
    four_valid = word >> 10 & 31 == XZR
    ra = _ZERO if four_valid else ra
    streaming = word >> 5 & 31 == XZR
    rn = _ZERO if streaming else rn
    rd, status = _ZERO, _DONE

    if selector == _QUEUE:
        count = _GROUP if four_valid else ra
        start, length, status = _transfer_range(streaming, rn, count, counters[0], len(inputs))
        for i in range(length):
            inputs[start + i] = np.int8(np.uint8(rm >> np.uint64(8 * i) & np.uint64(0xFF)))
        if streaming:
            counters[0] += length
    elif selector == _DEQUEUE:
        start, length, status = _transfer_range(streaming, rn, rm, counters[1], len(outputs))
        for i in range(length):
            rd |= np.uint64(np.uint8(outputs[start + i])) << np.uint64(8 * i)
        if streaming:
            counters[1] += length
    elif selector == _PROCESS:
        if len(converted):
            outputs[:] = converted
        else:
            multiply(cells, lsb, inputs, outputs)
        inputs[:] = 0
        counters[:] = 0
    elif selector in (_INITIALIZE, _PARAM_READ):
        if rn >= np.uint64(len(inputs)) or rm >= np.uint64(len(outputs)):
            status = _BAD_INDEX
        elif selector == _INITIALIZE:
            cells[rm, rn] = np.int8(np.uint8(ra & np.uint64(0xFF)))
        else:
            rd = np.uint64(np.int64(read_back[rm, rn]))
        if selector == _INITIALIZE:
            rd = np.uint64(status)
    else:
        status = _UNKNOWN
    return rd, status, selector


class ReferenceTile:
    """A tile's architectural state, changed by one CM instruction at a time.

    Members
    -------
    input_memory, output_memory : int8 arrays, [rows] and [columns].
    counters : int64 array, [2], of the streaming queue and dequeue.
    crossbar : IdealCrossbar.
    """

    def __init__(self, *, rows: int, columns: int):
        self.input_memory: npt.NDArray[np.int8] = np.zeros(rows, np.int8)
        self.output_memory: npt.NDArray[np.int8] = np.zeros(columns, np.int8)
        self.counters: npt.NDArray[np.int64] = np.zeros(2, np.int64)
        self.crossbar = IdealCrossbar(rows=rows, columns=columns)

    def execute(self, word: int, *, rn: int = 0, rm: int = 0, ra: int = 0) -> tuple[int, CmStatus]:
        """Carry out one instruction; return the destination register's value and the status."""
        rd, status, _ = execute_command(
            word,
            np.uint64(rn),
            np.uint64(rm),
            np.uint64(ra),
            self.input_memory,
            self.output_memory,
            self.counters,
            self.crossbar.weights,
            self.crossbar.lsb,
            self.crossbar.weights,
            IDEALLY,
        )
        return int(rd), CmStatus(status)
