# SPDX-License-Identifier: Apache-2.0
"""A graph of stages laid out in the arrays of the compiled simulator."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from alpine_platform.compiled.kernel_state import words

from .config import ManyCoreConfig
from .durations import chunk_cycles
from .sequences import ChunkSequence, chunk_sequence
from .simulation_state import (
    INBOX,
    MACHINE,
    MEMORY,
    NOBODY,
    OUTPUT,
    QUEUE,
    TRANSFER,
    UNIT,
    ManyCoreState,
)
from .stages import Carrier, StageEdge, StageGraph, WorkStage

__all__ = ["StageLayout", "lay_out"]

Fields = dict[str, int]


class StageLayout:
    """What is gathered of a graph before it becomes arrays.

    Parameters
    ----------
    graph, config : checked.
    images : of the batch.

    Members
    -------
    stages : of every unit, its stage and its index in a copy.
    """

    def __init__(self, graph: StageGraph, config: ManyCoreConfig, *, images: int):
        self.graph, self.config, self.images = graph, config, images
        self.stages: list[tuple[WorkStage, int]] = []
        self._units: list[Fields] = []
        self._first_unit: dict[str, int] = {}
        self._inboxes: defaultdict[int, list[Fields]] = defaultdict(list)
        self._outputs: defaultdict[int, list[tuple[Fields, Fields | None]]] = defaultdict(list)
        self._memories: list[Fields] = []
        self._readers: list[list[Fields]] = []
        self._places: list[int] = []
        self._pieces: dict[str, list[Any]] = {
            name: [] for name in ("rank_of", "chunk_of", "needs", "frees", "unread")
        }
        self._lengths: dict[str, int] = dict.fromkeys(
            (*self._pieces, "arrivals", "written", "starts"), 0
        )
        for stage in graph.stages:
            self._add_stage(stage)
        for edge in graph.edges:
            self._add_edge(edge)

    def _grow(self, name: str, values: Any) -> int:
        """Append to an array; return where the values begin."""
        first = self._lengths[name]
        self._pieces[name].append(values)
        self._lengths[name] += len(values)
        return first

    def _reserve(self, name: str, count: int) -> int:
        """Make room in an array that begins with zeros; return where it begins."""
        first = self._lengths[name]
        self._lengths[name] += count
        return first

    def _add_stage(self, stage: WorkStage) -> None:
        self._first_unit[stage.name] = len(self._units)
        total = self.images * stage.chunks
        for number, cluster in enumerate(stage.clusters):
            copy, index = divmod(number, stage.width)
            steps = len(range(copy, total, stage.copies))
            self.stages.append((stage, index))
            self._units.append(
                {
                    "cluster": cluster,
                    "copy": copy,
                    "copies": stage.copies,
                    "chunks": stage.chunks,
                    "steps": steps,
                    "duration": chunk_cycles(self.config, stage, index),
                    "first_start": self._reserve("starts", steps),
                }
            )

    def _add_edge(self, edge: StageEdge) -> None:
        chunks = self.graph.source_chunks(edge)
        target = self.graph.stage(edge.target) if edge.target else None
        sequences = [
            chunk_sequence(
                edge,
                source_chunks=chunks,
                target_chunks=target.chunks,
                copies=target.copies,
                copy=copy,
                images=self.images,
            )
            for copy in range(target.copies if target else 0)
            if target
        ]
        inboxes = self._add_inboxes(edge, target, sequences)
        if edge.carrier is Carrier.DIRECT:
            self._add_routes(edge, sequences, inboxes)
        else:
            self._add_memory(edge, chunks, sequences, inboxes)

    def _add_inboxes(
        self, edge: StageEdge, target: WorkStage | None, sequences: Sequence[ChunkSequence]
    ) -> list[list[Fields]]:
        """Give every cluster of the target room; return it copy by copy."""
        found: list[list[Fields]] = []
        for copy, sequence in enumerate(sequences):
            assert target is not None
            first_need = self._grow("needs", sequence.needs)
            self._grow("frees", sequence.frees)
            first_chunk = self._grow("chunk_of", sequence.chunks)
            ranks = len(sequence.chunks)
            found.append([])
            for index in range(target.width):
                unit = self._first_unit[target.name] + copy * target.width + index
                inbox = {
                    "unit": unit,
                    "expected": 1,
                    "capacity": edge.buffered_chunks(target.copies),
                    "ranks": ranks,
                    "first_rank": self._reserve("arrivals", ranks),
                    "first_chunk": first_chunk,
                    "first_need": first_need,
                    "waiting": NOBODY,
                    "memory": NOBODY,
                }
                self._inboxes[unit].append(inbox)
                found[-1].append(inbox)
        return found

    def _source_units(self, edge: StageEdge, index: int) -> list[int]:
        """Units that stand at an index of the source's copies."""
        stage = self.graph.stage(edge.source)
        first = self._first_unit[stage.name] + index
        return [first + copy * stage.width for copy in range(stage.copies)]

    def _add_routes(
        self, edge: StageEdge, sequences: Sequence[ChunkSequence], inboxes: list[list[Fields]]
    ) -> None:
        for sequence, boxes in zip(sequences, inboxes, strict=True):
            first_rank = self._grow("rank_of", sequence.ranks)
            for box in boxes:
                box["expected"] = 0
            for route in edge.routes:
                boxes[route.target]["expected"] += 1
                output = {
                    "first_rank": first_rank,
                    "memory": NOBODY,
                    "size": route.size_bytes,
                    "run": max(route.size_bytes, 1),
                }
                for unit in self._source_units(edge, route.source):
                    self._outputs[unit].append((output, boxes[route.target]))

    def _add_memory(
        self,
        edge: StageEdge,
        chunks: int,
        sequences: Sequence[ChunkSequence],
        inboxes: list[list[Fields]],
    ) -> None:
        number, total = len(self._memories), self.images * chunks
        unread = np.zeros(total, dtype=np.int32)
        for sequence in sequences:
            unread += (sequence.ranks >= 0) * len(edge.reads)
        # Results have no readers and are written all the same.
        needed = np.where((unread > 0) | (not sequences), 0, NOBODY).astype(np.int32)
        self._memories.append(
            {
                "hbm": int(edge.carrier is Carrier.HBM),
                "expected": len(edge.writes),
                "capacity": edge.capacity_chunks,
                "chunks": total,
                "image_chunks": chunks,
                "first_chunk": self._grow("unread", unread),
                "first_place": len(self._places),
                "places": max(len(edge.storage), 1),
                "waiting": NOBODY,
            }
        )
        self._reserve("written", total)
        self._places += edge.storage
        self._readers.append([box for boxes in inboxes for box in boxes])
        for boxes in inboxes:
            for box, size in zip(boxes, edge.reads, strict=True):
                box |= {"memory": number, "size": size, "run": run_bytes(size, edge.runs)}
        first_rank = self._grow("rank_of", needed) if edge.writes else 0
        for index, size in enumerate(edge.writes):
            output = {
                "first_rank": first_rank,
                "memory": number,
                "size": size,
                "run": run_bytes(size, edge.runs),
            }
            for unit in self._source_units(edge, index):
                self._outputs[unit].append((output, None))

    def state(self) -> ManyCoreState:
        """Return the arrays, at the begin of the simulation."""
        inboxes, outputs = self._numbered()
        readers: list[int] = []
        for memory, boxes in zip(self._memories, self._readers, strict=True):
            memory |= {"first_reader": len(readers), "readers": len(boxes)}
            readers += [box["number"] for box in boxes]
        transfers = 1 + 2 * len(outputs)
        transfers += sum(box["capacity"] for box in inboxes if box["memory"] != NOBODY)
        queues = 2 * self.config.clusters
        divisors, offsets, nodes = tree_levels(self.config)
        joined = {name: joined_pieces(pieces) for name, pieces in self._pieces.items()}
        counts = np.zeros(self._lengths["arrivals"], dtype=np.int32)
        return ManyCoreState(
            machine=records(MACHINE, [self._machine(len(divisors) - 1)]),
            units=records(UNIT, self._units),
            inboxes=records(INBOX, inboxes),
            outputs=records(OUTPUT, outputs),
            memories=records(MEMORY, self._memories),
            transfers=records(TRANSFER, [{"next": n + 1} for n in range(transfers)]),
            queues=records(QUEUE, [{"head": NOBODY, "tail": NOBODY}] * queues),
            heap=np.zeros((len(self._units) + transfers + queues, 2), dtype=np.int64),
            **joined,
            arrivals=counts,
            productions=counts.copy(),
            written=np.zeros(self._lengths["written"], dtype=np.int32),
            readers=np.array(readers, dtype=np.int32),
            places=np.array(self._places, dtype=np.int32),
            divisors=divisors,
            offsets=offsets,
            wires=np.zeros((nodes * 4, 2), dtype=np.int64),
            image_ends=np.zeros(self.images, dtype=np.int64),
            starts=np.zeros(self._lengths["starts"], dtype=np.int64),
        )

    def _numbered(self) -> tuple[list[Fields], list[Fields]]:
        """Put the inboxes and the outputs of each unit side by side."""
        inboxes: list[Fields] = []
        outputs: list[Fields] = []
        for number, unit in enumerate(self._units):
            own = self._inboxes[number]
            unit |= {"first_inbox": len(inboxes), "inboxes": len(own)}
            for box in own:
                box["number"] = len(inboxes)
                inboxes.append(box)
        for number, unit in enumerate(self._units):
            sent = self._outputs[number]
            unit |= {"first_output": len(outputs), "outputs": len(sent)}
            for output, box in sent:
                outputs.append({**output, "inbox": box["number"] if box else NOBODY})
        return inboxes, outputs

    def _machine(self, levels: int) -> Fields:
        config = self.config
        return {
            "levels": levels,
            "width": config.width_bytes,
            "latency": config.router_latency_cycles,
            "hbm_width": config.hbm_width_bytes,
            "hbm_latency": config.hbm_latency_cycles,
            "hbm_wait": config.hbm_run_wait_cycles,
            "hbm_occupancy": config.hbm_run_occupancy_cycles,
            "burst": config.dma_burst_bytes,
            "software": config.software_cycles,
            "ahead": int(config.wait_for_next_chunk),
        }


def lay_out(graph: StageGraph, config: ManyCoreConfig, *, images: int) -> StageLayout:
    """Gather what the simulator needs of a checked graph."""
    return StageLayout(graph, config, images=images)


def run_bytes(size: int, runs: int) -> int:
    """Bytes of each of so many contiguous runs."""
    return max(-(-size // max(runs, 1)), 1)


def tree_levels(config: ManyCoreConfig) -> tuple[Any, Any, int]:
    """Per level, leaves below a node and its first node's number; and how many nodes there are.

    Level 0 are the clusters, the last one is the router at the HBM.
    """
    divisors, offsets, nodes, below = [1], [0], config.clusters, 1
    for factor in config.tree_factors:
        below *= factor
        divisors.append(below)
        offsets.append(nodes)
        nodes += config.clusters // below
    return np.array(divisors, dtype=np.int64), np.array(offsets, dtype=np.int64), nodes


def joined_pieces(pieces: list[Any]) -> Any:
    """One array of many; numba wants at least a type where there are none."""
    return np.concatenate([*pieces, np.zeros(0, dtype=np.int32)]).astype(np.int32)


def records(kind: Any, values: Sequence[Fields]) -> Any:
    """Array of records with these fields; others are 0. At least one, as compiled code reads it."""
    array: Any = np.zeros(max(len(values), 1), dtype=kind)
    rows: Any = words(array)
    names: dict[str, int] = {name: place for place, name in enumerate(kind.names)}
    for row, value in enumerate(values):
        for name, number in value.items():
            if name in names:
                rows[row, names[name]] = number
    return array
