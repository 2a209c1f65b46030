# SPDX-License-Identifier: Apache-2.0
"""The calibration's picture: every run, ours against the reference."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot

from .fit import Comparison

__all__ = ["scatter"]

LINEAR = 0.1
"""Error up to which the axis of errors is linear."""

plt: Any = matplotlib.pyplot
"""Matplotlib types its keyword arguments only in part."""

STYLE: Any = {"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "alpine"}


def scatter(runs: Sequence[Comparison]) -> str:
    """Return an SVG: every run's cycles beside the reference's, and its error, by group.

    On the left both axes are logarithmic and the line is where both agree; on the right a group has
    a row of its own, on an axis that is linear within 10 % and logarithmic beyond.
    """
    groups = list(dict.fromkeys(run.group for run in runs))
    with plt.rc_context(STYLE):
        picture, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.6), layout="constrained")
        for number, group in enumerate(groups):
            members = [run for run in runs if run.group == group]
            dots: Any = {"s": 12, "alpha": 0.6, "color": f"C{number}", "linewidths": 0}
            left.scatter([run.reference for run in members], [run.ours for run in members], **dots)
            right.scatter([run.error for run in members], [number] * len(members), **dots)
        left.axline((1, 1), (10, 10), color="#aaaaaa", linewidth=1, zorder=0)
        left.set(
            xscale="log",
            yscale="log",
            xlabel="reference: cycles per unit of work",
            ylabel="ours: cycles per unit of work",
        )
        right.set_xscale("symlog", linthresh=LINEAR, linscale=0.7)
        most = max(LINEAR, *(abs(run.error) for run in runs)) * 1.2
        right.set(xlim=(-most, most), xlabel="error of ours: cycles / reference - 1")
        ticks = [share for share in (-1, -0.3, -0.1, 0, 0.1, 0.3, 1) if abs(share) <= most]
        right.set_xticks(ticks, [f"{share:+.0%}" if share else "0" for share in ticks])
        right.minorticks_off()
        sizes = [sum(run.group == group for run in runs) for group in groups]
        names = [f"{group} ({size})" for group, size in zip(groups, sizes, strict=True)]
        right.set_yticks(range(len(groups)), names)
        right.invert_yaxis()
        for axis in (left, right):
            axis.grid(alpha=0.25)
            axis.set_axisbelow(True)
        text = io.StringIO()
        picture.savefig(text, format="svg", metadata={"Date": None})
        plt.close(picture)
    return text.getvalue()
