# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_inputs import examples

from alpine_models import isa
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import empty_batch
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.cores.loop_body import LoopBody, OperationColumn, Unit, compile_body
from alpine_platform.cores.memo_kernel import STATES
from alpine_platform.cores.operations import RunCmLoop, RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.cores.pipelines import Pipelines
from alpine_platform.memory.memory_system import MemorySystem
from alpine_platform.systems.presets import SYSTEMS
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System
from alpine_sw.kernels import BODIES

QUEUES = [
    name
    for name, body in BODIES.items()
    if (compile_body(body).operations[:, OperationColumn.UNIT] == int(Unit.CM_QUEUE)).any()
    and not (compile_body(body).operations[:, OperationColumn.UNIT] > int(Unit.CM_QUEUE)).any()
]
PLAIN = [
    name
    for name, body in BODIES.items()
    if (compile_body(body).operations[:, OperationColumn.UNIT] < int(Unit.CM_QUEUE)).all()
]


@st.composite
def phases(draw, names=tuple(PLAIN)):
    """A loop over one of the library's bodies, with strides or offset tables."""
    body = BODIES[draw(st.sampled_from(names))]
    streams: dict[str, Stream] = {}
    for place, name in enumerate(compile_body(body).streams):
        table = draw(st.none() | st.lists(st.integers(0, 1 << 14), min_size=80, max_size=80))
        streams[name] = Stream(
            address=(1 << 28) + place * draw(st.sampled_from([129 << 10, 8 << 10, 64])),
            stride=draw(st.sampled_from([0, 4, 16, 64, 1024])),
            repeat_stride=draw(st.sampled_from([0, 64, 4096])),
            table=None if table is None else np.array(table, np.int64),
        )
    return Phase(body=body, iterations=draw(st.integers(0, 80)), streams=streams)


nests = st.builds(
    lambda phases, repeats: RunLoop(phases=phases, repeats=repeats),
    st.lists(phases(), min_size=1, max_size=3),
    st.integers(1, 6),
)


def measure(system: System, programs: dict[int, list[RunLoop]], *, remember: bool) -> SystemResult:
    system.pipelines.remember = remember

    def program(loops: list[RunLoop]):
        yield from loops

    system.run({core: program(loops) for core, loops in programs.items()})
    return system.run({core: program(loops) for core, loops in programs.items()})


def same(remembered: SystemResult, computed: SystemResult) -> bool:
    return (
        remembered.time_fs == computed.time_fs
        and remembered.cores == computed.cores
        and remembered.memory == computed.memory
    )


@settings(max_examples=examples(60))
@given(
    st.lists(st.lists(nests, min_size=1, max_size=3), min_size=1, max_size=3),
    st.sampled_from(sorted(SYSTEMS)),
)
def test_remembered_loops_change_nothing(programs, name):
    cores = dict(enumerate(programs))
    remembered = measure(System(SYSTEMS[name]), cores, remember=True)
    assert same(remembered, measure(System(SYSTEMS[name]), cores, remember=False))


def tile_system(name: str) -> System:
    period = SYSTEMS[name].tile_clock.period_fs
    tile = TimedTile(config=TileConfig(rows=4096, columns=16), tile_period_fs=period)
    return System(SYSTEMS[name], tile_ports={0: TimedTilePort([tile], tile_period_fs=period)})


@settings(max_examples=examples(30))
@given(
    st.lists(phases(names=tuple(QUEUES)), min_size=1, max_size=2),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(sorted(SYSTEMS)),
)
def test_remembered_cm_instructions_issue_in_the_same_cycles(loops, repeats, wait, name):
    count = repeats * sum(
        phase.iterations
        * int(
            (
                compile_body(phase.body).operations[:, OperationColumn.UNIT] == int(Unit.CM_QUEUE)
            ).sum()
        )
        for phase in loops
    )
    batch = empty_batch(count)
    batch["word"], batch["ra"] = isa.queue(), 1
    results: list[SystemResult] = []
    issues: list[np.ndarray] = []
    for remember in (True, False):
        system = tile_system(name)
        system.pipelines.remember = remember

        def program():
            result = yield RunCmLoop(phases=loops, repeats=repeats, batch=batch.copy(), wait=wait)
            issues.append(result.issue_fs)

        results.append(system.run({0: program()}))
    assert same(*results)
    assert np.array_equal(*issues)


def test_a_full_table_is_emptied():
    # Every iteration asks for lines at other distances, so that states do not recur.
    rng = np.random.default_rng(1)
    body = BODIES["memory_copy"]
    streams = {
        name: Stream(address=1 << 28, table=64 * rng.integers(0, 1 << 20, 40_000))
        for name in compile_body(body).streams
    }
    loop = RunLoop(phases=[Phase(body=body, iterations=40_000, streams=streams)])
    system = System(SYSTEMS["high-power"])
    remembered = measure(system, {0: [loop], 1: [loop]}, remember=True)
    assert 0 < system.pipelines.memo.counts["states"][0] < STATES
    computed = measure(System(SYSTEMS["high-power"]), {0: [loop], 1: [loop]}, remember=False)
    assert same(remembered, computed)


def test_loops_of_no_iteration_take_no_time():
    config = SYSTEMS["high-power"]
    pipelines = Pipelines(config, MemorySystem(config))
    pipelines.begin(0, [Phase(body=BODIES["clear"], iterations=0)], 3, cycle=7)
    assert pipelines.advance(0)
    assert pipelines.cycle(0) == 7


STORE_AND_LOADS = LoopBody(
    name="store_and_loads",
    text="store <- x y @line\n" + "load q <- q @other\n" * 4 + "branch <- q",
)
LOAD = LoopBody(name="load", text="load q <- p @line\nfp q <- q\nbranch <- q")
BASE = 1 << 28
SET = 1 << 20
"""Bytes, a multiple of what separates lines of one set, in both levels."""


def loop(body: LoopBody, iterations: int, **streams: Stream) -> RunLoop:
    return RunLoop(phases=[Phase(body=body, iterations=iterations, streams=streams)])


def changes_nothing(programs: dict[int, list[RunLoop]]) -> SystemResult:
    system = SYSTEMS["high-power"]
    computed = measure(System(system), programs, remember=False)
    assert same(measure(System(system), programs, remember=True), computed)
    return computed


def test_a_line_that_another_core_has_read_is_no_hit_of_a_store():
    writes = loop(
        STORE_AND_LOADS, 600, line=Stream(address=BASE), other=Stream(address=BASE + 4096)
    )
    reads = RunLoop(
        phases=[
            Phase(body=LOAD, iterations=1, streams={"line": Stream(address=BASE)}),
            Phase(body=BODIES["clear"], iterations=20, streams={"destination": Stream(address=0)}),
        ],
        repeats=100,
    )
    # The store asks for its line anew, and the next iterations come while it is on its way.
    result = changes_nothing({0: [writes], 1: [reads]})
    assert result.memory.upgrades > 10


def test_lines_keep_their_order_of_use():
    # Lines used again stay when later ones take the other ways of their sets.
    first, second, third = (
        loop(LOAD, 100, line=Stream(address=BASE + place * SET, stride=64)) for place in range(3)
    )
    result = changes_nothing({0: [first, second, first, third, first]})
    # When all of it runs again, the first lines are still there.
    assert result.memory.l1_misses == 200
