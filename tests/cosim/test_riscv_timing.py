# SPDX-License-Identifier: Apache-2.0
"""Cycles of the cores: CV32E40P's table, hazards, hardware loops and banks."""

import random
from pathlib import Path

import numpy as np
import pytest
from tests.cosim.small_elf import EXIT, execute, write_elf

from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster
from alpine_platform.cluster.cluster_state import cluster_state
from alpine_platform.cluster.native_cluster import NativeCluster

TIMING = Path(__file__).parents[1] / "riscv" / "timing.elf"
SEQUENCES = {
    # CV32E40P User Manual, "Cycle counts per instruction type" and "Hazards".
    "nothing": 0,
    "add": 1,
    "mul": 1,
    "mulhu": 5,
    "divide by 0x80000000, no leading zeros": 3,
    "divide by 1, 31 leading zeros": 34,
    # By the core's RTL a negative divisor takes what its positive neighbour takes.
    "divide by -1": 34,
    "remainder by -2**31": 3,
    "divide by 0": 35,
    "load": 1,
    "load and use": 1 + 1 + 1,
    "load, another, use": 3,
    "load with post-increment and use of the address": 2,
    "store": 1,
    "misaligned load of a word": 2,
    "half across words": 2,
    "half within a word": 1,
    "misaligned store of a word": 2,
    "branch not taken": 1,
    "branch taken": 3,
    "branch taken to a 32-bit instruction across words": 4 + 1 + 1,
    "jump": 2,
    "jump to a register": 2,
    "jump to a register that was just written": 1 + 1 + 2,
    "fast control register": 1,
    "slow control register": 4,
    "fence.i": 2,
    # The cluster's configuration: 10 cycles to L2 and back, 4 to the event unit.
    "load from L2": 10,
    "event unit": 4,
    "barrier of one core, cv.elw": 4,
    "ten times three instructions": 1 + 10 * 3,
    "two dot products, the second of the first's": 2,
    "ten times: seven times three instructions, and two": 1 + 10 * (1 + 7 * 3 + 2),
}


def test_cycles_of_instructions():
    outcome, _, run = execute(TIMING)
    assert outcome.status == 0, outcome.message
    address = run.program.symbols["measured"]
    words = np.frombuffer(run.machine.read(address, 4 * len(SEQUENCES)), np.uint32)
    found = dict(zip(SEQUENCES, (int(word) - 4 for word in words), strict=True))
    assert found == SEQUENCES
    (core,) = outcome.cores
    assert core.cycles == core.instructions + sum(core.stalls.values())


CORES, LOADS, BLOCK_BYTES = 8, 60, 512


def conflicts(places: list[list[int]]) -> list[int]:
    """Refusals of each core that reads these words, one after the other, by the platform's rule."""
    state = cluster_state(imc_cluster(CORES))
    cluster = NativeCluster(state)
    at = [0] * CORES
    for cycle in range(CORES * LOADS):
        for core in range(CORES):
            master = state.masters[core]
            master["wants"] = at[core] < LOADS
            if master["wants"]:
                master["address"] = 0x10000000 + 4 * places[core][at[core]]
                master["size_bytes"] = 4
        cluster.clock(cycle)
        for core in range(CORES):
            master = state.masters[core]
            at[core] += int(master["wants"] and master["granted"])
    return [int(master["refused"]) for master in state.masters[:CORES]]


@pytest.mark.parametrize("words", [1, 4, 64, 500])
def test_conflicts_are_those_of_the_scratch_pad_memory(words: int, tmp_path: Path):
    draw = random.Random(words)
    places = [[draw.randrange(words) for _ in range(LOADS)] for _ in range(CORES)]
    # lui gp, 0x10000; slli t0, a0, 9; auipc t1, 0; add t1, t1, t0; jr 12(t1)
    code = [0x100001B7, 0x00951293, 0x00000317, 0x00530333, 0x00C30067]
    for core in range(CORES):
        # lw t2, place(gp) ...; li a7, 93; ecall; hart 0 goes on for ever instead.
        block = [0x0001A383 | 4 * place << 20 for place in places[core]]
        block += [0x00000013] * (BLOCK_BYTES // 4 - len(block) - 2) + list(EXIT)
        code += block if core else [*block[:-2], 0x0000006F, 0x00000013]
    program = write_elf(tmp_path / "loads.elf", b"".join(w.to_bytes(4, "little") for w in code))
    _, _, run = execute(program, cores=CORES, max_cycles=2000)
    reports = [run.machine.report(hart).stalls_by_name() for hart in range(CORES)]
    assert [report["bank_conflict"] for report in reports] == conflicts(places)
    # Eight cores on one bank: the last of 480 accesses is in the 480th cycle.
    if words == 1:
        assert max(report["bank_conflict"] for report in reports) == CORES * LOADS - LOADS
