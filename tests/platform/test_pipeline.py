# SPDX-License-Identifier: Apache-2.0
import pytest

from alpine_platform.cores.loop_body import LoopBody, compile_body
from alpine_platform.cores.operations import Fence, Operation, RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System

TAIL = "alu f <- p\nbranch <- f"


def cycles_per_iteration(text: str, iterations: int = 2000) -> float:
    body = LoopBody(name="test", text=text)
    streams = {name: Stream(address=1 << 20) for name in compile_body(body).streams}
    loop = RunLoop(phases=[Phase(body=body, iterations=iterations, streams=streams)])

    def program():
        yield loop

    system = System(HIGH_POWER)
    system.run({0: program()})
    result = system.run({0: program()})
    return result.time_fs / HIGH_POWER.core.period_fs / iterations


@pytest.mark.parametrize(
    ("text", "observed"),
    [
        # Observations of the reference README, section "Pipeline".
        ("\n".join(["alu a <- a"] * 64) + "\n" + TAIL, 64.0),
        ("\n".join(["alu a <- z"] * 64) + "\n" + TAIL, 32.0),
        ("\n".join(["mul a <- a"] * 32) + "\n" + TAIL, 96.0),
        ("\n".join(["div a <- a"] * 16) + "\n" + TAIL, 144.0),
        ("\n".join(["fp a <- a"] * 32) + "\n" + TAIL, 128.0),
        ("\n".join(["fp a <- z"] * 32) + "\n" + TAIL, 32.0),
        ("\n".join(["fp p <- q\nfp a <- p"] * 16) + "\n" + TAIL, 80.0),
        ("\n".join(["fp p <- q\nfp q <- p"] * 16) + "\n" + TAIL, 128.0),
        ("\n".join(["load x <- x @s"] * 16) + "\n" + TAIL, 32.0),
        ("\n".join(["load a <- p @s\nalu a <- a\nalu p <- a"] * 16) + "\n" + TAIL, 64.0),
        ("\n".join(["load_post a <- p @s"] * 16) + "\n" + TAIL, 48.0),
        ("\n".join(["store <- a p @s"] * 32) + "\n" + TAIL, 32.0),
        ("\n".join(["load a <- p @s\nstore <- a q @s"] * 16) + "\n" + TAIL, 48.0),
        ("alu p <- p\nbranch <- p", 4.5),
        ("alu a <- a\nalu a <- a\nalu p <- p\nbranch <- p", 4.5),
        ("load b <- s @s\nstore <- b d @s\nalu s <- s\nalu f <- s\nbranch <- f", 6.0),
    ],
)
def test_observed_throughput(text, observed):
    assert cycles_per_iteration(text) == pytest.approx(observed, rel=0.08)


def test_mispredicted_exit_costs_once_for_long_loops_only():
    def total(iterations: int) -> float:
        return cycles_per_iteration("alu p <- p\nbranch <- p", iterations) * iterations

    assert total(10) == pytest.approx(45, abs=6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frobnicate a <- b", "unknown kind 'frobnicate'"),
        ("load a <- p", "no stream in 'load a <- p'"),
        ("alu a", "cannot read the line 'alu a'"),
        ("alu a <- b c d e", "more than three sources"),
    ],
)
def test_unreadable_bodies_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        compile_body(LoopBody(name="bad", text=text))


def test_missing_stream_is_named():
    body = LoopBody(name="needy", text="load a <- p @weights")

    def program():
        yield RunLoop(phases=[Phase(body=body, iterations=1)])

    with pytest.raises(ValueError, match="body needy needs a stream 'weights'"):
        System(HIGH_POWER).run({0: program()})


@pytest.mark.parametrize(
    ("offset", "observed"),
    [
        # The reference's word queue: 4.6 cycles where its 16 bytes lie in one fetch line
        # (mlp_ana1_word_cold_sub:queue), 6.1 to 6.5 where they do not (mb_cm:cm_queue_word).
        (0, 4.5),
        (48, 4.5),
        (52, 6.0),
        (60, 6.0),
    ],
)
def test_loop_across_two_fetch_lines_takes_another_fetch_group(offset, observed):
    body = LoopBody(
        name="placed",
        text="alu a <- a\nalu b <- b\nalu p <- p\nbranch <- p",
        line_offset_bytes=offset,
    )

    def program():
        yield RunLoop(phases=[Phase(body=body, iterations=2000)])

    time_fs = System(HIGH_POWER).run({0: program()}).time_fs
    assert time_fs / HIGH_POWER.core.period_fs / 2000 == pytest.approx(observed, rel=0.01)


@pytest.mark.parametrize("offset", [-4, 2, 64])
def test_body_begins_at_an_instruction_of_a_line(offset):
    body = LoopBody(name="placed", text="alu a <- a", line_offset_bytes=offset)
    with pytest.raises(ValueError, match="line_offset_bytes must be a multiple of 4 below 64"):
        compile_body(body)


def test_fence_waits_for_the_lines_of_earlier_stores():
    body = LoopBody(name="store", text="store <- a p @s")
    store = RunLoop(phases=[Phase(body=body, iterations=1, streams={"s": Stream(address=1 << 20)})])

    def cycles(*operations: Operation) -> float:
        def program():
            yield from operations

        return System(HIGH_POWER).run({0: program()}).time_fs / HIGH_POWER.core.period_fs

    # A line whose bank holds another row takes 213 cycles (reference README, random chase); this
    # bank holds none, which saves the precharge of 14.16 ns, 33 cycles.
    assert cycles(store) < 30
    assert cycles(store, Fence()) == pytest.approx(213 - 33, abs=12)
    assert cycles(store, Fence(), Fence()) == cycles(store, Fence())


def test_unit_is_full_until_its_oldest_operation_commits():
    """Reference README: 16-byte loads from L2 take 34 cycles a line, 7 more than the line's 27."""
    body = LoopBody(name="stream", text="load q <- p @s\nalu p <- p\nalu f <- p\nbranch <- f")
    size = 256 * 1024
    stream = {"s": Stream(address=1 << 20, stride=16)}
    loop = RunLoop(phases=[Phase(body=body, iterations=size // 16, streams=stream)])

    def program():
        yield loop

    system = System(HIGH_POWER)
    system.run({0: program()})
    time_fs = system.run({0: program()}).time_fs
    cycles = time_fs / HIGH_POWER.core.period_fs / (size / 64)
    assert cycles == pytest.approx(34.0, rel=0.01)
