# pyright: basic
# Matplotlib types its keyword arguments only in part; what crosses this border is annotated.
"""The calibration's picture: every run, ours against the reference."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from .fit import Comparison

__all__ = ["scatter"]

STYLE: Any = {"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "alpine"}


def scatter(runs: Sequence[Comparison]) -> str:
    """Return an SVG: a point per run, a colour per group, both axes logarithmic.

    The line is where both agree.
    """
    values = [value for run in runs for value in (run.reference, run.ours)]
    ends = [min(values) / 1.5, max(values) * 1.5]
    with plt.rc_context(STYLE):
        picture, axis = plt.subplots(figsize=(7.6, 5.4), layout="constrained")
        axis.plot(ends, ends, color="#aaaaaa", linewidth=1, zorder=1)
        for number, group in enumerate(dict.fromkeys(run.group for run in runs)):
            members = [run for run in runs if run.group == group]
            axis.scatter(
                [run.reference for run in members],
                [run.ours for run in members],
                s=14,
                alpha=0.7,
                color=f"C{number}",
                linewidths=0,
                label=f"{group} ({len(members)})",
            )
        axis.set(
            xscale="log",
            yscale="log",
            xlim=ends,
            ylim=ends,
            aspect="equal",
            xlabel="reference: cycles per unit of work",
            ylabel="ours: cycles per unit of work",
        )
        axis.grid(alpha=0.25)
        picture.legend(loc="outside right upper", frameon=False)
        text = io.StringIO()
        picture.savefig(text, format="svg", metadata={"Date": None})
        plt.close(picture)
    return text.getvalue()
