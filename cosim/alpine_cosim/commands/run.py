# SPDX-License-Identifier: Apache-2.0
"""`alpine run`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alpine_models.files import write_text

from .cluster_network import ran_on_cluster
from .completion import completed, engines, networks, run_systems
from .device_options import device_options
from .exit_status import ExitStatus
from .many_core import ran_on_many_core
from .model_options import model_options
from .output_file import output_file_option
from .parsing import NumberCommand
from .progress import progress_bars
from .spec_options import asked_spec, network_option, spec_option, write_spec_option
from .weights_option import weights_option

if TYPE_CHECKING:
    from alpine_cosim.measurement.observation import Observation
    from alpine_cosim.measurement.results import RunResult
    from alpine_cosim.spec.specification import RunSpec

__all__ = ["run"]


@click.command(
    cls=NumberCommand,
    epilog="\b\nExamples:\n"
    "  alpine run mlp\n"
    "  alpine run mlp --system low-power --case 2 --engine model --json result.json\n"
    "  alpine run mlp --case digital --cores 2\n"
    "  alpine run mlp --case 3 --sync linux --set sync.futex_wake_cycles=10000\n"
    "  alpine run mlp --case loose --set io.posted_stores=true\n"
    "  alpine run mlp --engine cocotb --inferences 2 --trace waves\n"
    "  alpine run lstm-750 --case 4 --inferences 100\n"
    "  alpine run lstm-256 --case digital --cores 5\n"
    "  alpine run lstm-750 --text 'in the beginning'\n"
    "  alpine run cnn-s --software tuned\n"
    "  alpine run mlp --device hermes-2 --after 1day --compensate tile --seed 7 --chips 20\n"
    "  alpine run mlp --device pcm --effects programming,drift,ir-drop=1\n"
    "  alpine run --program examples/02_own_program.py:setup\n"
    "  alpine run mlp --case 2 --engine model --write-spec run.toml\n"
    "  alpine run --spec run.toml --seed 3\n"
    "  alpine run resnet-18 --system manycore-512 --case residual-l1 --inferences 16\n"
    "  alpine run bottleneck --system imc-cluster --case hybrid\n"
    "  alpine run model.onnx --data inputs.npz --tile-rows 256 --tile-columns 256",
)
@click.argument("network", required=False, shell_complete=completed(networks))
@spec_option
@write_spec_option
@click.option(
    "--system",
    default="high-power",
    show_default=True,
    shell_complete=completed(run_systems),
    help="high-power or low-power (Table I); manycore-512, clusters with crossbars (Bruschi et "
    "al.), which takes networks, --case, --mapping, --inferences, --set, --config and --json; or "
    "imc-cluster and imc-cluster-250, RISC-V cores with accelerators (Garofalo et al.), which take "
    "bottleneck and mobilenetv2, --case, --engine, --seed, --option and --json.",
)
@click.option(
    "--program",
    metavar="FILE.py:NAME",
    help="Run programs of your own in place of a network: the function NAME of the file, or of a "
    "module (package.module:NAME), returns an alpine_cosim.ProgramSetup (docs/aimclib.md).",
)
@click.option(
    "--case",
    help="Published mapping, mlp and LSTMs: 1 to 4, CNNs: 1; mlp also loose, tiles behind the I/O "
    "bus; model files: 1, the mapper's choice; or digital, the reference without tiles. "
    "Default: 1. On a many-core: naive, replicated, residual-l1 (published), or auto, the default.",
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    help="YAML file with the mapping, in place of a case; `alpine mapping` writes one.",
)
@click.option(
    "--cores",
    type=int,
    help="Cores of the digital reference, mlp: 1 (default), 2 or 4; LSTMs: 1 (default), 2 or 5; "
    "CNNs: 8.",
)
@click.option(
    "--engine",
    default="rtl",
    show_default=True,
    shell_complete=completed(engines),
    help="rtl: verilated tile, native transactor; cocotb: verilated tile, cocotb drivers; "
    "model: timed Python tile.",
)
@click.option(
    "--software",
    default="released",
    show_default=True,
    help="released: byte-wise packing of the released AIMClib; tuned: word-wise packing, and float "
    "values converted by vector instructions.",
)
@click.option(
    "--digital-style",
    default="neon4",
    show_default=True,
    help="Products of the digital reference and of a CNN's dense layers, which have no tile: "
    "neon4, neon1 or eigen_i8row.",
)
@click.option(
    "--input-format",
    default="int8",
    show_default=True,
    help="Inputs of the mlp in memory: int8 codes, or fp32 values that the program turns into "
    "codes.",
)
@click.option(
    "--activations",
    help="LSTMs: eigen, four elements at a time (default), or libm, one call per element.",
)
@click.option(
    "--sync",
    default="bare-metal",
    show_default=True,
    help="Cost of waiting for another core: bare-metal, or linux: threads block in the kernel.",
)
@click.option(
    "--inferences",
    type=int,
    help="Samples 0 to K-1 of the data set. Default: mlp 1000, LSTMs 50, with engine cocotb 4; "
    "CNNs 1; model files 16, or all samples of the data if they are fewer.",
)
@click.option("--text", help="LSTMs: read this text in place of the data set, and go on writing.")
@click.option("--length", type=int, help="Symbols to write after the text. Default: 100.")
@click.option("--greedy", is_flag=True, help="Write the likeliest symbol instead of drawing one.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all randomness.")
@device_options
@click.option("--chips", type=int, default=1, show_default=True, help="Run so many chips.")
@click.option(
    "--back-door/--through-port",
    default=None,
    help="Write the weights straight into the crossbar, or program every cell with CM_INITIALIZE. "
    "Default: through the port, with engine cocotb the back door.",
)
@weights_option
@click.option(
    "--normalisation/--no-normalisation",
    default=True,
    show_default=True,
    help="CNNs with or without local response normalisation.",
)
@click.option(
    # The second name is the first release's.
    "--as-printed",
    "--literal-table",
    "literal_table",
    is_flag=True,
    help="CNN-M with exactly the layers that the paper prints (see docs/cnn.md).",
)
@model_options
@click.option(
    "--tile-verilog",
    type=click.Path(path_type=Path),
    help="Simulate this aimc_tile.v instead of the shipped tile.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML file with fields of the system to replace.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE",
    help="Replace one field of the system, as in core.frequency_hz=1e9; may be repeated.",
)  # fmt: skip
@click.option(
    "--rtl-clusters",
    type=int,
    default=0,
    help="Many-core: run so many clusters' accelerators in RTL for the first image, and compare "
    "every byte and cycle. Clusters are chosen so that many kinds are met.",
)
@click.option(
    "--rtl-chunks",
    type=int,
    default=1,
    show_default=True,
    help="Many-core: columns of the image that each of them does in RTL; 0 for all.",
)
@output_file_option("--json", "json_file", help="Write the result as JSON to this file.")
@output_file_option("--timeline", help="Write the cores' operations as trace events (Perfetto).")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Leave a folder with a page about the run, its trace, waveforms, result and mapping.",
)
@click.option("--profile", is_flag=True, help="Say where host time goes.")
@click.option(
    "--check-reads",
    is_flag=True,
    help="Stop when a program reads memory that nobody wrote. Slower.",
)
@click.option(
    "--trace",
    type=click.Path(path_type=Path),
    help="Leave waveforms of the first and the last inference in this directory, and of the first "
    "one with wrong outputs; with engine cocotb one of the whole run.",
)
@network_option
def run(
    network: str | None,
    *,
    spec_file: Path | None,
    write_spec: Path | None,
    profile: bool,
    check_reads: bool,
    json_file: Path | None,
    timeline: Path | None,
    trace: Path | None,
    **keywords: Any,
) -> None:
    """Run a NETWORK, or programs of your own, on a simulated system.

    Networks: mlp, lstm-256, lstm-512, lstm-750, cnn-f, cnn-m, cnn-s, resnet-18, or an ONNX file; on
    the IMC cluster bottleneck and mobilenetv2.
    Ends with exit status 3 when outputs differ from the golden reference.
    """
    from rich.console import Console

    from alpine_cosim.measurement.observation import Observation
    from alpine_cosim.measurement.profile import print_profile
    from alpine_cosim.measurement.result_table import print_result
    from alpine_cosim.runs.network_run import run as run_network
    from alpine_cosim.spec.spec_file import spec_text

    if any(ran(network, keywords, json_file) for ran in (ran_on_cluster, ran_on_many_core)):
        return
    report: Path | None = keywords.pop("report")
    spec = asked_spec(network, spec_file, keywords)
    if write_spec is not None:
        write_text(write_spec, spec_text(spec))
        click.echo(f"description of the run written to {write_spec}")
        return
    with progress_bars() as progress:
        task = progress.add_task("preparing", total=None)

        def on_stage(stage: str, total: int) -> None:
            progress.reset(task, description=stage, total=total or None)

        observation = Observation(
            trace=trace,
            timeline=timeline,
            profile=profile,
            check_reads=check_reads,
            on_stage=on_stage,
            on_step=lambda: progress.advance(task),
        )
        if report is None:
            result = run_network(spec, observation=observation)
        else:
            result = _with_report(spec, report, observation)
    console = Console()
    print_result(result, console)
    if result.host_profile_s is not None:
        print_profile(result.host_profile_s, console)
    if json_file is not None:
        write_text(json_file, result.to_json())
    _tell(
        {
            "timeline written to": timeline,
            "waveform in": trace,
            "report in": report and report / "report.html",
            "result written to": json_file,
        }
    )
    if result.outputs_equal_golden is False:
        click.get_current_context().exit(ExitStatus.WRONG_OUTPUTS)


def _with_report(spec: "RunSpec", folder: Path, observation: "Observation") -> "RunResult":
    """Run and leave a folder; what draws its pictures takes half a second to import."""
    from alpine_cosim.pages.run_report import run_with_report

    return run_with_report(spec, folder, observation)


def _tell(files: dict[str, Path | None]) -> None:
    """Say where files are."""
    for words, path in files.items():
        if path is not None:
            click.echo(f"{words} {path}")
