# SPDX-License-Identifier: Apache-2.0
"""The 63 printed rows of MobileNetV2 on the IMC cluster (arXiv 2201.01089), and rules beside them.

The printed columns are published. Word lines, bit lines and jobs are derived from the layers'
sizes; what the printed totals contain is derived too, since the paper does not say it.
"""

import csv
import functools
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from . import rules

__all__ = [
    "FIRST_ROW_PRINTED_LINES",
    "LayerKind",
    "PublishedLayer",
    "energy_total_j",
    "published_layers",
    "time_total_s",
]

FIRST_ROW_PRINTED_LINES = 3
"""Word lines that the printed energy of the first convolution fits: its input channels. Its jobs
have 27: fitted."""


class LayerKind(StrEnum):
    """What computes a layer."""

    CROSSBAR = "crossbar"
    DEPTHWISE = "depthwise"
    RESIDUAL = "residual"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedLayer:
    """One row of the table.

    Members
    -------
    row : its number, from 0. name : as printed. kind : LayerKind.
    parameters : weights; 0 where there are none.
    printed_mmac, printed_ms, printed_mj, printed_gmac_per_s_per_w : as printed.
    rows, columns : word lines and bit lines of a crossbar layer's matrix, else 0.
    jobs : of a crossbar layer on crossbars of 256 x 256, else 0.
    height, width, channels : of the output.
    stride : of a convolution's or depthwise layer's window, 1 or 2.
    """

    row: int
    name: str
    kind: LayerKind
    parameters: int
    printed_mmac: float
    printed_ms: float
    printed_mj: float
    printed_gmac_per_s_per_w: float
    rows: int
    columns: int
    jobs: int
    height: int
    width: int
    channels: int
    stride: int

    @property
    def pixels(self) -> int:
        """Of the output."""
        return self.height * self.width

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations; additions of a residual count as one each."""
        if self.kind is LayerKind.CROSSBAR:
            return self.pixels * self.rows * self.columns
        if self.kind is LayerKind.DEPTHWISE:
            return rules.window_macs(height=self.height, width=self.width, channels=self.channels)
        return self.pixels * self.channels

    @property
    def rule_seconds(self) -> float:
        """Time by the published rules."""
        if self.kind is LayerKind.CROSSBAR:
            return rules.crossbar_seconds(self.pixels, rows=self.rows, columns=self.columns)
        if self.kind is LayerKind.DEPTHWISE:
            return rules.depthwise_seconds(
                height=self.height, width=self.width, channels=self.channels
            )
        return rules.residual_seconds(self.pixels * self.channels)

    def rule_energy_j(self, *, rows: int | None = None) -> float:
        """Return the energy by the rules, with another number of word lines where one is given."""
        if self.kind is LayerKind.CROSSBAR:
            return rules.crossbar_energy_j(
                self.pixels, rows=rows or self.rows, columns=self.columns
            )
        if self.kind is LayerKind.DEPTHWISE:
            return rules.depthwise_energy_j(
                height=self.height, width=self.width, channels=self.channels
            )
        return rules.residual_energy_j(self.pixels * self.channels)


@functools.cache
def published_layers() -> tuple[PublishedLayer, ...]:
    """Return all rows in order."""
    text = (resources.files("alpine_models") / "data" / "garofalo_mobilenetv2.csv").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(_layer(line) for line in csv.DictReader(lines))


def time_total_s() -> float:
    """Return the time of the rows that the printed 10.1 ms contain: all but the two convolutions.

    Which rows those are is derived: no other choice gives the printed number.
    """
    return sum(layer.rule_seconds for layer in published_layers()[1:-1])


def energy_total_j(*, first_row_lines: int = FIRST_ROW_PRINTED_LINES) -> float:
    """Return the energy of the rows that the printed 482 uJ contain: all but the last (derived).

    Parameters
    ----------
    first_row_lines : word lines of the first convolution's jobs: 3 is what its printed energy
        fits, 27 what its jobs have.
    """
    first, *others = published_layers()[:-1]
    return first.rule_energy_j(rows=first_row_lines) + sum(
        layer.rule_energy_j() for layer in others
    )


def _layer(line: dict[str, str]) -> PublishedLayer:
    name, mapping = line["layer"], line["mapping_rows_x_cols"]
    side, input_channels = map(int, line["input_hxc"].split("x"))
    rows = columns = 0
    if name == "ADD":
        kind, height, width, channels = LayerKind.RESIDUAL, side, side, input_channels
    elif name == "DW":
        kind = LayerKind.DEPTHWISE
        height, width, channels = map(int, mapping.split("x"))
    else:
        kind = LayerKind.CROSSBAR
        rows, columns = map(int, mapping.split()[0].split("x"))
        height = width = side // 2 if name == "2D_0" else side
        channels = columns
    return PublishedLayer(
        row=int(line["row"]),
        name=name,
        kind=kind,
        parameters=0 if line["parameters"] == "#" else int(line["parameters"]),
        printed_mmac=float(line["mmac"]),
        printed_ms=float(line["latency_ms"]),
        printed_mj=float(line["energy_mj"]),
        printed_gmac_per_s_per_w=float(line["gmac_per_s_per_w"]),
        rows=rows,
        columns=columns,
        jobs=int(line["jobs"] or 0),
        height=height,
        width=width,
        channels=channels,
        stride=side // height,
    )
