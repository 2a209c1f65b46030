# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Sharing of one tile's CM port between the parts of an accelerator stage."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from alpine_models.isa import GROUP_BYTES, CmOperation, encode
from alpine_models.tile import TileConfig, pending_answers

from .axi_lite import AXI_DATA_BITS

__all__ = ["CommandIssue"]

# The indexed forms: any register number but that of XZR selects them.
_WORDS = {
    operation: encode(operation, rm=1, ra=1, rn=1, rd=1)
    for operation in CmOperation
    if operation is not CmOperation.UNKNOWN
}


class CommandIssue(wiring.Component):
    """Give one tile's CM port to four clients, in turn by rank, and tell each its answer.

    Answers come in order, so numbering the requests is enough to know whose answer arrives; those
    to queues are known to be good and go to nobody.

    Parameters
    ----------
    config : TileConfig
        The tile.

    Members
    -------
    process_valid, process_ready, process_answered : In, Out, Out
        CM_PROCESS: wanted; accepted at the end of this cycle; answered in this cycle.
    take_valid, take_ready, take_index, take_count, take_data : In, Out, In, In, In
        CM_QUEUE.
    send_valid, send_ready, send_answered, send_index, send_count : In, Out, Out, In, In
        CM_DEQUEUE. One at a time.
    host_valid, host_ready, host_asked, host_answered : In, Out, Out, Out
        Any command, but one at a time. ``host_asked`` is high from the cycle after acceptance until
        the answer, except for queues.
    host_operation, host_rn, host_rm, host_ra : In
        The command and its operands.
    answer_rd, answer_status : Out
        Valid with one of the ``_answered`` members.
    """

    def __init__(self, *, config: TileConfig):
        # As many numbers as requests can be under way: those owed behind an MVM, one in the command
        # register, one in the response buffer, and one being accepted.
        self._tag_bits = bits_for(pending_answers(config) + 4)
        super().__init__(
            {
                **{
                    f"{client}_{name}": direction(1)
                    for client in ("process", "take", "send", "host")
                    for name, direction in (("valid", In), ("ready", Out), ("answered", Out))
                },
                "take_index": In(16),
                "take_count": In(range(GROUP_BYTES + 1)),
                "take_data": In(AXI_DATA_BITS),
                "send_index": In(16),
                "send_count": In(range(GROUP_BYTES + 1)),
                "host_operation": In(CmOperation),
                "host_rn": In(17),
                "host_rm": In(AXI_DATA_BITS),
                "host_ra": In(8),
                "host_asked": Out(1),
                "answer_rd": Out(AXI_DATA_BITS),
                "answer_status": Out(4),
                "req_valid": Out(1),
                "req_ready": In(1),
                "req_instr": Out(32),
                "req_rn": Out(17),
                "req_rm": Out(AXI_DATA_BITS),
                "req_ra": Out(8),
                "rsp_valid": In(1),
                "rsp_rd": In(AXI_DATA_BITS),
                "rsp_status": In(4),
            }
        )

    def connect(self, m, tile) -> None:
        """Wire the tile's CM port to this component."""
        m.d.comb += [
            tile.cm_req_valid.eq(self.req_valid),
            tile.cm_req_instr.eq(self.req_instr),
            tile.cm_req_rn.eq(self.req_rn),
            tile.cm_req_rm.eq(self.req_rm),
            tile.cm_req_ra.eq(self.req_ra),
            tile.cm_rsp_ready.eq(1),
            self.req_ready.eq(tile.cm_req_ready),
            self.rsp_valid.eq(tile.cm_rsp_valid),
            self.rsp_rd.eq(tile.cm_rsp_rd),
            self.rsp_status.eq(tile.cm_rsp_status),
        ]

    def elaborate(self, platform):
        m = Module()
        sent = Signal(self._tag_bits)
        received = Signal(self._tag_bits)
        m.d.comb += [
            self.req_valid.eq(
                self.process_valid | self.take_valid | self.send_valid | self.host_valid
            ),
            self.answer_rd.eq(self.rsp_rd),
            self.answer_status.eq(self.rsp_status),
        ]
        with m.If(self.req_valid & self.req_ready):
            m.d.sync += sent.eq(sent + 1)
        with m.If(self.rsp_valid):
            m.d.sync += received.eq(received + 1)

        with m.If(self.process_valid):
            m.d.comb += [
                self.req_instr.eq(_WORDS[CmOperation.PROCESS]),
                self.process_ready.eq(self.req_ready),
            ]
        with m.Elif(self.take_valid):
            m.d.comb += [
                self.req_instr.eq(_WORDS[CmOperation.QUEUE]),
                self.req_rn.eq(self.take_index),
                self.req_rm.eq(self.take_data),
                self.req_ra.eq(self.take_count),
                self.take_ready.eq(self.req_ready),
            ]
        with m.Elif(self.send_valid):
            m.d.comb += [
                self.req_instr.eq(_WORDS[CmOperation.DEQUEUE]),
                self.req_rn.eq(self.send_index),
                self.req_rm.eq(self.send_count),
                self.send_ready.eq(self.req_ready),
            ]
        with m.Else():
            with m.Switch(self.host_operation):
                for operation, word in _WORDS.items():
                    with m.Case(operation):
                        m.d.comb += self.req_instr.eq(word)
            m.d.comb += [
                self.req_rn.eq(self.host_rn),
                self.req_rm.eq(self.host_rm),
                self.req_ra.eq(self.host_ra),
                self.host_ready.eq(self.host_valid & self.req_ready),
            ]
        self._recognise(m, sent, received)
        return m

    def _recognise(self, m, sent, received) -> None:
        """Remember the number of each client's request, and see it come back."""
        for client, wants in (
            ("process", 1),
            ("send", 1),
            ("host", self.host_operation != CmOperation.QUEUE),
        ):
            asked = Signal(name=f"{client}_waits")
            number = Signal(self._tag_bits, name=f"{client}_number")
            answered = getattr(self, f"{client}_answered")
            m.d.comb += answered.eq(asked & self.rsp_valid & (received == number))
            with m.If(getattr(self, f"{client}_ready") & wants):
                m.d.sync += [asked.eq(1), number.eq(sent)]
            with m.Elif(answered):
                m.d.sync += asked.eq(0)
            if client == "host":
                m.d.comb += self.host_asked.eq(asked)
