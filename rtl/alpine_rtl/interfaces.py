# SPDX-License-Identifier: Apache-2.0
"""The interfaces between blocks, in one place: CM port, analog macro, register port, commands.

A signature is written from the side that asks: a core's, the tile's towards its macro. Which
Verilog ports a top makes of it is told by `alpine_rtl.pins`.
"""

from typing import Any, Protocol

from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.isa import GROUP_BYTES, CmOperation
from alpine_models.register_map import REGISTER_BITS
from alpine_models.tile import TileConfig

from .lanes import index_shape
from .typed import PayloadStream, Record, RecordLayout, stream_of

__all__ = [
    "CM_REQUEST",
    "CM_RESPONSE",
    "CellProgramming",
    "CellReading",
    "CmPort",
    "CmRequestRecord",
    "CmResponseRecord",
    "CmSignature",
    "Command",
    "HeldCommand",
    "MacroPort",
    "MacroSignature",
    "RegisterInterface",
    "RegisterSignature",
    "command_layout",
    "held_command_layout",
]


class CmRequestRecord(Record):
    """A CM instruction: its word, and the values of the registers that it names."""

    instr: Value
    rn: Value
    rm: Value
    ra: Value


CM_REQUEST = RecordLayout(CmRequestRecord, {"instr": 32, "rn": 64, "rm": 64, "ra": 64})


class CmResponseRecord(Record):
    """The answer to a CM instruction: value for the destination register, and `CmStatus`."""

    rd: Value
    status: Value


CM_RESPONSE = RecordLayout(CmResponseRecord, {"rd": 64, "status": 4})


class CmPort(Protocol):
    """What `CmSignature` makes."""

    signature: Any
    req: PayloadStream[CmRequestRecord]
    rsp: PayloadStream[CmResponseRecord]


class CmSignature(wiring.Signature):
    """The CM port, from the core's side.

    Members
    -------
    req : Out(stream of CmRequestRecord)
        Requests; several may be outstanding.
    rsp : In(stream of CmResponseRecord)
        One response per request, in order, not before the cycle after its transfer.
    """

    def __init__(self) -> None:
        super().__init__({"req": Out(stream_of(CM_REQUEST)), "rsp": In(stream_of(CM_RESPONSE))})


class CellProgramming(Protocol):
    """Programming of one cell; see `MacroSignature`."""

    signature: Any
    valid: Value
    row: Value
    col: Value
    weight: Value
    busy: Value


class CellReading(Protocol):
    """Read-back of one cell; see `MacroSignature`."""

    signature: Any
    valid: Value
    row: Value
    col: Value
    weight: Value


class MacroPort(Protocol):
    """What `MacroSignature` makes."""

    signature: Any
    dac: Value
    start: Value
    phase: Value
    adc: Value
    prog: CellProgramming
    read: CellReading


class MacroSignature(wiring.Signature):
    """The boundary of the analog macro, crossbar and converters, from the tile's side.

    Parameters
    ----------
    config : TileConfig
        Geometry.

    Members
    -------
    dac : Out(8 * rows)
        DAC codes, signed 8 bit, word line 0 lowest. Stable from ``start`` until the ADC codes are
        taken.
    start : Out(1)
        High in the first cycle of an MVM.
    phase : Out(2)
        `MvmPhase`, for the analog part's own switches.
    adc : In(8 * columns)
        ADC codes, signed 8 bit, bit line 0 lowest. Taken at the end of the last phase.
    prog : Out(valid, row, col, weight), In(busy)
        Program one cell; ``valid`` is high for one cycle. ``busy`` is looked at from the edge that
        ends it on: programming goes on.
    read : Out(valid, row, col), In(weight)
        Read one cell; ``valid`` is high for one cycle, whose end takes the weight.
    """

    def __init__(self, config: TileConfig):
        cell = {
            "valid": Out(1),
            "row": Out(index_shape(config.rows)),
            "col": Out(index_shape(config.columns)),
        }
        programming = wiring.Signature({**cell, "weight": Out(8), "busy": In(1)})
        reading = wiring.Signature({**cell, "weight": In(8)})
        super().__init__(
            {
                "dac": Out(8 * config.rows),
                "start": Out(1),
                "phase": Out(2),
                "adc": In(8 * config.columns),
                "prog": Out(programming),
                "read": Out(reading),
            }
        )


class RegisterInterface(Protocol):
    """What `RegisterSignature` makes."""

    signature: Any
    addr: Value
    write: Value
    wdata: Value
    rdata: Value
    error: Value


class RegisterSignature(wiring.Signature):
    """Access to registers, from the side that reads and writes them.

    An access lasts one cycle and is always taken.

    Parameters
    ----------
    address_bits : int
        Width of the byte address.

    Members
    -------
    addr : Out(address_bits)
        Byte address.
    write : Out(1), wdata : Out(32)
        Write in this cycle, and what.
    rdata : In(32), error : In(1)
        What the access of the cycle before returned, and whether it was illegal.
    """

    def __init__(self, address_bits: int):
        super().__init__(
            {
                "addr": Out(address_bits),
                "write": Out(1),
                "wdata": Out(REGISTER_BITS),
                "rdata": In(REGISTER_BITS),
                "error": In(1),
            }
        )


class Command(Record):
    """A decoded request, checked against the geometry.

    Members
    -------
    operation : CmOperation
        What to do; ``UNKNOWN`` for a word that is no CM instruction.
    start, count : first index of a transfer, and bytes to move, clipped to the array in the
        streaming form. Valid when ``status`` is 0 and ``operation`` moves data.
    row, column : cell address. Valid when ``status`` is 0 and ``operation`` addresses a cell.
    data : packed DAC codes of CM_QUEUE; weight, in the low byte, of CM_INITIALIZE.
    status : `CmStatus`, the lowest code that applies.
    streaming : the command uses, and therefore advances, the tile's own counter. Valid like
        ``start``.
    """

    operation: Value
    start: Value
    count: Value
    row: Value
    column: Value
    data: Value
    status: Value
    streaming: Value


class HeldCommand(Record):
    """A command in the command register: a `Command` whose form no longer matters."""

    operation: Value
    start: Value
    count: Value
    row: Value
    column: Value
    data: Value
    status: Value


def held_command_layout(config: TileConfig) -> RecordLayout[HeldCommand]:
    """Return the layout of `HeldCommand` for a geometry."""
    return RecordLayout(
        HeldCommand,
        {
            "operation": CmOperation,
            "start": index_shape(max(config.rows, config.columns)),
            "count": range(GROUP_BYTES + 1),
            "row": index_shape(config.rows),
            "column": index_shape(config.columns),
            "data": 32,
            "status": 4,
        },
    )


def command_layout(config: TileConfig) -> RecordLayout[Command]:
    """Return the layout of `Command` for a geometry."""
    return RecordLayout(Command, {**held_command_layout(config).shapes, "streaming": 1})
