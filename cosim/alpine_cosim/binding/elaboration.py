# SPDX-License-Identifier: Apache-2.0
"""What Verilator's parser tells of a design: its ports, its signals and the files that it read."""

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine_models.errors import AlpineError

from .ports import Port, PortDirection
from .scalar_types import Enumeration, Integer, Real
from .sources import Sources
from .toolchain import Toolchain, run_verilator
from .types import (
    DataType,
    PackedArray,
    PackedType,
    Struct,
    Union,
    UnpackedArray,
    is_two_state,
    unsupported,
)
from .wrapper import top_module, wrapper_name

__all__ = ["Elaboration", "PublicSignal", "elaborate"]

Node = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicSignal:
    """A signal inside a design.

    Members
    -------
    path : str, from the top module, as in ``u_fifo.count``.
    scope : str, path of what holds it, the top module's name first.
    name : str, as the Verilog writes it.
    module, variable : str, by which Verilator's control file names it.
    type : DataType.
    """

    path: str
    scope: str
    name: str
    module: str
    variable: str
    type: DataType


@dataclass(frozen=True, kw_only=True, slots=True)
class Elaboration:
    """A design as Verilator read it.

    Members
    -------
    ports : of the top module, in the order of their declaration.
    signals : those that match a pattern of ``public``.
    files : every file that was read, included ones too.
    """

    ports: tuple[Port, ...]
    signals: tuple[PublicSignal, ...]
    files: tuple[Path, ...]


def elaborate(sources: Sources, *, top: str, public: Sequence[str], directory: Path) -> Elaboration:
    """Return what a design is made of.

    Parameters
    ----------
    sources : the design.
    top : name of its top module.
    public : patterns of paths of signals, with the wildcards ``*``, ``?`` and ``[...]``.
    directory : where Verilator may write, and where ``sources`` stand if they are texts.

    Raises
    ------
    AlpineError
        Verilator rejects the design, a port's type has no value in Python, or a pattern matches no
        signal.
    """
    toolchain = Toolchain.find()
    # In a module around it, as it will be built: a top module's ports may not have every name.
    around = directory / f"{wrapper_name(top)}.sv"
    around.write_text(
        top_module((), top=top, parameters=sources.parameters, precision_fs=1), encoding="utf-8"
    )
    run_verilator(
        toolchain,
        [
            "--json-only",
            "--MMD",
            "--json-only-output",
            "tree.json",
            "--no-json-edit-nums",
            "--timing",
            "--Mdir",
            "elaboration",
            "--top-module",
            wrapper_name(top),
            "-Wno-fatal",
            "-Wno-lint",
            *sources.options(),
            around.name,
        ],
        what=top,
        cwd=directory,
    )
    tree = json.loads((directory / "tree.json").read_text(encoding="utf-8", errors="replace"))
    reader = _Reader(tree, top)
    return Elaboration(
        ports=tuple(reader.ports()),
        signals=tuple(reader.signals(public)) if public else (),
        files=tuple(_files_read(directory, toolchain)),
    )


def _files_read(directory: Path, toolchain: Toolchain) -> Iterator[Path]:
    (listing,) = (directory / "elaboration").glob("*__verFiles.dat")
    for line in listing.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        if line.startswith("S ") and (found := re.search(r'"([^"]*)"$', line)):
            path = directory / found[1]
            if not path.is_relative_to(toolchain.verilator_root):
                yield path


class _Reader:
    """Verilator's syntax tree, with its types by address."""

    def __init__(self, tree: Node, top: str):
        self._types = {
            node["addr"]: node for misc in tree["miscsp"] for node in misc.get("typesp", [])
        }
        self._modules: dict[str, Node] = {node["addr"]: node for node in tree["modulesp"]}
        # A parameter of another value than the default changes the module's name.
        found = [
            node
            for node in tree["modulesp"]
            if node["type"] == "MODULE" and top in (node["name"], node.get("origName"))
        ]
        if not found:
            names = ", ".join(n["name"] for n in tree["modulesp"] if n["type"] == "MODULE")
            raise AlpineError(f"the design has no module {top}; it has {names}: pass top=...")
        self._top, self._top_name = found[0], top

    def ports(self) -> Iterator[Port]:
        for node in self._top["stmtsp"]:
            if node["type"] == "IFACEREFDTYPE":
                continue
            if node["type"] == "VAR" and node.get("varType") == "IFACEREF":
                raise unsupported(f"port {node['name']}", "a SystemVerilog interface")
            if node["type"] != "VAR" or node.get("direction", "NONE") not in _DIRECTIONS:
                continue
            name = _plain(node)
            data_type = self.data_type(node["dtypep"], what=f"port {name}")
            direction = _DIRECTIONS[node["direction"]]
            if direction is PortDirection.INOUT and isinstance(data_type, Real | UnpackedArray):
                raise unsupported(f"port {name}", f"an inout {data_type}")
            plain = isinstance(data_type, Integer)
            yield Port(
                name=name,
                width=data_type.width,
                direction=direction,
                signed=data_type.signed if plain else False,
                type=None if plain else data_type,
            )

    def signals(self, patterns: Sequence[str]) -> Iterator[PublicSignal]:
        unmatched = set(patterns)
        for path, module, scope, node in self._variables(self._top, "", self._top_name):
            matching = [text for text in patterns if fnmatch.fnmatchcase(path, text)]
            if not matching:
                continue
            unmatched -= set(matching)
            yield PublicSignal(
                path=path,
                scope=scope,
                name=node.get("verilogName", node["name"]),
                module=module,
                variable=node["name"],
                type=self.data_type(node["dtypep"], what=f"signal {path}"),
            )
        if unmatched:
            raise AlpineError(
                f"public={sorted(unmatched)} matches no signal: write paths from the top module, "
                f"as in u_fifo.count, with the wildcard *"
            )

    def _variables(
        self, holder: Node, path: str, scope: str, module: str = ""
    ) -> Iterator[tuple[str, str, str, Node]]:
        module = module or str(holder.get("origName") or holder["name"])
        for key in ("stmtsp", "itemsp", "declsp"):
            for node in holder.get(key, ()):
                kind, name = node["type"], node.get("name", "")
                if kind == "VAR" and node.get("varType") not in _NO_SIGNALS:
                    yield path + _plain(node), module, scope, node
                elif kind == "CELL":
                    below = self._modules.get(node.get("modp", ""))
                    if below is not None:
                        yield from self._variables(below, f"{path}{name}.", f"{scope}.{name}")
                elif kind in ("GENBLOCK", "BEGIN") and name:
                    yield from self._variables(node, f"{path}{name}.", f"{scope}.{name}", module)
                elif kind not in ("VAR", "CELL"):
                    yield from self._variables(node, path, scope, module)

    def data_type(self, address: str, *, what: str) -> DataType:
        node = self._types[address]
        kind = node["type"]
        if kind == "UNPACKARRAYDTYPE":
            element = self.data_type(node["refDTypep"], what=what)
            return UnpackedArray(element, *_bounds(node["declRange"]))
        if kind == "REFDTYPE":
            return self.data_type(node["refDTypep"], what=what)
        if kind == "BASICDTYPE" and node["keyword"] in ("real", "shortreal", "realtime"):
            return Real()
        return self._packed(node, what=what)

    def _packed(self, node: Node, *, what: str) -> PackedType:
        kind = node["type"]
        if kind in ("REFDTYPE", "MEMBERDTYPE"):
            return self._packed(self._types[node["refDTypep"]], what=what)
        if kind == "BASICDTYPE" and node["keyword"] in _VECTORS:
            left, right = _bounds(f"[{node.get('range', '0:0')}]")
            two_state = node["keyword"] in _TWO_STATE
            return Integer(abs(left - right) + 1, bool(node.get("signed", False)), two_state)
        if kind == "ENUMDTYPE":
            return self._enumeration(node, what=what)
        if kind == "PACKARRAYDTYPE":
            element = self._packed(self._types[node["refDTypep"]], what=what)
            return PackedArray(element, *_bounds(node["declRange"]))
        if kind in ("STRUCTDTYPE", "UNIONDTYPE") and node.get("packed"):
            fields = tuple(
                (member["name"], self._packed(member, what=what)) for member in node["membersp"]
            )
            name = str(node["name"]).rpartition("::")[2]
            return (Struct if kind == "STRUCTDTYPE" else Union)(name, fields)
        raise unsupported(what, _NAMES.get(kind, f"of type {node.get('keyword', kind)}"))

    def _enumeration(self, node: Node, *, what: str) -> Enumeration:
        base = self._packed(self._types[node["refDTypep"]], what=what)
        signed = isinstance(base, Integer) and base.signed
        base = Integer(base.width, signed, is_two_state(base))
        mask = (1 << base.width) - 1
        members = tuple(
            (item["name"], base.decode(_constant(item["valuep"][0]["name"]) & mask))
            for item in node["itemsp"]
        )
        return Enumeration(str(node["name"]).rpartition("::")[2] or "enum", base, members)


def _plain(node: Node) -> str:
    """Name of a variable, without the marks of an escaped identifier."""
    return str(node.get("verilogName", node["name"])).removeprefix("\\").rstrip(" ")


def _bounds(text: str) -> tuple[int, int]:
    left, right = text.strip("[]").split(":")
    return int(left), int(right)


def _constant(text: str) -> int:
    """Value of a constant as Verilator writes it, as in ``2'h3`` and ``32'sh10``."""
    _, _, digits = text.partition("'")
    digits = digits.removeprefix("s")
    if not re.fullmatch(r"h[0-9a-f_]+", digits):
        return 0  # an unknown bit: the model has two states, and this is what it makes of it
    return int(digits[1:].replace("_", ""), 16)


_DIRECTIONS = {
    "INPUT": PortDirection.INPUT,
    "OUTPUT": PortDirection.OUTPUT,
    "INOUT": PortDirection.INOUT,
}
_VECTORS = ("logic", "bit", "reg", "byte", "shortint", "int", "longint", "integer", "time")
_TWO_STATE = ("bit", "byte", "shortint", "int", "longint")
_NO_SIGNALS = ("GPARAM", "LPARAM", "GENVAR", "SPECPARAM", "IFACEREF")
_NAMES = {
    "STRUCTDTYPE": "an unpacked structure",
    "UNIONDTYPE": "an unpacked union",
    "IFACEREFDTYPE": "a SystemVerilog interface",
    "CLASSREFDTYPE": "an object of a class",
    "QUEUEDTYPE": "a queue",
    "DYNARRAYDTYPE": "a dynamic array",
    "ASSOCARRAYDTYPE": "an associative array",
}
