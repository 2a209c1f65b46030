# SPDX-License-Identifier: Apache-2.0
"""A network in the table, made of a graph and its data alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_sw.graph import Graph, golden
from alpine_sw.mapping import Mapping as NetworkMapping
from alpine_sw.mapping.chain import chain_mapping
from alpine_sw.programs.batched import batched
from alpine_sw.programs.generate import mapped_workload

from .network import (
    DIGITAL,
    Asked,
    Network,
    NetworkOptions,
    Outputs,
    Task,
    chosen_mapping,
    sample_count,
)

__all__ = ["MapGraph", "Samples", "chain_cases", "graph_network"]

MapGraph = Callable[[Graph, Asked], NetworkMapping]
"""Maps a graph as a run asks."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Samples:
    """What a network reads.

    Members
    -------
    inputs : [n, *shape] or [n, elements], of the type of the graph's input.
    labels : [n], the class that each is of, or None.
    """

    inputs: NDArray[Any]
    labels: NDArray[np.integer] | None = None


def chain_cases(*, cores: int = 1) -> dict[str, MapGraph]:
    """Return cases for a chain of layers: ``1`` on tiles, ``digital`` without, on so many cores."""

    def on_tiles(graph: Graph, asked: Asked) -> NetworkMapping:
        return chain_mapping(graph, cores=cores, software=asked.software.style)

    def digital(graph: Graph, asked: Asked) -> NetworkMapping:
        asked_cores = asked.software.cores or cores
        style = asked.software.digital_style
        return chain_mapping(graph, cores=asked_cores, on_tiles=False, style=style)

    return {"1": on_tiles, DIGITAL: digital}


def graph_network(
    *,
    graph: Callable[[NetworkOptions], Graph],
    samples: Callable[[], Samples],
    cases: Mapping[str, MapGraph] | None = None,
    options: type[NetworkOptions] = NetworkOptions,
    inferences: int = 1,
    classify: Callable[[Outputs], NDArray[np.integer]] | None = None,
    accuracy_fp32: float | None = None,
) -> Network:
    """Return a network for the table whose programs and golden outputs follow from its graph.

    Parameters
    ----------
    graph : builds the graph, with one input; its first output is the network's result.
    samples : gives the data set.
    cases : mappings by name; those of `chain_cases` on one core when None.
    options : class of the network's own options, which `graph` is given.
    inferences : samples that a run reads unless it is told otherwise.
    classify : classes [n] of outputs [n, ...], where samples have labels; the place of the largest
        output when None, of several the first.
    accuracy_fp32 : of the network before quantisation, if known.
    """
    maps = chain_cases() if cases is None else dict(cases)

    def prepare(asked: Asked) -> Task:
        made, data = graph(asked.options), samples()
        count = sample_count(asked, default=inferences, available=len(data.inputs))
        mapping = chosen_mapping(asked, lambda: maps[asked.case](made, asked))
        inputs = data.inputs[:count]
        labels = np.zeros(count, np.int64) if data.labels is None else data.labels[:count]

        def accuracy(outputs: Outputs) -> float:
            found = classify(outputs) if classify else outputs.reshape(count, -1).argmax(axis=1)
            return int(np.count_nonzero(found == labels)) / count

        return Task(
            workload=mapped_workload(made, mapping),
            inputs=inputs,
            golden=lambda: golden(made, inputs),
            accuracy=None if data.labels is None else accuracy,
            accuracy_fp32=accuracy_fp32,
            batched=batched(made, mapping) if mapping.tiles else None,
            graph=made,
            mapping=mapping,
        )

    return Network(cases=tuple(maps), options=options, prepare=prepare)
