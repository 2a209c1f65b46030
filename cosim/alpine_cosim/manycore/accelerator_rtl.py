# SPDX-License-Identifier: Apache-2.0
"""The in-memory accelerator of one cluster in RTL, with its two ports on an L1 that always grants.

It is that of the IMC cluster with a port for reads and one for writes (`alpine_rtl.cluster`).
"""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.hardware.cluster_crossbars import ClusterCrossbars
from alpine_cosim.hardware.cluster_rtl import RtlAccelerators
from alpine_models.hwpe_registers import IMA_REGISTERS, context_registers
from alpine_models.imc_cluster import ImcConfig
from alpine_platform.binaries.riscv.accelerator_pins import AcceleratorInputs, AcceleratorOutputs
from alpine_platform.manycore import ManyCoreConfig

__all__ = ["ClusterJobs", "RtlImaCluster", "imc_config"]

IMA = 0
"""Number of its configuration port."""

READS, WRITES = 0, 1
"""Numbers of the memory ports."""

PATIENCE_CYCLES = 1 << 16
"""Without a beat for so long, something is wrong."""

OFFSETS = {register.name: register.offset for register in IMA_REGISTERS.registers}


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterJobs:
    """Jobs of one context, which are those of a chunk.

    Members
    -------
    jobs : one behind the other.
    rows, columns : of each.
    runs : equal runs in which a job's rows lie in L1; ``run_stride`` bytes apart.
    source_stride : bytes from one job's rows to the next one's.
    """

    jobs: int
    rows: int
    columns: int
    runs: int
    run_stride: int
    source_stride: int


def imc_config(config: ManyCoreConfig) -> ImcConfig:
    """Return the accelerator of a cluster: one crossbar of 8-bit cells, two ports."""
    return ImcConfig(
        rows=config.crossbar_rows,
        columns=config.crossbar_columns,
        port_bytes=config.stream_bytes,
        crossbars=1,
        cell_bits=8,
        memory_ports=2,
    )


class RtlImaCluster:
    """One verilated accelerator, which plays one cluster after the other.

    Parameters
    ----------
    config : the machine, whose crossbars and ports it has.
    """

    def __init__(self, config: ManyCoreConfig):
        self._product_cycles = config.product_cycles
        self._crossbars = ClusterCrossbars(imc_config(config))
        self._rtl = RtlAccelerators(self._crossbars)
        kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        self._step = kind(self._rtl.calls.step)  # type: ignore[arg-type]
        self._inputs, self._outputs = AcceleratorInputs(), AcceleratorOutputs()
        self._at = tuple(map(ctypes.addressof, (self._inputs, self._outputs)))
        self._read: list[bytes | None] = [None, None]
        self.cycle = 0
        self._edge()

    def close(self) -> None:
        """Free the native objects."""
        self._rtl.close()

    def program(self, weights: NDArray[np.int8], lsb: NDArray[np.float32]) -> None:
        """Put weights [rows, columns] into the cells and sizes of a code into the converters."""
        cells = np.zeros((self._crossbars.config.rows, self._crossbars.config.columns), np.int8)
        cells[: weights.shape[0], : weights.shape[1]] = weights
        self._crossbars.program({0: cells})
        sizes = np.ones(self._crossbars.config.columns, np.float32)
        sizes[: len(lsb)] = lsb
        self._crossbars.scale({0: sizes})

    def run(self, jobs: ClusterJobs, source: bytes) -> tuple[bytes, int]:
        """Run a context; return what it wrote, and the cycles from its first beat to its last.

        Parameters
        ----------
        source : what lies in L1 from the first job's first row on.
        """
        destination = len(source)
        memory = bytearray(source) + bytearray(jobs.jobs * jobs.columns)
        self._configure(jobs, destination)
        first = last = self.cycle
        begun, quiet = False, 0
        while not self._outputs.event_done[IMA]:
            moved = self._serve(memory)
            if moved and not begun:
                begun, first = True, self.cycle
            last = self.cycle if moved else last
            quiet = 0 if moved else quiet + 1
            if quiet > PATIENCE_CYCLES:
                raise RuntimeError(f"the accelerator moves no byte for {PATIENCE_CYCLES} cycles")
            self._edge()
        return bytes(memory[destination:]), last - first + 1

    def _configure(self, jobs: ClusterJobs, destination: int) -> None:
        fields = {
            "crossbar": 0,
            "row": 0,
            "column": 0,
            "rows": jobs.rows,
            "columns": jobs.columns,
            "source": 0,
            "run_bytes": jobs.rows // jobs.runs,
            "runs": jobs.runs,
            "run_stride": jobs.run_stride,
            "jobs_x": jobs.jobs,
            "source_stride_x": jobs.source_stride,
            "jobs_y": 1,
            "source_stride_y": 0,
            "destination": destination,
            "destination_stride_x": jobs.columns,
            "destination_stride_y": 0,
        }
        self._access(OFFSETS["product_cycles"], self._product_cycles)
        self._access(OFFSETS["acquire"], None)
        for name, word in context_words(fields).items():
            self._access(OFFSETS[name], word)
        self._access(OFFSETS["trigger"], 0)

    def _access(self, offset: int, word: int | None) -> None:
        """Make one access to a register, while no context runs."""
        access = self._inputs.access[IMA]
        access.valid, access.address = 1, offset
        access.write, access.data = int(word is not None), word or 0
        while not self._outputs.answer[IMA].ready:
            self._edge()
        self._edge()
        access.valid = 0

    def _serve(self, memory: bytearray) -> bool:
        """Grant what the ports ask for in this cycle; return whether a byte moves."""
        moved = False
        for port in (READS, WRITES):
            request, answer = self._outputs.memory[port], self._inputs.memory[port]
            read = self._read[port]
            answer.granted, answer.valid = request.valid, int(read is not None)
            if read is not None:
                answer.data[: len(read)] = list(read)
            self._read[port] = None
            if not request.valid:
                continue
            moved = True
            first, end = request.address, request.address + request.bytes
            if request.write:
                memory[first:end] = bytes(request.data[: end - first])
            else:
                # What a read returns is there in the next cycle.
                self._read[port] = bytes(memory[first:end])
        return moved

    def _edge(self) -> None:
        if self._step(self._rtl.calls.context, *self._at):
            raise RuntimeError(self._rtl.explain())
        self.cycle += 1


def context_words(fields: Mapping[str, int]) -> dict[str, int]:
    """Return the words of a context's registers by name."""
    words: dict[str, int] = {}
    for register in context_registers(IMA_REGISTERS):
        for item in register.fields:
            name = register.name if item.name == "value" else item.name
            if name in fields:
                word = (fields[name] << item.low) & item.mask
                words[register.name] = words.get(register.name, 0) | word
    return words
