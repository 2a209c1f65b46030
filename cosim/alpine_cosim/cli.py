"""The `alpine` command."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from alpine_models import __version__
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_text
from alpine_models.tile import TileConfig

from .doctor import diagnose
from .kernel_report import print_timing
from .profile import print_profile
from .results import print_result
from .systems import configure

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
    "  alpine run mlp --engine cocotb --inferences 2 --trace waves\n"
    "  alpine run lstm-750 --case 2 --inferences 100\n"
    "  alpine run cnn-s --software tuned"
)
@click.argument("network")
@click.option(
    "--system", default="high-power", show_default=True, help="high-power or low-power (Table I)."
)
@click.option(
    "--case",
    default="1",
    show_default=True,
    help="Published mapping, mlp: 1 to 4, LSTMs: 1 or 2, CNNs: 1; mlp and CNNs also: digital.",
)
@click.option(
    "--cores", type=int, help="Cores of the digital reference, mlp: 1 (default), 2 or 4; CNNs: 8."
)
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
    help="Samples 0 to K-1 of the data set. Default: mlp 1000, LSTMs 50, with engine cocotb 4; "
    "CNNs 1.",
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
@click.option("--config", type=Path, help="TOML file with fields of the system to replace.")
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE",
    help="Replace one field of the system, as in core.frequency_hz=1e9; may be repeated.",
)  # fmt: skip
@click.option("--json", "json_file", type=Path, help="Write the result as JSON to this file.")
@click.option(
    "--timeline", type=Path, help="Write the cores' operations as trace events (Perfetto)."
)
@click.option("--profile", is_flag=True, help="Say where host time goes.")
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
    config: Path | None,
    settings: tuple[str, ...],
    json_file: Path | None,
    timeline: Path | None,
    profile: bool,
    trace: Path | None,
) -> None:
    """Run a NETWORK on a simulated system.

    Networks: mlp, lstm-256, lstm-512, lstm-750, cnn-f, cnn-m, cnn-s.
    """
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
            timeline=timeline,
            profile=profile,
            config_file=config,
            settings=settings,
            on_stage=on_stage,
            on_step=lambda: progress.advance(task),
        )
    console = Console()
    print_result(result, console)
    if result.host_profile_s is not None:
        print_profile(result.host_profile_s, console)
    if timeline is not None:
        click.echo(f"timeline written to {timeline}")
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


@cli.command(
    epilog="\b\nExamples:\n"
    "  alpine kernel mvm --size 512x2048 --style neon4\n"
    "  alpine kernel copy --size 65536 --system low-power --set l2.associativity=8"
)
@click.argument("name")
@click.option("--size", required=True, help="As OUTxIN for mvm; LENGTH for vector kernels.")
@click.option("--style", help="Instruction sequence; each kernel's first one when left out.")
@click.option("--system", default="high-power", show_default=True, help="Preset.")
@click.option("--config", type=Path, help="TOML file with fields of the system to replace.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Replace one field.")
@click.option("--json", "json_file", type=Path, help="Write the figures as JSON to this file.")
def kernel(
    name: str,
    *,
    size: str,
    style: str | None,
    system: str,
    config: Path | None,
    settings: tuple[str, ...],
    json_file: Path | None,
) -> None:
    """Time one kernel of the library alone: one warm execution on an idle system."""
    from alpine_sw.kernels import KERNELS, time_kernel

    choose("kernel", name, KERNELS)
    try:
        numbers = tuple(map(int, size.lower().split("x")))
        timing = time_kernel(
            name,
            size=numbers,
            style=style,
            config=configure(system, config_file=config, settings=settings),
        )
    except ValueError as error:
        raise AlpineError(f"kernel {name} --size {size}: {error}") from error
    print_timing(timing, Console())
    if json_file is not None:
        write_text(json_file, json.dumps(asdict(timing), indent=2) + "\n")
        click.echo(f"figures written to {json_file}")


@cli.command(epilog="Example: alpine paper --only mlp --out paper")
@click.option(
    "--only", default="mlp", show_default=True, help="Which exploration of the paper: mlp."
)
@click.option("--out", type=Path, default=Path("paper"), show_default=True, help="Folder.")
@click.option("--quick", is_flag=True, help="Timed tile throughout; same times, no RTL.")
def paper(*, only: str, out: Path, quick: bool) -> None:
    """Run the published exploration again and write a report beside the paper's figures.

    Finished runs are kept in the folder; a stopped report goes on where it was.
    """
    from .paper import RunStore, plan_mlp, write_report

    choose("exploration", only, ["mlp"])
    plans = plan_mlp(quick=quick)
    try:
        store = RunStore(out / "runs")
    except OSError as error:
        raise AlpineError(f"folder {out} cannot be made: {error.strerror}") from error
    with _progress() as progress:
        task = progress.add_task("running", total=len(plans))
        results = store.complete(plans, on_run=lambda plan, reused: progress.advance(task))
    for path in write_report(results, out):
        click.echo(path)


@cli.group()
def system() -> None:
    """Look at the simulated systems."""


@system.command("describe", epilog="Example: alpine system describe high-power")
@click.argument("name")
@click.option("--config", type=Path, help="TOML file with fields to replace.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Replace one field.")
def describe_system(name: str, *, config: Path | None, settings: tuple[str, ...]) -> None:
    """Draw a system's block diagram as a tree, every number with its source."""
    from alpine_platform.describe import describe

    Console().print(describe(configure(name, config_file=config, settings=settings)))


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
