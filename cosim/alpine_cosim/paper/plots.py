# pyright: basic
# Matplotlib types its keyword arguments only in part; what crosses this border is annotated.
"""Pictures shaped like the paper's."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from alpine_models.published import Metric, mlp_factors

from .figures import Results, factor

__all__ = ["plot_mlp"]

TITLES = {
    Metric.TIME: "time",
    Metric.LLC_MISSES_PER_INSTRUCTION: "LLC misses per instruction",
    Metric.ENERGY: "energy",
}
SERIES = (
    ("released, neon4", "released", "neon4", "#1f77b4"),
    ("released, neon1", "released", "neon1", "#7fb3d8"),
    ("tuned, neon4", "tuned", "neon4", "#ff7f0e"),
)


def plot_mlp(results: Results, folder: Path) -> list[Path]:
    """Draw the factors of Fig. 7, ours beside the printed ones; return the files."""
    files: list[Path] = []
    for system in ("high-power", "low-power"):
        figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
        for axis, metric in zip(axes, Metric, strict=True):
            printed = [f for f in mlp_factors() if f.system == system and f.metric == metric]
            width = 0.8 / (len(SERIES) + 1)
            places = range(len(printed))
            axis.bar(
                [place - 0.4 + width / 2 for place in places],
                [f.factor for f in printed],
                width,
                label="paper",
                color="#555555",
            )
            for number, (name, software, style, colour) in enumerate(SERIES, start=1):
                axis.bar(
                    [place - 0.4 + width * (number + 0.5) for place in places],
                    [factor(results, f, software, style) for f in printed],
                    width,
                    label=name,
                    color=colour,
                )
            axis.set_yscale("log")
            axis.set_title(f"{TITLES[metric]}: digital / AIMC", fontsize=10)
            axis.set_xticks(list(places), [f"{f.cores} core{'s' * (f.cores > 1)}" for f in printed])
            axis.grid(axis="y", alpha=0.3)
        axes[0].legend(fontsize=8)
        figure.suptitle(f"Perceptron, {system}", fontsize=11)
        path = folder / f"mlp_{system}.svg"
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
        files.append(path)
    return files
