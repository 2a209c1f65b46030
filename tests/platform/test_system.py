# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.peripheral_port import empty_accesses
from alpine_platform.accelerators.timed_accelerator import TimedAccelerator
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import (
    Arrive,
    Barrier,
    Begin,
    Channel,
    Compute,
    Condition,
    End,
    Lock,
    Mutex,
    Notify,
    Operation,
    Put,
    RunIo,
    RunLoop,
    Take,
    Unlock,
    Wait,
)
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.presets import SYSTEMS
from alpine_platform.systems.system import DeadlockError, System
from alpine_platform.systems.timeline import write_timeline

READ = LoopBody(name="read", text="load q <- p @s\nalu p <- p\nalu f <- p\nbranch <- f")


def listed(*operations: Operation):
    yield from operations


def reader(base: int, lines: int):
    stream = {"s": Stream(address=base, stride=64)}
    yield RunLoop(phases=[Phase(body=READ, iterations=lines, streams=stream)])


def test_time_and_breakdown_of_two_sections():
    system = System(SYSTEMS["high-power"])

    def program():
        yield Begin("one")
        yield Compute(cycles=100, instructions=10)
        yield End()
        yield Compute(cycles=300)

    result = system.run({0: program()})
    assert result.time_fs == 400 * system.config.core.period_fs
    assert result.breakdown == {"one": 0.25, "other": 0.75}
    assert result.instructions == 10


def test_cycles_add_up_on_every_core():
    system = System(SYSTEMS["high-power"])
    result = system.run({0: reader(1 << 28, 1000), 1: reader(1 << 29, 100)})
    cycles = result.time_fs // system.config.core.period_fs
    for core in result.cores.values():
        total = core.active_cycles + core.wait_cycles + core.idle_cycles
        assert total == pytest.approx(cycles, abs=1)
    assert result.cores[0].wait_cycles > result.cores[0].active_cycles
    assert result.cores[1].idle_cycles > 0


def test_two_runs_give_the_same_femtosecond():
    def measure() -> int:
        system = System(SYSTEMS["low-power"])
        return system.run({core: reader((core + 1) << 28, 500) for core in range(4)}).time_fs

    assert measure() == measure()


def test_cores_share_the_dram():
    alone = System(SYSTEMS["high-power"]).run({0: reader(1 << 28, 2000)}).time_fs
    together = (
        System(SYSTEMS["high-power"])
        .run({core: reader((1 << 28) + core * (4 << 20), 2000) for core in range(4)})
        .time_fs
    )
    # Same bank, other rows: one row cycle per line and core.
    assert together > 1.5 * alone


def test_deadlock_names_cores_and_what_they_wait_for():
    system = System(SYSTEMS["low-power"])
    channel, mutex = Channel("hidden"), Mutex("m")

    def holder():
        yield Lock(mutex)
        yield Take(channel)

    def waiter():
        yield Compute(cycles=1000)
        yield Lock(mutex)

    with pytest.raises(
        DeadlockError,
        match=r"core 3 waits for channel hidden, empty.*core 4 waits for mutex m, held by core 3",
    ):
        system.run({3: holder(), 4: waiter()})


def test_channel_hands_items_over_in_order_and_idles_the_taker():
    system = System(SYSTEMS["high-power"])
    channel = Channel("c")

    def producer():
        for number in range(5):
            yield Compute(cycles=1000)
            yield Put(channel, number)

    def consumer():
        items = [None] * 5
        for place in range(5):
            items[place] = yield Take(channel)
        return items

    result = system.run({0: producer(), 1: consumer()})
    assert result.returned[1] == [0, 1, 2, 3, 4]
    assert result.cores[1].idle_cycles > 0


def test_condition_and_barrier():
    system = System(SYSTEMS["high-power"])
    mutex, condition, barrier = Mutex("m"), Condition("c"), Barrier("b", 2)
    order = []

    def first():
        yield Lock(mutex)
        yield Wait(condition, mutex)
        order.append("woken")
        yield Unlock(mutex)
        yield Arrive(barrier)

    def second():
        yield Compute(cycles=5000)
        order.append("notifies")
        yield Notify(condition)
        yield Arrive(barrier)

    system.run({0: first(), 1: second()})
    assert order == ["notifies", "woken"]


def handed_over(*, linux: bool, waits: bool = True):
    """Two cores and one condition: core 0 sleeps, unless core 1 has already said that it is so."""
    config = SYSTEMS["high-power"].override({"sync.linux": linux})
    mutex, condition = Mutex("m"), Condition("c")
    said = False

    def sleeper():
        yield Compute(cycles=0 if waits else 50_000)
        yield Lock(mutex)
        while not said:
            yield Wait(condition, mutex)
        yield Unlock(mutex)

    def waker():
        nonlocal said
        yield Compute(cycles=10_000)
        yield Lock(mutex)
        said = True
        yield Notify(condition)
        yield Unlock(mutex)

    return System(config).run({0: sleeper(), 1: waker()})


def test_linux_adds_the_system_call_to_the_waker_and_the_switch_to_the_woken():
    bare, linux = handed_over(linux=False), handed_over(linux=True)
    sync, period = SYSTEMS["high-power"].sync, SYSTEMS["high-power"].core.period_fs
    wake, resume = sync.futex_wake_cycles, sync.futex_resume_cycles
    # 350 cycles are 10 % of the waker's call; the whole hand-over is what is left of a pipe's round
    # trip on a Cortex-A53 without its four system calls, halved.
    assert wake == 350 / 0.1
    assert wake + resume == pytest.approx(1.152e9 * (1 / 63_925.0 - 2 / 334_252.2) / 2, abs=10)
    assert linux.cores[1].active_cycles - bare.cores[1].active_cycles == wake
    assert linux.cores[0].active_cycles - bare.cores[0].active_cycles == resume
    assert linux.cores[0].idle_cycles - bare.cores[0].idle_cycles == wake
    assert linux.time_fs - bare.time_fs == (wake + resume) * period


def test_linux_costs_nothing_where_nobody_blocks():
    bare = handed_over(linux=False, waits=False)
    assert handed_over(linux=True, waits=False).time_fs == bare.time_fs


def test_linux_does_not_touch_spinning_channels():
    def time_fs(*, linux: bool, spinning: bool) -> int:
        channel = Channel("c", spinning=spinning)

        def producer():
            for number in range(3):
                yield Compute(cycles=1000)
                yield Put(channel, number)

        def consumer():
            for _ in range(3):
                yield Take(channel)

        config = SYSTEMS["low-power"].override({"sync.linux": linux})
        return System(config).run({0: producer(), 1: consumer()}).time_fs

    assert time_fs(linux=True, spinning=True) == time_fs(linux=False, spinning=True)
    assert time_fs(linux=True, spinning=False) > time_fs(linux=False, spinning=False)


def test_contended_mutex_and_barrier_block_in_the_kernel():
    def time_fs(program_of, *, linux: bool) -> int:
        config = SYSTEMS["high-power"].override({"sync.linux": linux})
        return System(config).run({core: program_of(core) for core in range(2)}).time_fs

    sync, period = SYSTEMS["high-power"].sync, SYSTEMS["high-power"].core.period_fs
    handover = (sync.futex_wake_cycles + sync.futex_resume_cycles) * period
    mutex, barrier = Mutex("m"), Barrier("b", 2)

    def locker(core):
        yield Compute(cycles=10 * core)
        yield Lock(mutex)
        yield Compute(cycles=5000)
        yield Unlock(mutex)

    def arriver(core):
        yield Compute(cycles=1000 * core)
        yield Arrive(barrier)

    for program_of in (locker, arriver):
        assert time_fs(program_of, linux=True) - time_fs(program_of, linux=False) == handover


def test_a_core_that_blocked_at_a_mutex_only_tries_again():
    mutex, sync = Mutex("m"), SYSTEMS["high-power"].sync

    def locker(core):
        yield Compute(cycles=10 * core)
        yield Lock(mutex)
        yield Compute(cycles=5000)
        yield Unlock(mutex)

    result = System(SYSTEMS["high-power"]).run({core: locker(core) for core in range(2)})
    # Two locks and unlocks; the second lock, half of one, is made twice.
    assert result.instructions == 2 * sync.mutex_instructions + sync.mutex_instructions // 2


def test_notification_during_the_unlock_of_a_wait_is_not_missed():
    mutex, condition = Mutex("m"), Condition("c")

    def sleeper():
        yield Lock(mutex)
        yield Wait(condition, mutex)
        yield Unlock(mutex)

    def waker():
        # The sleeper's lock takes 49 of a lock and unlock's 99 cycles; it unlocks in the others.
        yield Compute(cycles=60)
        yield Notify(condition)

    for linux in (False, True):
        config = SYSTEMS["high-power"].override({"sync.linux": linux})
        System(config).run({0: sleeper(), 1: waker()})


def test_wrong_unlock_is_refused():
    def program():
        yield Unlock(Mutex("m"))

    with pytest.raises(ValueError, match="core 0 unlocks mutex m, held by nobody"):
        System(SYSTEMS["high-power"]).run({0: program()})


BASE = 0x0200_0000


def io_system(**settings: object) -> System:
    config = SYSTEMS["high-power"].override({"core.frequency_hz": 1e9, **settings})
    tile = TileConfig(rows=8, columns=8)
    return System(config, peripherals={BASE: TimedAccelerator([tile], period_fs=1_000_000)})


def accesses(count: int, *, write: bool, wait: bool = True):
    """Accesses to interrupt_enable, one after the other."""
    batch = empty_accesses(count, write=write)
    batch["address"] = 0x1C
    batch["data"] = 1 if write else 0
    yield RunIo(base=BASE, batch=batch, wait=wait)


@pytest.mark.parametrize("write", [False, True])
def test_io_access_makes_the_round_trip(write: bool):
    result = io_system().run({0: accesses(10, write=write)})
    # 2 x 50 ns bridge, 100 ns device, 2 + 1 + 1 and 2 + 1 crossbar cycles at 1 GHz; in the
    # peripheral 3 cycles from the request's transfer to that of the response of a register.
    assert result.time_fs == 10 * (2 * 50 + 100 + 4 + 3 + 3) * 1_000_000
    core = result.cores[0]
    assert (core.io_reads, core.io_writes) == ((0, 10) if write else (10, 0))
    assert core.wait_cycles == 10 * 210 - 10
    assert core.active_cycles == 10


def test_posted_stores_cost_the_way_to_the_crossbar_and_a_load_waits_for_them():
    # 2 + 1 + 1 crossbar cycles.
    posted = io_system(**{"io.posted_stores": True})
    assert posted.run({0: accesses(10, write=True)}).time_fs == 10 * 4 * 1_000_000

    def store_then_load():
        yield from accesses(1, write=True)
        yield from accesses(1, write=False)

    # The load is issued after 4 ns, when the store is on its way, and comes 4 ns behind it: there
    # the store has just been answered, so the load is taken in the cycle after.
    both = io_system(**{"io.posted_stores": True}).run({0: store_then_load()})
    assert both.time_fs == (4 + 210) * 1_000_000


def test_one_access_is_outstanding_even_when_the_core_does_not_wait():
    def program():
        yield from accesses(1, write=True, wait=False)
        yield from accesses(1, write=True, wait=False)
        yield Compute(cycles=1)

    # The second store is issued when the first one's response is there; the core goes on then.
    assert io_system().run({0: program()}).time_fs == (210 + 1) * 1_000_000


def test_peripherals_are_found_by_address_and_belong_to_one_core():
    def elsewhere():
        yield RunIo(base=0x40, batch=empty_accesses(1, write=False), wait=True)

    with pytest.raises(ValueError, match="core 0 accesses 0x40, where no peripheral is"):
        io_system().run({0: elsewhere()})
    with pytest.raises(ValueError, match="core 1 accesses the peripheral at 0x2000000 of core 0"):
        io_system().run({0: accesses(1, write=False), 1: accesses(1, write=False)})


def test_impossible_access_widths_are_refused():
    with pytest.raises(AlpineError, match="access_bytes must be 1 to 4 B, a power of two, not 3"):
        io_system(**{"io.access_bytes": 3})


def test_energy_adds_up_and_leaves_the_controller_out():
    result = System(SYSTEMS["high-power"]).run({0: reader(1 << 28, 1000)})
    energy = result.energy
    assert energy.total == pytest.approx(energy.core + energy.cache + energy.dram + energy.tile)
    assert energy.dram == pytest.approx(1000 * 120e-12)
    assert energy.memory_controller_io == pytest.approx(5.82 * result.time_s)


def test_timeline_is_trace_event_json(tmp_path):
    system = System(SYSTEMS["high-power"], trace=True)
    result = system.run({0: reader(1 << 28, 10)})
    path = tmp_path / "timeline.json"
    write_timeline(result, path)
    events = json.loads(path.read_text())["traceEvents"]
    assert any(event["name"] == "read" and event["ph"] == "X" for event in events)
    # Perfetto's processes and threads with the number 0 are the idle ones.
    assert all(event["pid"] and event.get("tid") != 0 for event in events)
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert {names[event["tid"]] for event in events if event["ph"] == "X"} == {"core 0"}
    assert result.stats["memory"]["l2_misses"] == 10


def test_spinning_core_commits_a_look_every_few_cycles():
    """Reference, pp_wait: 203 loads of the flag in 858 cycles, three instructions each."""
    flag = Channel("flag", spinning=True)

    def waiter():
        yield Take(flag)

    def setter():
        yield Compute(cycles=858)
        yield Put(flag)

    result = System(SYSTEMS["high-power"]).run({0: waiter(), 1: setter()})
    assert result.cores[0].idle_cycles == 0
    assert result.cores[0].instructions == pytest.approx(3 * 203, rel=0.05)


def test_handing_over_waits_for_the_stores_before_it():
    """A release orders earlier stores: the taker may read what was written."""
    body = LoopBody(name="store", text="store <- a p @s")
    store = RunLoop(phases=[Phase(body=body, iterations=1, streams={"s": Stream(address=1 << 20)})])

    def time_fs(*before: Operation) -> int:
        channel = Channel("handed", spinning=True)

        def setter():
            yield from before
            yield Put(channel)

        def waiter():
            yield Take(channel)

        return System(SYSTEMS["high-power"]).run({0: setter(), 1: waiter()}).time_fs

    # A line from DRAM takes 69 ns or more (reference README), the store alone a few cycles.
    assert time_fs(store) - time_fs() > 60_000_000


def test_unused_cores_cost_what_idle_ones_cost():
    """Eight cores at 2.3 GHz of which one works 2300 cycles: 7 x 2300 x 126.03 pJ besides."""

    def core_j(cores: int, *, empty: int = 0, **settings: object) -> float:
        config = SYSTEMS["high-power"].override({"cores": cores, **settings})
        programs = {number: listed() for number in range(1, empty + 1)}
        result = System(config).run({0: listed(Compute(cycles=2300)), **programs})
        assert result.stats["unused_cores"] + len(result.cores) in (1, cores)
        return result.energy.core

    alone, chip = core_j(1), core_j(8)
    assert alone == pytest.approx(2300 * 845.39e-12)
    assert chip == pytest.approx(alone + 7 * 2300 * 126.03e-12)
    assert core_j(8, **{"energy.count_unused_cores": False}) == alone


def test_programs_beyond_the_last_core_are_refused_with_the_remedy():
    config = SYSTEMS["low-power"].override({"cores": 1})
    with pytest.raises(AlpineError, match=r"core 3 does not exist.* has 1 core: set cores to 4"):
        System(config).run({core: listed() for core in (0, 3)})


def test_lines_take_the_memory_bus_one_after_the_other():
    """At 1 byte a line takes a header and 64 beats of 0.625 ns, for which the cores' lines queue.

    At the default 16 bytes it takes 5 cycles or 3.125 ns, less than the DRAM's burst of 3.332 ns,
    so that a wider bus changes nothing.
    """
    loads = [*(f"load q{number} <- p @s+{64 * number}" for number in range(8)), "branch <- p"]
    body = LoopBody(name="eight lines", text="\n".join(loads))

    def stream(core: int):
        # Other banks, so that the DRAM is not what limits.
        streams = {"s": Stream(address=(core + 1 << 28) + core * 8192, stride=512)}
        yield RunLoop(phases=[Phase(body=body, iterations=100, streams=streams)])

    def time_fs(width: int) -> int:
        system = System(SYSTEMS["high-power"].override({"bus.width_bytes": width}))
        return system.run({core: stream(core) for core in range(4)}).time_fs

    lines_fs = 4 * 800 * 65 * 625_000
    assert lines_fs < time_fs(1) < 1.05 * lines_fs
    assert time_fs(16) == time_fs(4096)
    assert time_fs(16) < time_fs(4)


def test_time_that_cannot_be_counted_is_refused_not_wrapped():
    config = SYSTEMS["low-power"].override({"core.frequency_hz": 1e6})
    # At 1 MHz a cycle is 1e9 fs, and 2^62 fs are 4.6e9 cycles.
    almost = (1 << 62) // 10**9 - 100

    def program():
        yield Compute(cycles=almost)
        yield from reader(1 << 28, 10)

    system = System(config)
    assert system.run({0: listed(Compute(cycles=10))}).time_fs == 10 * 10**9
    for beyond in (program, lambda: listed(Compute(cycles=10**30), Compute(cycles=1))):
        with pytest.raises(AlpineError, match=r"simulated time passes 4,612 s, the longest"):
            System(config).run({0: beyond()})
