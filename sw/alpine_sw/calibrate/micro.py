# SPDX-License-Identifier: Apache-2.0
"""Micro-benchmarks of the reference: pipeline, caches, DRAM, streams, hand-over between cores."""

from collections.abc import Callable

import numpy as np

from alpine_models import isa
from alpine_platform.accelerators.tile_port import empty_batch
from alpine_platform.config import SystemConfig
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import (
    Compute,
    Operation,
    RunCmLoop,
    RunLoop,
)
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.system import System
from alpine_sw.kernels.bodies import lines, numbered, tail

from .experiment import Measured, ReferenceUnits, experiment, play, timed

__all__: list[str] = []

BASE = 1 << 28
KILO = 1024
OUTER = "alu counter <- counter\nbranch <- counter"
SEED = 1


def nest(
    text: str, iterations: int, streams: dict[str, Stream] | None = None, *, repeats: int = 1
) -> RunLoop:
    """Loop over a body given as text."""
    body = LoopBody(name="micro", text=text)
    return RunLoop(
        phases=[Phase(body=body, iterations=iterations, streams=streams or {})], repeats=repeats
    )


def walk(size: int, base: int = BASE, *, write: bool = False, step: int = 64) -> RunLoop:
    """Touch every line of a region."""
    access = "store <- q p @s" if write else "load q <- p @s"
    text = lines(access, "alu p <- p", tail("p"))
    return nest(text, size // step, {"s": Stream(address=base, stride=step)})


def measure(
    warm: Callable[[SystemConfig], list[Operation]], run: Operation, reps: float
) -> Callable[[SystemConfig], Measured]:
    """Run an operation after warming a system up."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config)
        system.run({0: play(warm(config))})
        return timed(system, {0: play([run])}, reps)

    return execute


def cold(config: SystemConfig) -> list[Operation]:
    """Nothing was touched before."""
    return []


def after(*operations: Operation) -> Callable[[SystemConfig], list[Operation]]:
    """These ran before."""
    return lambda config: list(operations)


# --- pipeline ---------------------------------------------------------------------------------

STRAIGHT: dict[str, tuple[str, int, int]] = {
    "alu_dep_x64": ("alu a <- a", 64, 64),
    "alu_indep_x64": ("alu a <- z", 64, 64),
    "mul_dep_x32": ("mul a <- a", 32, 32),
    "mul_indep_x32": ("mul a <- z", 32, 32),
    "sdiv_dep_x16": ("div a <- a", 16, 16),
    "sdiv_indep_x16": ("div a <- z", 16, 16),
    "fadd_dep_x32": ("fp a <- a", 32, 32),
    "fadd_indep_x32": ("fp a <- z", 32, 32),
    "fmla4s_dep_x32": ("fp a <- a z", 32, 32),
    "fmla4s_indep_x32": ("fp a% <- a% z", 32, 32),
    "fdiv_indep_x16": ("fp a <- z", 16, 16),
    "smull_sadalp_pair_x16": ("fp p <- q\nfp a <- p", 16, 16),
    "fmov_gp_to_fp_rt_x16": ("fp p <- q\nfp q <- p", 16, 16),
    "scvtf_fmul_fcvtzs_chain_x8": ("fp p <- q\nfp p <- p\nfp q <- p", 8, 8),
    "alu2_plus_neon1_x16": ("alu a <- z\nalu b <- z\nfp q <- r", 16, 16),
    "ldr_x_indep_L1_x32": ("load a <- p @s", 32, 32),
    "ldr_use_alu_L1_x32": ("load a <- p @s\nalu b <- a", 32, 32),
    "ldr_use_neon_L1_x32": ("load a <- p @s\nfp b <- a", 32, 32),
    "ldr_str_pairs_L1_x32": ("load a <- p @s\nstore <- a q @s", 32, 32),
    "str_ldr_fwd_x32": ("store <- z p @s\nload a <- p @s", 32, 32),
    "str_x_L1_x32": ("store <- z p @s", 32, 32),
    "strb_L1_x32": ("store <- z p @s", 32, 32),
    "postinc_ldr_x32": ("load_post a <- p @s", 32, 32),
    "alu_to_addr_dep_x32": ("load a <- p @s\nalu a <- a\nalu p <- a", 32, 32),
    "branch_taken_next_x32": ("jump <-", 32, 32),
    "call_ret_x16": ("jump <-\njump <-", 16, 16),
    "cbz_nottaken_x32": ("skip <- z", 32, 32),
    "cmq_indep_x32": ("cm_queue <- z", 32, 32),
    "ldr_sched4_use_L1_x32": (
        "\n".join(
            [f"load a{n} <- p @s" for n in range(4)] + [f"alu b{n} <- a{n}" for n in range(4)]
        ),
        8,
        32,
    ),
    "ldr_cmq_pair_x32": ("load a <- p @s\ncm_queue <- a", 32, 32),
    "ldr4_cmq4_x32": (
        "\n".join(
            [f"load a{n} <- p @s" for n in range(4)] + [f"cm_queue <- a{n}" for n in range(4)]
        ),
        8,
        32,
    ),
    "cmdq_str_pair_x32": ("cm_dequeue a <-\nstore <- a p @s", 32, 32),
    "cmdq4_str4_x32": (
        "\n".join(
            [f"cm_dequeue a{n} <-" for n in range(4)] + [f"store <- a{n} p @s" for n in range(4)]
        ),
        8,
        32,
    ),
}
"""Name, repeated text, how often, units of work per loop iteration."""

SET_UP = {
    "sdiv_dep_x16": 1,
    "sdiv_indep_x16": 1,
    "cbz_nottaken_x32": 1,
    "postinc_ldr_x32": 1,
    "alu_to_addr_dep_x32": 1,
    "call_ret_x16": 3,
}
"""Instructions per loop iteration besides the text and the closing pair, by the counts."""


def straight(full: str, units: int) -> Callable[[SystemConfig], Measured]:
    """32 iterations of a body, with the CM instructions that it holds."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config, tile_ports={0: ReferenceUnits(config)})
        line = {"s": Stream(address=BASE)} if "@s" in full else {}
        loop = nest(full, 32, line)
        system.run({0: play([walk(64)])})
        count = full.count("cm_")
        if not count:
            return timed(system, {0: play([loop])}, 32 * units)
        batch = empty_batch(32 * count)
        batch["word"] = isa.dequeue() if "cm_dequeue" in full else isa.queue()
        cm_loop = RunCmLoop(phases=loop.phases, batch=batch, wait="cm_dequeue" in full)
        return timed(system, {0: play([cm_loop])}, 32 * units)

    return execute


for name, (text, count, units) in STRAIGHT.items():
    full = lines(*["alu n <- n"] * SET_UP.get(name, 0), numbered(text, count), OUTER)
    experiment(f"mb2_pipe:{name}", "pipeline", straight(full, units))

for name, count in (("tight_loop_100", 0), ("loop4alu_100", 2), ("loop8alu_100", 6)):
    inner = LoopBody(name=name, text=lines(numbered("alu a <- a", count), OUTER))
    outer = LoopBody(name="outer", text="alu c <- z\nalu d <- d\njump <- d")
    loops = RunLoop(
        phases=[Phase(body=inner, iterations=100), Phase(body=outer, iterations=1)], repeats=32
    )
    experiment(f"mb2_pipe:{name}", "pipeline", measure(cold, loops, 3200))

# --- latencies --------------------------------------------------------------------------------

CHASE = lines(numbered("load x <- x @s%", 8), "alu n <- n", OUTER)


def chase(offsets: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> RunLoop:
    """Loads each of which needs the one before, at the given offsets."""
    streams = {
        f"s{place}": Stream(address=BASE, table=np.ascontiguousarray(offsets[place::8]))
        for place in range(8)
    }
    return nest(CHASE, len(offsets) // 8, streams)


def permutation(size: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Random order of the lines of a region."""
    return np.random.default_rng(SEED).permutation(size // 64).astype(np.int64) * 64


for name, size, reps in (("16k", 16, 256), ("256k", 256, 4096), ("4M", 4096, 8192)):
    order = permutation(size * KILO)
    warm = chase(order)
    walked = after(warm, warm, warm) if size < 4096 else after(warm)
    again = np.concatenate([order] * (4096 // len(order) + 1))[: max(reps, 4096)]
    experiment(f"mb_lat:lat_{name}", "memory", measure(walked, chase(again), len(again)))
experiment("mb_lat:lat_32M", "memory", measure(cold, chase(permutation(32 << 20)[:6000]), 6000))
for name, stride, count in (
    ("seq64", 64, 8192),
    ("stride256", 256, 8192),
    ("stride8k", 8 * KILO, 2048),
    ("stride64k", 64 * KILO, 448),
    ("stride256k", 256 * KILO, 112),
):
    offsets = np.arange(count, dtype=np.int64) * stride
    experiment(f"mb2_mem:chase_{name}_DRAM", "memory", measure(cold, chase(offsets), count))

# --- lines, streams, bandwidth ----------------------------------------------------------------

L2_SET = 256 * KILO
experiment(
    "mb2_mem:line_ld_L2_1perline", "memory", measure(after(walk(L2_SET)), walk(L2_SET), 4096)
)
experiment("mb2_mem:line_ld_DRAM_1perline", "memory", measure(cold, walk(1 << 20), 16384))
for count in (4, 8):
    text = lines(numbered("load q% <- p @s+$", count, step=64), "alu p <- p", tail("p"))
    stream = {"s": Stream(address=BASE, stride=64 * count)}
    experiment(
        f"mb2_mem:line_ld_L2_{count}indep",
        "memory",
        measure(after(walk(L2_SET)), nest(text, 4096 // count, stream), 4096),
    )
    experiment(
        f"mb2_mem:line_ld_DRAM_{count}indep",
        "memory",
        measure(cold, nest(text, 16384 // count, stream), 16384),
    )
DIRTY = walk(2 << 20, BASE + (8 << 20), write=True)
experiment(
    "mb2_mem:line_ld_DRAM_evict_dirty", "memory", measure(after(DIRTY), walk(1 << 20), 16384)
)
experiment(
    "mb2_mem:line_st_L2",
    "memory",
    measure(after(walk(L2_SET)), walk(L2_SET, write=True), 4096),
)
experiment(
    "mb2_mem:line_st_L2_dirty",
    "memory",
    measure(after(walk(L2_SET, write=True)), walk(L2_SET, write=True), 4096),
)
experiment("mb2_mem:line_st_DRAM", "memory", measure(cold, walk(2 << 20, write=True), 32768))
experiment(
    "mb2_mem:line_st_DRAM_evict_dirty",
    "memory",
    measure(after(DIRTY), walk(1 << 20, write=True), 16384),
)


def interleaved(count: int, apart: int, iterations: int) -> RunLoop:
    """Several streams of 16-byte loads."""
    text = lines(
        numbered("load q% <- p% @s%", count),
        numbered("alu p% <- p%", count),
        tail("p0"),
    )
    streams = {
        f"s{place}": Stream(address=BASE + place * apart, stride=16) for place in range(count)
    }
    return nest(text, iterations, streams)


for count, apart, iterations in (
    (1, 0, 32768),
    (2, 256 * KILO, 16384),
    (4, 129 * KILO, 8256),
    (8, 65 * KILO, 4160),
):
    experiment(
        f"mb2_mem:stream16_x{count}_DRAM",
        "memory",
        measure(cold, interleaved(count, apart, iterations), 16 * count * iterations),
    )
for count, apart, iterations in ((1, 0, 16384), (4, 65 * KILO, 4032)):
    loop = interleaved(count, apart, iterations)
    experiment(
        f"mb2_mem:stream16_x{count}_L2",
        "memory",
        measure(after(loop), loop, 16 * count * iterations),
    )

READ = lines(numbered("load q% <- p @s+$", 8, step=16), "alu p <- p", tail("p"))
READ_PAIRS = lines(numbered("load_pair a b <- p @s+$", 4, step=32), "alu p <- p", tail("p"))
WRITE = lines(numbered("store16 <- q p @s+$", 8, step=16), "alu p <- p", tail("p"))
COPY = lines(
    numbered("load q% <- p @s+$", 4, step=16),
    numbered("store16 <- q% d @d+$", 4, step=16),
    "alu p <- p",
    "alu d <- d",
    tail("p"),
)


FORMATTING = Compute(cycles=1000, instructions=600)
"""What regions of rd, wr and cp hold besides their loops, the same at every size but for those of
memory never touched: as many instructions as writing their name would take. Cycles as the
reference's rd_48k, wr_48k and cp_48k leave over on hp (970 to 1090)."""
PASS = Compute(cycles=8, instructions=8)
"""Between two passes over a working set, by the counts at 8, 4 and 1 passes."""


def passes(count: int, loop: Operation, size: float, *, formatted: bool = True):
    """Run a loop several times over data that it has touched before."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config)
        system.run({0: play([loop, loop])})
        overhead = [FORMATTING] if formatted else []
        return timed(system, {0: play([*overhead, *([PASS, loop] * count)])}, count * size)

    return execute


for name, kilobytes, count in (("16k", 16, 8), ("48k", 48, 4), ("256k", 256, 1)):
    size = kilobytes * KILO
    stream = {"s": Stream(address=BASE, stride=128)}
    for kind, text in (("rd", READ), ("wr", WRITE)):
        loop = nest(text, size // 128, stream)
        experiment(f"mb_bw:{kind}_{name}", "memory", passes(count, loop, size))
    if name != "48k":
        loop = nest(READ_PAIRS, size // 128, stream)
        experiment(f"mb_bw:rdldp_{name}", "memory", passes(count, loop, size, formatted=False))
    pair = {
        "s": Stream(address=BASE, stride=64),
        "d": Stream(address=BASE + size // 2, stride=64),
    }
    loop = nest(COPY, size // 128, pair)
    experiment(f"mb_bw:cp_{name}", "memory", passes(count, loop, size / 2))
for name, warm_first in (("4M", True), ("32M", False)):
    stream = {"s": Stream(address=BASE, stride=128)}
    read = nest(READ, 16384, stream)
    write = nest(WRITE, 16384, stream)
    warm_read = after(walk(4 << 20)) if warm_first else cold
    warm_write = after(walk(2 << 20, BASE + (2 << 20), write=True))
    experiment(f"mb_bw:rd_{name}", "memory", measure(warm_read, read, 2 << 20))
    experiment(f"mb_bw:wr_{name}", "memory", measure(warm_write, write, 2 << 20))
    pair = {
        "s": Stream(address=BASE, stride=64),
        "d": Stream(address=BASE + (2 << 20), stride=64),
    }
    other = {
        "s": Stream(address=BASE + (1 << 20), stride=64),
        "d": Stream(address=BASE + (3 << 20), stride=64),
    }
    experiment(
        f"mb_bw:cp_{name}",
        "memory",
        measure(after(nest(COPY, 16384, other)), nest(COPY, 16384, pair), 1 << 20),
    )
