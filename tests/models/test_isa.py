# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine_models import isa
from alpine_models.isa import CmOperation

REGISTERS = st.integers(0, 31)


def test_words_have_the_published_opcodes_and_fields():
    # ALPINE Fig. 3(b): opcode[31:21] Rm[20:16] rw[15] Ra[14:10] Rn[9:5] Rd[4:0].
    word = isa.encode(CmOperation.INITIALIZE, rm=8, ra=7, rn=9, rd=10)
    assert word == 0x208 << 21 | 8 << 16 | 0 << 15 | 7 << 10 | 9 << 5 | 10
    # Its low half differs from the released literal 0x41081D2A in nothing.
    assert word == 0x41081D2A
    assert isa.param_read(rm=8, rn=9, rd=10) | 0x7C00 == 0x4108812A | 0x7C00
    assert isa.process(rd=0) & 0xFFE08000 == 0x01000000
    assert isa.queue(rm=8) & 0xFFFF8000 == 0x21088000


@pytest.mark.parametrize(
    ("opcode", "rw", "operation"),
    [
        (0x108, 1, CmOperation.QUEUE),
        (0x108, 0, CmOperation.DEQUEUE),
        (0x008, 0, CmOperation.PROCESS),
        (0x008, 1, CmOperation.UNKNOWN),
        (0x208, 0, CmOperation.INITIALIZE),
        (0x208, 1, CmOperation.PARAM_READ),
        (0x00C, 0, CmOperation.UNKNOWN),
    ],
)
def test_operation_follows_opcode_and_rw(opcode: int, rw: int, operation: CmOperation):
    assert isa.decode(opcode << 21 | rw << 15 | 0x1F7C1F).operation is operation


@given(
    st.sampled_from([op for op in CmOperation if op]), REGISTERS, REGISTERS, REGISTERS, REGISTERS
)
def test_decode_undoes_encode(operation: CmOperation, rm: int, ra: int, rn: int, rd: int):
    fields = isa.decode(isa.encode(operation, rm=rm, ra=ra, rn=rn, rd=rd))
    assert (fields.operation, fields.rm, fields.ra, fields.rn, fields.rd) == (
        operation, rm, ra, rn, rd,
    )  # fmt: skip


def test_encode_names_a_wrong_register():
    with pytest.raises(ValueError, match=r"^register rn must be 0 to 31, not 32$"):
        isa.encode(CmOperation.QUEUE, rn=32)
    with pytest.raises(ValueError, match="has no encoding"):
        isa.encode(CmOperation.UNKNOWN)
