# SPDX-License-Identifier: Apache-2.0
"""Requantisation with one step per output: what makes a digital product equal an ADC's codes."""

import numpy as np

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw.quantisation.operands import check_buffers, check_steps

from .bodies import body, numbered, tail
from .elementwise import same_length
from .streams import CALL, loop_over

__all__ = ["rescale"]

body(
    "rescale",
    numbered("load s% <- p           @sums+$", 4, step=16),
    numbered("load l% <- p           @steps+$", 4, step=16),
    numbered("fp s% <- s%\nfp t% <- s%", 4),  # widen to 64-bit integers
    numbered("fp s% <- s%\nfp t% <- t%", 4),  # to float64
    numbered("fp l% <- l%\nfp m% <- l%", 4),  # widen the steps to float64
    numbered("fp s% <- s% l%\nfp t% <- t% m%", 4),  # divide
    numbered("fp s% <- s%\nfp t% <- t%", 4),  # round halves to even, to 64-bit integers
    numbered("fp s% <- s%\nfp s% <- t% s%", 4),  # narrow with saturation: 32 bits
    numbered("fp s% <- s%", 4),  # 16 bits
    "fp h <- s0 s1",
    "fp h <- s2 s3 h",  # 8 bits
    "fp h <- h zero",  # ReLU
    "store16_post <- h d    @codes",
    "alu p <- p",
    tail("d"),
)
"""16 sums of int32, each with its own float32 step, to int8 with ReLU.

In float64, because only there every code is the exactly rounded one. Written for this project (the
reference programs divide by one power of two instead), so no reference run calibrates it.
"""


def rescale(sums: Buffer, steps: Buffer, codes: Buffer) -> Program:
    """Turn int32 sums into int8 codes: clamp(rint(sum / step), 0, 127), halves to even.

    Parameters
    ----------
    sums : int32. steps : float32, positive. codes : int8; all of one length.

    Raises
    ------
    AlpineError
        A buffer has another element type, or a step is not positive and finite.
    ValueError
        The lengths differ.
    """
    check_buffers(np.int32, sums)
    check_steps(steps)
    check_buffers(np.int8, codes)
    same_length(sums, codes)
    same_length(steps, codes)
    yield CALL
    yield loop_over(
        "rescale",
        -(-len(codes.data) // 16),
        sums=(sums, 64),
        steps=(steps, 64),
        codes=(codes, 16),
    )
    quotients = sums.data.astype(np.float64) / steps.data.astype(np.float64)
    codes.data[:] = np.clip(np.rint(quotients), 0, 127).astype(np.int8)
