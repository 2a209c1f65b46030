# SPDX-License-Identifier: Apache-2.0
"""A batch on a many-core: data through every layer, times of every cluster, energy of the jobs."""

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

from alpine_models.energy import job_energy_nj
from alpine_platform.manycore import ManyCoreResult, StageGraph
from alpine_platform.manycore.simulate import simulate
from alpine_platform.time import FS_PER_S
from alpine_sw.graph import Graph, Interpreter
from alpine_sw.graph.operator import MatrixOperator
from alpine_sw.graph.tensors import Array
from alpine_sw.manycore import Allocation

from .mapped_layers import MappedMatrix, evaluate_mapped
from .mapped_network import map_network
from .rtl_check import RtlCheck, check_in_rtl
from .specification import ManyCoreSpec

__all__ = ["ManyCoreOutcome", "first_unequal", "jobs_and_energy", "macs_of", "run_many_core"]

OPERATIONS_PER_MAC = 2
"""A multiplication and an addition."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ManyCoreOutcome:
    """What a run on a many-core produced.

    Members
    -------
    spec, allocation : what ran where.
    simulated : times.
    unequal : name of the first tensor that differs from the golden model's, or None.
    rtl : clusters that ran in RTL beside the model, or None.
    macs : of one image.
    jobs : products of crossbars per image.
    energy_j : of the jobs of the batch; clusters behind the accelerators and all else not in it.
    host_s : seconds of the simulation, of the data's two passes, and of the RTL.
    """

    spec: ManyCoreSpec
    allocation: Allocation
    simulated: ManyCoreResult
    unequal: str | None
    rtl: RtlCheck | None
    macs: int
    jobs: int
    energy_j: float
    host_s: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def outputs_equal_golden(self) -> bool:
        """Whether every tensor of every image equals the golden model's."""
        return self.unequal is None

    @property
    def agrees(self) -> bool:
        """Whether that is so, and every byte and cycle of the RTL is the model's."""
        return self.outputs_equal_golden and (self.rtl is None or self.rtl.agrees)

    @property
    def operations_per_s(self) -> float:
        """Multiplications and additions of the network over the time of the batch."""
        return OPERATIONS_PER_MAC * self.macs * self.simulated.images_per_s

    def to_json(self) -> str:
        """Return everything as a JSON text."""
        found = self.simulated
        tree: dict[str, Any] = {
            "network": self.spec.network,
            "system": found.config.name,
            "case": self.allocation.name,
            "images": found.images,
            "clusters_used": found.used_clusters,
            "time_s": found.time_fs / FS_PER_S,
            "images_per_s": found.images_per_s,
            "operations_per_s": self.operations_per_s,
            "image_cycles": found.image_cycles,
            "steady_cycles": found.steady_cycles,
            "slowest_stage": asdict(found.slowest),
            "macs_per_image": self.macs,
            "jobs_per_image": self.jobs,
            "energy_of_jobs_j": self.energy_j,
            "outputs_equal_golden": self.outputs_equal_golden,
            "rtl": self.rtl and asdict(self.rtl),
            "layers": [asdict(each) for each in found.layers()],
            "clusters": [asdict(each) for each in found.clusters],
            "links": [asdict(each) for each in found.links],
            "config": asdict(found.config),
            "host_s": self.host_s,
        }
        return json.dumps(tree, indent=2)


def run_many_core(spec: ManyCoreSpec) -> ManyCoreOutcome:
    """Run a batch: simulate its stages, compute its data as mapped, and compare with golden.

    Raises
    ------
    AlpineError
        The network, the allocation and the machine do not fit together.
    """
    graph, inputs = spec.network_and_inputs()
    network = map_network(graph, spec.allocation(graph), spec.config)
    begun = perf_counter()
    simulated = simulate(network.stages, spec.config, images=spec.images)
    host_s = {"simulation": perf_counter() - begun}
    begun = perf_counter()
    unequal = first_unequal(graph, network.matrices, inputs)
    host_s["data"] = perf_counter() - begun
    rtl = None
    if spec.rtl_clusters:
        begun = perf_counter()
        rtl = check_in_rtl(
            network, inputs, clusters=spec.rtl_clusters, chunks=spec.rtl_chunks or None
        )
        host_s["rtl"] = perf_counter() - begun
    jobs, energy_j = jobs_and_energy(network.stages)
    return ManyCoreOutcome(
        spec=spec,
        allocation=network.allocation,
        simulated=simulated,
        unequal=unequal,
        rtl=rtl,
        macs=macs_of(graph),
        jobs=jobs,
        energy_j=energy_j * spec.images,
        host_s=host_s,
    )


class Checksums:
    """Name and checksum of every tensor, in the order in which they were computed."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int]] = []

    def note(self, name: str, values: Array) -> None:
        """Add a tensor: its type, shape and elements count."""
        text = f"{values.dtype} {values.shape[1:]}".encode()
        self.found.append((name, zlib.crc32(values.tobytes(), zlib.crc32(text))))


def first_unequal(graph: Graph, matrices: dict[str, MappedMatrix], inputs: Array) -> str | None:
    """Compute every image as mapped and by the golden model; return the first tensor that differs.

    Both go through the images one by one, beside each other, and keep a checksum of every tensor.
    """
    (name,) = graph.inputs

    def mapped() -> Checksums:
        seen = Checksums()
        for number in range(len(inputs)):
            evaluate_mapped(graph, matrices, inputs[number : number + 1], observe=seen.note)
        return seen

    def golden() -> Checksums:
        seen = Checksums()
        Interpreter(graph, together=1, observe=seen.note).run({name: inputs})
        return seen

    with ThreadPoolExecutor(2) as pool:
        ours, theirs = (each.result() for each in (pool.submit(mapped), pool.submit(golden)))
    return next(
        (mine[0] for mine, want in zip(ours.found, theirs.found, strict=True) if mine != want), None
    )


def macs_of(graph: Graph) -> int:
    """Multiplications of an image with matrices."""
    return sum(
        node.operator.macs(*graph.operand_types(node))
        for node in graph.nodes
        if isinstance(node.operator, MatrixOperator)
    )


def jobs_and_energy(stages: StageGraph) -> tuple[int, float]:
    """Return the crossbars' jobs of an image and their energy in joules.

    Source: `alpine_models.energy.job_energy_nj`, fitted to jobs in 22 nm (Garofalo et al., arXiv
    2201.01089); what a job costs in the many-core's 5 nm is published nowhere.
    """
    jobs, energy_nj = 0, 0.0
    for stage in stages.stages:
        for index in range(stage.width if stage.jobs else 0):
            count = stage.chunks * stage.jobs
            jobs += count
            energy_nj += count * job_energy_nj(stage.rows_of(index), stage.columns_of(index))
    return jobs, energy_nj * 1e-9
