# SPDX-License-Identifier: Apache-2.0
"""Calls of the kernels in assembly, with buffers in the TCDM."""

import numpy as np
import numpy.typing as npt

from alpine_cosim.runs.core_library import core_library
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.binaries.outcome import ProgramOutcome
from alpine_platform.binaries.riscv.bare_metal import BareMetalRun
from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster
from alpine_sw.riscv.command_list import CommandList
from alpine_sw.riscv.kernel_calls import kernel_program

__all__ = ["Bytes", "KernelCall", "finished", "random_bytes"]

Bytes = npt.NDArray[np.int8]
GUARD = 3
"""Bytes between buffers, which no kernel may change; and no buffer begins at a word."""


def random_bytes(seed: int, *shape: int) -> Bytes:
    return np.random.default_rng(seed).integers(-128, 128, shape, np.int8)


def finished(sums: npt.NDArray[np.int64], *, shift: int, low: int) -> Bytes:
    return np.maximum(low, np.clip(sums >> shift, -128, 127)).astype(np.int8)


class KernelCall:
    """One call of a kernel: buffers in the TCDM, then its run."""

    def __init__(self, cores: int) -> None:
        program = load_program(kernel_program(), Architecture.RV32)
        self.run_ = BareMetalRun(
            program,
            config=imc_cluster(cores),
            library=core_library(),
            output=lambda descriptor, data: len(data),
        )
        self.commands = program.symbols["alpine_commands"]
        self.free = program.symbols["alpine_heap"] + 1
        self.cores = cores

    def place(self, values: Bytes, *, aligned: bool = False) -> int:
        if aligned:
            self.free = -(-self.free // 4) * 4
        address = self.free
        self.run_.machine.write(address, values.tobytes())
        self.free += values.size + GUARD
        return address

    def room(self, size: int, *, aligned: bool = False) -> int:
        return self.place(np.full(size, 0x55, np.int8), aligned=aligned)

    def run(self, name: str, shape: tuple[int, ...], **parameters: int) -> Bytes:
        """What the kernel puts into an output of a shape; nothing behind it is touched."""
        size = int(np.prod(shape))
        output = self.room(size)
        self.room(64)
        commands = CommandList()
        commands.kernel(name, output=output, **parameters)
        place = self.place(np.frombuffer(commands.as_bytes(), np.int8), aligned=True)
        self.run_.machine.write(self.commands, place.to_bytes(4, "little"))
        self.outcome: ProgramOutcome = self.run_.run(max_cycles=20_000_000)
        assert self.outcome.status == 0, self.outcome.message
        found = np.frombuffer(self.run_.machine.read(output, size + 8), np.int8)
        assert (found[size + GUARD :] == 0x55).all()
        return found[:size].reshape(shape)
