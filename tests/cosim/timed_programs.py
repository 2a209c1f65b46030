# SPDX-License-Identifier: Apache-2.0
"""Random batches for comparing tiles cycle by cycle."""

import hypothesis.strategies as st

from alpine_models.isa import XZR, CmOperation, encode
from alpine_platform.accelerators.tile_port import NO_DEPENDENCY, CmBatch, empty_batch

# One side that is a multiple of four and one that is not, phases short enough that a program sees
# many multiplications and long enough that a byte-wise vector overtakes the room for answers.
GEOMETRY = {
    "rows": 6,
    "columns": 9,
    "precharge_cycles": 1,
    "integrate_cycles": 11,
    "digitise_cycles": 2,
}

REGISTERS = st.sampled_from([0, 5, XZR])
NEAR = st.one_of(st.integers(0, 10), st.sampled_from([2**32, 2**63, 2**64 - 1]))
GAPS = st.sampled_from([0, 0, 0, 1, 2, 30])


@st.composite
def instructions(draw, *, unknown: bool = True):
    """Draw (word, rn, rm, ra, gap, gap after the response or None), gaps in core cycles."""
    operation = draw(
        st.sampled_from(
            [CmOperation.QUEUE] * 5
            + [CmOperation.DEQUEUE] * 2
            + [CmOperation.PROCESS] * 2
            + [CmOperation.INITIALIZE, CmOperation.PARAM_READ]
        )
    )
    word = encode(operation, rm=draw(REGISTERS), ra=draw(REGISTERS), rn=draw(REGISTERS))
    if unknown and draw(st.integers(0, 19)) == 0:
        word ^= 1 << draw(st.integers(15, 31))
    rm = draw(NEAR if operation is not CmOperation.QUEUE else st.integers(0, 2**64 - 1))
    ra = draw(st.integers(0, 5) if operation is CmOperation.QUEUE else st.integers(0, 255))
    waits = draw(st.integers(0, 9)) == 0
    return word, draw(NEAR), rm, ra, draw(GAPS), draw(GAPS) if waits else None


def as_batch(program, core_period_fs: int) -> CmBatch:
    """Return drawn instructions as a batch."""
    batch = empty_batch(len(program))
    for record, (word, rn, rm, ra, gap, response_gap) in zip(batch, program, strict=True):
        record["word"], record["rn"], record["rm"], record["ra"] = word, rn, rm, ra
        record["gap_fs"] = gap * core_period_fs
        record["response_gap_fs"] = (
            NO_DEPENDENCY if response_gap is None else response_gap * core_period_fs
        )
    return batch
