# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Which inputs of a design reach which outputs without a register in between."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from alpine_models.children import scratch_folder
from alpine_models.files import write_text
from alpine_rtl.emission import rtlil_text
from alpine_rtl.open_tools import run_yosys
from alpine_rtl.typed import Component

__all__ = ["combinational_paths"]

REGISTERS = ("$_DFF", "$_SDFF", "$_DLATCH", "$_ALDFF", "$_DFFE", "$_SDFFE", "$_SDFFCE", "$_FF")


def combinational_paths(component: Component) -> set[tuple[str, str]]:
    """Return every (input, output) pair of ports that gates alone connect.

    The design is reduced to gates and flip-flops by Yosys, and the netlist followed backwards from
    every output bit.

    Raises
    ------
    AlpineError
        Yosys is not installed.
    """
    with scratch_folder("paths") as directory:
        write_text(directory / "design.il", rtlil_text(component, name="top"))
        commands = (
            "read_rtlil design.il; hierarchy -top top; proc; flatten; opt -full; memory; "
            "techmap; opt -fast; write_json design.json"
        )
        run_yosys(commands.split("; "), directory=directory)
        top = json.loads((directory / "design.json").read_text())["modules"]["top"]
    drivers = _gate_inputs(top["cells"])
    owner = {
        bit: name
        for name, port in top["ports"].items()
        if port["direction"] == "input"
        for bit in port["bits"]
    }
    return {
        (owner[source], name)
        for name, port in top["ports"].items()
        if port["direction"] == "output"
        for source in _reached(port["bits"], drivers)
        if source in owner
    }


def _gate_inputs(cells: Mapping[str, Any]) -> dict[int, list[int | str]]:
    """Map every net that a gate drives to the nets that the gate reads."""
    inputs: dict[int, list[int | str]] = {}
    for cell in cells.values():
        if cell["type"].startswith(REGISTERS):
            continue
        reads: list[int | str] = [
            bit
            for port, bits in cell["connections"].items()
            if cell["port_directions"][port] == "input"
            for bit in bits
        ]
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "output":
                inputs.update((bit, reads) for bit in bits)
    return inputs


def _reached(bits: Iterable[int | str], drivers: Mapping[int, list[int | str]]) -> set[int]:
    seen: set[int] = set()
    waiting = [bit for bit in bits if isinstance(bit, int)]
    while waiting:
        bit = waiting.pop()
        if bit not in seen:
            seen.add(bit)
            waiting.extend(b for b in drivers.get(bit, ()) if isinstance(b, int))
    return seen
