# SPDX-License-Identifier: Apache-2.0
"""The report: our runs beside the published figures, as Markdown and as one HTML file."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from markdown_it import MarkdownIt

from alpine_cosim.campaigns.store import Record
from alpine_cosim.code_digest import page_origin
from alpine_cosim.pages.markdown import table
from alpine_cosim.spec.specification import RunSpec
from alpine_models.files import write_text
from alpine_models.page_origin import with_origin
from alpine_models.published import cnn_factors, lstm_factors, mlp_factors, published
from alpine_platform.systems.presets import PUBLISHED_SYSTEMS

from .figures import (
    FIG8_PARTS,
    FIG11_PARTS,
    absolute_table,
    activity_table,
    breakdown_table,
    energy_table,
    factor_table,
    loose_table,
    reason_table,
    slow_product_table,
    variant_table,
)
from .findings import Verdict, findings_table, verdicts
from .plans import (
    BASE,
    CNNS,
    EXPLORATIONS,
    FP32_INPUTS,
    IMAGES,
    LIBM,
    LSTMS,
    VARIATIONS,
    Effort,
    analog,
    label_of,
    settings_of,
)
from .plots import plot_activity, plot_factors, plot_shares
from .results import Results, if_run
from .sensitivity import sensitivity_page
from .statements import FINDINGS
from .tables import NOTABLE
from .unused_cores import unused_cores_section

__all__ = ["write_docs_pages", "write_report"]

HIGH = "high-power"
PRINTED = {"mlp": mlp_factors, "lstm": lstm_factors, "cnn": cnn_factors}
TITLES = {"mlp": "Perceptron", "lstm": "LSTM", "cnn": "CNNs"}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; display: block;
  overflow-x: auto }
td, th { padding: .2rem .6rem; text-align: left; border-bottom: 1px solid #ccc;
  vertical-align: top }
img { max-width: 100% }
code { background: #f3f3f3 }
@media print { body { max-width: none; margin: 0 } table { font-size: 9px; display: table } }
"""
CAPTION = (
    "Written by `alpine paper`; do not edit. Reference: Klein et al., ALPINE, IEEE Transactions on "
    "Computers 2022.\n"
)


def write_report(
    records: Mapping[RunSpec, Record], names: Sequence[str], effort: Effort, folder: Path
) -> list[Path]:
    """Write the Markdown pages, their pictures and the self-contained ``report.html``.

    Parameters
    ----------
    records : what `complete_plans` returned for the plans of these explorations.
    names : explorations.
    effort : with which they ran.
    folder : exists.

    Returns
    -------
    The files written, the HTML first.
    """
    written = write_docs_pages(records, names, effort, folder)
    body = "".join(
        MarkdownIt("commonmark").enable("table").render(path.read_text())
        for path in written
        if path.suffix == ".md"
    )
    for picture in written:
        if picture.suffix == ".svg":
            data = base64.b64encode(picture.read_bytes()).decode()
            body = body.replace(f'src="{picture.name}"', f'src="data:image/svg+xml;base64,{data}"')
    body = body.replace('href="sensitivity.md"', 'href="#sensitivity"')
    body = re.sub(r"<h1>(What it would take)", r'<h1 id="sensitivity">\1', body)
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>ALPINE, run again</title>'
        f"<style>{STYLE}</style><body>{body}</body></html>\n"
    )
    html = folder / "report.html"
    write_text(html, page)
    return [html, *written]


def write_docs_pages(
    records: Mapping[RunSpec, Record], names: Sequence[str], effort: Effort, folder: Path
) -> list[Path]:
    """Write ``paper.md``, ``sensitivity.md`` and their pictures into a folder; return the files."""
    results = Results(records, images=1 if effort is Effort.QUICK else IMAGES)
    pictures: list[Path] = []

    def draw(name: str, plot: Callable[[Path], None]) -> str:
        path = folder / f"paper_{name}.svg"
        plot(path)
        pictures.append(path)
        return f"![{name.replace('_', ' ')}]({path.name})\n"

    sections = {"mlp": _mlp, "lstm": _lstm, "cnn": _cnn}
    parts = [_introduction(effort, names), _summary(results, names)]
    for name in names:
        parts += sections[name](results, draw)
    parts += _appendix(results)
    pages = {folder / "paper.md": "\n".join(parts)}
    if len(names) == len(EXPLORATIONS):
        title = "# What it would take to obtain the published factors\n"
        pages[folder / "sensitivity.md"] = "\n".join([title, CAPTION, sensitivity_page(results)])
    origin = page_origin("make paper", report="alpine_papers.alpine2022")
    for path, text in pages.items():
        write_text(path, with_origin(text, origin))
    return [*pages, *pictures]


Draw = Callable[[str, Callable[[Path], None]], str]


def _introduction(effort: Effort, names: Sequence[str]) -> str:
    through = {
        Effort.QUICK: "All tiles are timed Python tiles, and a CNN sees one image.",
        Effort.NORMAL: "The RTL computes every analog case and geometry once (software `released`, "
        "high-power system, one image per CNN); the timed tile, which agrees with it to the "
        "cycle, the rest.",
        Effort.FULL: "Every analog run on the published systems goes through the RTL; those with a "
        "changed setting are timed tiles, which agree with it to the cycle.",
    }[effort]
    link = (
        "[What it would take](sensitivity.md) to obtain the printed factors is a page of its own.\n"
        if len(names) == len(EXPLORATIONS)
        else ""
    )
    return (
        f"# ALPINE, run again\n\n{CAPTION}\n"
        "Factors are the digital reference over the analog case with as many cores, per inference, "
        "inputs from DRAM. Energy is that of cores, caches, DRAM and tiles: the published plots "
        "seem to leave the memory controller and I/O power out, because their axes have no room "
        "for it; the last tables give both. No constant of the model was chosen with these "
        "factors in view: the platform is calibrated against gem5 runs of kernels "
        "(docs/calibration.md).\n\n"
        "The authors' programs were never published, and software moves the factors more than "
        "hardware does. So there are named variations: the analog program packs operands byte by "
        "byte (`released`, as the released library does) or as words (`tuned`); digital products "
        "take one row at a time (`neon1`), four (`neon4`) or Eigen's int8 kernel; threads that "
        "wait sleep and wake without an operating system, or block in the kernel (`Linux`); an "
        "LSTM's activations take four elements at a time, or one call of the C library each "
        "(`libm`); a perceptron's inputs lie in memory as codes, or as `fp32` values that the "
        "program turns into codes.\n\n"
        f"{through} {link}".rstrip()
        + "\n"
    )


def _summary(results: Results, names: Sequence[str]) -> str:
    """How many printed factors and statements our runs confirm."""
    rows: list[list[str]] = []
    for name in names:
        factors = PRINTED[name]()
        ours = [
            [if_run(lambda f=factor, v=v: results.factor(f, v)) for v in VARIATIONS]
            for factor in factors
        ]
        near = [
            [value is not None and abs(value / factor.factor - 1) <= NOTABLE for value in found]
            for factor, found in zip(factors, ours, strict=True)
        ]
        found = verdicts(results, FINDINGS[name], BASE)
        rows.append(
            [
                TITLES[name],
                f"{len(factors)}",
                f"{sum(found[0] for found in near)}",
                f"{sum(map(any, near))}",
                *(f"{found.count(verdict)}" for verdict in Verdict),
            ]
        )
    heads = ["", "printed factors", f"within a fifth, {BASE.name}", "in any variation"]
    heads += [f"statements: {verdict}" for verdict in Verdict]
    return (
        "## In short\n\n"
        + table(heads, rows)
        + f"\nStatements with {BASE.name}. The sections below say of every factor and statement "
        "what the runs show. The verdicts on statements are pinned in "
        "`tests/cosim/test_paper_findings.py`: what takes seconds by `make test`, on the timed "
        "tile and with fewer inferences; all but one, on this report's own runs, by "
        "`make findings`.\n"
    )


def _compared(results: Results, draw: Draw, *, name: str, figure: str) -> list[str]:
    """An exploration's factors, why they deviate, and its findings."""
    factors = PRINTED[name]()
    images = f", {results.images} image{'s' * (results.images > 1)}" if name == "cnn" else ""
    picture = figure.lower().replace(". ", "")
    return [
        f"## {TITLES[name]}: {figure}{images}\n",
        draw(picture, lambda path: plot_factors(results, factors, figure=figure, path=path)),
        factor_table(results, factors),
        "### Deviations beyond a fifth\n",
        reason_table(results, factors),
        "### Findings\n",
        findings_table(results, FINDINGS[name]),
    ]


def _mlp(results: Results, draw: Draw) -> list[str]:
    shares = published()["fig8_mlp_shares_percent"]
    printed = {
        "reference": {"MVM operation": shares["average_reference"]["mvm"]},
        **{
            f"case {case}": {
                "input load": shares[f"case{case}"][0],
                "MVM operation": shares[f"case{case}"][-1],
            }
            for case in (1, 3, 4)
        },
    }
    printed["case 4"]["analog queue"] = shares["case4"][1]
    runs = {
        "reference": [
            results.digital("mlp", system, n) for system in PUBLISHED_SYSTEMS for n in (1, 2, 4)
        ],
        **{
            f"case {case}": [results.analog("mlp", system, case) for system in PUBLISHED_SYSTEMS]
            for case in (1, 2, 3, 4)
        },
    }
    values = {
        f"case {case}": [
            results.analog("mlp", system, case, FP32_INPUTS) for system in PUBLISHED_SYSTEMS
        ]
        for case in (1, 2, 3, 4)
    }
    cases = [("mlp", case, v) for v in VARIATIONS[:2] for case in (1, 2, 3, 4)]
    return [
        *_compared(results, draw, name="mlp", figure="Fig. 7"),
        "## Perceptron: where the time goes, Fig. 8\n",
        "Shares of the time in which cores do not wait for each other, high-power and low-power "
        "averaged as in the paper. Its slices carry no labels in the text: the smallest is taken "
        "for the products, the largest for the input load; the others' names are not certain.\n",
        draw("fig8", lambda path: plot_shares(results, lstm=False, path=path)),
        breakdown_table(results, runs, FIG8_PARTS, printed),
        "The same with inputs that lie in memory as fp32 values:\n",
        breakdown_table(results, values, FIG8_PARTS, printed),
        "## Perceptron: loosely coupled\n",
        "Two chained off-chip tiles behind the AXI peripheral and the I/O bus, one core.\n",
        loose_table(results),
        "## Perceptron: products ten times slower\n",
        slow_product_table(results, cases),
    ]


def _lstm(results: Results, draw: Draw) -> list[str]:
    shares = published()["fig11_lstm_shares_percent_high_power"]
    runs: dict[str, list[RunSpec]] = {}
    library: dict[str, list[RunSpec]] = {}
    printed: dict[str, dict[str, float]] = {}
    for case in (1, 2, 3):
        for network in LSTMS:
            units = network.removeprefix("lstm-")
            column = f"case {case}, {units}"
            runs[column] = [results.analog(network, HIGH, case)]
            dequeue, gates = shares[f"case{case}"][units]
            printed[column] = {"cell dequeue, activation": dequeue, "gate combination": gates}
            library[column] = [results.analog(network, HIGH, case, LIBM)]
    runs["case 4, 750"] = [results.analog("lstm-750", HIGH, 4)]
    return [
        *_compared(results, draw, name="lstm", figure="Fig. 10"),
        "## LSTM: where the time goes, Fig. 11\n",
        draw("fig11", lambda path: plot_shares(results, lstm=True, path=path)),
        breakdown_table(results, runs, FIG11_PARTS, printed),
        "The same with activations that call the C library:\n",
        breakdown_table(results, library, FIG11_PARTS, printed),
        "### Products ten times slower\n",
        slow_product_table(results, [("lstm-750", 1, BASE)]),
    ]


def _cnn(results: Results, draw: Draw) -> list[str]:
    images = results.images
    normalised = [
        (plan, analog(plan.network, plan.system.name, 1, images=images, normalised=False))
        for plan in (
            results.analog(name, system, 1) for system in PUBLISHED_SYSTEMS for name in CNNS
        )
    ]
    printed = (
        analog("cnn-m", HIGH, 1, images=1),
        analog("cnn-m", HIGH, 1, images=1, as_printed=True),
    )
    return [
        *_compared(results, draw, name="cnn", figure="Fig. 13"),
        "## CNN-S: idle shares and instructions per cycle, Fig. 14\n",
        draw("fig14", lambda path: plot_activity(results, path=path)),
        activity_table(results),
        "## CNNs: without normalisation, and as printed\n",
        variant_table(results, [*normalised, printed]),
        "### Products ten times slower\n",
        slow_product_table(results, [(name, 1, BASE) for name in CNNS]),
    ]


def _appendix(results: Results) -> list[str]:
    plans = [plan for plan in results if not settings_of(plan)]
    order = list(dict.fromkeys(plan.network for plan in plans))
    plans.sort(
        key=lambda p: (
            order.index(p.network),
            p.system.name,
            p.case,
            p.software.cores or 0,
            label_of(p),
        )
    )
    factors = [factor for printed in PRINTED.values() for factor in printed()]
    return [
        "## Energy with and without the memory controller\n",
        "Software `released`, digital style `neon4`.\n",
        energy_table(results, factors),
        "## Energy of cores without a program\n",
        unused_cores_section(results, factors),
        "## What was measured\n",
        "Per inference.\n",
        absolute_table(results, plans),
    ]
