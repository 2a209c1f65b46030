# SPDX-License-Identifier: Apache-2.0
"""`alpine synth`: what is measured, as text and as a documentation page."""

from collections.abc import Callable, Sequence

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig

from .synthesis import (
    SPEED_GEOMETRY,
    BlockFigures,
    SpeedFigures,
    SynthesisFigures,
    measure_speed,
    synthesize,
    synthesize_tops,
)

__all__ = ["parse_geometry", "synthesis_page"]

INTRODUCTION = """\
# Size, logic depth and speed

Measured by `make synth`, which rewrites this page: Yosys (`synth -flatten -lut 4`) maps to
four-input lookup tables and flip-flops, and depth is the number of lookup tables on the longest
path between registers or ports (`ltp -noff`). Blocks are mapped on their own, so their depths add
up where signals cross several; the row `tile` is the whole, mapped across the borders. The crossbar
and its converters are outside. Memories are register banks, as all of their bytes face a converter
in parallel, hence no memory bits.

What grows with the array is the two banks with their decode (and the DAC registers of a second
buffer), and by a bit per doubling the counters and indices that address them.
"""


def parse_geometry(text: str) -> tuple[int, int]:
    """Return rows and columns from text like ``64x32``.

    Raises
    ------
    AlpineError
        The text has another form, or no tile has such sides.
    """
    rows, separator, columns = text.partition("x")
    if not (separator and rows.isdecimal() and columns.isdecimal()):
        raise AlpineError(f"geometry {text!r} must be rows x columns, for example 64x64")
    try:
        TileConfig(rows=int(rows), columns=int(columns))
    except ValueError as error:
        raise AlpineError(f"geometry {text!r}: {error}") from error
    return int(rows), int(columns)


def synthesis_page(
    geometries: Sequence[tuple[int, int]], *, on_stage: Callable[[str], None] = lambda stage: None
) -> str:
    """Measure everything and return the page as Markdown.

    Parameters
    ----------
    geometries : rows and columns of the tiles to map.
    on_stage : called with what is being measured.

    Raises
    ------
    AlpineError
        Yosys or nextpnr is not installed.
    """
    sections = [INTRODUCTION]
    for double_buffer in (False, True):
        figures: list[SynthesisFigures] = []
        for rows, columns in geometries:
            on_stage(f"{rows} x {columns}, {_buffers(double_buffer)}")
            config = TileConfig(rows=rows, columns=columns, double_buffer=double_buffer)
            figures.append(synthesize(config))
        sections += [f"## Tile with {_buffers(double_buffer)}", "", blocks_table(figures), ""]
    rows, columns = geometries[0]
    on_stage(f"every top, {rows} x {columns}")
    sections += [
        f"## Every top, {rows} x {columns}, one buffer",
        "",
        tops_table(synthesize_tops(TileConfig(rows=rows, columns=columns))),
        "",
    ]
    speeds: list[SpeedFigures] = []
    for double_buffer in (False, True):
        rows, columns = SPEED_GEOMETRY
        on_stage(f"place and route, {rows} x {columns}, {_buffers(double_buffer)}")
        config = TileConfig(rows=rows, columns=columns, double_buffer=double_buffer)
        speeds.append(measure_speed(config))
    sections += ["## Speed", "", speed_table(speeds)]
    return "\n".join(sections) + "\n"


def blocks_table(figures: Sequence[SynthesisFigures]) -> str:
    """Return one row per block, and per geometry its cells, flip-flops and depth."""
    sizes = [f"{one.config.rows} x {one.config.columns}" for one in figures]
    lines = [
        "| block | " + " | ".join(f"{size}: LUTs | flip-flops | depth" for size in sizes) + " |",
        "|---|" + "---:|---:|---:|" * len(sizes),
    ]
    for rows in zip(*((*one.blocks, one.whole) for one in figures), strict=True):
        cells = " | ".join(f"{row.luts} | {row.flip_flops} | {row.depth}" for row in rows)
        lines.append(f"| {rows[0].name.replace('_', ' ')} | {cells} |")
    return "\n".join(lines)


def tops_table(figures: Sequence[BlockFigures]) -> str:
    """Return one row per top module."""
    lines = [
        "| top | cells | LUTs | flip-flops | latches | memory bits | depth |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| `{one.name}` | {one.cells} | {one.luts} | {one.flip_flops} | {one.latches} "
        f"| {one.memory_bits} | {one.depth} |"
        for one in figures
    ]
    return "\n".join(lines)


def speed_table(figures: Sequence[SpeedFigures]) -> str:
    """Return one row per tile that was placed and routed."""
    lines = [
        "Placed and routed by nextpnr with seed 1, inside shift registers that stand for the pins.",
        "",
        "| tile | device | logic cells with shift registers | Fmax in MHz |",
        "|---|---|---:|---:|",
    ]
    lines += [
        f"| {one.config.rows} x {one.config.columns}, {_buffers(one.config.double_buffer)} "
        f"| {one.device} | {one.logic_cells} | {one.fmax_mhz:.1f} |"
        for one in figures
    ]
    return "\n".join(lines)


def _buffers(double_buffer: bool) -> str:
    return "two buffers" if double_buffer else "one buffer"
