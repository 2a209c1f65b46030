# SPDX-License-Identifier: Apache-2.0
"""Several complexes of cores in one system: clocks, core types, caches, names and meters."""

import re
from dataclasses import replace

import pytest
from probe import loop, sharing
from rich.console import Console
from two_clocks import TWO_CLOCKS, SteadyCoreConfig, complex_of

from alpine_models.errors import AlpineError
from alpine_platform.config import CoreConfig, CoreTypeConfig, SystemConfig
from alpine_platform.config.describe import describe
from alpine_platform.config.overrides import field_names, read_toml
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import Channel, Compute, Program, Put, RunLoop, Take
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System

BIG_FS, LITTLE_FS = 500_000, 1_250_000
READ = LoopBody(name="read", text="load q <- p @s\nalu p <- p\nalu f <- p\nbranch <- f")
WRITE = LoopBody(name="write", text="store <- q p @s\nalu p <- p\nalu f <- p\nbranch <- f")


def listed(*operations) -> Program:
    yield from operations


def over(body: LoopBody, *, address: int = 1 << 28, lines: int = 1, repeats: int = 1) -> RunLoop:
    stream = Stream(address=address, stride=64)
    phase = Phase(body=body, iterations=lines, streams={"s": stream})
    return RunLoop(phases=[phase], repeats=repeats)


def test_every_core_counts_cycles_of_its_own_clock():
    """1000 cycles at 2 GHz are 500 ns, at 800 MHz 1250 ns: the first core then idles 1500 more."""
    result = System(TWO_CLOCKS).run({core: listed(Compute(cycles=1000)) for core in (0, 2)})
    assert result.time_fs == 1000 * LITTLE_FS
    assert (result.cores[0].active_cycles, result.cores[0].idle_cycles) == (1000, 1500)
    assert (result.cores[2].active_cycles, result.cores[2].idle_cycles) == (1000, 0)


def test_every_complex_has_a_meter_of_its_own():
    """Of each complex one core runs and one is unused for 1250 ns, 2500 or 1000 idle cycles."""
    result = System(TWO_CLOCKS).run({core: listed(Compute(cycles=1000)) for core in (0, 2)})
    big, little = (result.components[name].energy_j for name in ("big", "little"))
    assert big == pytest.approx((1000 * 3 + (1500 + 2500) * 1) * 1e-12)
    assert little == pytest.approx((1000 * 3 + 1000 * 1) * 1e-12)
    assert result.energy.core == big + little
    assert result.components["big"].counters["idle_cycles"] == 4000
    assert result.components["big.l1"].energy_j is None


def test_a_core_type_of_its_own_takes_the_time_that_it_says():
    """Four operations of 2 cycles each, and for a hit the L1's 2 cycles less the first."""
    system = System(TWO_CLOCKS)
    system.run({2: listed(over(READ))})
    result = system.run({2: listed(over(READ, repeats=10))})
    assert result.time_fs == 10 * (4 * 2 + 1) * LITTLE_FS
    assert result.cores[2].wait_cycles == 10
    assert result.instructions == 40


def test_a_line_goes_from_the_clock_that_wrote_it_to_the_other():
    def writer(channel: Channel) -> Program:
        yield over(WRITE)
        yield Put(channel)

    def reader(channel: Channel) -> Program:
        yield Take(channel)
        yield over(READ)

    for first, second in ((0, 2), (2, 0)):
        channel = Channel("line")
        result = System(TWO_CLOCKS).run({first: writer(channel), second: reader(channel)})
        assert result.memory.snoop_transfers == 1
        assert result.memory.dram_reads == 1


def test_a_miss_takes_its_shared_part_in_the_clock_of_the_first_complex():
    """An L2 hit of a slow core: its own L1 and edges, and 2 + 20 + 4 cycles between at 2 GHz.

    Lookup takes 2 of its cycles; bus 1, L2 20, bus 1 + 1 beat 2 GHz cycles; response 2 of its own.
    """
    memory = System(TWO_CLOCKS).memory_system
    port, other = memory.port(2), memory.port(0)
    other.access(1 << 28, write=False, cycle=1000)
    begun = 10_000
    shared = -(-(begun + 2) * LITTLE_FS // BIG_FS) + 1 + 20 + 2
    back = -(-shared * BIG_FS // LITTLE_FS)
    assert port.access(1 << 28, write=False, cycle=begun) == back + 2 - 1


def split(config: SystemConfig) -> SystemConfig:
    """The same system with its cores in two complexes, of which the second is as the first."""
    (whole,) = config.complexes
    first = replace(whole, cores=1, name="first")
    return replace(config, complexes=(first, replace(whole, cores=whole.cores - 1, name="rest")))


@pytest.mark.parametrize("remember", [True, False])
def test_two_complexes_of_one_kind_are_as_one(remember: bool):
    def measured(config: SystemConfig) -> SystemResult:
        system = System(config)
        system.pipelines.remember = remember
        programs = {**sharing(), 2: listed(loop("copy", 300, place=5), loop("loads", 50))}
        return system.run(programs)

    small = HIGH_POWER.override({"cores": 4, "l1.size_bytes": 1024, "l2.size_bytes": 8192})
    one, two = measured(small), measured(split(small))
    assert two.memory == one.memory
    assert two.cores == one.cores
    assert two.time_fs == one.time_fs
    assert two.energy.core == pytest.approx(one.energy.core)


def fast_and_slow() -> SystemConfig:
    """In-order cores of two types on two clocks, with caches of two sizes."""
    slow = CoreConfig(frequency_hz=0.7e9, fetch_buffer_groups=3, store_buffer_entries=2)
    little = complex_of("little", 2, slow)
    l1 = replace(little.l1, size_bytes=2048, associativity=4, mshrs=2, lookup_cycles=1)
    return replace(TWO_CLOCKS, complexes=(TWO_CLOCKS.complexes[0], replace(little, l1=l1)))


def streams(*cores: int) -> SystemResult:
    """Cores read lines that lie in banks and rows of their own."""
    apart = 16 * 32 * 8192 + 2 * 8192
    return System(fast_and_slow()).run(
        {core: listed(over(READ, address=(1 << 28) + core * apart, lines=1024)) for core in cores}
    )


def test_cores_on_two_clocks_reach_memory_in_order_of_time():
    """In different banks all they wait for is each other's lines on the buses; see test_turns.

    A core that is faster by less than that catches up with the others and stays behind them: then
    each of its lines waits for a burst of the DRAM, 3.332 ns, and 5 beats of 625 ps of the bus.
    """
    fast, slow = streams(0, 1), streams(2, 3)
    together = streams(0, 1, 2, 3)
    assert together.time_fs < 1.02 * slow.time_fs
    longest_fs = fast.time_fs + 1024 * (3_332_000 + 5 * 625_000)
    assert together.cores[0].sections_fs["other"] < 1.02 * longest_fs


def test_states_of_one_core_type_are_not_taken_for_those_of_another():
    """The same loops on cores that differ in issue width alone: pipelines begin in like states."""
    fast = CoreConfig(frequency_hz=2e9)
    slow = replace(fast, issue_width=1)
    config = replace(
        TWO_CLOCKS, complexes=(complex_of("fast", 1, fast), complex_of("slow", 1, slow))
    )

    def measured(remember: bool) -> SystemResult:
        system = System(config)
        system.pipelines.remember = remember
        return system.run(
            {core: listed(loop("mixed", 200, place=core + 1), loop("use", 200)) for core in (0, 1)}
        )

    remembered, computed = measured(True), measured(False)
    assert computed.cores[1].active_cycles > computed.cores[0].active_cycles
    assert remembered.cores == computed.cores


def test_names_of_fields_begin_with_the_complex_where_there_are_several(tmp_path):
    names = field_names(TWO_CLOCKS)
    assert "big.core.issue_width" in names
    assert "little.core.operation_cycles" in names
    assert "core.issue_width" not in names
    path = tmp_path / "system.toml"
    path.write_text('[little]\ncores = 3\n[little.core]\nfrequency_hz = "1GHz"\n')
    changed = TWO_CLOCKS.override(read_toml(path))
    assert [each.cores for each in changed.complexes] == [2, 3]
    assert [each.core.frequency_hz for each in changed.complexes] == [2e9, 1e9]
    with pytest.raises(
        AlpineError, match=r"^little.core.operation_cycles must be 1 to 100 cycles, not 0"
    ):
        TWO_CLOCKS.override({"little.core.operation_cycles": 0})
    with pytest.raises(AlpineError, match=r"unknown field 'core.frequency_hz'; did you mean .*big"):
        TWO_CLOCKS.override({"core.frequency_hz": 1e9})
    with pytest.raises(AlpineError, match=r"several complexes of cores: say which, big.core or li"):
        _ = TWO_CLOCKS.core


def test_description_draws_every_complex():
    console = Console(width=300)
    with console.capture() as capture:
        console.print(describe(TWO_CLOCKS))
    text = capture.get()
    assert re.search(r"big \(CoreComplexConfig\) 2 cores at 2 GHz", text)
    assert re.search(r"little \(CoreComplexConfig\) 2 cores at 800 MHz", text)
    assert "core (SteadyCoreConfig) A core that takes the same time" in text


class UnknownCore(CoreTypeConfig):
    """A core type without a model."""

    frequency_hz = 1e9


@pytest.mark.parametrize(
    ("complexes", "message"),
    [
        ((), "at least one complex"),
        ((complex_of("a", 2, SteadyCoreConfig(frequency_hz=1e9)),) * 2, "names of their own"),
        (
            (
                complex_of("a", 2, SteadyCoreConfig(frequency_hz=1e9)),
                complex_of("l2", 2, SteadyCoreConfig(frequency_hz=1e9)),
            ),
            "not 'l2'",
        ),
        ((complex_of("my cores", 1, SteadyCoreConfig(frequency_hz=1e9)),), "not 'my cores'"),
        (
            (
                complex_of("a", 33, SteadyCoreConfig(frequency_hz=1e9)),
                complex_of("b", 32, SteadyCoreConfig(frequency_hz=1e9)),
            ),
            "at most 64 in all, not 65",
        ),
    ],
)
def test_complexes_that_do_not_fit_together_are_refused(complexes, message):
    with pytest.raises(ValueError, match=message):
        replace(HIGH_POWER, complexes=complexes)


def test_a_core_type_without_a_model_says_how_to_give_it_one():
    config = replace(HIGH_POWER, complexes=(complex_of("a", 1, UnknownCore()),))
    with pytest.raises(AlpineError, match=r"UnknownCore, for which .* @core_model.register"):
        System(config)
