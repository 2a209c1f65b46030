"""Ports of a top module: from an Amaranth signature, or from Verilog through Verilator's parser."""

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import wiring

from .toolchain import Toolchain, run_tool

__all__ = ["Port", "PortDirection", "ports_of", "ports_of_verilog"]


class PortDirection(Enum):
    """Which side drives a port."""

    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, kw_only=True, slots=True)
class Port:
    """One port of a top module.

    Members
    -------
    name : str, as in the Verilog.
    width : int, bits.
    direction : PortDirection, seen from the module.
    signed : bool, whether its value reads as two's complement.
    """

    name: str
    width: int
    direction: PortDirection
    signed: bool = False


def ports_of(component: wiring.Component) -> list[Port]:
    """Return the ports of a component's Verilog, its clock and reset first.

    Signedness comes from the component's signature, since Verilog written by Amaranth does not
    carry it.
    """
    ports = [
        Port(name="clk", width=1, direction=PortDirection.INPUT),
        Port(name="rst", width=1, direction=PortDirection.INPUT),
    ]
    # Amaranth has no types: Any says so once.
    untyped: Any = component
    shape_of: Any = Shape
    for path, member, _ in untyped.signature.flatten(component):
        shape = shape_of.cast(member.shape)
        if shape.width:
            ports.append(
                Port(
                    name="__".join(map(str, path)),
                    width=shape.width,
                    direction=PortDirection.INPUT
                    if member.flow is wiring.In
                    else PortDirection.OUTPUT,
                    signed=shape.signed,
                )
            )
    return ports


def ports_of_verilog(source: Path, *, top: str, toolchain: Toolchain, workdir: Path) -> list[Port]:
    """Return the ports of a module in a Verilog file, as Verilator's syntax tree tells them."""
    tree_file = workdir / "tree.json"
    run_tool(
        [
            toolchain.verilator,
            "--json-only",
            "--json-only-output",
            str(tree_file),
            "--no-json-edit-nums",
            "--top-module",
            top,
            "--Mdir",
            str(workdir),
            "-Wno-lint",
            str(source),
        ],
        what=f"reading {source.name}",
        cwd=workdir,
        env=toolchain.environment,
    )
    tree = json.loads(tree_file.read_text())
    (module,) = (m for m in tree["modulesp"] if m["name"] == top)
    types = {t["addr"]: t for misc in tree["miscsp"] for t in misc.get("typesp", [])}
    return [
        _port_of_variable(node, types)
        for node in module["stmtsp"]
        if node["type"] == "VAR" and node.get("direction") in ("INPUT", "OUTPUT")
    ]


def _port_of_variable(node: dict[str, Any], types: dict[str, Any]) -> Port:
    data_type = types[node["dtypep"]]
    left, _, right = data_type.get("range", "0:0").partition(":")
    return Port(
        name=node["name"],
        width=abs(int(left) - int(right)) + 1,
        direction=PortDirection[node["direction"]],
        signed=bool(data_type.get("signed", False)),
    )
