# SPDX-License-Identifier: Apache-2.0
"""Time and energy of the IMC cluster's layers by rules from its paper (arXiv 2201.01089).

Every constant says where it comes from: published, derived from what is published by arithmetic,
fitted to the printed table, or inferred without any source that says so. Times are at 500 MHz and
0.8 V where a clock is not given; energies exist for 0.8 V alone.
"""

from dataclasses import dataclass
from enum import StrEnum

from alpine_models.energy import job_energy_nj
from alpine_models.imc_cluster import CHANNELS_PER_BLOCK, Execution

__all__ = [
    "CORES_WATTS",
    "DEPTHWISE_MACS_PER_CYCLE",
    "FREQUENCY_HZ",
    "PRODUCT_SECONDS",
    "RULES",
    "SIDE",
    "WINDOW",
    "FigureOrigin",
    "Rule",
    "crossbar_energy_j",
    "crossbar_seconds",
    "depthwise_energy_j",
    "depthwise_nest_cycles",
    "depthwise_seconds",
    "job_period_cycles",
    "part_sizes",
    "residual_energy_j",
    "residual_seconds",
    "window_macs",
]

PRODUCT_SECONDS = 130e-9
"""One product, whatever the clock: published."""
SIDE = 256
"""Word lines and bit lines of a crossbar: published."""
WINDOW = 9
"""Taps of a depthwise filter."""

FREQUENCY_HZ = 500e6
"""Clock at 0.8 V: published."""
DEPTHWISE_MACS_PER_CYCLE = 29.7
"""Average of the depthwise accelerator: published. Row times of either stride follow it."""
RESIDUAL_CYCLES = 1.2
"""Of the cluster for one element of a residual addition: derived. The table is printed to 0.01 ms:
18,816 elements in at least 0.045 ms are at least 1.196 cycles each, and the total of 10.06 ms, of
which 216,384 elements are a part, leaves at most 1.208."""
DEPTHWISE_GMACS_PER_J = 626.3
"""Published, as GMAC/s/W: 1.597 pJ per multiply-accumulate operation."""
RESIDUAL_GMACS_PER_J = 12.1
"""Published, as GMAC/s/W: 82.6 pJ per element."""

CORES_WATTS = 45.5e-3
"""Of the cluster while its cores run dot-product kernels: fitted to the Bottleneck's factor of 9.5
in energy, which 45 to 46 mW give. No other source."""


class FigureOrigin(StrEnum):
    """Where a number comes from."""

    PUBLISHED = "published"
    """Stated in the paper."""
    DERIVED = "derived"
    """By arithmetic from what is published."""
    FITTED = "fitted"
    """To what is published."""
    INFERRED = "inferred"
    """No source says it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule in words.

    Members
    -------
    what : it gives. text : the rule. origin : FigureOrigin.
    """

    what: str
    text: str
    origin: FigureOrigin


RULES = (
    Rule(
        what="time of a crossbar layer",
        text="output pixels x ceil(rows / 256) x ceil(columns / 256) x 130 ns, nothing added",
        origin=FigureOrigin.DERIVED,
    ),
    Rule(
        what="period of a pipelined job",
        text="max(ceil(130 ns x clock), in + out), in = ceil(rows / port bytes) + 1, "
        "out = ceil(columns / port bytes) + 1",
        origin=FigureOrigin.DERIVED,
    ),
    Rule(
        what="time of a depthwise layer in the table",
        text="multiply-accumulate operations / 29.7 per cycle, stride 2 too",
        origin=FigureOrigin.DERIVED,
    ),
    Rule(
        what="cycles of the depthwise loop nest, stride 1",
        text="ceil(channels / 16) (9 + width (9 + 4 height))",
        origin=FigureOrigin.DERIVED,
    ),
    Rule(
        what="time of a residual addition",
        text="1.2 cycles per element",
        origin=FigureOrigin.DERIVED,
    ),
    Rule(
        what="energy of a crossbar job",
        text="2.1602 + 0.0224481 rows + 0.0359207 columns + 4.08084e-5 rows columns nJ",
        origin=FigureOrigin.FITTED,
    ),
    Rule(
        what="energy of a depthwise layer",
        text="1.597 pJ per multiply-accumulate operation (626.3 GMAC/s/W)",
        origin=FigureOrigin.PUBLISHED,
    ),
    Rule(
        what="energy of a residual addition",
        text="82.6 pJ per element (12.1 GMAC/s/W)",
        origin=FigureOrigin.PUBLISHED,
    ),
    Rule(
        what="power while cores run kernels",
        text="45.5 mW, from the Bottleneck's factor of 9.5 in energy",
        origin=FigureOrigin.FITTED,
    ),
)
"""All of them, as pages list them."""


def part_sizes(lines: int) -> list[int]:
    """Return the lines of every crossbar that a matrix side of so many lines is divided among."""
    return [min(SIDE, lines - start) for start in range(0, lines, SIDE)]


def crossbar_seconds(pixels: int, *, rows: int, columns: int) -> float:
    """Return the time of a layer's jobs on crossbars of 256 x 256, one job after the other."""
    return pixels * len(part_sizes(rows)) * len(part_sizes(columns)) * PRODUCT_SECONDS


def crossbar_energy_j(pixels: int, *, rows: int, columns: int) -> float:
    """Return the energy of a layer's jobs, each on its own window of word lines and bit lines.

    The energies of jobs are fitted; those of a layer's parts are added up.
    """
    nanojoules = sum(
        job_energy_nj(part_rows, part_columns)
        for part_rows in part_sizes(rows)
        for part_columns in part_sizes(columns)
    )
    return pixels * nanojoules * 1e-9


def job_period_cycles(
    *,
    rows: int,
    columns: int,
    port_bytes: int = 16,
    frequency_hz: float = FREQUENCY_HZ,
    execution: Execution = Execution.PIPELINED,
) -> int:
    """Return the cycles from one job to the next, with every access to memory granted.

    Parameters
    ----------
    rows, columns : word lines and bit lines of the job.
    port_bytes : of the port that streams in and out take turns on.
    frequency_hz : clock of the cluster.
    execution : pipelined, or one stage after the other.
    """
    product = _ceil(round(PRODUCT_SECONDS * frequency_hz * 1000), 1000)
    into, out = _ceil(rows, port_bytes) + 1, _ceil(columns, port_bytes) + 1
    if execution is Execution.SEQUENTIAL:
        return into + product + out
    return max(product, into + out)


def window_macs(*, height: int, width: int, channels: int) -> int:
    """Return the multiply-accumulate operations of a depthwise layer with this output."""
    return height * width * channels * WINDOW


def depthwise_seconds(*, height: int, width: int, channels: int) -> float:
    """Return the table's time of a depthwise layer with this output, stride 1 or 2."""
    macs = window_macs(height=height, width=width, channels=channels)
    return macs / DEPTHWISE_MACS_PER_CYCLE / FREQUENCY_HZ


def depthwise_nest_cycles(*, height: int, width: int, channels: int) -> int:
    """Return the cycles of the published loop nest for this output, at stride 1."""
    return _ceil(channels, CHANNELS_PER_BLOCK) * (9 + width * (9 + 4 * height))


def depthwise_energy_j(*, height: int, width: int, channels: int) -> float:
    """Return the energy of a depthwise layer with this output."""
    macs = window_macs(height=height, width=width, channels=channels)
    return macs / DEPTHWISE_GMACS_PER_J * 1e-9


def residual_seconds(elements: int) -> float:
    """Return the time of a residual addition on the cluster's eight cores."""
    return elements * RESIDUAL_CYCLES / FREQUENCY_HZ


def residual_energy_j(elements: int) -> float:
    """Return the energy of a residual addition."""
    return elements / RESIDUAL_GMACS_PER_J * 1e-9


def _ceil(value: int, divisor: int) -> int:
    return -(-value // divisor)
