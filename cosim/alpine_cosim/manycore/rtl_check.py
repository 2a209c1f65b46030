# SPDX-License-Identifier: Apache-2.0
"""Chosen clusters of a mapped network in RTL: every byte and the time of chunks beside the model's.

What a crossbar gives are codes of its own sums, by converters with the layer's step. Where a layer
is cut by inputs they are partial sums: exact sums, which `mapped_layers` adds up, leave no 8-bit
converter, so bytes are compared crossbar by crossbar.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_platform.manycore import ManyCoreConfig, StageRole, WorkStage, accelerator_cycles
from alpine_sw.graph import matrix_products
from alpine_sw.graph.arithmetic import digitise
from alpine_sw.graph.tensors import Array
from alpine_sw.manycore.parts import tree_parts

from .accelerator_rtl import ClusterJobs, RtlImaCluster
from .mapped_layers import MappedMatrix, evaluate_mapped, padded
from .mapped_network import ManyCoreNetwork

__all__ = ["ClusterKind", "RtlCheck", "RtlCluster", "check_in_rtl", "chosen_clusters"]


@dataclass(frozen=True, order=True, slots=True)
class ClusterKind:
    """What distinguishes clusters with a crossbar from one another.

    Members
    -------
    rows, columns : of a job.
    stride : from job to job, in pixels.
    place : among the partial sums that one cluster of a tree adds up: first, inner or last of so
        many; alone without a tree.
    """

    rows: int
    columns: int
    stride: int
    place: str

    def __str__(self) -> str:
        return f"{self.rows} x {self.columns}, stride {self.stride}, {self.place}"


@dataclass(frozen=True, kw_only=True, slots=True)
class RtlCluster:
    """A cluster that ran in RTL.

    Members
    -------
    cluster, stage, kind : which it is.
    chunks : of the first image that ran.
    compared, unequal : bytes, and those that differ from the model's.
    rtl_cycles, model_cycles : of all these chunks, from the first beat of each to its last.
    """

    cluster: int
    stage: str
    kind: ClusterKind
    chunks: int
    compared: int
    unequal: int
    rtl_cycles: int
    model_cycles: int

    @property
    def agrees(self) -> bool:
        """Whether every byte and every cycle is the model's."""
        return self.unequal == 0 and self.rtl_cycles == self.model_cycles


@dataclass(frozen=True, kw_only=True, slots=True)
class RtlCheck:
    """Clusters that ran in RTL, and the kinds of clusters of which none did."""

    clusters: tuple[RtlCluster, ...]
    missing: tuple[ClusterKind, ...]

    @property
    def agrees(self) -> bool:
        """Whether all of them agree with the model."""
        return all(each.agrees for each in self.clusters)


Place = tuple[WorkStage, int, int]
"""A stage, a copy and a cluster of it."""


def kind_of(
    matrix: MappedMatrix, stage: WorkStage, index: int, tree: tuple[int, ...]
) -> ClusterKind:
    """Return a cluster's kind; in a copy, clusters stand in the order of columns, then of rows."""
    part = index % len(matrix.rows)
    place = "alone"
    if tree:
        first, groups = part, tree_parts(len(matrix.rows), tree)[0]
        group = next(n for n in range(len(groups)) if part < sum(groups[: n + 1]))
        first -= sum(groups[:group])
        named = {0: "first", groups[group] - 1: "last"}
        place = f"{named.get(first, 'inner')} of {groups[group]}"
    return ClusterKind(
        stage.rows_of(index), stage.columns_of(index), matrix.window.strides[0], place
    )


def chosen_clusters(
    network: ManyCoreNetwork, count: int
) -> tuple[list[tuple[Place, ClusterKind]], list[ClusterKind]]:
    """Choose clusters so that as many kinds as possible are met; return them and what is missing.

    Of every kind one, in the order of stages; then others, in the same order, up to ``count``.
    """
    trees = {entry.layer: entry.tree for entry in network.allocation.layers}
    places: list[tuple[Place, ClusterKind]] = []
    for stage in network.stages.stages:
        if stage.role is StageRole.ANALOG:
            matrix, tree = network.matrices[stage.layer], trees[stage.layer]
            kinds = [kind_of(matrix, stage, index, tree) for index in range(stage.width)]
            places += [
                ((stage, copy, index), kind)
                for copy in range(stage.copies)
                for index, kind in enumerate(kinds)
            ]
    firsts: dict[ClusterKind, tuple[Place, ClusterKind]] = {}
    for place in places:
        firsts.setdefault(place[1], place)
    order = list(firsts.values())
    order += [place for place in places if firsts[place[1]] is not place]
    chosen = order[:count]
    met = {kind for _, kind in chosen}
    return chosen, [kind for kind in firsts if kind not in met]


def check_in_rtl(
    network: ManyCoreNetwork, inputs: Array, *, clusters: int, chunks: int | None = None
) -> RtlCheck:
    """Run the jobs of chosen clusters for the first image in RTL.

    Parameters
    ----------
    clusters : how many.
    chunks : of each cluster, its first ones; None for all of the image.
    """
    chosen, missing = chosen_clusters(network, clusters)
    operands = operands_of(network, inputs[:1])
    products = matrix_products(network.graph)
    found: list[RtlCluster] = []
    rtl = RtlImaCluster(network.config)
    try:
        for (stage, copy, index), kind in chosen:
            lsb = products[stage.layer].lsb
            run = CrossbarRun(
                network.matrices[stage.layer], stage, index, operands[stage.layer], lsb
            )
            own = range(copy, stage.chunks, stage.copies)[:chunks]
            cluster = stage.clusters[copy * stage.width + index]
            found.append(run.compare(rtl, network.config, own, cluster, kind))
    finally:
        rtl.close()
    return RtlCheck(clusters=tuple(found), missing=tuple(missing))


def operands_of(network: ManyCoreNetwork, image: Array) -> dict[str, Array]:
    """Return what every matrix multiplies for one image, [1, rows, columns, channels]."""
    graph, matrices = network.graph, network.matrices
    (name,) = graph.inputs
    tensors: dict[str, Array] = {name: graph.inputs[name].batch(image, name=name)}
    readers = {node.name: node.operands[0] for node in graph.nodes if node.name in matrices}
    wanted = set(readers.values())

    def keep(name: str, values: Array) -> None:
        if name in wanted:
            tensors[name] = values

    evaluate_mapped(graph, matrices, image, observe=keep)
    found: dict[str, Array] = {}
    for layer, operand in readers.items():
        values = tensors[operand]
        found[layer] = values.reshape(1, 1, 1, -1) if values.ndim == 2 else values
    return found


class CrossbarRun:
    """One cluster's crossbar and what it reads for one image.

    Parameters
    ----------
    matrix, stage, index : the layer, and which cluster of a copy.
    operand : int8 [1, rows, columns, channels].
    lsb : float32 [outputs], sum per code of the layer.
    """

    def __init__(
        self,
        matrix: MappedMatrix,
        stage: WorkStage,
        index: int,
        operand: Array,
        lsb: NDArray[np.float32],
    ):
        self.matrix, self.stage, self.index = matrix, stage, index
        self.column, self.part = divmod(index, len(matrix.rows))
        self.images = padded(operand, matrix)
        first, end = matrix.columns[self.column]
        self.lsb = np.ascontiguousarray(lsb[first:end], np.float32)
        self.weights = matrix.crossbar(self.part, self.column)
        self.in_columns = matrix.by_channel and matrix.window.dilation == (1, 1)

    def compare(
        self,
        rtl: RtlImaCluster,
        config: ManyCoreConfig,
        chunks: Sequence[int],
        cluster: int,
        kind: ClusterKind,
    ) -> RtlCluster:
        """Run chunks in RTL and beside them in the model."""
        rows, columns = self.weights.shape
        vectors = self.matrix.vectors(self.images, self.part).astype(np.int32)
        wanted = digitise(vectors @ self.weights.astype(np.int32), self.lsb)
        wanted = wanted.reshape(self.stage.jobs, -1, columns)
        rtl.program(self._cells(), self.lsb)
        unequal, rtl_cycles = 0, 0
        for chunk in chunks:
            source, jobs = self._chunk(chunk)
            out, cycles = rtl.run(jobs, source)
            codes = np.frombuffer(out, np.int8).reshape(self.stage.jobs, columns)
            unequal += int(np.count_nonzero(codes != wanted[:, chunk]))
            rtl_cycles += cycles
        model = accelerator_cycles(
            config,
            jobs=self.stage.jobs,
            rows=rows,
            columns=columns,
            runs=self.stage.runs if self.in_columns else 1,
        )
        return RtlCluster(
            cluster=cluster,
            stage=self.stage.name,
            kind=kind,
            chunks=len(chunks),
            compared=len(chunks) * self.stage.jobs * columns,
            unequal=unequal,
            rtl_cycles=rtl_cycles,
            model_cycles=len(chunks) * model,
        )

    def _cells(self) -> NDArray[np.int8]:
        """Weights in the order in which the stream brings the inputs: column by column."""
        if not self.in_columns:
            return self.weights
        _, down, across, _ = self.matrix.weights.shape
        by_row = self.weights.reshape(down, across, -1, self.weights.shape[1])
        return by_row.transpose(1, 0, 2, 3).reshape(self.weights.shape)

    def _chunk(self, chunk: int) -> tuple[bytes, ClusterJobs]:
        """What lies in L1 for a chunk, and its jobs.

        There are the columns under the window, one behind the other, each pixel by pixel. A job
        reads a run from each of them. Where channels are cut, jobs read their lines unfolded.
        """
        rows, columns = self.weights.shape
        jobs = self.stage.jobs
        if not self.in_columns:
            vectors = self.matrix.vectors(self.images, self.part).reshape(jobs, -1, rows)
            source = np.ascontiguousarray(vectors[:, chunk])
            return source.tobytes(), ClusterJobs(
                jobs=jobs, rows=rows, columns=columns, runs=1, run_stride=0, source_stride=rows
            )
        across, stride = self.matrix.window.size[1], self.matrix.window.strides
        first, end = self.matrix.rows[self.part]
        left = chunk * stride[1]
        seen = self.images[0, :, left : left + across, first:end].transpose(1, 0, 2)
        return seen.tobytes(), ClusterJobs(
            jobs=jobs,
            rows=rows,
            columns=columns,
            runs=across,
            run_stride=seen.shape[1] * (end - first),
            source_stride=stride[0] * (end - first),
        )
