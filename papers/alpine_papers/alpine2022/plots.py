# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Matplotlib types its keyword arguments only in part; what crosses this border is annotated.
"""Pictures shaped like the paper's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from alpine_models.files import write_with
from alpine_models.published import Metric, PublishedFactor, published

from .figures import FIG8_PARTS, FIG11_PARTS, parts_of
from .plans import BASE, CNN_CORES, FP32_INPUTS, LIBM, VARIATIONS
from .results import Results, if_run
from .tables import times

__all__ = ["plot_activity", "plot_factors", "plot_shares"]

TUNED = VARIATIONS[1]
DIGITAL, ANALOG, FASTER, GREY = "#9a9a9a", "#1f5f99", "#e08a2b", "#d8d8d8"
METRICS = {
    Metric.TIME: "time",
    Metric.LLC_MISSES_PER_INSTRUCTION: "LLC misses per instruction",
    Metric.ENERGY: "energy",
}
BAR = 0.27
"""Width of a bar; a group of three has width 1 with its gap."""
STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "alpine",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def plot_factors(
    results: Results, factors: Sequence[PublishedFactor], *, figure: str, path: Path
) -> None:
    """Draw the factors of Fig. 7, 10 or 13: a row per metric, a panel per system.

    A group of bars per printed factor: the paper's, and ours in both software styles.
    """
    systems = list(dict.fromkeys(factor.system for factor in factors))
    with plt.rc_context(STYLE):
        picture, panels = plt.subplots(
            len(Metric), len(systems), figsize=(10.5, 2.5 * len(Metric)), layout="constrained",
            sharey="row",
        )  # fmt: skip
        for row, metric in zip(panels, Metric, strict=True):
            for axis, system in zip(row, systems, strict=True):
                shown = [f for f in factors if f.system == system and f.metric == metric]
                _factor_bars(axis, results, shown)
                axis.set_title(f"{system}: {METRICS[metric]}")
        handles, labels = panels[0][0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        picture.suptitle(f"{figure}: digital reference over analog case, printed and ours (neon4)")
        _save(picture, path)


def _factor_bars(axis, results: Results, factors: Sequence[PublishedFactor]) -> None:
    series = (
        ("paper", GREY, [factor.factor for factor in factors]),
        *(
            (f"ours, {name}", colour,
             [if_run(lambda f=f, v=v: results.factor(f, v)) for f in factors])
            for name, v, colour in (("released", BASE, ANALOG), ("tuned", TUNED, FASTER))
        ),
    )  # fmt: skip
    for place, (name, colour, heights) in enumerate(series):
        known = [(x, height) for x, height in enumerate(heights) if height]
        bars = axis.bar(
            [x + BAR * (place - 1) for x, _ in known],
            [height for _, height in known],
            BAR * 0.92,
            label=name,
            color=colour,
            edgecolor="#666666" if colour == GREY else colour,
            linewidth=0.6,
        )
        labels = [times(height) for _, height in known]
        axis.bar_label(bars, labels, padding=2, fontsize=8)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axis.yaxis.set_minor_formatter(NullFormatter())
    bottom, top = axis.get_ylim()
    # Bars begin at 1, where the analog case gains nothing; room for the labels above them.
    axis.set_ylim(min(1.0, bottom), max(top, axis.dataLim.y1 * 1.7))
    axis.axhline(1, color="#555555", linewidth=0.8)
    axis.set_xticks(range(len(factors)), [_tick(factor) for factor in factors])
    axis.grid(axis="y", alpha=0.25)
    axis.set_axisbelow(True)


def _tick(factor: PublishedFactor) -> str:
    if factor.cores == CNN_CORES:
        return factor.network.upper()
    cores = f"{factor.cores} core{'s' * (factor.cores > 1)}"
    return f"{factor.network}, {cores}, case {factor.case}"


def plot_shares(results: Results, *, lstm: bool, path: Path) -> None:
    """Draw stacked shares of busy time: Fig. 8, or Fig. 11 with 750 units.

    The perceptron is shown with inputs that are codes and with ``fp32`` values, the LSTM with both
    styles of activations.
    """
    network, legend = ("lstm-750", FIG11_PARTS) if lstm else ("mlp", FIG8_PARTS)
    entries = [*legend, "others"]
    colours = {entry: f"C{number}" for number, entry in enumerate(entries)}
    bars: list[tuple[str, dict[str, float]]] = []
    for case in (1, 2, 3, 4):
        plan = results.analog(network, "high-power", case)
        bars.append((f"case {case}\nours", parts_of(results, plan, legend)))
        plan = results.analog(network, "high-power", case, LIBM if lstm else FP32_INPUTS)
        bars.append((f"case {case}\n{'libm' if lstm else 'fp32'}", parts_of(results, plan, legend)))
        printed = _printed(lstm, case)
        if printed:
            bars.append((f"case {case}\npaper", printed))
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(10.5, 3.8), layout="constrained")
        for x, (_, parts) in enumerate(bars):
            bottom = 0.0
            for entry, height in parts.items():
                colour = colours.get(entry, GREY)
                axis.bar(x, height * 100, 0.72, bottom=bottom * 100, color=colour, ec="white")
                if height > 0.045:
                    axis.annotate(f"{height:.0%}", (x, (bottom + height / 2) * 100), ha="center",
                                  va="center", fontsize=8)  # fmt: skip
                bottom += height
        axis.set_xticks(range(len(bars)), [name for name, _ in bars])
        axis.set_ylabel("share of busy time (%)")
        patches = [Patch(color=colours[entry]) for entry in entries]
        patches.append(Patch(color=GREY))
        picture.legend(patches, [*entries, "paper, slice without a certain name"],
                       loc="outside right upper", frameon=False)  # fmt: skip
        title = "Fig. 11: LSTM-750" if lstm else "Fig. 8: perceptron"
        axis.set_title(f"{title}, where the analog cases' time goes (ours: high-power, released)")
        _save(picture, path)


def _printed(lstm: bool, case: int) -> dict[str, float]:
    """The paper's slices; those whose label cannot be told have names of their own."""
    if lstm:
        found = published()["fig11_lstm_shares_percent_high_power"].get(f"case{case}")
        if found is None:
            return {}
        dequeue, gates = (part / 100 for part in found["750"])
        rest = 1 - dequeue - gates
        return {"cell dequeue, activation": dequeue, "gate combination": gates, "unnamed": rest}
    found = published()["fig8_mlp_shares_percent"].get(f"case{case}")
    if found is None:
        return {}
    largest, *middle, smallest = (part / 100 for part in found)
    names = [f"unnamed {number}" for number, _ in enumerate(middle)]
    if case == 4:
        names[0] = "analog queue"
    return {
        "input load": largest,
        "MVM operation": smallest,
        **dict(zip(names, middle, strict=True)),
    }


def plot_activity(results: Results, *, path: Path) -> None:
    """Draw Fig. 14: idle share and instructions per cycle of every core on CNN-S."""
    runs = (
        ("digital", results.digital("cnn-s", "high-power", CNN_CORES), DIGITAL),
        ("analog, released", results.analog("cnn-s", "high-power", 1), ANALOG),
        ("analog, tuned", results.analog("cnn-s", "high-power", 1, TUNED), FASTER),
    )
    limits = published()["fig14_cnn_s_high_power"]
    with plt.rc_context(STYLE):
        picture, panels = plt.subplots(1, 2, figsize=(10.5, 3.3), layout="constrained")
        for number, (name, plan, colour) in enumerate(runs):
            cores = results[plan]["cores"]
            at = [core["core"] + 1 - 0.27 + 0.27 * number for core in cores]
            panels[0].bar(
                at, [100 * core["idle"] for core in cores], 0.25, label=name, color=colour
            )
            panels[1].bar(
                at, [core["instructions_per_cycle"] for core in cores], 0.25, color=colour
            )
        panels[0].set_title("idle (%); the paper's axis ends at "
                            f"{limits['idle_axis_percent']} %")  # fmt: skip
        panels[1].set_title(
            f"instructions per cycle; the paper's axis ends at {limits['ipc_axis']}"
        )
        for axis in panels:
            axis.set_xlabel("core: 1 to 5 convolutions, 6 to 8 dense layers")
            axis.set_xticks(range(1, 9))
            axis.grid(axis="y", alpha=0.25)
            axis.set_axisbelow(True)
        picture.legend(loc="outside lower center", ncols=3, frameon=False)
        picture.suptitle("Fig. 14: CNN-S, high-power")
        _save(picture, path)


def _save(picture, path: Path) -> None:
    write_with(
        path,
        lambda file: picture.savefig(file, format=path.suffix[1:], metadata={"Date": None}),
    )
    plt.close(picture)
