# SPDX-License-Identifier: Apache-2.0
"""Cores that run loops at the same time reach the memory in the order of their requests."""

import pytest

from alpine_models import isa
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import empty_batch
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import RunCmLoop, RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.presets import SYSTEMS
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System

NEXT = "\nalu p <- p\nalu f <- p\nbranch <- f"
LOOPS = {
    "a load per line": ("load q <- p @s" + NEXT, 64),
    "four loads per line": ("\n".join(f"load q{n} <- p @s+{16 * n}" for n in range(4)) + NEXT, 64),
    "four lines": ("\n".join(f"load q{n} <- p @s+{64 * n}" for n in range(4)) + NEXT, 256),
    "chase": ("load p <- p @s\nbranch <- p", 64),
    "a store per line": ("store <- q p @s" + NEXT, 64),
}
LINES = 1024
BANK = 8192
ROW_OF_ONE_BANK = 32 * BANK


def stream(name: str, cores: int, *, apart: int, remember: bool = True) -> SystemResult:
    """Every core runs the loop over lines of its own, so far from those of the core before."""
    system = System(SYSTEMS["high-power"])
    system.pipelines.remember = remember
    text, stride = LOOPS[name]

    def program(core: int):
        streams = {"s": Stream(address=(1 << 28) + core * apart, stride=stride)}
        body = LoopBody(name=name, text=text)
        yield RunLoop(phases=[Phase(body=body, iterations=LINES * 64 // stride, streams=streams)])

    return system.run({core: program(core) for core in range(cores)})


@pytest.mark.parametrize(
    ("name", "cores"),
    [
        ("a load per line", 2),
        ("a load per line", 8),
        ("four loads per line", 2),
        ("four lines", 4),
        ("chase", 4),
        ("a store per line", 2),
    ],
)
def test_cores_in_different_banks_do_not_slow_each_other_down(name: str, cores: int):
    """Alone, a core takes a line every 69.6 ns, 35 ns with four in flight, 17 ns by posted stores.

    The DRAM's data bus gives one every 3.332 ns, so 8, 4 and 2 cores leave most of its time free,
    and banks and rows are each core's own: together they take as long as one, but for a burst that
    now and then waits for another.
    """
    apart = 16 * ROW_OF_ONE_BANK + 2 * BANK
    alone = stream(name, 1, apart=apart).time_fs
    together = stream(name, cores, apart=apart)
    assert together.time_fs < 1.02 * alone
    computed = stream(name, cores, apart=apart, remember=False)
    assert (computed.time_fs, computed.memory) == (together.time_fs, together.memory)


@pytest.mark.parametrize("name", ["a load per line", "chase"])
def test_rows_of_one_bank_are_opened_in_turn(name: str):
    """While a core's line is on its way, the other's request waits at the bank, for another row.

    So no access finds its row open, and none comes sooner than a row cycle, tRAS + tRP = 32 +
    14.16 ns, after the one before.
    """
    result = stream(name, 2, apart=16 * ROW_OF_ONE_BANK)
    assert result.memory.dram_row_hits <= 0.01 * result.memory.dram_reads
    assert result.time_fs > 2 * LINES * 46_160_000


def test_loops_with_cm_instructions_go_on_when_no_miss_can_begin_for_long():
    """Stores of eight cores to rows of one bank: a core may have nothing to do for 2000 cycles.

    Every line takes the data bus for 3.332 ns.
    """
    config, lines, cores = SYSTEMS["low-power"], 32, 8
    period = config.tile_clock.period_fs
    ports = {
        core: TimedTilePort(
            [TimedTile(config=TileConfig(rows=4, columns=4 * lines), tile_period_fs=period)],
            tile_period_fs=period,
        )
        for core in range(cores)
    }
    batch = empty_batch(lines)
    batch["word"], batch["rm"] = isa.dequeue(), 4

    def program(core: int):
        address = (1 << 28) + core * 16 * ROW_OF_ONE_BANK
        body = LoopBody(name="dequeue", text="cm_dequeue q <-\nstore <- q p @s" + NEXT)
        streams = {"s": Stream(address=address, stride=64)}
        phase = Phase(body=body, iterations=lines, streams=streams)
        yield RunCmLoop(phases=[phase], batch=batch.copy(), wait=True)

    result = System(config, tile_ports=ports).run({core: program(core) for core in range(cores)})
    assert result.time_fs > cores * lines * 3_332_000
