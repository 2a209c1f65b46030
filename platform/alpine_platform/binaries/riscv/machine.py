# SPDX-License-Identifier: Apache-2.0
"""A cluster of cores in a native library: its memory, its registers and its run."""

import ctypes
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_platform.config.cluster import ClusterConfig

from .accelerator_pins import (
    AcceleratorCalls,
    AcceleratorInputs,
    AcceleratorOutputs,
    Accelerators,
    JobRecord,
    ProductRecord,
)
from .cv32e40p_config import Cv32e40pConfig
from .instruction_set import CV32E40P, InstructionSet
from .memory_map import MemoryMap, MemoryRange
from .stops import EventWait, Stall, Stop

__all__ = ["ClusterMachine", "CoreReport", "StopRecord", "native_sources"]

PAGE_BYTES = 4096


def native_sources() -> tuple[Path, ...]:
    """Return the files of the cores' C++, that to compile first."""
    folder = Path(__file__).parent / "native"
    return (folder / "cluster.cpp", *sorted(folder.glob("*.hpp")))


def _words(names: str) -> list[tuple[str, Any]]:
    return [(name, ctypes.c_uint32) for name in names.split()]


class _Configuration(ctypes.Structure):
    """`Configuration` of native/cluster.hpp."""

    _fields_ = [
        *_words(
            "cores tcdm_base tcdm_bytes banks event_unit_base event_unit_bytes has_to_host to_host "
            "ima_base depthwise_base dma_base device_bytes l2_base core_v off_load_opcode "
            "taken_branch jump unaligned_target high_product division_least slow_csr event_load "
            "trap peripheral dma_start dma_width dma_memory_width dma_queued"
        ),
        ("period_fs", ctypes.c_uint64),
        ("memory_period_fs", ctypes.c_uint64),
    ]


class StopRecord(ctypes.Structure):
    """`StopRecord` of native/cluster.hpp: why the cores stand."""

    _fields_ = _words("stop hart pc word cause address bytes is_store status")
    hart: int
    pc: int
    word: int
    cause: int
    address: int
    bytes: int
    is_store: int
    status: int


class CoreReport(ctypes.Structure):
    """`CoreReport` of native/cluster.cpp: what a core has done until now."""

    _fields_ = [
        ("cycles", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("stalls", ctypes.c_uint64 * len(Stall)),
        *_words("state pc wait wait_index missing padding"),
    ]
    cycles: int
    instructions: int
    stalls: Any
    pc: int
    wait: int
    wait_index: int
    missing: int

    @property
    def waits_for(self) -> EventWait:
        """What it waits for in the event unit."""
        return EventWait(self.wait)

    def stalls_by_name(self) -> dict[str, int]:
        """Return its stalls, by cause."""
        found = {cause.name.lower(): int(self.stalls[cause]) for cause in Stall}
        # Only cores that have one wait for it.
        if not found[(last := Stall.COPROCESSOR.name.lower())]:
            del found[last]
        return found


_POINTER, _U32, _U64 = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "create": (_POINTER, [ctypes.POINTER(_Configuration)]),
    "destroy": (None, [_POINTER]),
    "add_memory": (_POINTER, [_POINTER, _U32, _U32, _U32]),
    "tcdm": (_POINTER, [_POINTER]),
    "registers": (ctypes.POINTER(_U32), [_POINTER, _U32]),
    "start": (None, [_POINTER, _U32, _U32]),
    "run": (_U32, [_POINTER, _U64, _U64]),
    "record": (ctypes.POINTER(StopRecord), [_POINTER]),
    "now": (_U64, [_POINTER]),
    "calls": (_U32, [_POINTER]),
    "resume": (None, [_POINTER, _U32]),
    "complete_off_load": (None, [_POINTER, _U32, _U32, _U64]),
    "halt": (None, [_POINTER, _U32]),
    "report": (None, [_POINTER, _U32, ctypes.POINTER(CoreReport)]),
    "attach": (None, [_POINTER, ctypes.POINTER(AcceleratorCalls), _U32]),
    "inputs": (ctypes.POINTER(AcceleratorInputs), [_POINTER]),
    "outputs": (ctypes.POINTER(AcceleratorOutputs), [_POINTER]),
    "freeze": (None, [_POINTER, _U32, _U32]),
    "read_out": (_U32, [_POINTER]),
    "dma_register": (_U32, [_POINTER, _U32]),
    "jobs": (_U64, [_POINTER, ctypes.POINTER(ctypes.POINTER(JobRecord))]),
    "products": (_U64, [_POINTER, ctypes.POINTER(ctypes.POINTER(ProductRecord))]),
    "transfers_digest": (_U64, [_POINTER]),
}


class ClusterMachine:
    """Cores that stand at cycle 0 with all registers 0, and their memory.

    Parameters
    ----------
    library : of the native sources, compiled.
    config : of the cluster.
    plain : more memory with L2's latency.
    to_host : address of the word that ends a run, or None.
    instructions : that the cores know.
    """

    def __init__(
        self,
        library: Path,
        config: ClusterConfig,
        *,
        plain: Iterable[MemoryRange] = (),
        to_host: int | None = None,
        instructions: InstructionSet = CV32E40P,
    ):
        self.config, self.map, self.instructions = config, MemoryMap(config), instructions
        self._call = _Library(library)
        given = _configuration(config, self.map, to_host, instructions)
        self._handle = self._call.create(ctypes.byref(given))
        weakref.finalize(self, self._call.destroy, self._handle)
        self.accelerators: Accelerators | None = None
        self._memories: list[tuple[MemoryRange, memoryview]] = []
        self._map(self.map.tcdm, self._call.tcdm(self._handle))
        extra = self.map.l2_latency_cycles - 1
        for place in (self.map.l2, self.map.arguments, *plain):
            pointer = self._call.add_memory(self._handle, place.base, place.size_bytes, extra)
            self._map(place, pointer)

    @property
    def memories(self) -> tuple[MemoryRange, ...]:
        """What is mapped and no register file."""
        return tuple(place for place, _ in self._memories)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory, before the cores execute them."""
        view, offset = self._find(address, len(data))
        view[offset : offset + len(data)] = data

    def read(self, address: int, count: int) -> bytes:
        """Return bytes of memory.

        Raises
        ------
        ValueError
            Not all of them are mapped.
        """
        view, offset = self._find(address, count)
        return bytes(view[offset : offset + count])

    def registers(self, hart: int) -> Any:
        """Return the 32 registers of a core, to be read and written."""
        return self._call.registers(self._handle, hart)

    def start(self, hart: int, address: int) -> None:
        """Let a core begin at an address."""
        self._call.start(self._handle, hart, address)

    def run(self, *, limit: int, budget: int) -> Stop:
        """Execute until something stops the cores.

        Parameters
        ----------
        limit : cycle before which they stop.
        budget : instructions after which they stop for Python to look at its signals.
        """
        return Stop(self._call.run(self._handle, limit, budget))

    @property
    def record(self) -> StopRecord:
        """Why they stopped."""
        return self._call.record(self._handle).contents

    @property
    def cycles(self) -> int:
        """The cycle in which the cores stand."""
        return self._call.now(self._handle)

    @property
    def calls(self) -> list[int]:
        """Cores that wait for the host to serve their ecall."""
        bits = self._call.calls(self._handle)
        return [hart for hart in range(self.config.cores) if bits >> hart & 1]

    def resume(self, hart: int) -> None:
        """Let a core go on behind its ecall."""
        self._call.resume(self._handle, hart)

    def complete_off_load(self, hart: int, value: int, ready_cycle: int) -> None:
        """Give a core the result of what it has off-loaded; it goes on in a cycle."""
        self._call.complete_off_load(self._handle, hart, value, ready_cycle)

    def halt(self, hart: int) -> None:
        """End a core at its ecall."""
        self._call.halt(self._handle, hart)

    def report(self, hart: int) -> CoreReport:
        """Return what a core has done."""
        report = CoreReport()
        self._call.report(self._handle, hart, ctypes.byref(report))
        return report

    def attach(self, accelerators: Accelerators) -> None:
        """Put accelerators behind their registers, and the DMA behind its own."""
        self.accelerators = accelerators
        calls = accelerators.calls
        self._call.attach(self._handle, ctypes.byref(calls), accelerators.config.memory_ports)

    @property
    def pins(self) -> tuple[AcceleratorInputs, AcceleratorOutputs]:
        """What is driven at the accelerators' pins, live: after `Stop.EDGE`, and for the next."""
        inputs, outputs = self._call.inputs(self._handle), self._call.outputs(self._handle)
        return inputs.contents, outputs.contents

    def freeze(self, engine: int, offset: int) -> None:
        """Let everything but one accelerator's register port stand still, and read a register."""
        self._call.freeze(self._handle, engine, offset)

    @property
    def read_out(self) -> int:
        """Return what was read after `freeze`, once `run` has said `Stop.READ_OUT`."""
        return self._call.read_out(self._handle)

    def dma_register(self, offset: int) -> int:
        """Return what a register of the DMA holds."""
        return self._call.dma_register(self._handle, offset)

    def jobs(self) -> list[JobRecord]:
        """Return the accelerators' contexts so far, in the order in which they were triggered."""
        records = ctypes.POINTER(JobRecord)()
        count = self._call.jobs(self._handle, ctypes.byref(records))
        return [JobRecord.from_buffer_copy(records[i]) for i in range(count)]

    def products(self) -> npt.NDArray[np.uint64]:
        """Return first cycles of products and those behind their last, [n, 2]; 0 where dropped."""
        records = ctypes.POINTER(ProductRecord)()
        count = self._call.products(self._handle, ctypes.byref(records))
        if not count:
            return np.empty((0, 2), np.uint64)
        words = ctypes.cast(records, ctypes.POINTER(ctypes.c_uint64))
        return np.ctypeslib.as_array(words, (count, 2)).copy()

    @property
    def transfers_digest(self) -> int:
        """Digest of all that has passed the accelerators' memory ports, with its cycles."""
        return self._call.transfers_digest(self._handle)

    def _map(self, place: MemoryRange, pointer: int) -> None:
        array = (ctypes.c_uint8 * place.size_bytes).from_address(pointer)
        array._machine = self  # pyright: ignore[reportAttributeAccessIssue]
        self._memories.append((place, memoryview(array).cast("B")))

    def _find(self, address: int, count: int) -> tuple[memoryview, int]:
        for place, view in self._memories:
            if place.base <= address and address + count <= place.end:
                return view, address - place.base
        raise ValueError(f"{count} bytes at {address:#010x} are not mapped")


def _configuration(
    config: ClusterConfig, map_: MemoryMap, to_host: int | None, instructions: InstructionSet
) -> _Configuration:
    core = config.core
    if not isinstance(core, Cv32e40pConfig):
        raise TypeError(f"cluster {config.name} has cores that execute no programs: {core}")
    return _Configuration(
        config.cores, map_.tcdm.base, map_.tcdm.size_bytes, config.scratch_pad.banks,
        map_.event_unit.base, map_.event_unit.size_bytes, to_host is not None, to_host or 0,
        *(place.base for place in map_.accelerators), map_.accelerators[0].size_bytes,
        map_.l2.base, instructions.core_v, instructions.cm_opcode or 0,
        core.taken_branch_cycles, core.jump_cycles, core.unaligned_target_cycles,
        core.high_product_cycles, core.division_least_cycles, core.slow_csr_cycles,
        core.event_load_cycles, core.trap_cycles, config.peripheral_cycles,
        config.dma.start_cycles, config.dma.width_bytes, config.memory.width_bytes,
        config.dma.queued, core.period_fs, config.memory.period_fs,
    )  # fmt: skip


class _Library:
    """The functions of a native library, with their types."""

    def __init__(self, path: Path):
        library = ctypes.CDLL(str(path))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, f"alpine_cluster_{name}")
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)
