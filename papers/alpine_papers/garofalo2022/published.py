# SPDX-License-Identifier: Apache-2.0
"""Figures that the paper prints outside its table of layers (arXiv 2201.01089)."""

from dataclasses import dataclass

__all__ = [
    "BOTTLENECK",
    "CLUSTER_AREA_MM2",
    "COMPARED",
    "CROSSBARS",
    "CROSSBAR_AREA_MM2",
    "DEPTHWISE_AREA_SHARE",
    "DEPTHWISE_OVER_SOFTWARE",
    "PEAK_GOPS_250",
    "PRINTED_TOTALS",
    "BottleneckFactors",
    "ComparedSystem",
    "PrintedTotals",
]

CROSSBARS = 34
PEAK_GOPS_250 = 958
"""At 250 MHz with the pipelined 128-bit port."""
CLUSTER_AREA_MM2 = 2.5
CROSSBAR_AREA_MM2 = 0.83
DEPTHWISE_AREA_SHARE = 0.021
"""Of the cluster's area."""
DEPTHWISE_OVER_SOFTWARE = 26
"""Factor of the depthwise accelerator over cores, in operations per cycle."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedTotals:
    """The table's last line and the text on it."""

    time_ms: float
    energy_uj: float
    mmac: float
    parameters: int
    inferences_per_s: float


PRINTED_TOTALS = PrintedTotals(
    time_ms=10.06, energy_uj=482, mmac=281.65, parameters=2_190_784, inferences_per_s=99
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BottleneckFactors:
    """A mapping of the Bottleneck over the cores alone.

    Members
    -------
    case : the mapping. about : it.
    time : factor in performance. energy, area : factors in energy efficiency and performance per
        used area, as printed.
    """

    case: str
    about: str
    time: float
    energy: str
    area: str


BOTTLENECK = (
    BottleneckFactors(case="cores", about="all on the cores", time=1.0, energy="1", area="1"),
    BottleneckFactors(
        case="ima-cjob8",
        about="all but the residual on crossbars, depthwise in blocks of 8 channels",
        time=1.23,
        energy="1/1.23",
        area="same as cores",
    ),
    BottleneckFactors(
        case="ima-cjob16",
        about="the same in blocks of 16 channels",
        time=2.27,
        energy="comparable to cores",
        area="comparable to cores",
    ),
    BottleneckFactors(
        case="hybrid",
        about="pointwise on crossbars, depthwise on the cores with transposition",
        time=4.6,
        energy="3.4",
        area="2.1 times ima-cjob16",
    ),
    BottleneckFactors(
        case="ima-dw",
        about="pointwise on crossbars, depthwise on its accelerator, residual on the cores",
        time=11.5,
        energy="9.2 (Sec. V-C), 9.5 (abstract)",
        area="10.2",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedSystem:
    """A column of the paper's comparison; what it leaves empty is empty."""

    name: str
    technology_nm: int
    area_mm2: str
    arrays: str
    tops: str
    tops_per_w: str
    network: str


COMPARED = (
    ComparedSystem(
        name="Vega", technology_nm=22, area_mm2="12", arrays="none", tops="0.032 (8 bit)",
        tops_per_w="0.61", network="10 inferences/s, 1.19 mJ",
    ),
    ComparedSystem(
        name="AnalogNets", technology_nm=14, area_mm2="3.2", arrays="1 PCM, 1024 x 512", tops="2",
        tops_per_w="13.5", network="",
    ),
    ComparedSystem(
        name="Jia, ISSCC 2021", technology_nm=16, area_mm2="25", arrays="16 of 1152 x 256",
        tops="3", tops_per_w="30", network="",
    ),
    ComparedSystem(
        name="Jia, JSSC 2020", technology_nm=65, area_mm2="13.5", arrays="1 of 2304 x 256",
        tops="0.068 (8 bit by 4 bit)", tops_per_w="12.5", network="0.232 inferences/s",
    ),
    ComparedSystem(
        name="Garofalo et al.", technology_nm=22, area_mm2="about 30",
        arrays="34 PCM, 256 x 256", tops="0.958", tops_per_w="6.39",
        network="99 inferences/s, 0.482 mJ",
    ),
)  # fmt: skip
