# SPDX-License-Identifier: Apache-2.0
"""Programs on the cores of clusters: accesses, DMA, barriers, counters, names, messages."""

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from small_cluster import CLUSTER, SMALL, StepCoreConfig

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.errors import AlpineError
from alpine_platform.accelerators.peripheral_port import empty_accesses
from alpine_platform.config import CoreConfig, CoreEnergyConfig, SystemConfig
from alpine_platform.config.describe import describe
from alpine_platform.config.overrides import field_names, read_toml
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import (
    Arrive,
    Barrier,
    Compute,
    Program,
    RunIo,
    RunLoop,
    WaitForEvent,
)
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System

DMA = CLUSTER.dma.address
PERIOD_FS = 2_000_000
READ = LoopBody(name="read", text="load q <- p @s\nalu p <- p")


def listed(*operations) -> Program:
    return (operation for operation in operations)


def over(address: int, *, words: int, stride: int = 4) -> RunLoop:
    stream = Stream(address=address, stride=stride)
    return RunLoop(phases=[Phase(body=READ, iterations=words, streams={"s": stream})])


def transfer(**registers: int) -> Program:
    """Describe a transfer, start it, sleep until it is done."""
    batch = empty_accesses(len(registers) + 1, write=True)
    words = {**registers, "start": 1}
    batch["address"] = [DMA_REGISTERS[name].offset for name in words]
    batch["data"] = [word & 0xFFFF_FFFF for word in words.values()]
    yield RunIo(base=DMA, batch=batch, wait=True)
    yield WaitForEvent(DMA)


def test_loads_of_one_core_take_a_cycle_each():
    system = System(SMALL)
    buffer = system.clusters[0].cluster.scratch_pad.allocate("words", 8, np.int32)
    result = system.run({0: listed(over(buffer.address, words=8))})
    assert result.time_fs == 8 * 2 * PERIOD_FS
    assert result.cores[0].wait_cycles == 0
    assert result.components["cluster.scratch_pad"].counters == {
        "accesses": 8, "refused": 0, "conflict_cycles": 0,
    }  # fmt: skip


def test_cores_at_one_bank_wait_for_each_other():
    """Three cores load words of one bank: cycles 0, 1 and 2; after an operation again, and so on.

    They then follow each other by a cycle, so that of each period of 2 cycles, in which 2 of the
    3 can be served, one core waits: with n loads each, the bank serves 3 n in 3 n cycles.
    """
    system = System(SMALL)
    pad = system.clusters[0].cluster.scratch_pad
    addresses = [pad.allocate(f"row{core}", 4, np.int32).address for core in range(3)]
    result = system.run(
        {core: listed(over(addresses[core], words=20, stride=0)) for core in (0, 1, 2)}
    )
    assert result.time_fs == (3 * 20 + 1) * PERIOD_FS
    counters = result.components["cluster.scratch_pad"].counters
    assert counters["accesses"] == 60
    waited = sum(core.wait_cycles for core in result.cores.values())
    assert counters["refused"] == waited > 0


def test_a_program_moves_a_tile_in_computes_on_it_and_moves_it_out():
    """Core 0 starts a transfer and sleeps; 100 cycles later, 2 x 16 bytes take 4 cycles."""
    system = System(SMALL, check_reads=True)
    cluster = system.clusters[0].cluster
    image = cluster.backing.place("image", np.arange(64, dtype=np.int8).reshape(4, 16))
    tile = cluster.scratch_pad.allocate("tile", (2, 8))
    result = cluster.backing.allocate("result", 16)

    def program() -> Program:
        yield from transfer(
            source=image.address + 4, destination=tile.address,
            row_bytes=8, rows=2, source_stride=16, destination_stride=8,
        )  # fmt: skip
        yield over(tile.address, words=4)
        tile.data[...] += 1
        yield from transfer(
            source=tile.address, destination=result.address,
            row_bytes=16, rows=1, source_stride=0, destination_stride=0,
        )  # fmt: skip

    done = system.run({0: program()})
    expected = (np.arange(64).reshape(4, 16)[:2, 4:12] + 1).reshape(-1)
    assert result.data.tolist() == expected.tolist()
    dma = done.components["cluster.dma"].counters
    assert dma == {"transfers": 2, "bytes": 32, "busy_cycles": 2 * (100 + 2), "stalled_cycles": 0}
    assert done.components["cluster.memory"].counters["dma_bytes"] == 32
    assert done.cores[0].idle_cycles >= 2 * 100
    assert done.cores[0].io_writes == 14


def test_a_register_access_takes_the_way_of_the_cluster():
    """Four cycles each: two there, the register's own, one back."""
    system = System(SMALL)
    batch = empty_accesses(5, write=False)
    batch["address"] = DMA_REGISTERS["waiting"].offset
    result = system.run({1: listed(RunIo(base=DMA, batch=batch, wait=True))})
    assert result.time_fs == 5 * 4 * PERIOD_FS


def test_dma_and_cores_share_banks_cycle_by_cycle():
    """The DMA's beats of 8 bytes need two of four banks; a core that loads from one delays it."""

    def measured(*, with_core: bool) -> dict[str, int]:
        system = System(SMALL.override({"dma.start_cycles": 0}))
        cluster = system.clusters[0].cluster
        place = cluster.scratch_pad.allocate("place", 512)
        programs = {
            0: transfer(
                source=CLUSTER.memory.address, destination=place.address,
                row_bytes=512, rows=1, source_stride=0, destination_stride=0,
            )
        }  # fmt: skip
        if with_core:
            programs[1] = listed(over(place.address, words=100, stride=0))
        return dict(system.run(programs).components["cluster.dma"].counters)

    alone, shared = measured(with_core=False), measured(with_core=True)
    assert alone["busy_cycles"] == 512 // 8
    assert shared["stalled_cycles"] > 0
    assert shared["busy_cycles"] == 512 // 8 + shared["stalled_cycles"]


def test_loads_from_behind_the_scratch_pad_take_the_latency_of_that_memory():
    """At 250 MHz, 10 of its cycles are 20 of the cluster's; it is at an edge every second cycle."""
    system = System(SMALL.override({"memory.frequency_hz": 250e6}))
    result = system.run({0: listed(over(CLUSTER.memory.address, words=3))})
    assert result.time_fs == (20 + 1 + 1 + 20 + 1 + 1 + 20 + 1) * PERIOD_FS
    assert result.components["cluster.memory"].counters["reads"] == 3


def test_cores_sleep_at_a_barrier_until_the_last_has_come():
    barrier = Barrier("all", 4)
    programs = {
        core: listed(Compute(cycles=10 * core), Arrive(barrier), Compute(cycles=5))
        for core in range(4)
    }
    result = System(SMALL).run(programs)
    assert result.time_fs == (30 + 1 + 5) * PERIOD_FS
    assert [core.idle_cycles for core in result.cores.values()] == [31, 21, 11, 1]
    assert result.components["cluster.event_unit"].counters == {
        "barriers": 1, "gated_cycles": 31 + 21 + 11,
    }  # fmt: skip


def test_who_waits_at_a_barrier_is_told():
    programs = {core: listed(Arrive(Barrier("all", 4))) for core in range(2)}
    with pytest.raises(RuntimeError, match="core 1 waits for barrier all, 3 more to arrive"):
        System(SMALL).run(programs)


def test_sleep_at_a_barrier_costs_what_an_idle_core_costs():
    energy = CoreEnergyConfig(
        core_idle_pj_per_cycle=1, core_wait_pj_per_cycle=2, core_active_pj_per_cycle=3
    )
    system = replace(SMALL, clusters=(replace(CLUSTER, energy=energy),))
    barrier = Barrier("two", 2)
    result = System(system).run(
        {core: listed(Compute(cycles=10 * core), Arrive(barrier)) for core in range(2)}
    )
    assert result.energy.core == pytest.approx((10 * 3 + (11 + 1) * 1) * 1e-12)
    assert System(SMALL).run({0: listed(Compute(cycles=1))}).components["cluster"].energy_j is None


def test_clusters_have_memories_of_their_own():
    """Two clusters with the same addresses beside a complex with caches; cores in that order."""
    second = replace(CLUSTER, name="second", cores=2)
    system = System(replace(HIGH_POWER, name="three", clusters=(CLUSTER, second)))
    places = [each.cluster.scratch_pad.place("x", np.full(8, n, np.int8))
              for n, each in enumerate(system.clusters)]  # fmt: skip
    assert places[0].address == places[1].address
    assert [place.data[0] for place in places] == [0, 1]
    result = system.run(
        {
            0: listed(over(1 << 28, words=4)),
            8: listed(over(places[0].address, words=4)),
            13: listed(over(places[1].address, words=2)),
        }
    )
    counters = {name: reading.counters for name, reading in result.components.items()}
    assert counters["cluster.scratch_pad"]["accesses"] == 4
    assert counters["second.scratch_pad"]["accesses"] == 2
    assert counters["cpu.l1"]["accesses"] == 4
    with pytest.raises(AlpineError, match="core 14 does not exist"):
        system.run({14: listed()})


def test_many_cores_fit_into_clusters():
    clusters = tuple(replace(CLUSTER, name=f"c{number}") for number in range(32))
    system = System(SystemConfig(name="many", clusters=clusters))
    result = system.run({number: listed(Compute(cycles=3)) for number in range(128)})
    assert (len(result.cores), result.time_fs) == (128, 3 * PERIOD_FS)


def test_fields_of_clusters_are_set_like_those_of_complexes(tmp_path):
    names = field_names(SMALL)
    assert {"cores", "scratch_pad.banks", "dma.start_cycles", "memory.frequency_hz"} <= {*names}
    assert not {name.partition(".")[0] for name in names} & {"l2", "dram", "bus", "io"}
    path = tmp_path / "system.toml"
    path.write_text('[scratch_pad]\nsize_bytes = "2kB"\nbanks = 8\n[dma]\nwidth_bytes = 16\n')
    (changed,) = SMALL.override(read_toml(path)).clusters
    assert (changed.scratch_pad.size_bytes, changed.scratch_pad.banks) == (2048, 8)
    assert changed.dma.width_bytes == 16
    both = replace(HIGH_POWER, clusters=(CLUSTER,))
    assert {"cpu.core.issue_width", "cluster.core.frequency_hz", "l2.size_bytes"} <= {
        *field_names(both)
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scratch_pad.banks": 3}, r"^scratch_pad.banks must be 1 to 32, a power of two, not 3"),
        ({"scratch_pad.size_bytes": 1000}, "multiples of banks x word_bytes, 16, not 1000"),
        ({"dma.address": 0x1000_0000}, "address must be at least .* where .* ends"),
        ({"l2.size_bytes": 1024}, r"unknown field 'l2.size_bytes'"),
    ],
)
def test_impossible_clusters_are_refused_in_a_line(settings, message):
    with pytest.raises(AlpineError, match=message):
        SMALL.override(settings)


def test_a_cluster_is_drawn():
    console = Console(width=300)
    with console.capture() as capture:
        console.print(describe(SMALL))
    text = capture.get()
    assert "cluster (ClusterConfig) 4 cores at 500 MHz" in text
    assert "StepCoreConfig" in text
    for line in ("banks = 4", "start_cycles = 100 cycles", "wake_cycles = 1", "width_bytes = 8 B"):
        assert line in text
    assert "DRAM" not in text


def test_mistakes_of_programs_are_told_in_a_line():
    system = System(SMALL)
    pad = system.clusters[0].cluster.scratch_pad
    with pytest.raises(AlpineError, match="buffer big ends 476 bytes beyond the scratch-pad"):
        pad.allocate("big", 1500)
    with pytest.raises(AlpineError, match=r"accesses 4 bytes at 0x0, where no memory is"):
        system.run({0: listed(over(0, words=1))})
    system = System(SMALL)
    with pytest.raises(AlpineError, match="the DMA cannot move 0 rows of 0 bytes"):
        system.run({0: transfer(source=0)})
    system = System(SMALL)
    with pytest.raises(AlpineError, match="waits for a DMA that is at rest"):
        system.run({0: listed(WaitForEvent(DMA))})
    four = [transfer(source=CLUSTER.memory.address, destination=CLUSTER.scratch_pad.address,
                     row_bytes=8, rows=1) for _ in range(4)]  # fmt: skip
    starts = listed(*(next(each) for each in four))
    with pytest.raises(AlpineError, match="queue is full"):
        System(SMALL).run({0: starts})
    caches = replace(CLUSTER, core=CoreConfig(frequency_hz=1e9))
    with pytest.raises(AlpineError, match="which needs caches: clusters take other core types"):
        System(SystemConfig(name="wrong", clusters=(caches,)))
    with pytest.raises(AlpineError, match="have no caches: choose another system"):
        _ = SMALL.l1
    with pytest.raises(ValueError, match="l2 must be given where there are complexes"):
        replace(HIGH_POWER, l2=None)


def test_the_clock_of_a_cluster_may_be_any():
    system = System(
        replace(SMALL, clusters=(replace(CLUSTER, core=StepCoreConfig(frequency_hz=3e8)),))
    )
    result = system.run({0: listed(over(CLUSTER.scratch_pad.address, words=3))})
    assert result.time_fs == 3 * 2 * 3_333_333
