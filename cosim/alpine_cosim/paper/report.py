"""The report: our runs beside the published figures, as Markdown and as one HTML file."""

import base64
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt

from alpine_models.files import write_text
from alpine_models.published import Metric, mlp_factors

from .figures import Results, factor, table
from .findings import mlp_findings
from .plots import plot_mlp
from .runs import Plan

__all__ = ["write_report"]

UNITS = {Metric.TIME: "time", Metric.LLC_MISSES_PER_INSTRUCTION: "LLC misses per instruction",
         Metric.ENERGY: "energy"}  # fmt: skip
VARIANTS = (
    ("released, neon4", "released", "neon4"),
    ("released, neon1", "released", "neon1"),
    ("released, Eigen int8", "released", "eigen_i8row"),
    ("tuned, neon4", "tuned", "neon4"),
)
"""Software style of the analog program and product style of the digital one."""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid #ccc }
img { max-width: 100% }
code { background: #f3f3f3 }
"""


def write_report(results: Results, folder: Path) -> list[Path]:
    """Write ``report.md``, its pictures and the self-contained ``report.html`` into a folder.

    Parameters
    ----------
    results : what `RunStore.complete` returned for `plan_mlp`.
    folder : exists.

    Returns
    -------
    The files written.
    """
    pictures = plot_mlp(results, folder)
    text = _markdown(results, pictures)
    body = MarkdownIt("commonmark").enable("table").render(text)
    for picture in pictures:
        data = base64.b64encode(picture.read_bytes()).decode()
        body = body.replace(f'src="{picture.name}"', f'src="data:image/svg+xml;base64,{data}"')
    page = '<!doctype html><html lang="en"><meta charset="utf-8"><title>ALPINE, run again</title>'
    files = {
        folder / "report.md": text,
        folder / "report.html": f"{page}<style>{STYLE}</style><body>{body}</body></html>\n",
    }
    for path, content in files.items():
        write_text(path, content)
    return [*files, *pictures]


def _markdown(results: Results, pictures: Sequence[Path]) -> str:
    count = next(iter(results)).inferences
    parts = [
        "# ALPINE, run again: the perceptron\n",
        "Written by `alpine paper`. Reference: Klein et al., IEEE TC 2022. Factors are the digital "
        "reference over the analog case with as many cores, "
        f"{count} inferences each, inputs from DRAM, no operating system. No constant of the model "
        "was chosen with these factors in view; the platform is calibrated against gem5 runs of "
        "kernels only (`docs/calibration.md`).\n",
        "The authors' programs were never published. Software style moves the factors more than "
        "anything else, so every factor is given for several pairs of styles: the analog program "
        "packs operands byte by byte (`released`) or as words (`tuned`); the digital product is "
        "one row (`neon1`) or four rows (`neon4`) at a time, or Eigen's int8 kernel.\n",
        "## Factors of Fig. 7\n",
        _factor_table(results),
        *(f"![{picture.stem}]({picture.name})\n" for picture in pictures),
        "## What was measured\n",
        _absolute_table(results),
        "## Where the time goes (Fig. 8)\n",
        _breakdown_table(results),
        "## Findings that the paper states in words\n",
        mlp_findings(results),
        "## What is compared\n",
        "The published energies seem to leave the memory controller and I/O power out: the axes of "
        "Fig. 7 have no room for it. The table above gives both; the factors are without it.\n",
    ]
    return "\n".join(parts)


def _factor_table(results: Results) -> str:
    heads = ["system", "metric", "cores, case", "paper", *(name for name, _, _ in VARIANTS)]
    rows = [
        [
            published.system,
            UNITS[published.metric],
            f"{published.cores}, {published.case}",
            f"{published.factor:.1f}x",
            *(
                f"{ours:.1f}x ({ours / published.factor - 1:+.0%})"
                for ours in (
                    factor(results, published, software, style) for _, software, style in VARIANTS
                )
            ),
        ]
        for published in mlp_factors()
    ]
    return table(heads, rows)


def _absolute_table(results: Results) -> str:
    heads = [
        "run",
        "time per inference",
        "energy per inference",
        "with memory controller and I/O",
        "LLC misses per instruction",
        "instructions",
        "outputs equal golden",
        "engine",
    ]
    rows: list[list[str]] = []
    for plan, result in results.items():
        count = plan.inferences
        energy = result["energy_j"] / count
        more = result["energy_memory_controller_io_j"] / count
        rows.append(
            [
                _label(plan),
                f"{result['time_s'] / count * 1e6:.2f} us",
                f"{energy * 1e6:.1f} uJ",
                f"{(energy + more) * 1e6:.1f} uJ",
                f"{result['llc_misses_per_instruction']:.5f}",
                f"{result['instructions'] / count:,.0f}",
                "yes" if result["outputs_equal_golden"] else "**no**",
                plan.engine,
            ]
        )
    return table(heads, rows)


def _breakdown_table(results: Results) -> str:
    plans = [
        plan for plan in results if plan.system == "high-power" and plan.software == "released"
    ]
    plans = [plan for plan in plans if plan.case != "digital" or plan.digital_style == "neon4"]
    names = sorted({name for plan in plans for name in results[plan]["breakdown"]})
    rows = [
        [_label(plan), *(f"{results[plan]['breakdown'].get(name, 0):.1%}" for name in names)]
        for plan in plans
    ]
    return table(["high-power run", *names], rows)


def _label(plan: Plan) -> str:
    if plan.case == "digital":
        return f"{plan.system}, digital, {plan.cores} cores, {plan.digital_style}"
    return f"{plan.system}, case {plan.case}, {plan.software}"
