# SPDX-License-Identifier: Apache-2.0
"""The convolutional networks as a run sees them."""

from dataclasses import dataclass

from alpine_models.checked_fields import checked, flag
from alpine_sw.datasets.photographs import load_photographs
from alpine_sw.graph import Graph
from alpine_sw.mapping import Mapping
from alpine_sw.mapping.published_cnn import analog_cnn, digital_cnn
from alpine_sw.networks.cnn import load_cnn
from alpine_sw.networks.cnn_shapes import CNN_NAMES
from alpine_sw.programs.batched import batched
from alpine_sw.programs.generate import mapped_workload

from .network import (
    DIGITAL,
    Asked,
    Network,
    NetworkOptions,
    Task,
    chosen_mapping,
    digital_cores,
    sample_count,
)

__all__ = ["CNN_NETWORKS", "CnnOptions", "PrintedCnnOptions"]

PRINTED = "cnn-m"
"""The one whose printed table is not used as it stands (`cnn_shapes`)."""


@dataclass(frozen=True, kw_only=True)
class CnnOptions(NetworkOptions):
    """Options of the convolutional networks.

    Members
    -------
    normalisation : with local response normalisation.
    """

    normalisation: bool = checked(
        flag,
        default=True,
        refusal="network {network} has no normalisation to leave out; {networks} have",
    )

    @property
    def variant(self) -> str | None:
        """How the network differs from the one that its name stands for, in words."""
        return None if self.normalisation else "without normalisation"


@dataclass(frozen=True, kw_only=True)
class PrintedCnnOptions(CnnOptions):
    """Options of the one network whose printed table is not used as it stands.

    Members
    -------
    literal_table : exactly as printed.
    """

    literal_table: bool = checked(
        flag,
        default=False,
        refusal="the printed table differs for {networks} only, not for {network}",
    )

    @property
    def variant(self) -> str | None:
        """How the network differs from the one that its name stands for, in words."""
        parts = ["as printed"] * self.literal_table + ["without normalisation"] * (
            not self.normalisation
        )
        return ", ".join(parts) or None


def prepare(asked: Asked) -> Task:
    """Return the task: photographs in their order."""
    options = asked.options
    assert isinstance(options, CnnOptions)
    photographs = load_photographs()
    count = sample_count(asked, default=1, available=len(photographs.inputs))
    as_printed = isinstance(options, PrintedCnnOptions) and options.literal_table
    cnn = load_cnn(asked.network, as_printed=as_printed, normalised=options.normalisation)
    graph = cnn.graph()
    mapping = chosen_mapping(asked, lambda: _mapping(asked, graph, layers=len(cnn.weights)))
    inputs = photographs.inputs[:count]
    return Task(
        workload=mapped_workload(graph, mapping),
        inputs=inputs,
        golden=lambda: cnn.golden(inputs),
        batched=batched(graph, mapping) if mapping.tiles else None,
        graph=graph,
        mapping=mapping,
    )


def _mapping(asked: Asked, graph: Graph, *, layers: int) -> Mapping:
    software = asked.software
    if asked.case == DIGITAL:
        digital_cores(asked, (layers,))
        return digital_cnn(graph, style=software.digital_style)
    return analog_cnn(graph, software=software.style, dense_style=software.digital_style)


CNN_NETWORKS = {
    name: Network(
        cases=("1", DIGITAL),
        options=PrintedCnnOptions if name == PRINTED else CnnOptions,
        prepare=prepare,
        refusals={
            "weights": "network {network} has seeded weights and reads no weight file, not "
            "{value}: leave --weights out"
        },
    )
    for name in CNN_NAMES
}
"""The published networks by name."""
