# SPDX-License-Identifier: Apache-2.0
"""Sharing of one tile's CM port between the parts of an accelerator stage."""

from typing import Protocol

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from alpine_models.isa import GROUP_BYTES, CmOperation, encode
from alpine_models.tile import TileConfig, pending_answers

from .axi_lite import AXI_DATA_BITS
from .interfaces import CM_REQUEST, CM_RESPONSE, CmPort, CmResponseRecord, CmSignature
from .typed import AnyValue, Component, PayloadStream, Record, RecordLayout, stream_of

__all__ = ["GROUP", "ByteGroup", "CommandIssue"]

# The indexed forms: any register number but that of XZR selects them.
_WORDS = {
    operation: encode(operation, rm=1, ra=1, rn=1, rd=1)
    for operation in CmOperation
    if operation is not CmOperation.UNKNOWN
}


class ByteGroup(Record):
    """Bytes on their way into an input memory.

    Members
    -------
    index : of the first byte. count : number of bytes. data : the bytes, the first one lowest.
    last : whether the vector is complete with them.
    """

    index: Value
    count: Value
    data: Value
    last: Value


GROUP = RecordLayout(
    ByteGroup, {"index": 16, "count": range(GROUP_BYTES + 1), "data": AXI_DATA_BITS, "last": 1}
)


class Client(Protocol):
    """Who wants a command to be carried out, and is told when it was."""

    valid: Value
    ready: Value
    answered: Value


class SendClient(Client, Protocol):
    """Who reads groups of the output memory."""

    index: Value
    count: Value


class HostClient(Client, Protocol):
    """Who has any command carried out."""

    asked: Value
    operation: Value
    rn: Value
    rm: Value
    ra: Value


_CLIENT = {"valid": Out(1), "ready": In(1), "answered": In(1)}
_SEND = {**_CLIENT, "index": Out(16), "count": Out(range(GROUP_BYTES + 1))}
_HOST = {
    **_CLIENT,
    "asked": In(1),
    "operation": Out(CmOperation),
    "rn": Out(17),
    "rm": Out(AXI_DATA_BITS),
    "ra": Out(8),
}


class CommandIssue(Component):
    """Give one tile's CM port to four clients, in turn by rank, and tell each its answer.

    Answers come in order, so numbering the requests is enough to know whose answer arrives; those
    to queues are known to be good and go to nobody. A client's command is accepted at the end of a
    cycle in which its ``ready`` is high, and answered in one in which its ``answered`` is.

    Parameters
    ----------
    config : TileConfig
        The tile.

    Members
    -------
    process : In(Client)
        CM_PROCESS is wanted.
    take : In(stream of ByteGroup)
        CM_QUEUE.
    send : In(SendClient)
        CM_DEQUEUE. One at a time.
    host : In(HostClient)
        Any command, but one at a time. ``asked`` is high from the cycle after acceptance until the
        answer, except for queues.
    answer : Out(CmResponseRecord)
        Valid with one of the ``answered`` members.
    cm : Out(CmSignature)
        The tile's CM port.
    """

    process: Client
    take: PayloadStream[ByteGroup]
    send: SendClient
    host: HostClient
    answer: CmResponseRecord
    cm: CmPort

    def __init__(self, *, config: TileConfig):
        # As many numbers as requests can be under way: those owed behind an MVM, one in the command
        # register, one in the response buffer, and one being accepted.
        self._tag_bits = bits_for(pending_answers(config) + 4)
        super().__init__(
            {
                "process": In(wiring.Signature(_CLIENT)),
                "take": In(stream_of(GROUP)),
                "send": In(wiring.Signature(_SEND)),
                "host": In(wiring.Signature(_HOST)),
                "answer": Out(CM_RESPONSE),
                "cm": Out(CmSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        request, response = self.cm.req, self.cm.rsp
        process, take, send, host = self.process, self.take, self.send, self.host
        sent = Signal(self._tag_bits)
        received = Signal(self._tag_bits)
        m.d.comb += [
            request.valid.eq(process.valid | take.valid | send.valid | host.valid),
            response.ready.eq(1),
            self.answer.eq(response.payload),
        ]
        with m.If(request.valid & request.ready):
            m.d.sync += sent.eq(sent + 1)
        with m.If(response.valid):
            m.d.sync += received.eq(received + 1)

        m.d.comb += request.payload.eq(self._granted(m))
        self._recognise(m, "process", process, sent, received)
        self._recognise(m, "send", send, sent, received)
        wants_answer = host.operation != CmOperation.QUEUE
        asked = self._recognise(m, "host", host, sent, received, wants=wants_answer)
        m.d.comb += host.asked.eq(asked)
        return m

    def _granted(self, m: Module) -> Value:
        """Return the request of the first client that has one, and tell it when it is accepted."""
        request = self.cm.req
        process, take, send, host = self.process, self.take, self.send, self.host
        instr, rn, rm, ra = Signal(32), Signal(17), Signal(AXI_DATA_BITS), Signal(8)
        with m.If(process.valid):
            m.d.comb += [
                instr.eq(_WORDS[CmOperation.PROCESS]),
                process.ready.eq(request.ready),
            ]
        with m.Elif(take.valid):
            m.d.comb += [
                instr.eq(_WORDS[CmOperation.QUEUE]),
                rn.eq(take.payload.index),
                rm.eq(take.payload.data),
                ra.eq(take.payload.count),
                take.ready.eq(request.ready),
            ]
        with m.Elif(send.valid):
            m.d.comb += [
                instr.eq(_WORDS[CmOperation.DEQUEUE]),
                rn.eq(send.index),
                rm.eq(send.count),
                send.ready.eq(request.ready),
            ]
        with m.Else():
            with m.Switch(host.operation):
                for operation, word in _WORDS.items():
                    with m.Case(operation):
                        m.d.comb += instr.eq(word)
            m.d.comb += [
                rn.eq(host.rn),
                rm.eq(host.rm),
                ra.eq(host.ra),
                host.ready.eq(host.valid & request.ready),
            ]
        return CM_REQUEST.pack(instr=instr, rn=rn, rm=rm, ra=ra)

    def _recognise(
        self,
        m: Module,
        name: str,
        client: Client,
        sent: Signal,
        received: Signal,
        *,
        wants: AnyValue = 1,
    ) -> Signal:
        """Number a client's request and see its answer come; return whether it waits."""
        asked = Signal(name=f"{name}_waits")
        number = Signal(self._tag_bits, name=f"{name}_number")
        m.d.comb += client.answered.eq(asked & self.cm.rsp.valid & (received == number))
        with m.If(client.ready & wants):
            m.d.sync += [asked.eq(1), number.eq(sent)]
        with m.Elif(client.answered):
            m.d.sync += asked.eq(0)
        return asked
