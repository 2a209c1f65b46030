# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The in-memory accelerator: what jobs compute, and when, to the cycle."""

import random
from math import ceil

import pytest
from hwpe_bench import HwpeBench
from hwpe_programs import IMA, one_engine, run_bench, run_jobs
from hwpe_reference import MEMORY_BYTES, Macro, random_ima_job, run_ima
from tests.random_inputs import examples, seed

from alpine_cosim.binding import VerilatedModel
from alpine_models.hwpe_registers import IMA_REGISTERS
from alpine_models.imc_cluster import ClusterError, Execution, ImcConfig
from alpine_rtl.cluster.accelerators import ClusterAccelerators
from alpine_rtl.cluster.ima import Ima
from alpine_rtl.formal.paths import combinational_paths

SMALL = {"rows": 6, "columns": 5, "port_bytes": 4, "crossbars": 2}
SQUARE = ImcConfig(rows=16, columns=16, port_bytes=4, crossbars=2)
VARIANTS = [
    (execution, memory_ports)
    for execution in Execution
    for memory_ports in (1, 2)
    if (execution, memory_ports) != (SQUARE.execution, SQUARE.memory_ports)
]
"""The others, which Amaranth's simulator runs for less than building a model of each costs."""


@pytest.fixture(scope="module")
def model():
    with VerilatedModel.build(Ima(config=SQUARE), top="ima") as built:
        yield built


def bench_of(config, program, *, product_cycles=5, seed=1, grants=lambda: True, memory=None):
    draw = random.Random(seed)
    macro = Macro(
        rows=config.rows,
        columns=config.columns,
        crossbars=config.crossbars,
        product_cycles=product_cycles,
        programming_cycles=3,
    ).randomise(draw)
    return HwpeBench(
        port_bytes=config.port_bytes,
        engines=[one_engine(program)],
        memory=memory if memory is not None else bytearray(draw.randbytes(MEMORY_BYTES)),
        macro=macro,
        grants=grants,
        ports=("mem", "mem_out")[: config.memory_ports],
    )


def beats_of(job, port_bytes):
    """Beats of one vector in and out, by the rule of the ports."""
    return (
        job["runs"] * ceil(job["run_bytes"] / port_bytes),
        ceil(job["columns"] / port_bytes),
    )


@pytest.mark.random
@pytest.mark.parametrize(("execution", "memory_ports"), VARIANTS)
def test_random_jobs_of_each_variant(execution, memory_ports):
    config = ImcConfig(**SMALL, execution=execution, memory_ports=memory_ports)
    check_random_jobs(Ima(config=config), config, jobs=3, draw=random.Random(seed(memory_ports)))


@pytest.mark.random
def test_random_jobs_leave_what_loops_over_bytes_leave(model):
    draw = random.Random(seed(1))
    for _ in range(examples(5)):
        check_random_jobs(model, SQUARE, jobs=8, draw=draw)


def check_random_jobs(dut, config, *, jobs, draw):
    seen = {}
    product_cycles = draw.choice([4, 5, 9, 30])
    probability = draw.choice([1, 0.7, 0.3])
    bench = bench_of(
        config,
        None,
        product_cycles=product_cycles,
        seed=draw.random(),
        grants=lambda: draw.random() < probability,
    )
    jobs = [random_ima_job(draw, bench.macro) for _ in range(jobs)]
    before = [(IMA["product_cycles"], product_cycles)]
    bench.engines = [one_engine(run_jobs(IMA_REGISTERS, jobs, seen, before=before))]
    want = bytearray(bench.memory)
    for job in jobs:
        run_ima(want, bench.macro, job)
    run_bench(dut, bench)
    assert bench.memory == want
    repeats = [job["jobs_x"] * job["jobs_y"] for job in jobs]
    assert seen["products"] == len(bench.starts) == sum(repeats)
    assert seen["bytes_in"] == sum(n * j["rows"] for n, j in zip(repeats, jobs, strict=True))
    assert seen["bytes_out"] == sum(n * j["columns"] for n, j in zip(repeats, jobs, strict=True))
    assert seen["stalled_cycles"] == len(bench.stalled)
    assert seen["status"] == 0
    assert len(bench.engines[0].events) == len(jobs)
    both = [beats_of(job, 4) for job in jobs]
    for write in (False, True):
        beats = sum(n * each[write] for n, each in zip(repeats, both, strict=True))
        assert sum(grant.write == write for grant in bench.granted) == beats
    order = [job["crossbar"] for job, n in zip(jobs, repeats, strict=True) for _ in range(n)]
    assert bench.selected == order
    assert not bench.dropped


def layer(*, rows, columns, runs=1, jobs=12):
    """A context of so many jobs of one shape."""
    return {
        "crossbar": 0,
        "row": 0,
        "column": 0,
        "rows": rows,
        "columns": columns,
        "source": 5,
        "run_bytes": rows // runs,
        "runs": runs,
        "run_stride": 20,
        "jobs_x": jobs,
        "source_stride_x": 1,
        "jobs_y": 1,
        "source_stride_y": 0,
        "destination": 2048,
        "destination_stride_x": columns,
        "destination_stride_y": 0,
    }


# (rows, columns, runs, product): beats in / 4, beats out / 4, and which of them decides.
SHAPES = [
    (16, 16, 1, 10),  # 5 + 5 = 10: port and product together, as 17 + 17 and 34
    (16, 16, 1, 9),  # the port
    (16, 16, 1, 13),  # the product
    (12, 16, 3, 8),  # 4 + 5
    (4, 4, 1, 4),  # 2 + 2
]


def check_period(dut, config, shape, *, jobs):
    rows, columns, runs, product = shape
    job = layer(rows=rows, columns=columns, runs=runs, jobs=jobs)
    program = run_jobs(IMA_REGISTERS, [job, job], {}, before=[(IMA["product_cycles"], product)])
    bench = bench_of(config, program, product_cycles=product)
    run_bench(dut, bench)
    into, out = (beats + 1 for beats in beats_of(job, config.port_bytes))
    if config.execution is Execution.SEQUENTIAL:
        want = into + product + out
    elif config.memory_ports == 1:
        want = max(product, into + out)
    else:
        want = max(product, into, out)
    # The pipeline runs across the two contexts. Where one stream ends before the other, two
    # neighbours share what both take.
    last = 2 * jobs - 3
    assert bench.starts[last] - bench.starts[3] == (last - 3) * want, shape


def test_the_published_crossbar_takes_34_cycles_a_job():
    # 256 / 16 + 1 in and as many out, above the product's 33 (130 ns at 250 MHz).
    config = ImcConfig(rows=256, columns=256, port_bytes=16, crossbars=1)
    with VerilatedModel.build(Ima(config=config), top="published_ima") as built:
        check_period(built, config, (256, 256, 1, 33), jobs=6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_period_of_a_job(model, shape):
    check_period(model, SQUARE, shape, jobs=12)


@pytest.mark.parametrize(("execution", "memory_ports"), VARIANTS)
def test_the_period_of_each_variant(execution, memory_ports):
    config = ImcConfig(
        rows=8,
        columns=8,
        port_bytes=4,
        crossbars=1,
        execution=execution,
        memory_ports=memory_ports,
    )
    # 3 cycles in, 3 out; with two ports 5 are more than either.
    check_period(Ima(config=config), config, (8, 8, 1, 5), jobs=4)


def test_the_port_rests_for_one_cycle_behind_every_vector(model):
    config = SQUARE
    job = layer(rows=6, columns=5, jobs=9)
    program = run_jobs(IMA_REGISTERS, [job], {}, before=[(IMA["product_cycles"], 4)])
    bench = bench_of(config, program, product_cycles=4)
    run_bench(model, bench)
    cycles = {grant.cycle: grant for grant in bench.granted}
    left = {False: 2, True: 2}
    for cycle, grant in cycles.items():
        left[grant.write] -= 1
        if left[grant.write] == 0:
            left[grant.write] = 2
            assert cycle + 1 not in cycles
    assert bench.engines[0].events == [max(cycles) + 1]


@pytest.mark.parametrize("top", [Ima, ClusterAccelerators])
def test_no_output_depends_on_an_input_within_a_cycle(top):
    config = ImcConfig(rows=2, columns=2, port_bytes=4, crossbars=2)
    assert not combinational_paths(top(config=config))


REFUSED = [
    ({"crossbar": 2}, ClusterError.WINDOW),
    ({"crossbar": 1 << 31}, ClusterError.WINDOW),
    ({"row": 11}, ClusterError.WINDOW),
    ({"row": 0xFFFFFFFF}, ClusterError.WINDOW),
    ({"column": 12}, ClusterError.WINDOW),
    ({"columns": 17}, ClusterError.WINDOW),
    ({"rows": 0}, ClusterError.SIZE),
    ({"columns": 0}, ClusterError.SIZE),
    ({"runs": 0}, ClusterError.SIZE),
    ({"run_bytes": 0}, ClusterError.SIZE),
    ({"jobs_x": 0}, ClusterError.SIZE),
    ({"jobs_y": 0}, ClusterError.SIZE),
    ({"runs": 2}, ClusterError.ROWS),
    ({"runs": 1 << 16 | 1}, ClusterError.ROWS),
    ({"run_bytes": 5}, ClusterError.ROWS),
    ({"rows": 0, "row": 17}, ClusterError.WINDOW),
]


def refusals(good, answers):
    """Each refused context behind a good one, which must run; the error is read and cleared."""
    for product_cycles, error in ((3, ClusterError.SIZE), (1 << 16, ClusterError.SIZE), (4, 0)):
        yield IMA["product_cycles"], product_cycles
        yield from start(good)
        answers.append(((yield from result(1)), error))
    for change, error in REFUSED:
        yield from start(good)
        yield from start(good | change)
        answers.append(((yield from result(2)), error))


def start(job):
    assert (yield IMA["acquire"], None) < 2
    for name, word in job.items():
        yield IMA[name], word
    yield IMA["trigger"], 7


def result(contexts):
    done = 0
    while done < contexts:
        done += yield IMA["finished"], None
    status = yield IMA["status"], None
    yield IMA["clear_counters"], 0
    return status >> 8 | status & 1 << 16


def test_refused_contexts_change_nothing_finish_in_turn_and_give_the_event(model):
    config = SQUARE
    answers = []
    good = layer(rows=6, columns=5, jobs=1)
    bench = bench_of(config, refusals(good, answers), product_cycles=4)
    want = bytearray(bench.memory)
    run_ima(want, bench.macro, good)
    run_bench(model, bench)
    assert [found for found, _ in answers] == [error for _, error in answers]
    assert bench.memory == want
    assert len(bench.starts) == 1 + len(REFUSED)
    assert len(bench.engines[0].events) == 3 + 2 * len(REFUSED)


def clear_in_the_middle(job, wait, seen, bench):
    """Clear two contexts after a while; run two others as soon as the accelerator is idle."""
    yield IMA["product_cycles"], 4
    yield from start(job)
    yield from start(job | {"destination": 2300})
    for _ in range(wait):
        yield None
    yield IMA["soft_clear"], 0
    seen["cleared"] = bench[0].now
    while (yield IMA["status"], None) & 1:
        pass
    seen["idle"] = bench[0].now
    seen["before"] = bytes(bench[0].memory)
    yield IMA["clear_counters"], 0
    # Contexts that had finished before the clear still count.
    yield IMA["finished"], None
    for _ in range(2):
        yield from start(job | {"destination": 3000})
    done = 0
    while done < 2:
        done += yield IMA["finished"], None
    seen["products"] = yield IMA["products"], None


def test_a_soft_clear_frees_both_contexts_and_ends_all_requests(model):
    for wait in range(60):
        check_soft_clear(model, SQUARE, wait)


def test_a_soft_clear_ends_the_requests_on_both_ports():
    config = ImcConfig(**SMALL, memory_ports=2)
    dut = Ima(config=config)
    for wait in (11, 24):
        check_soft_clear(dut, config, wait)


def check_soft_clear(dut, config, wait):
    job = layer(rows=6, columns=5, jobs=4)
    draw = random.Random(wait)
    seen, benches = {}, []
    program = clear_in_the_middle(job, wait, seen, benches)
    grants = (draw.random() < 0.4 for _ in iter(int, 1))
    bench = bench_of(config, program, product_cycles=4, grants=grants.__next__)
    benches.append(bench)
    run_bench(dut, bench)
    late = [g.cycle for g in bench.granted if seen["cleared"] <= g.cycle <= seen["idle"]]
    # The one on either port; a status takes two cycles to ask for and is asked for again.
    assert len(late) <= config.memory_ports
    assert seen["idle"] - max(late, default=seen["cleared"]) <= 6
    want = bytearray(seen["before"])
    run_ima(want, bench.macro, job | {"destination": 3000})
    assert bench.memory == want, "nothing of the dropped jobs reaches those behind"
    assert seen["products"] == 8
    assert len(bench.engines[0].events) - 2 <= 1
