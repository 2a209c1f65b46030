# SPDX-License-Identifier: Apache-2.0
"""Running a compiled program on the IMC cluster: cores, accelerators, DMA and event unit."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_cosim.engines.verilated_hardware import trace_format, waveform_path
from alpine_cosim.hardware.cluster_crossbars import ClusterCrossbars
from alpine_cosim.hardware.cluster_rtl import TOP, RtlAccelerators
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_models.imc_cluster import ImcConfig
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.binaries.riscv.accelerator_pins import Accelerators
from alpine_platform.binaries.riscv.bare_metal import BareMetalRun
from alpine_platform.binaries.riscv.cluster_outcome import ClusterOutcome
from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster
from alpine_platform.config.cluster import ClusterConfig

from .cluster_model import ModelAccelerators
from .core_library import core_library
from .tile_program import refuse_cm_instructions

__all__ = ["CLUSTER_ENGINES", "ClusterProgram", "ClusterResult", "run_cluster_program"]

CLUSTER_ENGINES = ("model", "rtl")
"""What the accelerators may be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusterProgram:
    """A program and what lies in memory and cells before its first instruction.

    Members
    -------
    path : ELF file for RV32.
    arguments : behind the program's own path, as argc and argv.
    images : bytes by the address at which they are put, in the TCDM or in L2.
    weights : by crossbar, integers [rows, columns] for its first word and bit lines: the back door.
        A program can write cells through the registers 0x80 to 0x8c of the IMA as well.
    lsb : by crossbar, how much of a dot product one ADC code is: one number, or [columns] of them.
        ADC code = clamp(rint(dot product / lsb), -128, 127), halves to even; 1 where left out.
    """

    path: Path
    arguments: Sequence[str] = ()
    images: Mapping[int, bytes] = field(default_factory=dict[int, bytes])
    weights: Mapping[int, npt.NDArray[np.integer[Any]]] = field(
        default_factory=dict[int, npt.NDArray[np.integer[Any]]]
    )
    lsb: Mapping[int, float | npt.NDArray[np.floating[Any]]] = field(
        default_factory=dict[int, float | npt.NDArray[np.floating[Any]]]
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusterResult:
    """What a program left.

    Members
    -------
    outcome : cycles, status, why it ended, every core's figures; ``activity`` holds jobs, products
        and counters of accelerators and DMA.
    memories : contents of TCDM and L2, by their first address.
    written : what the program wrote to descriptors 1 and 2, unless somebody else took it.
    """

    outcome: ClusterOutcome
    memories: Mapping[int, bytes]
    written: bytes

    def read(self, address: int, count: int) -> bytes:
        """Return bytes of the TCDM or of L2.

        Raises
        ------
        ValueError
            Not all of them are there.
        """
        for base, contents in self.memories.items():
            if base <= address and address + count <= base + len(contents):
                return contents[address - base : address - base + count]
        raise ValueError(f"{count} bytes at {address:#010x} are neither TCDM nor L2")

    def array(
        self, address: int, shape: tuple[int, ...], dtype: npt.DTypeLike = np.int8
    ) -> npt.NDArray[Any]:
        """Return an array that lies in the TCDM or in L2, row-major."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape)) * kind.itemsize
        return np.frombuffer(self.read(address, size), kind).reshape(shape)


def run_cluster_program(
    program: ClusterProgram,
    *,
    engine: str = "model",
    hardware: ImcConfig | None = None,
    system: ClusterConfig | None = None,
    max_cycles: int | None = None,
    trace: Path | None = None,
    output: Callable[[int, bytes], int] | None = None,
) -> ClusterResult:
    """Run a program on the cluster until hart 0 exits, and return what it left.

    Parameters
    ----------
    program : what is run.
    engine : what the accelerators are: one of `CLUSTER_ENGINES`. Bytes, cycles and counters are
        alike in all of them.
    hardware : geometry and ports of the accelerators; `ImcConfig()` where left out.
    system : the cluster around them, by `imc_cluster`; eight cores at 500 MHz where left out.
    max_cycles : after which the program is stopped, with ``ended_by`` limit.
    trace : folder for a waveform of the accelerators' signals; engine rtl alone has any.
    output : takes what the program writes, as of `BareMetalRun`; collected where left out.

    Raises
    ------
    AlpineError
        A file cannot be read, something does not fit, or a tool is missing. What the program does
        wrong is no error of this call: the outcome says it.
    """
    choose("engine", engine, CLUSTER_ENGINES)
    crossbars = ClusterCrossbars(hardware or ImcConfig())
    crossbars.program(program.weights)
    crossbars.scale(program.lsb)
    written: list[bytes] = []

    def collect(_descriptor: int, data: bytes) -> int:
        written.append(data)
        return len(data)

    with ExitStack() as opened:
        loaded = load_program(program.path, Architecture.RV32)
        refuse_cm_instructions(loaded, (system or imc_cluster(8)).name.replace("_", "-"))
        accelerators = _accelerators(engine, crossbars, trace, opened)
        run = BareMetalRun(
            loaded,
            arguments=program.arguments,
            config=system or imc_cluster(8),
            library=core_library(),
            output=output or collect,
            accelerators=accelerators,
        )
        for address, data in program.images.items():
            run.machine.write(address, data)
        outcome = run.run(max_cycles=max_cycles)
    assert isinstance(outcome, ClusterOutcome)
    places = (run.machine.map.tcdm, run.machine.map.l2)
    memories = {each.base: run.machine.read(each.base, each.size_bytes) for each in places}
    return ClusterResult(outcome=outcome, memories=memories, written=b"".join(written))


def _accelerators(
    engine: str, crossbars: ClusterCrossbars, trace: Path | None, opened: ExitStack
) -> Accelerators:
    """Return what is behind the pins; what is to be closed at the end is put into a stack."""
    if engine == "model":
        if trace is not None:
            raise AlpineError("a waveform of engine model: only engine rtl has signals")
        return ModelAccelerators(crossbars)
    kind = None if trace is None else trace_format()
    accelerators = RtlAccelerators(crossbars, trace=kind)
    opened.callback(accelerators.close)
    if trace is not None and kind is not None:
        make_folder(trace)
        opened.enter_context(accelerators.model.trace(waveform_path(trace, TOP, kind)))
    return accelerators
