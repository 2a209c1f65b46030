# SPDX-License-Identifier: Apache-2.0
"""Passes over a vector of constant size as compilers expand them: no counter, no branch.

The reference's softmax of 50 elements takes 40 instructions and 20 fetched lines per element where
those of 256 and 1024 take 45 and 26: the two passes without calls have lost their loops.
"""

from collections.abc import Callable
from functools import cache

from .bodies import BODIES, body, lines, numbered

__all__ = ["UNROLLED_MOST", "unrolled_body"]

UNROLLED_MOST = 64
"""Most elements that are taken to be of constant size, and to be expanded."""


@cache
def unrolled_body(name: str, elements: int) -> str:
    """Body of a pass over so many elements, at most `UNROLLED_MOST`, to be run once."""
    unrolled = f"{name}_{elements}"
    if unrolled not in BODIES:
        body(unrolled, PASSES[name](elements))
    return unrolled


def reduction(elements: int) -> str:
    """Packets in pairs into two accumulators, both into one, its lanes, what is left over."""
    packets, left = divmod(elements, 4)
    return lines(
        "alu p <- base",
        numbered("load_pair v w <- p @inputs+$\nfp a <- a v\nfp b <- b w", packets // 2, step=32),
        *([f"load v <- p @inputs+{(packets - 1) * 16}", "fp a <- a v"] if packets % 2 else []),
        *(["fp a <- a b"] if packets > 1 else []),
        *(["fp a <- a"] if packets else []),
        *(f"load v <- p @inputs+{4 * (4 * packets + k)}\nfp a <- a v" for k in range(left)),
    )


PAIR = lines(
    "load_pair v w <- p @inputs+$",
    "fp v <- v s",
    "fp w <- w s",
    "store_pair <- v w p @outputs+$",
)


def division(elements: int) -> str:
    """Packets in pairs, then what is left over."""
    packets, left = divmod(elements, 4)
    places = [16 * (packets - 1)] if packets % 2 else []
    places += [4 * (4 * packets + index) for index in range(left)]
    return lines(
        "alu p <- base",
        numbered(PAIR, packets // 2, step=32),
        *(f"load v <- p @inputs+{at}\nfp v <- v s\nstore <- v p @outputs+{at}" for at in places),
    )


def maximum_by_element(elements: int) -> str:
    """Element by element."""
    return lines("alu p <- base", numbered("load v <- p @inputs+$\nfp m <- m v", elements, step=4))


def division_by_element(elements: int) -> str:
    """Element by element."""
    step = "load v <- p @inputs+$\nfp v <- v sum\nstore <- v p @outputs+$"
    return lines("alu p <- base", numbered(step, elements, step=4))


PASSES: dict[str, Callable[[int], str]] = {
    "softmax_max": reduction,
    "softmax_sum": reduction,
    "softmax_divide": division,
    "max_libm": maximum_by_element,
    "divide_libm": division_by_element,
}
"""Names of the loops' bodies -> what becomes of them."""
