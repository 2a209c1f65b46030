"""Element-wise kernels on int8 and int32: ReLU and requantisation."""

import numpy as np
from alpine_platform.address_space import Buffer
from alpine_platform.operations import Compute, Program, RunLoop
from alpine_platform.pipeline import Phase

from .bodies import RELU8, REQUANTISE
from .common import over

__all__ = ["relu8", "requantise"]

CALL = Compute(cycles=10, instructions=10)
"""Call, set-up and return of a short kernel."""


def relu8(codes: Buffer) -> Program:
    """Replace negative int8 by 0, in place, 16 at a time."""
    yield CALL
    phase = Phase(
        body=RELU8,
        iterations=-(-len(codes.data) // 16),
        streams={"codes": over(codes, 16)},
    )
    yield RunLoop(phases=[phase])
    np.maximum(codes.data, 0, out=codes.data)


def requantise(sums: Buffer, codes: Buffer, *, shift: int, relu: bool = True) -> Program:
    """Turn int32 sums into int8 codes: divide by 2^shift, round half to even, ReLU, saturate.

    Raises
    ------
    ValueError
        The lengths differ or the shift is negative.
    """
    if len(sums.data) != len(codes.data):
        raise ValueError(f"{len(sums.data)} sums for {len(codes.data)} codes; must be equal")
    if shift < 0:
        raise ValueError(f"shift must be 0 or more, not {shift}")
    yield CALL
    phase = Phase(
        body=REQUANTISE,
        iterations=-(-len(codes.data) // 16),
        streams={"sums": over(sums, 64), "codes": over(codes, 16)},
    )
    yield RunLoop(phases=[phase])
    scaled = np.rint(sums.data * 2.0**-shift)
    codes.data[:] = np.clip(scaled, 0 if relu else -128, 127).astype(np.int8)
