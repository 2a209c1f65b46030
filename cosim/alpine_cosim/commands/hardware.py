# SPDX-License-Identifier: Apache-2.0
"""`alpine verilog` and `alpine synth`."""

from pathlib import Path
from typing import Any

import click

from alpine_models.errors import AlpineError
from alpine_models.files import write_text
from alpine_models.page_origin import Origin, with_origin
from alpine_models.plurals import counted
from alpine_models.registers import MAX_TILES
from alpine_models.tile import TileConfig

from .cluster_hardware import (
    cluster_options,
    refuse_cluster_options,
    refuse_tile_options,
    write_cluster_hardware,
)
from .output_file import output_file_option

__all__ = ["synth", "verilog"]


@click.command(epilog="Example: alpine verilog --rows 256 --cols 256 --out verilog")
@click.option("--rows", type=int, help="Word lines; 256 for a cluster, required for a tile.")
@click.option("--cols", type=int, help="Bit lines; 256 for a cluster, required for a tile.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Directory to write to; made if needed.",
)
@click.option("--double-buffer", is_flag=True, help="Queue the next vector during a product.")
@click.option(
    "--xlen", type=click.Choice(["32", "64"]), default="32", show_default=True,
    help="Register width of the RISC-V core behind the CV-X-IF tile.",
)  # fmt: skip
@click.option(
    "--tiles", type=click.IntRange(1, MAX_TILES), default=1, show_default=True,
    help="Tiles of the AXI accelerator, which can be chained.",
)  # fmt: skip
@cluster_options
def verilog(
    *,
    rows: int | None,
    cols: int | None,
    out: Path,
    double_buffer: bool,
    xlen: str,
    tiles: int,
    **cluster: Any,
) -> None:
    """Write the hardware as Verilog: every top, with wrappers, constraints, register files."""
    from alpine_rtl.verilog import write_tops

    if cluster["system"] is not None:
        refuse_tile_options()
        write_cluster_hardware(out, rows=rows, columns=cols, options=cluster)
        return
    refuse_cluster_options(cluster)
    if rows is None or cols is None:
        name = "--rows" if rows is None else "--cols"
        raise click.MissingParameter(param_type="option", param_hint=f"'{name}'")
    try:
        config = TileConfig(rows=rows, columns=cols, double_buffer=double_buffer)
    except ValueError as error:
        raise AlpineError(str(error)) from error
    for path in write_tops(out, config, chained=[config] * tiles, xlen=int(xlen)):
        click.echo(path)
    size = f"{counted(rows, 'word line')} x {counted(cols, 'bit line')}"
    click.echo(f"{size}; ports and use are in {out / 'README.md'}")


@click.command(epilog="Example: alpine synth --geometry 16x16 --geometry 64x64")
@click.option(
    "--geometry",
    "geometries",
    multiple=True,
    help="ROWSxCOLUMNS to map; may be given several times. Default: 16x16, 64x64, 256x256.",
)
@output_file_option("--write-docs", help="Write the page to this file instead.")
def synth(*, geometries: tuple[str, ...], write_docs: Path | None) -> None:
    """Measure the hardware's size, logic depth and speed with open tools."""
    from alpine_cosim.code_digest import HARDWARE, NO_HARDWARE
    from alpine_cosim.pages.synthesis import GEOMETRIES
    from alpine_cosim.pages.synthesis_report import parse_geometry, synthesis_page

    sizes = tuple(map(parse_geometry, geometries)) or GEOMETRIES
    page = synthesis_page(sizes, on_stage=lambda stage: click.echo(f"measuring {stage}", err=True))
    if write_docs is None:
        click.echo(page)
    else:
        origin = Origin.now("make synth", HARDWARE, NO_HARDWARE)
        write_text(write_docs, with_origin(page, origin))
        click.echo(f"result written to {write_docs}")
