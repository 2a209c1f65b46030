# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# pyright: reportUnknownMemberType=false
# Amaranth carries no types; what its converter returns is text.
"""Size, logic depth and speed of the hardware, from open synthesis tools."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Elaboratable

from alpine_models.children import scratch_folder
from alpine_models.files import write_text
from alpine_models.tile import TileConfig
from alpine_rtl.emission import rtlil_text
from alpine_rtl.open_tools import OpenTool, run_tool, run_yosys
from alpine_rtl.serial_pins import SerialPins
from alpine_rtl.tile import AimcTile
from alpine_rtl.verilog import tops

__all__ = [
    "GEOMETRIES",
    "BlockFigures",
    "SpeedFigures",
    "SynthesisFigures",
    "measure_speed",
    "synthesize",
    "synthesize_tops",
]

GEOMETRIES = ((16, 16), (64, 64), (256, 256))
"""Rows and columns that are measured unless others are asked for."""

SPEED_GEOMETRY = (4, 4)
"""Fits an iCE40 HX8K with its harness."""

TOP = "aimc_tile"


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockFigures:
    """One block after mapping to four-input lookup tables and flip-flops.

    Members
    -------
    name : str.
    luts, flip_flops, latches, memory_bits : int.
    depth : int, lookup tables on the longest path between registers or ports.
    """

    name: str
    luts: int
    flip_flops: int
    latches: int
    memory_bits: int
    depth: int

    @property
    def cells(self) -> int:
        """Everything that is mapped."""
        return self.luts + self.flip_flops + self.latches


@dataclass(frozen=True, kw_only=True, slots=True)
class SynthesisFigures:
    """A tile's blocks, each on its own, and the whole, mapped across their borders."""

    config: TileConfig
    blocks: tuple[BlockFigures, ...]
    whole: BlockFigures


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeedFigures:
    """A small tile, placed and routed.

    Members
    -------
    config : TileConfig.
    device : str. fmax_mhz : float, of the tile's clock. logic_cells : int, used, harness included.
    """

    config: TileConfig
    device: str
    fmax_mhz: float
    logic_cells: int


def synthesize(config: TileConfig) -> SynthesisFigures:
    """Map a tile to gates, block by block and as a whole.

    Raises
    ------
    AlpineError
        Yosys is not installed.
    """
    design = rtlil_text(AimcTile(config=config), name=TOP)
    blocks = sorted(set(re.findall(rf"^module \\({TOP}\.\w+)$", design, re.MULTILINE)))
    script = [
        "design -save loaded",
        # Blocks keep their borders; what they contain does not.
        *(f"setattr -mod -set keep_hierarchy 1 {block}" for block in blocks),
        f"synth -flatten -top {TOP} -lut 4",
        *_report("blocks"),
        "design -load loaded",
        f"synth -flatten -top {TOP} -lut 4",
        *_report("whole"),
    ]
    reports = _yosys(design, script, ("blocks", "whole"))
    return SynthesisFigures(
        config=config,
        blocks=tuple(
            _figures(reports["blocks"], block, name=block.removeprefix(f"{TOP}."))
            for block in blocks
        ),
        whole=_figures(reports["whole"], TOP, name="tile"),
    )


def synthesize_tops(config: TileConfig) -> tuple[BlockFigures, ...]:
    """Map every top module of one configuration to gates, as a whole."""
    return tuple(_synthesize_whole(top.component, name=top.name) for top in tops(config))


def _synthesize_whole(component: Elaboratable, *, name: str) -> BlockFigures:
    script = [f"synth -flatten -top {name} -lut 4", *_report("whole")]
    reports = _yosys(rtlil_text(component, name=name), script, ("whole",))
    return _figures(reports["whole"], name, name=name)


def _report(name: str) -> list[str]:
    return [f"tee -q -o {name}.json stat -json", f"tee -q -o {name}.ltp ltp -noff"]


def _yosys(
    design: str, script: Iterable[str], reports: Sequence[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Run a script; return module statistics by report and module, with the depth among them."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with scratch_folder("synth") as directory:
        write_text(directory / "design.il", design)
        run_yosys(["read_rtlil design.il", *script], directory=directory)
        for report in reports:
            modules = json.loads((directory / f"{report}.json").read_text())["modules"]
            paths = (directory / f"{report}.ltp").read_text()
            depths = dict(re.findall(r"path in (\S+) \(length=(-?\d+)\)", paths))
            found[report] = {
                name.removeprefix("\\"): {**module, "depth": int(depths.get(name[1:], 0))}
                for name, module in modules.items()
            }
    return found


def _figures(modules: dict[str, dict[str, Any]], module: str, *, name: str) -> BlockFigures:
    statistics = modules[module]
    kinds: dict[str, int] = statistics["num_cells_by_type"]

    def total(*words: str) -> int:
        return sum(n for kind, n in kinds.items() if any(word in kind for word in words))

    return BlockFigures(
        name=name,
        luts=total("$lut"),
        flip_flops=total("DFF"),
        latches=total("LATCH", "$_SR_"),
        memory_bits=int(statistics["num_memory_bits"]),
        depth=max(0, int(statistics["depth"])),
    )


def measure_speed(config: TileConfig) -> SpeedFigures:
    """Place and route a tile inside `SerialPins` on an iCE40 HX8K.

    Raises
    ------
    AlpineError
        Yosys or nextpnr is not installed.
    """
    with scratch_folder("pnr") as directory:
        harness = SerialPins(AimcTile(config=config))
        write_text(directory / "design.il", rtlil_text(harness, name="top"))
        commands = ["read_rtlil design.il", "synth_ice40 -top top -json design.json"]
        run_yosys(commands, directory=directory)
        run_tool(
            OpenTool.NEXTPNR_ICE40,
            "--hx8k",
            "--package",
            "ct256",
            "--json",
            "design.json",
            "--report",
            "report.json",
            # One seed, so that the figure can be reproduced.
            "--seed",
            "1",
            "--freq",
            "100",
            "--timing-allow-fail",
            "--quiet",
            directory=directory,
        )
        report = json.loads((directory / "report.json").read_text())
    return SpeedFigures(
        config=config,
        device="iCE40 HX8K",
        fmax_mhz=min(clock["achieved"] for clock in report["fmax"].values()),
        logic_cells=report["utilization"]["ICESTORM_LC"]["used"],
    )
