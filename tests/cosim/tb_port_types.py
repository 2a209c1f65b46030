# SPDX-License-Identifier: Apache-2.0
"""What cocotb reads at every port of a design, for a comparison with the binding's reading.

Inputs are the ports whose names begin with ``a_``. The readings go, as JSON, into the file that the
plus-argument ``readings`` names: one list entry per set of inputs, by port.
"""

import json
import random
from pathlib import Path

import cocotb
from cocotb.handle import ArrayObject, LogicObject, PackedObject, RealObject
from cocotb.triggers import Timer
from cocotb.types import LogicArray

RANDOM_SETS = 20


def put(handle, draw) -> None:
    """Give an input, or each element of one, the bits that ``draw`` returns for a width."""
    if isinstance(handle, ArrayObject):
        for index in handle.range:
            put(handle[index], draw)
    elif isinstance(handle, RealObject):
        handle.value = draw(32) / 1024 - 1e6
    elif isinstance(handle, LogicObject):
        handle.value = draw(1)
    else:
        handle.value = LogicArray.from_unsigned(draw(len(handle)), len(handle))


def value(handle):
    """Return a number, or a list of them for an unpacked array, its lowest index first."""
    if isinstance(handle, ArrayObject):
        return [value(handle[index]) for index in sorted(handle.range)]
    if isinstance(handle, RealObject):
        return handle.value
    if isinstance(handle, PackedObject) and handle.is_signed:
        return handle.value.to_signed()
    return int(handle.value)


def elements(handle):
    """Return what stands at each declared index of a packed array, down to its last dimension."""
    if isinstance(handle, PackedObject) and isinstance(handle[handle.range.left], PackedObject):
        return {index: elements(handle[index]) for index in handle.range}
    return value(handle)


def widths(handle) -> list[int]:
    """Return the bits of each element of a port; of the port itself, if it is no unpacked array."""
    if isinstance(handle, ArrayObject):
        return [bits for index in handle.range for bits in widths(handle[index])]
    return [64 if isinstance(handle, RealObject) else len(handle)]


@cocotb.test()
async def reads_every_port(dut):
    ports = {handle._name: handle for handle in dut}
    draws = [lambda width: 0, lambda width: (1 << width) - 1, lambda width: 1 << width - 1]
    draws += [random.getrandbits] * RANDOM_SETS
    readings = []
    for draw in draws:
        for name, handle in ports.items():
            if name.startswith("a_"):
                put(handle, draw)
        await Timer(1, "ns")
        readings.append(
            {
                name: {
                    "value": value(handle),
                    "elements": elements(handle),
                    "width": sum(widths(handle)),
                    "element_width": widths(handle)[0],
                    "signed": isinstance(handle, PackedObject) and handle.is_signed,
                }
                for name, handle in ports.items()
            }
        )
    Path(str(cocotb.plusargs["readings"])).write_text(json.dumps(readings))
