# SPDX-License-Identifier: Apache-2.0
"""The RISC-V core PicoRV32 runs a program: it adds 1 to 10 and writes the sum to memory.

python examples/09_picorv32.py picorv32.v

The core is github.com/YosysHQ/picorv32, one file, ISC licence.
"""

import sys
from pathlib import Path

from alpine_cosim.binding import VerilatedModel

PROGRAM = [
    0x00A00093,  #       addi x1, x0, 10
    0x00000113,  #       addi x2, x0, 0
    0x00110133,  # loop: add  x2, x2, x1
    0xFFF08093,  #       addi x1, x1, -1
    0xFE009CE3,  #       bne  x1, x0, loop
    0x10202023,  #       sw   x2, 0x100(x0)
    0x00100073,  #       ebreak, at which the core traps
]
RESULT_ADDRESS = 0x100


def run(core: VerilatedModel) -> dict[int, int]:
    """Serve the core's memory port until it traps; return the memory by byte address."""
    memory = {4 * index: word for index, word in enumerate(PROGRAM)}
    io = core.io
    core.reset()
    while not io.trap:
        io.mem_ready = 0
        if io.mem_valid:
            if io.mem_wstrb:
                memory[io.mem_addr] = io.mem_wdata
            io.mem_rdata = memory.get(io.mem_addr, 0)
            io.mem_ready = 1
        core.step()
    return memory


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit(f"usage: python {sys.argv[0]} picorv32.v, from github.com/YosysHQ/picorv32")
    with VerilatedModel.build(
        Path(sys.argv[1]), top="picorv32", reset="resetn", reset_active="low"
    ) as core:
        memory = run(core)
        print(f"sum {memory[RESULT_ADDRESS]} after {core.cycles} cycles")
