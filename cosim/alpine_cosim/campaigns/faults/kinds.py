# SPDX-License-Identifier: Apache-2.0
"""Single faults, and the text by which people and files name them.

A flip is ``sequencer.left[3]@1200``: bit 3 of that register, at the beginning of tile cycle 1200.
Permanent faults are ``array.column[17]``, ``array.cell[5,17]+set`` (row, column, device of the
pair, what it is stuck at) and ``converters.adc[17]=127``. The name begins with the place:
``core2.tile0.`` for a tile in a core, ``loose1.`` for one behind the I/O path, ``accelerator.`` for
what loose tiles share. Core 0 and its tile 0 are meant where it begins with none.
"""

import re
from dataclasses import dataclass

from alpine_models.choices import choose
from alpine_models.device import Polarity, StuckAt
from alpine_models.errors import AlpineError

__all__ = [
    "ACCELERATOR",
    "ADC",
    "CELL",
    "COLUMN",
    "DeadAdc",
    "Fault",
    "Flip",
    "OpenColumn",
    "StuckCell",
    "fault_text",
    "parse_fault",
]

CELL, COLUMN, ADC = "array.cell", "array.column", "converters.adc"
"""Names of the sites outside the RTL."""

ACCELERATOR = "accelerator"
"""Place of the registers that loose tiles share: the bus, the chain."""
FIRST_TILE = "core0.tile0"

SIGNS = {Polarity.POSITIVE: "+", Polarity.NEGATIVE: "-"}
TEXT = re.compile(
    r"(?:(core\d+\.tile\d+|loose\d+|accelerator)\.)?([A-Za-z_][\w.$]*)\[([\d,]+)\](.*)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _At:
    """Members: place : str, which of a system's tiles, or `ACCELERATOR`."""

    place: str = FIRST_TILE


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip(_At):
    """One bit of a register changes once.

    Members
    -------
    register : str, block and register. bit : int.
    cycle : int, tile cycle at whose beginning it happens; cycle n ends with clock edge n.
    """

    register: str
    bit: int
    cycle: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenColumn(_At):
    """A bit line without a connection: its sum is 0. Members: column : int."""

    column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadAdc(_At):
    """A bit line's ADC gives one code always. Members: column : int. code : int, -128 to 127."""

    column: int
    code: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StuckCell(_At):
    """One device of a differential pair is stuck.

    Members
    -------
    row, column : int. polarity : Polarity, which device. at : StuckAt, what it conducts.
    """

    row: int
    column: int
    polarity: Polarity
    at: StuckAt


Fault = Flip | OpenColumn | DeadAdc | StuckCell


def fault_text(fault: Fault) -> str:
    """Return a fault's name, as `parse_fault` reads it."""
    where = "" if fault.place == FIRST_TILE else f"{fault.place}."
    if isinstance(fault, Flip):
        return f"{where}{fault.register}[{fault.bit}]@{fault.cycle}"
    if isinstance(fault, OpenColumn):
        return f"{where}{COLUMN}[{fault.column}]"
    if isinstance(fault, DeadAdc):
        return f"{where}{ADC}[{fault.column}]={fault.code}"
    sign, at = SIGNS[fault.polarity], fault.at.name.lower()
    return f"{where}{CELL}[{fault.row},{fault.column}]{sign}{at}"


def parse_fault(text: str) -> Fault:
    """Return the fault that a text names; whether its site exists is not looked at.

    Raises
    ------
    AlpineError
        The text is in none of the forms.
    """
    found = TEXT.fullmatch(text.strip())
    if found is None:
        raise _unreadable(text)
    place = found[1] or FIRST_TILE
    name, rest = found[2], found[4]
    numbers = [int(number) for number in found[3].split(",") if number]
    if name == CELL and len(numbers) == 2 and rest[:1] in ("+", "-"):
        polarity = next(p for p, sign in SIGNS.items() if sign == rest[0])
        at = StuckAt[choose("stuck state", rest[1:], [s.name.lower() for s in StuckAt]).upper()]
        row, column = numbers
        return StuckCell(place=place, row=row, column=column, polarity=polarity, at=at)
    if len(numbers) != 1:
        raise _unreadable(text)
    if name == COLUMN and not rest:
        return OpenColumn(place=place, column=numbers[0])
    if name == ADC and re.fullmatch(r"=-?\d+", rest):
        if not -128 <= int(rest[1:]) <= 127:
            raise AlpineError(f"fault {text!r} is refused: an ADC code is -128 to 127")
        return DeadAdc(place=place, column=numbers[0], code=int(rest[1:]))
    if name not in (CELL, COLUMN, ADC) and re.fullmatch(r"@\d+", rest):
        return Flip(place=place, register=name, bit=numbers[0], cycle=int(rest[1:]))
    raise _unreadable(text)


def _unreadable(text: str) -> AlpineError:
    return AlpineError(
        f"fault {text!r} cannot be read: write a flip as sequencer.left[3]@1200 (register, bit, "
        f"tile cycle), a defect as {COLUMN}[17], {CELL}[5,17]+set or {ADC}[17]=127"
    )
