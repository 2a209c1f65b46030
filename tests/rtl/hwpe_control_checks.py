# SPDX-License-Identifier: Apache-2.0
"""What the cluster's accelerators promise at their configuration ports, as checks of any design."""

from hwpe_contexts import (
    JOBS,
    MAPS,
    OFFSETS,
    Both,
    apply,
    error,
    finish,
    ima_job,
    read,
    short_products,
    start,
    write,
)
from hwpe_programs import IMA

__all__ = ["CHECKS"]


def check_registers(both: Both) -> None:
    """Resets, directions, and error 5 at every other address."""
    common = {0x04: "r", 0x08: "r", 0x0C: "r", 0x10: "r", 0x18: "r", 0x1C: "r", 0x3C: "r"}
    common |= dict.fromkeys(range(0x20, 0x34, 4), "r") | {0x14: "w", 0x34: "w"}
    own = {"ima": dict.fromkeys((0x38, 0x80, 0x84, 0x88, 0x8C), "rw"), "dw": {}}
    last = {"ima": 0x7C, "dw": 0x60}
    resets = {0x1C: 0x00010000, 0x3C: 5 | 4 << 10 | 1 << 20 | 2 << 26}
    own_resets = {
        "ima": {0x18: int.from_bytes(b"AIMI", "big"), 0x38: 65},
        "dw": {0x18: int.from_bytes(b"AIMD", "big")},
    }

    def program(which):
        directions = common | own[which]
        values = resets | own_resets[which]
        for address in [*range(0, 256, 4), 1, 0x0E, 0x41, 0x8D, 0xFF]:
            if address in (0x04, 0x8C):
                continue
            for data in (None, 3):
                of_context = 0x40 <= address <= last[which] and not address % 4
                wrong = ("r" if data is None else "w") not in directions.get(address, "")
                code = 5 if wrong else 0
                if of_context or (address, data) == (0, 3):
                    code = 7
                answer = yield address, data
                if data is None and not 0x20 <= address < 0x34:
                    assert answer == values.get(address, 0), hex(address)
                assert (yield from error(which)) == code, (hex(address), data)
        # What was written while nothing was acquired is not in either context.
        assert (yield from read(which, "acquire")) == 0
        assert (yield from read(which, "acquire")) == 1
        assert (yield from read(which, "acquire")) == 0xFFFFFFFF
        for address in range(0x40, last[which] + 4, 4):
            assert (yield address, None) == 0
        for address in range(0x40, last[which] + 4, 4):
            yield address, 0xFFFF0000 + address
        for address in range(0x40, last[which] + 4, 4):
            masks = {("dw", 0x58): 0xF3, ("dw", 0x5C): 0x11F}
            mask = masks.get((which, address), 0xFFFFFFFF)
            assert (yield address, None) == (0xFFFF0000 + address) & mask, hex(address)
        assert (yield from error(which)) == 0

    both.run(both.bench(), ima=program("ima"), dw=program("dw"))


def check_contexts(both: Both) -> None:
    """The lowest free context is acquired; the oldest is written and runs."""

    def program(which):
        job, other = JOBS[which](), JOBS[which](destination=2500)
        source = OFFSETS[which]["source"]
        yield from short_products(which)
        yield from start(which, job)
        assert (yield from read(which, "acquire")) == 1
        assert (yield from read(which, "acquire")) == 0xFFFFFFFF
        assert (yield from read(which, "running")) == 0
        yield from finish(which, 1)
        # Context 1 was acquired before context 0 is again: it is the open one.
        assert (yield from read(which, "acquire")) == 0
        yield from write(which, other)
        assert (yield source, None) == other["source"]
        yield OFFSETS[which]["trigger"], 0
        assert (yield from read(which, "running")) == 1
        # Context 0 keeps what was written before.
        assert (yield OFFSETS[which]["destination"], None) == job["destination"]
        yield OFFSETS[which]["destination"], 3000
        yield OFFSETS[which]["trigger"], 0
        assert (yield from read(which, "running")) == 1
        assert (yield from read(which, "acquire")) == 0xFFFFFFFF
        assert (yield source, None) == 0
        assert (yield from error(which)) == 7
        yield from finish(which, 1)
        assert (yield from read(which, "running")) == 0
        yield from finish(which, 1)
        assert (yield from read(which, "status")) == 0

    for which in MAPS:
        bench = both.bench()
        want = bytearray(bench.memory)
        for destination in (JOBS[which]()["destination"], 2500, 3000):
            apply(which, bench, want, JOBS[which](destination=destination))
        both.run(bench, **{which: program(which)})
        assert bench.memory == want


def check_refusals(both: Both) -> None:
    """A refused context shows no request, frees itself, counts and gives the event."""
    changes = {
        "ima": [
            ({"crossbar": 2}, 1), ({"row": 1}, 1), ({"column": 1}, 1), ({"row": 0xFFFFFFFF}, 1),
            ({"column": 0xFFFFFFFF}, 1), ({"runs": 0}, 2), ({"jobs_y": 0}, 2), ({"runs": 1}, 3),
            ({"run_bytes": 4}, 3),
        ],
        "dw": [
            ({"stride": 0}, 2), ({"stride": 3}, 2), ({"height": 2}, 2), ({"width": 1 << 16}, 2),
            ({"channels": 24}, 4), ({"channels": 0}, 4),
        ],
    }  # fmt: skip

    def program(which):
        at = OFFSETS[which]
        for change, code in changes[which]:
            yield from start(which, JOBS[which](**change))
            yield from finish(which, 1)
            assert (yield from read(which, "products")) == 0
            assert (yield from read(which, "bytes_in")) == 0
            # The first error stays, whatever comes behind it.
            yield at["id"], 0
            assert (yield from error(which)) == code, change
        yield at["id"], 0
        yield from start(which, JOBS[which](**changes[which][0][0]))
        yield from finish(which, 1)
        assert (yield from error(which)) == 5
        if which == "ima":
            for cycles in (3, 1 << 16):
                yield at["product_cycles"], cycles
                yield from start(which, ima_job())
                yield from finish(which, 1)
                assert (yield from error(which)) == 2

    bench = both.bench()
    before = bytes(bench.memory)
    both.run(bench, ima=program("ima"), dw=program("dw"))
    assert not bench.granted and not bench.stalled and not bench.starts
    assert bench.memory == before
    counts = [len(changes["ima"]) + 3, len(changes["dw"]) + 1]
    assert [len(engine.events) for engine in bench.engines] == counts

    def behind(which):
        # Refused in its turn: behind the one that runs, whose jobs are all done.
        yield from short_products(which)
        yield from start(which, JOBS[which]())
        yield from start(which, JOBS[which](**changes[which][0][0]))
        assert (yield from read(which, "status")) == 1
        yield from finish(which, 2)

    for which in MAPS:
        bench = both.bench()
        want = bytearray(bench.memory)
        apply(which, bench, want, JOBS[which]())
        both.run(bench, **{which: behind(which)})
        assert bench.memory == want
        first, second = bench.engines[which == "dw"].events
        assert first == bench.granted[-1].cycle + 1 < second


def check_cells(both: Both) -> None:
    """Cells are programmed and read where asked, answered when that is done, refused else."""
    for programming_cycles in (0, 4):
        bench = both.bench(programming_cycles=programming_cycles)
        weights = bench.macro.weights | {(1, 5, 2): -7, (0, 2, 4): 7, (1, 0, 0): -1, (0, 0, 0): 3}
        both.run(bench, ima=_cells(bench.macro.weights))
        assert bench.macro.weights == weights
        engine = bench.engines[0]
        taken = [
            answered - cycle
            for (cycle, address), answered in zip(engine.accepted, engine.answered, strict=True)
            if address == IMA["cell_weight"]
        ]
        # The request, programming, the register behind it, and the response's.
        assert taken[0] == 3 + programming_cycles


def _cells(weights):
    at = IMA["cell_weight"]
    for crossbar, row, column, weight in ((1, 5, 2, -7), (0, 2, 4, 7), (1, 0, 0, -1)):
        yield IMA["cell_crossbar"], crossbar
        yield IMA["cell_row"], row
        yield IMA["cell_column"], column
        yield at, weight
        assert weights[crossbar, row, column] == weight
        assert (yield at, None) == weight & 0xFFFFFFFF
        for bad in (-8, 8, 249, 1 << 31):
            yield at, bad
            assert (yield from error("ima")) == 8
        assert (yield at, None) == weight & 0xFFFFFFFF
    for name, size in (("cell_crossbar", 2), ("cell_row", 6), ("cell_column", 5)):
        yield IMA[name], size
        for data in (None, 3):
            assert (yield at, data) == 0
            assert (yield from error("ima")) == 1
        yield IMA[name], 0
    yield IMA["product_cycles"], 9
    yield from start("ima", ima_job())
    for data in (None, 3):
        assert (yield at, data) == 0
        assert (yield from error("ima")) == 6
    yield IMA["soft_clear"], 0
    assert (yield from read("ima", "status")) == 0
    yield at, 3
    assert (yield at, None) == 3


def check_triggers_in_consecutive_cycles(both: Both) -> None:
    """Contexts run in the order of their triggers, however close these are."""

    def program(which):
        at = OFFSETS[which]
        yield from short_products(which)
        yield [(at["acquire"], None)] * 2
        yield from write(which, JOBS[which]())
        # The other one is as after the reset, and refused for its lengths of 0.
        yield [(at["trigger"], 0)] * 2
        yield from finish(which, 1)
        yield from finish(which, 1)
        assert (yield from error(which)) == 2

    for which in MAPS:
        bench = both.bench()
        want = bytearray(bench.memory)
        apply(which, bench, want, JOBS[which]())
        both.run(bench, **{which: program(which)})
        assert bench.memory == want


def check_accesses_in_every_cycle(both: Both) -> None:
    """One response for each accepted access, in order, the next cycle unless a cell is reached."""
    model = both.model
    model.reset()
    model.io.planted = both.planted
    ident = int.from_bytes(b"AIMI", "big")
    wanted = [(0x18, ident), (0x8C, 0), (0x1C, 0x00010000), (0x38, 65), (0x90, 0), (0x04, 0),
              (0x40, 0), (0x04, 1), (0x04, 0xFFFFFFFF), (0x0C, 5 << 8), (0x18, ident)]  # fmt: skip
    answers, accepted, left = [], [], list(wanted)
    for cycle in range(30):
        if model.io.ima_cfg_rsp_valid:
            answers.append((cycle, model.io.ima_cfg_rsp_rdata))
        model.io.ima_cfg_valid = bool(left)
        if left:
            model.io.ima_cfg_addr = left[0][0]
            if model.io.ima_cfg_ready:
                accepted.append((cycle, left.pop(0)[0]))
        model.step()
    assert [answer for _, answer in answers] == [answer for _, answer in wanted]
    for (cycle, address), (answered, _) in zip(accepted, answers, strict=True):
        assert answered - cycle == (3 if address == 0x8C else 1)


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}
"""By name, cheap ones first."""
