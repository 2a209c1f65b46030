"""The `alpine` command."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from alpine_models import __version__
from alpine_models.errors import AlpineError
from alpine_models.files import write_text
from alpine_models.tile import TileConfig

from .doctor import diagnose
from .results import print_result

__all__ = ["cli", "main"]

USAGE_ERROR = 2
INTERRUPTED = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: alpine run mlp --system high-power --case 1 --inferences 100",
)
@click.version_option(__version__, prog_name="alpine")
def cli() -> None:
    """Co-simulate processors that compute inside analog memory, down to the RTL."""


@cli.command(
    epilog="\b\nExamples:\n"
    "  alpine run mlp\n"
    "  alpine run mlp --system low-power --case 2 --engine model --json result.json\n"
    "  alpine run mlp --case digital --cores 2\n"
    "  alpine run mlp --engine cocotb --inferences 2 --trace waves"
)
@click.argument("network")
@click.option(
    "--system", default="high-power", show_default=True, help="high-power or low-power (Table I)."
)
@click.option(
    "--case", default="1", show_default=True, help="Published mapping, 1 to 4, or digital."
)
@click.option("--cores", type=int, help="Cores of the digital reference: 1, 2 or 4. Default: 1.")
@click.option(
    "--engine",
    default="rtl",
    show_default=True,
    help="rtl: verilated tile, native transactor; cocotb: verilated tile, cocotb drivers; "
    "model: timed Python tile.",
)
@click.option(
    "--software",
    default="released",
    show_default=True,
    help="released: byte-wise packing of the released AIMClib; tuned: word-wise packing.",
)
@click.option(
    "--digital-style",
    default="neon4",
    show_default=True,
    help="Products of the digital reference: neon4, neon1 or eigen_i8row.",
)
@click.option(
    "--sync", default="bare-metal", show_default=True, help="Cost of synchronisation: bare-metal."
)
@click.option(
    "--inferences",
    type=int,
    help="Samples 0 to K-1 of the data set. Default: 1000, with engine cocotb 4.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all randomness.")
@click.option(
    "--back-door/--through-port",
    default=None,
    help="Write the weights straight into the crossbar, or program every cell with CM_INITIALIZE. "
    "Default: through the port, with engine cocotb the back door.",
)
@click.option("--weights", type=Path, help="Weight file to use instead of the shipped one.")
@click.option(
    "--tile-verilog", type=Path, help="Simulate this aimc_tile.v instead of the shipped tile."
)
@click.option("--json", "json_file", type=Path, help="Write the result as JSON to this file.")
@click.option(
    "--trace", type=Path, help="Leave a waveform of the first inference in this directory."
)
def run(
    network: str,
    *,
    system: str,
    case: str,
    engine: str,
    cores: int | None,
    software: str,
    digital_style: str,
    sync: str,
    inferences: int | None,
    seed: int,
    back_door: bool | None,
    weights: Path | None,
    tile_verilog: Path | None,
    json_file: Path | None,
    trace: Path | None,
) -> None:
    """Run a NETWORK on a simulated system: mlp."""
    from .session import run as run_session

    with _progress() as progress:
        task = progress.add_task("preparing", total=None)

        def on_stage(stage: str, total: int) -> None:
            progress.reset(task, description=stage, total=total or None)

        result = run_session(
            network,
            system=system,
            case=case,
            engine=engine,
            cores=cores,
            software=software,
            digital_style=digital_style,
            sync=sync,
            inferences=inferences,
            seed=seed,
            back_door=back_door,
            weights=weights,
            tile_verilog=tile_verilog,
            trace=trace,
            on_stage=on_stage,
            on_step=lambda: progress.advance(task),
        )
    print_result(result, Console())
    if trace is not None:
        click.echo(f"waveform in {trace}")
    if json_file is not None:
        write_text(json_file, result.to_json())
        click.echo(f"result written to {json_file}")


@cli.command(epilog="Example: alpine verilog --rows 256 --cols 256 --out verilog")
@click.option("--rows", type=int, required=True, help="Word lines.")
@click.option("--cols", type=int, required=True, help="Bit lines.")
@click.option("--out", type=Path, required=True, help="Directory to write to; made if needed.")
@click.option("--double-buffer", is_flag=True, help="Queue the next vector during a product.")
@click.option(
    "--xlen", type=click.Choice(["32", "64"]), default="32", show_default=True,
    help="Register width of the RISC-V core behind the CV-X-IF tile.",
)  # fmt: skip
def verilog(*, rows: int, cols: int, out: Path, double_buffer: bool, xlen: str) -> None:
    """Write the hardware as Verilog: every top, wrappers with the crossbar, constraints."""
    from alpine_rtl.verilog import write_tops

    try:
        config = TileConfig(rows=rows, columns=cols, double_buffer=double_buffer)
    except ValueError as error:
        raise AlpineError(str(error)) from error
    for path in write_tops(out, config, xlen=int(xlen)):
        click.echo(path)
    click.echo(f"{rows} word lines x {cols} bit lines; ports and use are in {out / 'README.md'}")


@cli.command(epilog="Example: alpine synth --geometry 16x16 --geometry 64x64")
@click.option(
    "--geometry",
    "geometries",
    multiple=True,
    help="ROWSxCOLUMNS to map; may be given several times. Default: 16x16, 64x64, 256x256.",
)
@click.option("--write-docs", type=Path, help="Write the page to this file instead.")
def synth(*, geometries: tuple[str, ...], write_docs: Path | None) -> None:
    """Measure the hardware's size, logic depth and speed with open tools."""
    from .synthesis import GEOMETRIES
    from .synthesis_report import parse_geometry, synthesis_page

    sizes = tuple(map(parse_geometry, geometries)) or GEOMETRIES
    page = synthesis_page(sizes, on_stage=lambda stage: click.echo(f"measuring {stage}", err=True))
    if write_docs is None:
        click.echo(page)
    else:
        write_text(write_docs, page)
        click.echo(f"result written to {write_docs}")


@cli.command()
def doctor() -> None:
    """Say what this machine lacks and the exact command that fixes it."""
    if not diagnose(Console()):
        sys.exit(1)


def main() -> None:
    """Run the command line; every error a person can cause is one line and exit status 2."""
    try:
        code = cli(standalone_mode=False)
    except AlpineError as error:
        _fail(str(error), USAGE_ERROR)
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}; see `alpine --help`", USAGE_ERROR)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted; nothing half-written was left behind", INTERRUPTED)
    else:
        sys.exit(code or 0)


def _fail(message: str, status: int) -> None:
    print(f"alpine: {message}", file=sys.stderr)
    sys.exit(status)


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # Redirected output gets no progress, and no empty lines in its place.
        disable=not console.is_terminal,
    )
