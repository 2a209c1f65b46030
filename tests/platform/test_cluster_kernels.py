# SPDX-License-Identifier: Apache-2.0
"""What compiled loops find of a cluster: banks and their arbitration, DMA, the C pointer."""

from itertools import product

import numpy as np
import pytest
from small_cluster import CLUSTER

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_platform.cluster import cluster_kernel as kernel
from alpine_platform.cluster.cluster_state import ClusterState, cluster_state
from alpine_platform.cluster.native_cluster import NativeCluster
from alpine_platform.config.cluster import DmaConfig
from alpine_platform.config.overrides import override

PAD, MEMORY = CLUSTER.scratch_pad.address, CLUSTER.memory.address


def show(state: ClusterState, master: int, address: int, size_bytes: int = 4) -> None:
    state.masters[master]["wants"] = 1
    state.masters[master]["address"] = PAD + address
    state.masters[master]["size_bytes"] = size_bytes


def granted(state: ClusterState) -> list[int]:
    """Masters whose requests the next cycle grants; those that are refused go on."""
    clock = NativeCluster(state)
    clock.clock(0)
    found = np.flatnonzero(state.masters["granted"]).tolist()
    state.masters["wants"][found] = 0
    return found


def test_words_lie_in_banks_by_their_number():
    """Four banks of 4 bytes: words 0 and 4 share one, 0 to 3 do not."""
    state = cluster_state(CLUSTER)
    for master, address in enumerate((0, 4, 8, 12)):
        show(state, master, address)
    assert granted(state) == [0, 1, 2, 3]
    for master, address in enumerate((0, 16, 32, 4)):
        show(state, master, address)
    assert [granted(state) for _ in range(3)] == [[0, 3], [1], [2]]
    assert state.pad[0]["conflict_cycles"] == 2
    assert state.masters["refused"].tolist()[:4] == [0, 1, 2, 0]


def test_an_access_takes_all_of_its_banks_or_none():
    """Bytes 6 to 13 touch words 1, 2 and 3, so that only word 0 is left."""
    state = cluster_state(CLUSTER)
    show(state, 0, 6, 8)
    for master, address in ((1, 0), (2, 12), (3, 4)):
        show(state, master, address)
    assert [granted(state) for _ in range(2)] == [[0, 1], [2, 3]]
    show(state, 0, 13, 16)
    show(state, 1, 0)
    assert [granted(state) for _ in range(2)] == [[0], [1]]


def reference(banks: int, first: int, asks: dict[int, tuple[int, int]], masters: int):
    """The rule with sets of words: who is granted, and who is first next."""
    taken: set[int] = set()
    grants, refused = [], []
    for place in range(masters):
        number = (first + place) % masters
        if number in asks:
            address, size = asks[number]
            touched = {byte // 4 % banks for byte in range(address, address + size)}
            (refused if taken & touched else grants).append(number)
            taken |= set() if taken & touched else touched
    return sorted(grants), refused[0] if refused else first


def test_nobody_waits_longer_than_there_are_others():
    rng = np.random.default_rng(15)
    state = cluster_state(CLUSTER)
    masters, first = len(state.masters) - 1, 0
    dma = int(state.dma[0]["master"])
    asks: dict[int, tuple[int, int]] = {}
    waited = dict.fromkeys(range(len(state.masters)), 0)
    clock = NativeCluster(state)
    for cycle in range(2000):
        for master in set(range(len(state.masters))) - {dma} - set(asks):
            if rng.random() < 0.8:
                asks[master] = (int(rng.integers(0, 200)), int(rng.integers(1, 17)))
                show(state, master, *asks[master])
        expected, first = reference(4, first, asks, masters + 1)
        clock.clock(cycle)
        assert np.flatnonzero(state.masters["granted"]).tolist() == expected
        assert state.pad[0]["first"] == first
        for master in list(asks):
            waited[master] = 0 if master in expected else waited[master] + 1
            assert waited[master] <= masters
            if master in expected:
                del asks[master]
                state.masters[master]["wants"] = 0


def describe(state: ClusterState, cycle: int = 0, **registers: int) -> None:
    for name, word in {**registers, "start": 1}.items():
        kernel.access_dma(state, DMA_REGISTERS[name].offset, True, word & 0xFFFF_FFFF, cycle)


def read(state: ClusterState, name: str) -> int:
    return kernel.access_dma(state, DMA_REGISTERS[name].offset, False, 0, 0)


def run(state: ClusterState) -> int:
    cycle = 0
    while state.dma[0]["waiting"]:
        cycle = kernel.run_clock(state, cycle, 1 << 40)
    return cycle


def test_a_rectangle_takes_its_start_and_a_cycle_per_width():
    """From cycle 5 on, 100 cycles and 3 rows of ceil(10 / 8) beats."""
    state = cluster_state(CLUSTER)
    state.memory_bytes[:] = np.arange(len(state.memory_bytes)) % 251
    describe(
        state, 5,
        source=MEMORY + 7, destination=PAD + 3, row_bytes=10, rows=3,
        source_stride=20, destination_stride=10,
    )  # fmt: skip
    assert run(state) == 5 + 100 + 3 * 2
    expected = [7 + 20 * row + column for row in range(3) for column in range(10)]
    assert state.pad_bytes[3:33].tolist() == expected
    assert state.pad_bytes[:3].sum() == state.pad_bytes[33:].sum() == 0
    assert [read(state, name) for name in ("transfers", "bytes", "busy_cycles")] == [1, 30, 106]


def test_rows_go_back_to_the_memory_in_any_order():
    """A stride of -4 writes the rows upside down."""
    state = cluster_state(CLUSTER)
    state.pad_bytes[:] = np.arange(len(state.pad_bytes)) % 251
    describe(
        state, source=PAD, destination=MEMORY + 12, row_bytes=4, rows=4,
        source_stride=4, destination_stride=-4,
    )  # fmt: skip
    run(state)
    expected = np.arange(16).reshape(4, 4)[::-1].reshape(-1)
    assert state.memory_bytes[:16].tolist() == expected.tolist()


def test_a_slow_memory_gives_bytes_at_its_own_edges():
    """At half the clock, 8 beats take 16 cycles less the last one, which nothing follows."""
    slow = override(CLUSTER, {"memory.frequency_hz": CLUSTER.core.frequency_hz / 2})
    state = cluster_state(slow)
    describe(state, source=MEMORY, destination=PAD, row_bytes=64, rows=1)
    assert run(state) == 100 + 2 * 8 - 1


def test_transfers_wait_in_their_queue():
    state = cluster_state(CLUSTER)
    for _ in range(CLUSTER.dma.queued + 1):
        describe(state, source=MEMORY, destination=PAD, row_bytes=8, rows=1)
    assert [read(state, name) for name in ("waiting", "refused")] == [CLUSTER.dma.queued, 1]
    assert run(state) == CLUSTER.dma.queued * 101


@pytest.mark.parametrize(
    "changed",
    [
        {"row_bytes": 0},
        {"rows": 0},
        {"source": PAD},
        {"destination": MEMORY},
        {"source": MEMORY - 1},
        {"rows": 5, "destination_stride": CLUSTER.scratch_pad.size_bytes // 4},
        {"rows": 2, "destination_stride": -1},
    ],
)
def test_transfers_that_leave_the_memories_are_refused(changed: dict[str, int]):
    state = cluster_state(CLUSTER)
    described = {"source": MEMORY, "destination": PAD, "row_bytes": 8, "rows": 1}
    describe(state, **{**described, **changed})
    assert [read(state, name) for name in ("waiting", "refused")] == [0, 1]


def test_the_dma_is_a_master_like_the_others():
    """In each of its 8 cycles a core asks for bank 0, of which every second beat needs two."""
    state = cluster_state(override(CLUSTER, {"dma.start_cycles": 0}))
    describe(state, source=MEMORY, destination=PAD, row_bytes=64, rows=1)
    clock = NativeCluster(state)
    cycles = 0
    while state.dma[0]["waiting"]:
        show(state, 0, 0)
        clock.clock(cycles)
        cycles += 1
    # Beats 0, 2, 4 and 6 need banks 0 and 1; the core comes first, then the DMA, and so on.
    assert (cycles, read(state, "stalled_cycles")) == (8 + 4 // 2 * 2, 4)


def test_registers_are_the_same_from_c_and_from_python():
    state = cluster_state(CLUSTER)
    native = NativeCluster(state)
    for number, register in enumerate(DMA_REGISTERS.registers[:6]):
        native.dma(register.offset, number + 10, 0)
    assert [read(state, register.name) for register in DMA_REGISTERS.registers[:6]] == [
        *range(10, 16)
    ]
    assert native.dma(DMA_REGISTERS["rows"].offset, None, 0) == 13


def test_configurations_of_a_dma_are_checked():
    with pytest.raises(ValueError, match=r"^width_bytes must be 1 to 64 B, a power of two, not"):
        DmaConfig(width_bytes=3)
    for field, value in product(("memory.address", "dma.address"), (PAD,)):
        with pytest.raises(Exception, match=r"address must be at least .* where \w+ ends"):
            override(CLUSTER, {field: value})
