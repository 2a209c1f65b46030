# SPDX-License-Identifier: Apache-2.0
"""What the cluster's accelerators promise of contexts that run, as checks of any design.

What is expected is counted from the ports or comes from `hwpe_reference`.
"""

import random
from itertools import pairwise

from hwpe_contexts import (
    CONFIG,
    JOBS,
    MAPS,
    OFFSETS,
    PRODUCTS,
    Both,
    apply,
    dw_job,
    finish,
    ima_job,
    read,
    short_products,
    start,
    write,
)
from hwpe_programs import IMA, run_jobs
from hwpe_reference import (
    Macro,
    depthwise_outputs,
    random_depthwise_job,
    random_ima_job,
    run_depthwise,
    run_ima,
)

from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS

__all__ = ["CHECKS"]


def check_events_and_counters(both: Both) -> None:
    """Events, ``finished`` and counters, counted again from the ports."""
    for which, delay, probability in (("ima", 0, 1), ("ima", 1, 0.5), ("dw", 0, 0.5), ("dw", 1, 1)):
        _count_again(both, which, delay, probability)


def _count_again(both, which, delay, probability):
    draw = random.Random(delay)
    bench = both.bench(grants=lambda: draw.random() < probability)
    engine, at, seen = bench.engines[which == "dw"], OFFSETS[which], {}

    def program():
        yield from short_products(which)
        yield from start(which, JOBS[which]())
        for _ in range(delay):
            yield None
        yield from finish(which, 1)
        for name in ("busy_cycles", "stalled_cycles", "products", "bytes_in", "bytes_out"):
            seen[name] = yield from read(which, name)

    both.run(bench, **{which: program()})
    triggered = next(cycle for cycle, address in engine.accepted if address == at["trigger"])
    polls = [cycle for cycle, address in engine.accepted if address == at["finished"]]
    (event,) = engine.events
    assert event == bench.granted[-1].cycle + 1
    assert polls[-2] < event <= polls[-1], "finished rises with the event"
    assert seen == {
        "busy_cycles": event - triggered - 1,
        "stalled_cycles": len(bench.stalled),
        "products": PRODUCTS[which],
        "bytes_in": moved(bench, write=False),
        "bytes_out": moved(bench, write=True),
    }
    # 4 jobs of 5 codes; 2 pixels of 16 channels.
    assert seen["bytes_out"] == {"ima": 20, "dw": 32}[which]


def moved(bench, *, write):
    """Return how many bytes the port carried in one direction."""
    return sum(grant.enables.bit_count() for grant in bench.granted if grant.write == write)


def check_addresses(both: Both) -> None:
    """Every beat's address and bytes, modulo 2**32, with strides of all signs."""
    job = ima_job(
        source=0xFFFFFFFE, run_stride=-5, jobs_x=2, source_stride_x=0, jobs_y=3,
        rows=5, run_bytes=5, runs=1, source_stride_y=-7, destination=0xFFFFFFF9,
        destination_stride_x=9, destination_stride_y=0x80000001,
    )  # fmt: skip
    other = ima_job(
        jobs_x=2, jobs_y=2, source_stride_x=-40, source_stride_y=0x7FFFFFFF, run_stride=0
    )
    bench = both.bench()
    seen = {}
    both.run(bench, ima=run_jobs(IMA_REGISTERS, [job, other], seen, before=[(0x38, 4)]))
    want = {False: [], True: []}
    for each in (job, other):
        for y in range(each["jobs_y"]):
            for x in range(each["jobs_x"]):
                base = each["source"] + x * each["source_stride_x"] + y * each["source_stride_y"]
                for run in range(each["runs"]):
                    want[False] += beats(base + run * each["run_stride"], each["run_bytes"])
                base = each["destination"] + x * each["destination_stride_x"]
                want[True] += beats(base + y * each["destination_stride_y"], each["columns"])
    for write_ in (False, True):
        found = [(g.address, g.enables) for g in bench.granted if g.write == write_]
        assert found == want[write_]


def beats(start_address, size):
    return [
        ((start_address + at) % (1 << 32), (1 << min(4, size - at)) - 1) for at in range(0, size, 4)
    ]


def check_windows(both: Both) -> None:
    """Two contexts with different windows on different crossbars, in one pipeline."""
    jobs = [
        ima_job(crossbar=0, row=3, rows=2, run_bytes=2, runs=1, column=2, columns=3),
        ima_job(crossbar=1, row=1, rows=4, run_bytes=2, column=1, columns=4, destination=2300),
    ]
    _jobs(both, jobs, [], seed=1, probability=1, product_cycles=20)


def check_paddings(both: Both) -> None:
    """Each side's padding, both strides, shifts, ReLU and pitch."""
    sides = ("top", "bottom", "left", "right")
    for stride, options in ((1, {"shift": 0}), (2, {"relu": 1, "pitch": 24, "shift": 6})):
        jobs = [
            dw_job(stride=stride, destination=2100 + 300 * n, **options, **{side: 1})
            for n, side in enumerate(sides)
        ]
        bench = both.bench(seed=stride)
        want = bytearray(bench.memory)
        for job in jobs:
            run_depthwise(want, job)
        both.run(bench, dw=run_jobs(DEPTHWISE_REGISTERS, jobs, {}))
        assert bench.memory == want


def check_sharing_the_port(both: Both) -> None:
    """The one triggered first holds the port until it is idle; both directions take turns."""
    for first in MAPS:
        bench = both.bench()

        def program(which, first=first):
            yield from short_products(which)
            for _ in range(0 if which == first else 40):
                yield None
            yield from start(which, JOBS[which](destination=3000 if which == "ima" else 2100))
            yield from finish(which, 1)

        both.run(bench, ima=program("ima"), dw=program("dw"))
        begin, end = (
            bench.engines[number].events for number in ((0, 1) if first == "ima" else (1, 0))
        )
        reads_of_ima = [
            g.cycle for g in bench.granted if not g.write and g.enables.bit_count() == 3
        ]
        assert (max(reads_of_ima) < end[0] - 20) == (first == "ima")
        assert begin < end
        assert all(g.cycle < begin[0] for g in bench.granted if g.address >= 3000) == (
            first == "ima"
        )
    # While both directions want the one port, beats alternate: two beats out, among two runs in.
    bench = both.bench()
    seen = {}
    job = ima_job(jobs_x=12, source_stride_x=6, rows=6, runs=1, run_bytes=6)
    both.run(bench, ima=run_jobs(IMA_REGISTERS, [job], seen, before=[(0x38, 4)]))
    steps = [b - a for a, b in pairwise(bench.starts[3:-2])]
    assert set(steps) == {6}, "3 cycles in and 3 out"


def check_random_jobs(both: Both) -> None:
    """Results of random contexts, with the memory free and busy, and what they count."""
    for seed, probability, product_cycles in ((1, 1, 4), (2, 0.6, 20), (3, 0.3, 9)):
        draw = random.Random(seed)
        macro = Macro(rows=CONFIG.rows, columns=CONFIG.columns, crossbars=CONFIG.crossbars)
        jobs = [random_ima_job(draw, macro) | {"destination": 3700} for _ in range(5)]
        maps = [random_depthwise_job(draw) for _ in range(2)]
        _jobs(both, jobs, maps, seed=seed, probability=probability, product_cycles=product_cycles)


def _jobs(both, jobs, maps, *, seed, probability, product_cycles):
    draw = random.Random(seed)
    bench = both.bench(
        seed=seed, product_cycles=product_cycles, grants=lambda: draw.random() < probability
    )
    want = bytearray(bench.memory)
    for job in jobs:
        run_ima(want, bench.macro, job)
    for job in maps:
        run_depthwise(want, job)
    before = [(IMA["product_cycles"], product_cycles)]
    seen, other = {}, {}
    both.run(
        bench,
        ima=run_jobs(IMA_REGISTERS, jobs, seen, before=before),
        dw=run_jobs(DEPTHWISE_REGISTERS, maps, other),
        cycles=8_000,
    )
    assert bench.memory == want
    assert not bench.dropped
    assert bench.selected == [job["crossbar"] for job in jobs for _ in range(repeats(job))]
    assert seen["products"] == sum(map(repeats, jobs))
    sizes = [(*depthwise_outputs(job), job["channels"]) for job in maps]
    assert other["products"] == sum(h * w * c // 16 for h, w, c in sizes)


def repeats(job):
    """Return how many jobs a context asks for."""
    return job["jobs_x"] * job["jobs_y"]


def check_soft_clear(both: Both) -> None:
    """Both contexts are free at once; one transfer ends; nothing else comes, but what is new."""
    for which in MAPS:
        for wait in range(0, 66, 4):
            _clear_after(both, which, wait)


def _clear_after(both, which, wait):
    draw = random.Random(wait)
    bench = both.bench(seed=wait, grants=lambda: draw.random() < 0.35)
    engine = bench.engines[which == "dw"]
    at, seen = OFFSETS[which], {}
    jobs = [JOBS[which](destination=destination) for destination in (2100, 2300, 3000)]

    def program():
        yield from short_products(which)
        yield at["id"], 0
        yield from start(which, jobs[0])
        yield from start(which, jobs[1])
        for _ in range(wait):
            yield None
        yield at["soft_clear"], 5
        seen["cleared"] = engine.accepted[-1][0]
        assert (yield from read(which, "acquire")) == 0
        assert (yield from read(which, "acquire")) == 1
        status = 1
        while status & 1:
            status = yield from read(which, "status")
        assert status == 5 << 8, "the error stays"
        seen["idle"] = engine.accepted[-1][0]
        seen["memory"] = bytes(bench.memory)
        seen["done"] = yield from read(which, "finished")
        seen["events"] = len(engine.events)
        seen["products"] = yield from read(which, "products")
        yield from write(which, jobs[2])
        yield at["trigger"], 0
        yield from finish(which, 1)
        seen["again"] = yield from read(which, "products")
        for name in ("bytes_in", "bytes_out"):
            seen[name] = yield from read(which, name)

    both.run(bench, **{which: program()})
    late = [g for g in bench.granted if seen["cleared"] < g.cycle <= seen["idle"]]
    assert len(late) <= 1
    last = max([g.cycle for g in late], default=seen["cleared"])
    polls = [cycle for cycle, address in engine.accepted if address == at["status"]]
    assert not any(last + 4 <= cycle < seen["idle"] for cycle in polls)
    ended = {job["destination"] + (19 if which == "ima" else 28) for job in jobs}
    before = [g for g in bench.granted if g.write and g.cycle <= seen["cleared"]]
    finished = sum(g.address in ended and g.cycle < seen["cleared"] for g in before)
    assert seen["done"] == seen["events"] == finished
    if which == "ima":
        # Codes are taken two cycles before so many cycles have passed since the start.
        products = sum(begin + 2 <= seen["cleared"] for begin in bench.starts)
    else:
        products = sum(g.address % 100 in (12, 28) for g in before)
    assert seen["products"] == products
    assert seen["again"] == seen["products"] + PRODUCTS[which]
    want = bytearray(seen["memory"])
    apply(which, bench, want, jobs[2])
    assert bench.memory == want
    assert seen["bytes_in"] == moved(bench, write=False)
    assert seen["bytes_out"] == moved(bench, write=True)


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}
"""By name, cheap ones first."""
