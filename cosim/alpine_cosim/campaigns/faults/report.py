# SPDX-License-Identifier: Apache-2.0
"""What a campaign found: shares with confidence intervals, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from scipy import stats

from alpine_cosim.campaigns.store import ResultStore
from alpine_cosim.code_digest import code_digest
from alpine_cosim.spec.specification import RunSpec
from alpine_cosim.spec.trees import file_digest
from alpine_models.device import AnalogDevice
from alpine_models.errors import AlpineError
from alpine_models.plurals import counted

from .campaign import Campaign, CampaignPlan, Injection, InjectionResult
from .kinds import fault_text, parse_fault
from .repeated_run import FaultResult, Outcome
from .sites import BLOCKS, Site

__all__ = [
    "CONFIDENCE",
    "Row",
    "Share",
    "campaign_json",
    "kept_runs",
    "known_records",
    "print_campaign",
    "print_sites",
    "rows",
    "share",
]

CONFIDENCE = 0.95
"""Of every interval."""

NAMED_PLACES = 2
"""Tiles that the table of sites names one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How often something happened.

    Members
    -------
    count : of runs. share : of the group's runs.
    low, high : Wilson's interval of the probability behind it, with confidence `CONFIDENCE`.
    """

    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One group's runs together.

    Members
    -------
    name : str. places : int, where a fault can be. runs : int.
    outcomes : Share by outcome's name.
    reasons : of detected errors, runs by what told.
    late : runs that ended with right outputs at another time.
    latent : masked runs that left a register in another state.
    mean_score_loss, worst_score_loss : over the runs with silent data corruption, or None.
    """

    name: str
    places: int
    runs: int
    outcomes: dict[str, Share]
    reasons: dict[str, int]
    late: int
    latent: int
    mean_score_loss: float | None
    worst_score_loss: float | None


def share(count: int, runs: int) -> Share:
    """Return a share of runs with its interval."""
    untyped: Any = stats
    interval = untyped.binomtest(count, runs).proportion_ci(CONFIDENCE, method="wilson")
    return Share(
        count=count, share=count / runs, low=float(interval.low), high=float(interval.high)
    )


def rows(campaign: Campaign) -> list[Row]:
    """Return a row for each group of which a run was made."""
    made: list[Row] = []
    for group in campaign.groups:
        results = [r.result for r in campaign.records if r.injection.group == group.name]
        if results:
            made.append(_row(group.name, group.size, results))
    return made


def _row(name: str, places: int, results: Sequence[FaultResult]) -> Row:
    masked = [r for r in results if r.outcome is Outcome.MASKED]
    corrupted = [r for r in results if r.outcome is Outcome.SDC]
    losses = [r.score_loss for r in corrupted if r.score_loss is not None]
    reasons = [r.reason for r in results if r.outcome is Outcome.DETECTED]
    return Row(
        name=name,
        places=places,
        runs=len(results),
        outcomes={
            outcome.value: share(sum(r.outcome is outcome for r in results), len(results))
            for outcome in Outcome
        },
        reasons={reason: reasons.count(reason) for reason in dict.fromkeys(sorted(reasons))},
        late=sum(bool(r.time_change_s) for r in masked),
        latent=sum(bool(r.latent) for r in masked),
        mean_score_loss=sum(losses) / len(losses) if losses else None,
        worst_score_loss=max(losses) if losses else None,
    )


def print_campaign(campaign: Campaign, console: Console) -> None:
    """Print a campaign as one table: a row per group, or per fault where a person chose them."""
    spec = campaign.plan.spec
    device = spec.chip_series
    title = (
        f"{spec.network} on {spec.system.name}, case {spec.case}, "
        f"{_inferences(campaign)}, {campaign.busy_cycles:,} busy tile cycles"
    )
    if device is not None:
        title += f"\non {device.device}, chip 0 of seed {device.seed}"
    if campaign.groups and campaign.records:
        console.print(_table(campaign, title))
        console.print(
            f"[dim]% of runs, below it the {CONFIDENCE:.0%} interval (Wilson); latent: masked, but "
            f"a register stays different; loss: {_loss_text(campaign)}, mean of the sdc runs[/]"
        )
    elif campaign.records:
        console.print(_chosen(campaign, title))
    if campaign.interrupted:
        console.print(
            f"[bold]interrupted: {len(campaign.records):,} of "
            f"{counted(campaign.planned, 'run')} made[/]"
        )


def _inferences(campaign: Campaign) -> str:
    return f"{counted(campaign.plan.spec.inferences or 0, 'inference')} per run"


def _loss_text(campaign: Campaign) -> str:
    return "accuracy lost" if campaign.score_is_accuracy else "bits per character added"


def _table(campaign: Campaign, title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("site", overflow="fold", min_width=16)
    for name in ("places", *(outcome.value for outcome in Outcome), "latent", "loss"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows(campaign):
        table.add_row(
            f"{escape(row.name)}\n[dim]{counted(row.runs, 'run')}[/]",
            f"{row.places:,}",
            *(_percent(row.outcomes[outcome.value]) for outcome in Outcome),
            f"{100 * row.latent / row.runs:.0f}",
            _score(row.mean_score_loss, campaign),
        )
    return table


def _percent(value: Share) -> str:
    interval = f"{100 * value.low:.0f}-{100 * value.high:.0f}"
    return f"{100 * value.share:.1f}\n[dim]{interval}[/]"


def _score(loss: float | None, campaign: Campaign) -> str:
    if loss is None:
        return "-"
    return f"{loss:.1%}" if campaign.score_is_accuracy else f"{loss:.3f}"


def _chosen(campaign: Campaign, title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("fault", overflow="fold")
    table.add_column("outcome")
    for name in ("wrong outputs", "loss", "later by", "latent"):
        table.add_column(name, justify="right", no_wrap=True)
    for record in campaign.records:
        result = record.result
        table.add_row(
            escape(fault_text(record.injection.fault)),
            result.outcome.value + (f": {escape(result.reason)}" if result.reason else ""),
            "-" if result.wrong_outputs is None else f"{result.wrong_outputs:.2%}",
            _score(result.score_loss, campaign),
            "-" if result.time_change_s is None else f"{result.time_change_s * 1e9:.0f} ns",
            "-" if result.latent is None else "yes" if result.latent else "no",
        )
    return table


def print_sites(sites: Sequence[Site], console: Console) -> None:
    """Print every site with its size, by block."""
    table = Table(title="Fault sites", title_justify="left")
    for name in ("block", "register", "in", "bits or places"):
        table.add_column(name, justify="right" if name.startswith("bits") else "left")
    last = ""
    for name in dict.fromkeys(site.name for site in sites):
        same = [site for site in sites if site.name == name]
        block = same[0].block
        label = f"{block}: {BLOCKS.get(block, '')}" if block != last else ""
        last = block
        sizes = dict.fromkeys(f"{site.size:,}" for site in same)
        places = [site.place for site in same]
        table.add_row(
            label, "" if same[0].outside else name.removeprefix(f"{block}."),
            f"{len(places)} tiles" if len(places) > NAMED_PLACES else ", ".join(places),
            " or ".join(sizes),
        )  # fmt: skip
    console.print(table)


def campaign_json(campaign: Campaign, *, host_seconds: float) -> str:
    """Return a campaign as indented JSON: plan, run without faults, groups, and every run."""
    made = {
        "plan": _plan(campaign.plan),
        "code": code_digest(),
        "score": campaign.score,
        "score_is_accuracy": campaign.score_is_accuracy,
        "time_s": campaign.time_s,
        "busy_cycles": campaign.busy_cycles,
        "confidence": CONFIDENCE,
        "complete": campaign.complete,
        "planned_runs": campaign.planned,
        "failures": [str(failure) for failure in campaign.failures],
        "host_seconds": host_seconds,
        "groups": [asdict(row) for row in rows(campaign)],
        "records": [
            {
                "group": record.injection.group,
                "index": record.injection.index,
                "fault": fault_text(record.injection.fault),
                **asdict(record.result),
            }
            for record in campaign.records
        ],
    }
    return json.dumps(made, indent=1) + "\n"


def _plan(plan: CampaignPlan) -> dict[str, Any]:
    spec, weights = plan.spec, _weights(plan.spec)
    return {
        "network": spec.network,
        "system": spec.system.name,
        "settings": dict(spec.system.changes),
        "case": spec.case,
        "software": spec.software.style.value,
        "inferences": spec.inferences,
        "weights": None if weights is None else str(weights),
        "weights_sha256": None if weights is None else file_digest(weights),
        "device": None if spec.device.analog is None else _device(spec.device.analog),
        "seed": spec.seed,
        "runs": plan.runs,
        "sites": list(plan.sites),
        "by_register": plan.by_register,
        "faults": list(plan.faults),
    }


def _weights(spec: RunSpec) -> Path | None:
    """A weight file that a person names; shipped ones count as code."""
    return getattr(spec.options, "weights", None)


def _device(device: AnalogDevice) -> dict[str, Any]:
    return {
        "name": device.name,
        "effects": list(device.effects),
        "after_s": device.after_s,
        "compensation": device.config.compensation.value,
        "adc_bits": device.config.adc.bits,
        "verify_margin": device.verify_margin,
    }


SAME = (
    "network", "system", "settings", "case", "software", "inferences", "weights_sha256", "device",
    "seed",
)  # fmt: skip
"""Parts of a plan on which a run's result depends."""


def kept_runs(path: Path, *, anew: bool) -> ResultStore:
    """Return the store of a campaign's runs, a folder beside the campaign's file.

    Parameters
    ----------
    path : of the campaign's file.
    anew : forget what is in the store.
    """
    store = ResultStore(path.with_suffix(".runs"))
    if anew:
        store.clear()
    return store


def known_records(path: Path, plan: CampaignPlan) -> list[InjectionResult]:
    """Return the runs of a file that `campaign_json` wrote, for a plan that continues it.

    Raises
    ------
    AlpineError
        The file cannot be read, or holds runs of other code, or of another network, system or seed.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        old: dict[str, Any] = content["plan"]
        records = [_record(entry) for entry in content["records"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AlpineError(f"campaign {path} cannot be continued: {error}") from error
    if content.get("code") != code_digest():
        raise AlpineError(
            f"campaign {path} cannot be continued: its runs were made by another version of this "
            "program; leave --resume out to make them again"
        )
    new: dict[str, Any] = json.loads(json.dumps(_plan(plan)))
    for name in SAME:
        if old.get(name) != new[name]:
            raise AlpineError(
                f"campaign {path} cannot be continued: its {name} is {old.get(name)!r}, not "
                f"{new[name]!r}; choose another file or the same {name}"
            )
    return records


def _record(entry: dict[str, Any]) -> InjectionResult:
    values = dict(entry)
    injection = Injection(
        group=values.pop("group"),
        index=values.pop("index"),
        fault=parse_fault(values.pop("fault")),
    )
    return InjectionResult(injection=injection, result=FaultResult.of(values))
