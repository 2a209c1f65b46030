# SPDX-License-Identifier: Apache-2.0
"""The register maps, and the driver made from them."""

from dataclasses import replace

import pytest

from alpine_models.register_driver import RegisterDriver
from alpine_models.register_map import REGISTER_BYTES, Access, Field, Register, RegisterMap
from alpine_models.registers import (
    ACCELERATOR_REGISTERS,
    PAGE_REGISTERS,
    PAGE_WINDOWS,
    TILE_ADDRESS_BITS,
    TILE_PAGE_BYTES,
    TILE_REGISTERS,
    tile_register_map,
)
from alpine_models.tile import MAX_LINES, MAX_PHASE_CYCLES, TileConfig


def a_field(**changes):
    return replace(
        Field(name="value", low=0, width=4, access=Access.READ_WRITE, description=""), **changes
    )


def a_map(*registers):
    return RegisterMap(name="m", title="M", registers=registers)


@pytest.mark.parametrize(
    "registers, message",
    [
        (
            [Register(name="a", offset=2, fields=(), description="")],
            r"^offset of register a must be a multiple of 4, not 0x2$",
        ),
        (
            [Register(name="a", offset=4 * i, fields=(), description="") for i in range(2)],
            r"^register names of map m must differ: ",
        ),
        (
            [Register(name=name, offset=4, fields=(), description="") for name in "ab"],
            r"^register offsets of map m must differ: ",
        ),
        (
            [Register(name="a", offset=0, fields=(a_field(low=30),), description="")],
            r"^field value of register a must lie in bits 0 to 31, not at 30 with width 4$",
        ),
        (
            [Register(name="a", offset=0, fields=(a_field(), a_field(low=3)), description="")],
            r"^field value of register a overlaps another$",
        ),
    ],
)
def test_a_faulty_map_is_refused(registers, message):
    with pytest.raises(ValueError, match=message):
        a_map(*registers)


def test_the_maps_of_a_page_do_not_overlap():
    tile_end = max(r.offset for r in TILE_REGISTERS.registers) + REGISTER_BYTES
    assert tile_end <= 1 << TILE_ADDRESS_BITS <= min(r.offset for r in PAGE_REGISTERS.registers)
    spans = [(window.offset, window.offset + window.size_bytes) for window in PAGE_WINDOWS]
    assert max(r.offset for r in PAGE_REGISTERS.registers) < spans[0][0]
    assert spans[0][1] <= spans[1][0] and spans[1][1] <= TILE_PAGE_BYTES


def test_configuration_decides_some_reset_values():
    registers = tile_register_map(TileConfig(rows=850, columns=3050, integrate_cycles=7))
    resets = {r.name: r.fields[0].reset for r in registers.registers}
    assert (resets["rows"], resets["columns"], resets["integrate_cycles"]) == (850, 3050, 7)
    assert all(field.reset is not None for _, field in registers.fields())


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"rows": 0}, r"^rows must be a positive integer, not 0$"),
        ({"columns": -4}, r"^columns must be a positive integer, not -4$"),
        ({"rows": 4.0}, r"^rows must be a positive integer, not 4\.0$"),
        ({"rows": True}, r"^rows must be a positive integer, not True$"),
        ({"columns": "8"}, r"^columns must be a positive integer, not '8'$"),
        ({"rows": MAX_LINES + 1}, r"^rows must be at most 65536, not 65537$"),
        ({"precharge_cycles": 0}, r"^precharge_cycles must be a positive integer, not 0$"),
        ({"integrate_cycles": 0}, r"^integrate_cycles must be a positive integer, not 0$"),
        ({"digitise_cycles": 0}, r"^digitise_cycles must be a positive integer, not 0$"),
        ({"integrate_cycles": 65536}, r"^integrate_cycles must be at most 65535, not 65536$"),
        ({"double_buffer": 1}, r"^double_buffer must be True or False, not 1$"),
    ],
)
def test_a_faulty_tile_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TileConfig(**{"rows": 4, "columns": 4, **changes})


def test_the_largest_tile_is_accepted():
    config = TileConfig(rows=MAX_LINES, columns=MAX_LINES, integrate_cycles=MAX_PHASE_CYCLES)
    assert config.mvm_cycles == MAX_PHASE_CYCLES + 2


class Words:
    """A memory of words that logs what is written."""

    def __init__(self):
        self.words, self.log = {}, []

    def driver(self, registers, **options):
        return RegisterDriver(
            registers, read=lambda a: self.words.get(a, 0), write=self.store, **options
        )

    def store(self, address, value):
        self.words[address] = value
        self.log.append((address, value))


def test_driver_places_fields():
    memory = Words()
    driver = memory.driver(TILE_REGISTERS, base=0x40000)
    memory.words[0x40018] = 1
    driver.write("control", clear_counters=1)
    assert memory.log == [(0x40018, 1 << 31 | 1)]
    driver.write("integrate_cycles", 65535)
    assert driver.read("integrate_cycles") == 65535
    memory.words[0x40004] = 0x0001_0002
    assert driver.read_all("version") == {"minor": 2, "major": 1}


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda d: d.read("nothing"), KeyError, r"has no register 'nothing'; it has id, version"),
        (lambda d: d.read("error", "x"), KeyError, r"has no field 'x'; it has code, clear"),
        (lambda d: d.write("rows", 3), ValueError, r"^field value of register rows cannot be wr"),
        (lambda d: d.write("integrate_cycles", 0), ValueError, r"takes 1 to 65535, not 0$"),
        (lambda d: d.write("control", override=2), ValueError, r"takes 0 to 1, not 2$"),
    ],
)
def test_driver_refuses(call, error, message):
    memory = Words()
    with pytest.raises(error, match=message):
        call(memory.driver(TILE_REGISTERS))
    assert not memory.log


def test_every_description_is_a_sentence():
    for registers in (TILE_REGISTERS, ACCELERATOR_REGISTERS, PAGE_REGISTERS):
        for register, field in registers.fields():
            text = register.description if field.name == "value" else field.description
            assert text.endswith(".") and register.description.endswith("."), register.name
