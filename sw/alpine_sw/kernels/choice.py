# SPDX-License-Identifier: Apache-2.0
"""Choosing a class from probabilities: what a network that writes does after its softmax."""

import numpy as np

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_platform.cores.operations import Compute, Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw.quantisation.operands import check_buffers

from .bodies import body, tail
from .streams import CALL, loop_over

__all__ = ["choose", "one_hot"]

RANDOM = Compute(cycles=24, instructions=14)
"""An xorshift generator and the conversion of its number to a fraction."""

body(
    "choice_sum",
    "load v <- p             @values",
    "fp v <- v",  # to float64
    "fp sum <- sum v",
    "alu p <- p",
    tail("p"),
)
body(
    "choice_search",
    "load v <- p             @values",
    "fp v <- v",
    "fp sum <- sum v",
    "fp flags <- sum limit",
    "skip <- flags",
    "alu p <- p",
    tail("p"),
)
body(
    "choice_maximum",
    "load v <- p             @values",
    "fp flags <- v best",
    "fp best <- v best flags",
    "alu index <- index flags",
    "alu p <- p",
    tail("p"),
)


def choose(probabilities: Buffer, *, draw: float | None) -> Program:
    """Return the index at which the running sum passes ``draw`` of its total, or the likeliest.

    Written for this project; no reference run covers it.

    Parameters
    ----------
    probabilities : float32.
    draw : 0 to 1, 1 excluded, from a generator whose cost is counted; None takes the first of the
        largest probabilities.

    Raises
    ------
    AlpineError
        The buffer has another element type or no element, or the draw is out of range.
    """
    check_buffers(np.float32, probabilities)
    count = len(probabilities.data)
    if not count:
        raise AlpineError(f"choice from {probabilities.name}, which has no elements: give some")
    if draw is not None and not 0 <= draw < 1:
        raise AlpineError(f"draw {draw!r} is refused: give a number from 0 to 1, 1 excluded")
    yield CALL
    if draw is None:
        yield loop_over("choice_maximum", count, values=(probabilities, 4))
        return int(probabilities.data.argmax())
    totals = np.cumsum(probabilities.data, dtype=np.float64)
    chosen = int(np.count_nonzero(totals <= draw * totals[-1]))
    yield RANDOM
    yield loop_over("choice_sum", count, values=(probabilities, 4))
    yield loop_over("choice_search", chosen + 1, values=(probabilities, 4))
    return chosen


def one_hot(index: int, vector: Buffer) -> Program:
    """Fill a float32 vector with zeros but for a one.

    Raises
    ------
    AlpineError
        The buffer has another element type, or no element of that index.
    """
    check_buffers(np.float32, vector)
    whole_number(f"index into {vector.name}", index, least=0, most=len(vector.data) - 1)
    yield CALL
    yield loop_over("clear", -(-vector.size_bytes // 64), destination=(vector, 64))
    vector.data[:] = 0
    vector.data[index] = 1
