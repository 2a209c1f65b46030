# SPDX-License-Identifier: Apache-2.0
"""CV-X-IF: the interfaces of the OpenHW coprocessor interface that the tile has."""

from collections.abc import Sequence
from typing import Any, Protocol

from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .typed import PayloadStream, Record, RecordLayout, several, stream_of

__all__ = [
    "CVXIF_RESPONSE",
    "CvxifCommit",
    "CvxifPort",
    "CvxifRequest",
    "CvxifResponse",
    "CvxifResult",
    "CvxifSignature",
]


class CvxifRequest(Record):
    """An issue request: the instruction, and its name."""

    instr: Value
    id: Value
    hartid: Value


class CvxifResponse(Record):
    """Whether an instruction is one of ours, writes rd, and which of rs1 to rs3 it reads."""

    accept: Value
    writeback: Value
    register_read: Value


class CvxifCommit(Record):
    """Instructions up to the id happen, or (killed) those from the id on do not."""

    id: Value
    hartid: Value
    commit_kill: Value


class CvxifResult(Record):
    """What an instruction writes to a register, if ``we`` is high."""

    id: Value
    hartid: Value
    data: Value
    rd: Value
    we: Value


class CvxifIssue(Protocol):
    """The issue interface."""

    valid: Value
    ready: Value
    req: CvxifRequest
    resp: CvxifResponse


class CvxifRegister(Protocol):
    """The register interface."""

    valid: Value
    ready: Value
    rs: Sequence[Value]
    rs_valid: Value


class CvxifPort(Protocol):
    """What `CvxifSignature` makes."""

    signature: Any
    issue: CvxifIssue
    register: CvxifRegister
    commit: PayloadStream[CvxifCommit]
    result: PayloadStream[CvxifResult]


CVXIF_RESPONSE = RecordLayout(CvxifResponse, {"accept": 1, "writeback": 1, "register_read": 3})


class CvxifSignature(wiring.Signature):
    """The interfaces of CV-X-IF 1.0 that the tile has, from the core's side.

    Parameters
    ----------
    xlen, id_width, hartid_width : int
        See `AimcTileCvxif`.

    Members
    -------
    issue : Out(valid, req), In(ready, resp)
        Issue handshake. ``req`` is valid with ``valid``; ``resp`` answers in the same cycle.
    register : Out(valid, rs, rs_valid), In(ready)
        Operands, and which of them are there. Valid with ``valid``.
    commit : Out(stream of CvxifCommit), always ready
        What happens, and what does not.
    result : In(stream of CvxifResult)
        Results, in order.
    """

    def __init__(self, *, xlen: int, id_width: int, hartid_width: int):
        name = {"id": id_width, "hartid": hartid_width}
        issue = wiring.Signature(
            {
                "valid": Out(1),
                "ready": In(1),
                "req": Out(RecordLayout(CvxifRequest, {"instr": 32, **name})),
                "resp": In(CVXIF_RESPONSE),
            }
        )
        register = wiring.Signature(
            {
                "valid": Out(1),
                "ready": In(1),
                "rs": several(Out(xlen), 3),
                "rs_valid": Out(3),
            }
        )
        commit = RecordLayout(CvxifCommit, {**name, "commit_kill": 1})
        self.result_layout = RecordLayout(CvxifResult, {**name, "data": xlen, "rd": 5, "we": 1})
        super().__init__(
            {
                "issue": Out(issue),
                "register": Out(register),
                "commit": Out(stream_of(commit, always_ready=True)),
                "result": In(stream_of(self.result_layout)),
            }
        )
