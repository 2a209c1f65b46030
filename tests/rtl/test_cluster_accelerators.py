# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The depthwise engine, alone and beside the in-memory accelerator on one memory port."""

import random
import subprocess
from math import ceil

import pytest
from hwpe_bench import Engine, HwpeBench
from hwpe_programs import DEPTHWISE, IMA, one_engine, run_bench, run_jobs
from hwpe_reference import (
    MEMORY_BYTES,
    Macro,
    depthwise_outputs,
    random_depthwise_job,
    random_ima_job,
    run_depthwise,
    run_ima,
)
from tests.random_inputs import examples, seed

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.binding.toolchain import Toolchain
from alpine_models.hwpe_registers import DEPTHWISE_ID, DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_models.imc_cluster import ClusterError, ImcConfig
from alpine_rtl.cluster.accelerators import ClusterAccelerators
from alpine_rtl.cluster.depthwise import Depthwise
from alpine_rtl.cluster.ima import Ima
from alpine_rtl.cluster.verilog import top_text

CONFIG = ImcConfig(rows=6, columns=5, port_bytes=16, crossbars=2)
PRODUCT_CYCLES = 6


@pytest.fixture(scope="module")
def model():
    with VerilatedModel.build(ClusterAccelerators(config=CONFIG), top="accelerators") as built:
        yield built


def both_engines(ima, depthwise):
    return [
        Engine("ima_cfg", "ima_event_done", ima),
        Engine("dw_cfg", "dw_event_done", depthwise),
    ]


def run_both(model, *, ima=(), depthwise=(), memory, macro, grants=lambda: True):
    """Run jobs on both accelerators at once; return the bench and what either's counters say."""
    seen: tuple[dict, dict] = {}, {}
    before = [(IMA["product_cycles"], PRODUCT_CYCLES)]
    engines = both_engines(
        run_jobs(IMA_REGISTERS, ima, seen[0], before=before),
        run_jobs(DEPTHWISE_REGISTERS, depthwise, seen[1]),
    )
    bench = HwpeBench(port_bytes=16, engines=engines, memory=memory, macro=macro, grants=grants)
    run_bench(model, bench)
    return bench, *seen


def slots(job):
    """Cycles of a depthwise job on a wide port: the loop nest of the published engine."""
    height, width = depthwise_outputs(job)
    per_row = 4 if job["stride"] == 1 else 7
    return ceil(job["channels"] / 16) * (9 + width * (9 + per_row * height))


@pytest.mark.random
def test_random_maps_leave_what_loops_over_bytes_leave(model):
    draw = random.Random(seed(2))
    for _ in range(examples(12)):
        probability = draw.choice([1, 0.6])
        memory = bytearray(draw.randbytes(MEMORY_BYTES))
        jobs = [random_depthwise_job(draw) for _ in range(3)]
        want = bytearray(memory)
        for job in jobs:
            run_depthwise(want, job)
        bench, _, seen = run_both(
            model,
            depthwise=jobs,
            memory=memory,
            macro=Macro(rows=6, columns=5, crossbars=2).randomise(draw),
            grants=lambda: draw.random() < probability,  # noqa: B023  # ends with the run
        )
        assert memory == want
        pixels = [h * w * j["channels"] // 16 for j in jobs for h, w in [depthwise_outputs(j)]]
        assert seen["products"] == sum(pixels)
        assert seen["bytes_out"] == 16 * sum(pixels)
        assert seen["bytes_in"] == 16 * sum(not grant.write for grant in bench.granted)
        assert seen["status"] == 0
        assert len(bench.engines[1].events) == len(jobs)


@pytest.mark.parametrize("stride", [1, 2])
def test_the_time_of_a_map(model, stride):
    for channels, height, width in ((16, 5, 6), (32, 7, 4)):
        job = {
            **dict.fromkeys(("top", "bottom", "left", "right"), 1),
            "source": 0,
            "destination": 2100,
            "weights": 1700,
            "height": height,
            "width": width,
            "channels": channels,
            "stride": stride,
            "shift": 7,
            "relu": 0,
            "pitch": 0,
        }
        memory = bytearray(MEMORY_BYTES)
        macro = Macro(rows=6, columns=5)
        _, _, seen = run_both(model, depthwise=[job], memory=memory, macro=macro)
        late = seen["busy_cycles"] - slots(job)
        assert 0 <= late <= 64 * channels // 16, "start-up of at most 64 cycles per block"
        # 2 cycles to check and begin, 17 to multiply width and pitch; 2 slots to end each block.
        assert late == 19 + 2 * channels // 16


@pytest.mark.random
def test_both_at_once_use_the_port_one_after_the_other(model):
    draw = random.Random(seed(3))
    for _ in range(examples(6)):
        memory = bytearray(draw.randbytes(MEMORY_BYTES))
        macro = Macro(rows=6, columns=5, crossbars=2, product_cycles=PRODUCT_CYCLES)
        macro.randomise(draw)
        # Neither reads what the other writes: the inputs of both lie below 2000.
        ima = [random_ima_job(draw, macro) | {"destination": 3700} for _ in range(2)]
        depthwise = [random_depthwise_job(draw) for _ in range(2)]
        want = bytearray(memory)
        for job in ima:
            run_ima(want, macro, job)
        for job in depthwise:
            run_depthwise(want, job)
        bench, seen, other = run_both(
            model,
            ima=ima,
            depthwise=depthwise,
            memory=memory,
            macro=macro,
            grants=lambda: draw.random() < 0.8,  # ends with the run
        )
        assert memory == want
        assert (seen["status"], other["status"]) == (0, 0)
        assert [len(engine.events) for engine in bench.engines] == [2, 2]


GOOD = {
    "source": 0,
    "destination": 2100,
    "weights": 1700,
    "height": 3,
    "width": 3,
    "channels": 16,
    "stride": 1,
}
REFUSED = [
    ({"stride": 0}, ClusterError.SIZE),
    ({"stride": 3}, ClusterError.SIZE),
    ({"height": 2}, ClusterError.SIZE),
    ({"width": 1, "left": 1}, ClusterError.SIZE),
    ({"height": 0, "top": 1, "bottom": 1}, ClusterError.SIZE),
    ({"width": 1 << 16}, ClusterError.SIZE),
    ({"channels": 0}, ClusterError.CHANNELS),
    ({"channels": 24}, ClusterError.CHANNELS),
    ({"height": 1, "top": 1, "bottom": 1}, 0),
]


def test_refused_maps_change_nothing(model):
    for change, error in REFUSED:
        memory = bytearray(random.Random(4).randbytes(MEMORY_BYTES))
        before = bytes(memory)
        _, _, seen = run_both(
            model,
            depthwise=[GOOD | change],
            memory=memory,
            macro=Macro(rows=6, columns=5),
        )
        assert seen["status"] == error << 8
        assert (memory == before) == bool(error)


def test_a_soft_clear_of_one_that_waits_leaves_the_other_alone(model):
    draw = random.Random(5)
    macro = Macro(rows=6, columns=5, crossbars=2, product_cycles=PRODUCT_CYCLES).randomise(draw)
    memory = bytearray(draw.randbytes(MEMORY_BYTES))
    ima = [random_ima_job(draw, macro) | {"jobs_x": 9}]
    want = bytearray(memory)
    for job in ima:
        run_ima(want, macro, job)
    seen, state = {}, []

    def cleared():
        # The other one has been triggered by then: it needs 17 writes before.
        for _ in range(60):
            yield None
        assert (yield DEPTHWISE["id"], None) == DEPTHWISE_ID
        yield DEPTHWISE["acquire"], None
        for name, word in (GOOD | {"stride": None}).items():
            if word is not None:
                yield DEPTHWISE[name], word
        yield DEPTHWISE["mode"], 1
        yield DEPTHWISE["trigger"], 0
        state.append(((yield DEPTHWISE["status"], None), 1))
        yield DEPTHWISE["soft_clear"], 0
        state.append(((yield DEPTHWISE["status"], None), 0))
        state.append(((yield DEPTHWISE["finished"], None), 0))

    before = [(IMA["product_cycles"], PRODUCT_CYCLES)]
    engines = both_engines(run_jobs(IMA_REGISTERS, ima, seen, before=before), cleared())
    run_bench(model, HwpeBench(port_bytes=16, engines=engines, memory=memory, macro=macro))
    assert [found for found, _ in state] == [value for _, value in state]
    assert memory == want


@pytest.mark.random
@pytest.mark.parametrize(("port_bytes", "memory_ports"), [(4, 1), (32, 2)])
def test_other_ports(port_bytes, memory_ports):
    draw = random.Random(seed(port_bytes))
    memory = bytearray(draw.randbytes(MEMORY_BYTES))
    job = random_depthwise_job(draw) | {"channels": 16}
    want = bytearray(memory)
    run_depthwise(want, job)
    seen = {}
    bench = HwpeBench(
        port_bytes=port_bytes,
        engines=[one_engine(run_jobs(DEPTHWISE_REGISTERS, [job], seen))],
        memory=memory,
        ports=("mem", "mem_out")[:memory_ports],
    )
    config = ImcConfig(rows=2, columns=2, port_bytes=port_bytes, memory_ports=memory_ports)
    run_bench(Depthwise(config=config), bench)
    assert memory == want
    beats = max(1, 16 // port_bytes)
    assert 0 <= seen["busy_cycles"] - beats * slots(job) <= 64


@pytest.mark.parametrize(("name", "top"), [("ima", Ima), ("depthwise", Depthwise)])
def test_each_file_is_lint_clean_by_itself(tmp_path, name, top):
    config = ImcConfig(rows=2, columns=2, port_bytes=4, crossbars=2)
    (tmp_path / f"{name}.v").write_text(top_text(name, top(config=config)))
    toolchain = Toolchain.find()
    done = subprocess.run(
        [toolchain.verilator, "--lint-only", "-Wall", "--top-module", name, f"{name}.v"],
        cwd=tmp_path,
        env=toolchain.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
