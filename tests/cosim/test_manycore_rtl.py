# SPDX-License-Identifier: Apache-2.0
"""Clusters of a mapped network in RTL: every byte and cycle as the model has them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from alpine_cosim.manycore.accelerator_rtl import ClusterJobs, RtlImaCluster
from alpine_cosim.manycore.mapped_network import ManyCoreNetwork, map_network
from alpine_cosim.manycore.rtl_check import check_in_rtl, chosen_clusters
from alpine_platform.manycore import ManyCoreConfig, accelerator_cycles
from alpine_platform.manycore.simulate import simulate
from alpine_sw.manycore import auto
from alpine_sw.networks.resnet import ResNetShape, resnet_graph, resnet_images

SHAPE = ResNetShape(name="small", side=32, widths=(4, 8), classes=10)
MACHINE = ManyCoreConfig(
    name="small",
    crossbar_rows=16,
    crossbar_columns=8,
    stream_ports=1,
    product_cycles=9,
    software_cycles=0,
)
"""Crossbars of 16 x 8 with ports of 4 bytes; all tests share their build."""


@pytest.fixture(scope="module")
def network() -> ManyCoreNetwork:
    graph = resnet_graph(SHAPE)
    return map_network(graph, auto(graph, MACHINE), MACHINE)


def test_every_cluster_of_a_network_agrees_in_every_byte_and_cycle(network: ManyCoreNetwork):
    found = check_in_rtl(network, resnet_images(SHAPE), clusters=MACHINE.clusters)
    assert not found.missing
    for each in found.clusters:
        assert (each.unequal, each.rtl_cycles) == (0, each.model_cycles), each
    # The event model takes the same time for the accelerators of every cluster.
    uses = {use.cluster: use for use in simulate(network.stages, MACHINE, images=1).clusters}
    assert {each.cluster for each in found.clusters} == {
        number for number, use in uses.items() if use.jobs
    }
    for each in found.clusters:
        use = uses[each.cluster]
        assert (use.chunks, use.analog, use.busy) == (each.chunks, each.rtl_cycles, each.rtl_cycles)
        assert each.compared == use.jobs * each.kind.columns


def test_a_wrong_cell_is_found(network: ManyCoreNetwork, monkeypatch: pytest.MonkeyPatch):
    good = check_in_rtl(network, resnet_images(SHAPE), clusters=1, chunks=1)
    program = RtlImaCluster.program

    def roll(self: RtlImaCluster, weights: NDArray[np.int8], lsb: NDArray[np.float32]) -> None:
        program(self, np.roll(weights, 1, axis=0), lsb)

    monkeypatch.setattr(RtlImaCluster, "program", roll)
    bad = check_in_rtl(network, resnet_images(SHAPE), clusters=1, chunks=1)
    assert good.agrees and not bad.agrees


def test_chosen_clusters_meet_many_kinds(network: ManyCoreNetwork):
    every, none = chosen_clusters(network, MACHINE.clusters)
    kinds = {kind for _, kind in every}
    assert not none
    few, missing = chosen_clusters(network, 3)
    # The first clusters chosen are all of different kinds, and what is missing is the rest.
    assert len({kind for _, kind in few}) == 3 and {kind for _, kind in few} | set(missing) == kinds
    assert len(missing) == len(kinds) - 3


@pytest.mark.parametrize("product_cycles", [4, 9])
@pytest.mark.parametrize(
    ("rows", "columns", "runs", "jobs"), [(16, 8, 1, 6), (12, 5, 3, 4), (6, 1, 1, 1), (4, 8, 1, 5)]
)
def test_cycles_of_jobs(rows: int, columns: int, runs: int, jobs: int, product_cycles: int):
    config = replace(MACHINE, product_cycles=product_cycles)
    rtl = RtlImaCluster(config)
    try:
        rtl.program(np.ones((rows, columns), np.int8), np.ones(columns, np.float32))
        vectors = np.arange(jobs * rows).reshape(jobs, rows) % 7
        asked = ClusterJobs(
            jobs=jobs, rows=rows, columns=columns, runs=runs, run_stride=rows // runs,
            source_stride=rows,
        )  # fmt: skip
        out, cycles = rtl.run(asked, vectors.astype(np.int8).tobytes())
    finally:
        rtl.close()
    sums = vectors.sum(axis=1)[:, None].repeat(columns, axis=1)
    assert (np.frombuffer(out, np.int8).reshape(jobs, columns) == sums).all()
    assert cycles == accelerator_cycles(config, jobs=jobs, rows=rows, columns=columns, runs=runs)
