# SPDX-License-Identifier: Apache-2.0
"""`alpine faults`."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_text
from alpine_models.plurals import counted

from .completion import completed, networks, systems
from .device_options import device_options
from .exit_status import ExitStatus
from .output_file import output_file_option
from .parsing import NumberCommand
from .progress import progress_bars
from .scheduler_option import chosen_scheduler, scheduler_option
from .spec_options import asked_spec, spec_option
from .weights_option import weights_option

if TYPE_CHECKING:
    from alpine_cosim.campaigns.faults.campaign import Campaign
    from alpine_cosim.spec.specification import RunSpec

__all__ = ["faults"]

SHOWN_FAILURES = 5


@click.command(
    cls=NumberCommand,
    epilog="\b\nExamples:\n"
    "  alpine faults mlp --list-sites\n"
    "  alpine faults mlp --runs 200 --workers 2 --json faults.json\n"
    "  alpine faults mlp --site sequencer --by-register\n"
    "  alpine faults mlp --inject 'sequencer.phase[1]@700' --inject 'converters.adc[1030]=127'\n"
    "  alpine faults mlp --device pcm --after 1day --compensate tile --site converters.adc\n"
    "  alpine faults mlp --inject 'sequencer.phase[1]@700' --trace waves",
)
@click.argument("network", required=False, shell_complete=completed(networks))
@spec_option
@click.option(
    "--system",
    default="high-power",
    show_default=True,
    shell_complete=completed(systems),
    help="high-power or low-power (Table I).",
)
@click.option(
    "--case",
    help="Published mapping; mlp and LSTMs: 1 to 4, CNNs: 1. Default: 2, of the CNNs 1.",
)  # fmt: skip
@click.option(
    "--software", default="released", show_default=True, help="released or tuned; see alpine run."
)
@click.option(
    "--inferences", type=int,
    help="Samples 0 to K-1 of the data set, in every run. Default: 4, of the CNNs 1.",
)  # fmt: skip
@click.option(
    "--site", "sites", multiple=True, metavar="NAME",
    help="Compare this block, register or bit, as in sequencer, sequencer.phase or "
    "'sequencer.phase[1]'; may be repeated. Default: every block, and all registers together.",
)  # fmt: skip
@click.option("--by-register", is_flag=True, help="One row per register instead of per block.")
@click.option("--list-sites", is_flag=True, help="List the sites and end.")
@click.option(
    "--inject", "faults", multiple=True, metavar="FAULT",
    help="Make one run with this fault instead of drawn ones, as in 'sequencer.left[3]@1200' (bit "
    "3, tile cycle 1200), 'array.column[17]', 'array.cell[5,17]+set' or "
    "'converters.adc[17]=127'; may be repeated.",
)  # fmt: skip
@click.option("--runs", type=int, default=50, show_default=True, help="Faults drawn for each row.")
@click.option(
    "--seed", type=int, default=0, show_default=True,
    help="Of the drawn faults and of the chip's imperfections.",
)  # fmt: skip
@device_options
@click.option(
    "--workers",
    type=int,
    help="Processes that run in parallel. Default: one per processor, if there are enough runs.",
)
@scheduler_option
@weights_option
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML file with fields of the system to replace.",
)
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Replace one field.")
@output_file_option("--json", "json_file", help="Write every run as JSON to this file.")
@click.option(
    "--trace", type=click.Path(path_type=Path),
    help="Leave waveforms of the runs with --inject, and of one without a fault, here.",
)  # fmt: skip
@click.option(
    "--resume",
    is_flag=True,
    help="Keep the runs that the --json file, and the folder beside it, has and make the others.",
)
def faults(
    network: str | None,
    *,
    spec_file: Path | None,
    list_sites: bool,
    workers: int | None,
    scheduler: str | None,
    json_file: Path | None,
    trace: Path | None,
    resume: bool,
    **keywords: Any,
) -> int:
    """Inject faults into the tiles of a NETWORK's runs and say what they do.

    Every run has one fault: a bit of a register of the RTL flips at the beginning of a busy tile
    cycle, or a part of the array or of the converters is broken from the start. A run is masked,
    sdc (silent data corruption), detected or hang, against a run of the same chip without a fault.
    Ctrl-C ends a campaign with what was run.
    """
    from rich.console import Console

    from alpine_cosim.campaigns.faults.campaign import CampaignPlan, run_campaign
    from alpine_cosim.campaigns.faults.report import (
        kept_runs,
        known_records,
        print_sites,
    )
    from alpine_cosim.campaigns.faults.sites import sites_of

    if resume and json_file is None:
        raise AlpineError("--resume continues the campaign of a file: name it with --json")
    drawn = {name: keywords.pop(name) for name in ("runs", "sites", "by_register", "faults")}
    plan = CampaignPlan(spec=_spec(network, spec_file, keywords), **drawn)
    if list_sites:
        print_sites(sites_of(plan.task().workload), Console())
        return 0
    if trace is not None and scheduler is not None:
        raise AlpineError("--trace writes waveforms on this machine: leave --scheduler out")
    if trace is not None and not plan.faults:
        raise AlpineError("--trace writes a waveform for every run: name the faults with --inject")
    known = known_records(json_file, plan) if resume and json_file and json_file.exists() else []
    store = None if json_file is None else kept_runs(json_file, anew=not resume)
    start = time.perf_counter()
    with progress_bars() as progress:
        bar = progress.add_task("preparing", total=None)
        campaign = run_campaign(
            plan,
            workers=workers,
            executor=chosen_scheduler(scheduler),
            known=known,
            store=store,
            trace=trace,
            on_stage=lambda stage, total: progress.reset(
                bar, description=stage, total=total or None
            ),
            on_step=lambda: progress.advance(bar),
        )
    _tell_outcome(campaign, json_file, seconds=time.perf_counter() - start)
    if trace is not None:
        click.echo(f"waveforms in {trace}")
    _tell_failures(campaign)
    if campaign.interrupted:
        return ExitStatus.INTERRUPTED
    return ExitStatus.FAILED if campaign.failures else 0


def _tell_outcome(campaign: "Campaign", json_file: Path | None, *, seconds: float) -> None:
    from rich.console import Console

    from alpine_cosim.campaigns.faults.report import campaign_json, print_campaign

    print_campaign(campaign, Console())
    click.echo(f"{counted(len(campaign.records) - campaign.reused, 'run')} in {seconds:.1f} s")
    if json_file is not None and campaign.records:
        write_text(json_file, campaign_json(campaign, host_seconds=seconds))
        click.echo(f"campaign written to {json_file}")


def _spec(network: str | None, spec_file: Path | None, keywords: Mapping[str, Any]) -> "RunSpec":
    """The run into which faults are injected: on engine rtl, and a short one by default."""
    from alpine_cosim.spec.networks import NETWORKS

    given = dict(keywords)
    if spec_file is None and network is not None:
        entry = NETWORKS[choose("network", network, NETWORKS)]
        given["case"] = given["case"] or entry.fault_case
    spec = asked_spec(network, spec_file, given)
    spec.check_network("a fault campaign")
    spec = replace(spec, engine="rtl")
    if spec.inferences is None:
        spec = replace(spec, inferences=spec.entry.fault_inferences)
    return spec


def _tell_failures(campaign: "Campaign") -> None:
    for failure in campaign.failures[:SHOWN_FAILURES]:
        click.echo(f"alpine: failed: {failure}", err=True)
    if campaign.failures:
        click.echo(
            f"alpine: {campaign.planned - len(campaign.records):,} of "
            f"{counted(campaign.planned, 'run')} could not be made",
            err=True,
        )
