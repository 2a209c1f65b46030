# SPDX-License-Identifier: Apache-2.0
"""The two generated layers around a design: its top module, and the model's C interface.

The design is instantiated in a module of ours whose ports are numbered, so that no name of a port
meets a keyword of C++, a member of Verilator's classes or a macro, and whose types are plain.
"""

import re
from collections.abc import Mapping, Sequence

from alpine_models.errors import AlpineError

from .clocks import Clock
from .ports import Port, PortDirection
from .scalar_types import Integer, Real
from .sources import literal
from .types import DataType, UnpackedArray, is_two_state

__all__ = ["MODEL_CLASS", "interface", "storage_bytes", "top_module", "wrapper_name"]

MODEL_CLASS = "VerilatedTop"
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
PICOSECOND_FS = 1000


def wrapper_name(top: str) -> str:
    """Return the name of the module around the design: the outermost scope of paths."""
    return "alpine" if top != "alpine" else "alpine_"


def top_module(
    ports: Sequence[Port],
    *,
    top: str,
    parameters: Mapping[str, int | float | str],
    precision_fs: int,
) -> str:
    """Return the SystemVerilog of the module around the design.

    Parameters
    ----------
    ports : of the design, in the order of their numbers.
    top : name of the design's top module.
    parameters : that it is given.
    precision_fs : smallest step of time that clocks need.
    """
    declared = ",\n".join(f"  {_declaration(number, port)}" for number, port in enumerate(ports))
    values = ", ".join(f".{_escaped(name)}({literal(v)})" for name, v in parameters.items())
    connected = ",\n".join(
        f"    .{_escaped(port.name)}(p{number})" for number, port in enumerate(ports)
    )
    instance = f"{_escaped(top)} {f'#({values}) ' if values else ''}{_escaped(top)}"
    precision = "1ps" if precision_fs == PICOSECOND_FS else "1fs"
    return (
        f"/* verilator tracing_off */\n"
        f"module {wrapper_name(top)}(\n{declared}\n);\n"
        f"  timeunit 1ps; timeprecision {precision};\n"
        f"  /* verilator tracing_on */\n"
        f"  {instance} (\n{connected}\n  );\n"
        f"endmodule\n"
    )


def interface(
    ports: Sequence[Port],
    clocks: Sequence[Clock],
    *,
    definitions: Sequence[str],
    extensions: Sequence[str],
) -> str:
    """Return the C++ around Verilator's model.

    Parameters
    ----------
    ports : in the order of their numbers in the C interface.
    clocks : that the model drives.
    definitions : macros, as native/model.hpp lists them.
    extensions : names of native sources compiled beside the model; they see ports whose names are
        identifiers of C++ as members of ``model->ports``.
    """
    numbers = {port.name: number for number, port in enumerate(ports)}
    lines = [f'#include "{MODEL_CLASS}.h"', f"#define ALPINE_MODEL {MODEL_CLASS}"]
    lines += [f"#define {definition}" for definition in definitions]
    lines.append(f"#define ALPINE_CLOCKS {len(clocks)}")
    if len(clocks) == 1:
        lines.append(f"#define ALPINE_CLOCK p{numbers[clocks[0].name]}")
    lines += _port_members(ports if extensions else ())
    lines += _outside([n for n, p in enumerate(ports) if p.direction is PortDirection.INOUT])
    lines += [
        '#include "calls.hpp"',
        'extern "C" void* alpine_port_address(alpine::Model* model, int port) {',
        "    switch (port) {",
    ]
    position = 0
    for number, port in enumerate(ports):
        members = [f"model->top.p{number}"]
        if port.direction is PortDirection.INOUT:
            members += [f"model->top.p{number}__out", f"model->top.p{number}__en"]
            members.append(f"model->outside.p{number}")
        for member in members:
            lines.append(
                f"        case {position}: static_assert(sizeof({member}) == "
                f"{storage_bytes(port.data_type)}); return &{member};"
            )
            position += 1
    lines += [
        "        default: return nullptr;",
        "    }",
        "}",
        'extern "C" uint8_t* alpine_clock_member(alpine::Model* model, int clock) {',
        "    switch (clock) {",
        *(
            f"        case {number}: return &model->top.p{numbers[clock.name]};"
            for number, clock in enumerate(clocks)
        ),
        "        default: return nullptr;",
        "    }",
        "}",
    ]
    lines += [f'#include "{name}"' for name in extensions]
    return "\n".join(lines) + "\n"


def storage_bytes(data_type: DataType) -> int:
    """Bytes that Verilator's C++ interface uses for a value."""
    if isinstance(data_type, UnpackedArray):
        return data_type.shape[0] * storage_bytes(data_type.element)
    for size in (1, 2, 4, 8):
        if data_type.width <= 8 * size:
            return size
    return (data_type.width + 31) // 32 * 4


def _port_members(ports: Sequence[Port]) -> list[str]:
    usable = [(n, p.name) for n, p in enumerate(ports) if IDENTIFIER.fullmatch(p.name)]
    return [
        "namespace alpine {",
        "struct Ports {",
        f"    explicit Ports({MODEL_CLASS}& top)"
        + (" : " if usable else "")
        + ", ".join(f"{name}(top.p{number})" for number, name in usable)
        + " {}",
        *(f"    decltype({MODEL_CLASS}::p{number}) {name};" for number, name in usable),
        "};",
        "}",
    ]


def _outside(numbers: Sequence[int]) -> list[str]:
    """Structure of what is driven on inouts from outside, and how that meets the design's bits."""
    resolving = [
        f"        changed |= meet(top.p{n}, top.p{n}__out, top.p{n}__en, p{n});" for n in numbers
    ]
    return [
        *(["#define ALPINE_INOUTS"] if numbers else []),
        "#include <cstdint>",
        "#include <type_traits>",
        "namespace alpine {",
        "struct Outside {",
        *(f"    std::decay_t<decltype({MODEL_CLASS}::p{n})> p{n}{{}};" for n in numbers),
        "    template <class Wires>",
        "    static bool meet(Wires& wires, const Wires& out, const Wires& en, const Wires& own) {",
        "        auto* const all = reinterpret_cast<uint8_t*>(&wires);",
        "        auto* const driven = reinterpret_cast<const uint8_t*>(&out);",
        "        auto* const enabled = reinterpret_cast<const uint8_t*>(&en);",
        "        auto* const outer = reinterpret_cast<const uint8_t*>(&own);",
        "        bool changed = false;",
        "        for (size_t i = 0; i < sizeof wires; ++i) {",
        "            const uint8_t bits = (driven[i] & enabled[i]) | (outer[i] & ~enabled[i]);",
        "            changed |= all[i] != bits;",
        "            all[i] = bits;",
        "        }",
        "        return changed;",
        "    }",
        f"    bool resolve({MODEL_CLASS}& top) {{",
        "        bool changed = false;",
        *resolving,
        "        (void)top;",
        "        return changed;",
        "    }",
        "};",
        "}",
    ]


def _declaration(number: int, port: Port) -> str:
    data_type, bounds = port.data_type, ""
    while isinstance(data_type, UnpackedArray):
        bounds += f" [{data_type.left}:{data_type.right}]"
        data_type = data_type.element
    kind = "logic"
    if isinstance(data_type, Real):
        kind = "real"
    elif bounds:
        # Arrays that are connected have elements of the same sign, with or without unknown values.
        kind = "bit" if is_two_state(data_type) else "logic"
        kind += " signed" if isinstance(data_type, Integer) and data_type.signed else ""
    elif port.direction is PortDirection.INOUT:
        kind = "wire"
    if data_type.width < 1:
        raise AlpineError(f"port {port.name} has no bits: leave it out")
    size = f" [{data_type.width - 1}:0]" if kind != "real" and data_type.width > 1 else ""
    return f"{port.direction.value} {kind}{size} p{number}{bounds}"


def _escaped(name: str) -> str:
    # Every name may be written as an escaped one; it ends with a space.
    return f"\\{name} "
