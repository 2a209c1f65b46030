# SPDX-License-Identifier: Apache-2.0
"""Verilog of every top, with what a synthesis flow needs beside it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from amaranth.hdl import Elaboratable

from alpine_models.files import make_folder, write_text
from alpine_models.tile import TileConfig

from .accelerator import AimcAxi
from .crossing import AimcTileCdc
from .cvxif import AimcTileCvxif
from .emission import emission
from .register_files import c_header, register_page
from .tile import AimcTile
from .top import Top
from .verilog_files import constraints, crossbar_stub, file_lists, readme, waivers, wrapper

__all__ = ["emit", "tops", "write_tops"]


def emit(component: Elaboratable, *, name: str) -> str:
    """Return self-contained Verilog of a component; the same input gives the same text.

    Parameters
    ----------
    component : what to convert; its members become the ports of the top module, besides ``clk``
        and ``rst`` (synchronous, active high).
    name : name of the top module; submodules are named ``<name>.<submodule>``.
    """
    return emission(component, name=name).text


def tops(
    config: TileConfig, *, chained: Sequence[TileConfig] | None = None, xlen: int = 32
) -> tuple[Top, ...]:
    """Return every top for one tile configuration.

    Parameters
    ----------
    config : the tile.
    chained : tiles of the AXI accelerator; one of ``config`` when omitted.
    xlen : register width of the CV-X-IF tile.
    """
    chained = tuple(chained) if chained is not None else (config,)
    one = (("xb", config),)
    return (
        Top(
            name="aimc_tile",
            component=AimcTile(config=config),
            clocks=("clk",),
            macros=one,
            summary="The tile: CM port, register port, crossbar ports.",
        ),
        Top(
            name="aimc_tile_cdc",
            component=AimcTileCdc(config=config),
            clocks=("clk", "cpu_clk"),
            macros=one,
            summary="The tile with its CM port in the clock domain of cpu_clk.",
        ),
        Top(
            name="aimc_tile_cvxif",
            component=AimcTileCvxif(config=config, xlen=xlen),
            clocks=("clk",),
            macros=one,
            summary="The tile as coprocessor on the OpenHW CV-X-IF.",
        ),
        Top(
            name="aimc_axi",
            component=AimcAxi(tiles=chained),
            clocks=("clk",),
            macros=tuple((f"xb{k}", tile) for k, tile in enumerate(chained)),
            summary=f"{len(chained)} tile(s) behind an AXI4-Lite port.",
        ),
    )


def write_tops(
    directory: Path,
    config: TileConfig,
    *,
    chained: Sequence[TileConfig] | None = None,
    xlen: int = 32,
) -> list[Path]:
    """Write every top, its wrapper with the crossbar, and the files around them.

    Files are replaced one by one, so that none is ever half written.

    Parameters
    ----------
    directory : created if needed.
    config, chained, xlen : see `tops`.

    Returns
    -------
    The files written: ``<top>.v`` and ``<top>_with_crossbar.v`` of every top, the black box
    ``aimc_crossbar.v``, a list of these sources for each kind of tool (`file_lists`), ``aimc.sdc``,
    ``aimc.vlt``, ``README.md``, and the registers as C header ``aimc_registers.h`` and page
    ``REGISTERS.md``.

    Raises
    ------
    AlpineError
        The directory cannot be made or written.
    """
    made = tops(config, chained=chained, xlen=xlen)
    sources = {f"{top.name}.v": emit(top.component, name=top.name) for top in made}
    sources["aimc_crossbar.v"] = crossbar_stub(config)
    sources |= {f"{top.wrapper_name}.v": wrapper(top) for top in made}
    texts = {
        **sources,
        **file_lists(sources),
        "aimc.sdc": constraints(),
        "aimc.vlt": waivers(),
        "README.md": readme(made),
        "aimc_registers.h": c_header(),
        "REGISTERS.md": register_page(),
    }
    make_folder(directory)
    for name, text in texts.items():
        write_text(directory / name, text)
    return [directory / name for name in texts]


def module_names(texts: Iterable[str]) -> list[str]:
    """Return the names of the modules that Verilog texts define, in order."""
    return [
        line.split()[1].split("(")[0].rstrip(";").lstrip("\\")
        for text in texts
        for line in text.splitlines()
        if line.startswith("module ")
    ]
