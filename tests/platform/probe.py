# SPDX-License-Identifier: Apache-2.0
"""Small programs that use every part of a system, for tests of its configuration."""

from collections.abc import Callable, Mapping
from typing import Any

from alpine_models import isa
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.peripheral_port import empty_accesses
from alpine_platform.accelerators.tile_port import empty_batch
from alpine_platform.accelerators.timed_accelerator import TimedAccelerator
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.config import SystemConfig
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import (
    Channel,
    Compute,
    Lock,
    Mutex,
    Program,
    Put,
    RunCmLoop,
    RunIo,
    RunLoop,
    Take,
    Unlock,
)
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System

__all__ = ["RUNS", "SMALL", "measured"]

SMALL = HIGH_POWER.override({"cores": 4, "l1.size_bytes": 1024, "l2.size_bytes": 8192})
"""Caches that short loops overflow."""
BASE = 0x0200_0000
TILE = TileConfig(rows=8, columns=8)

FOUR = ("alu", "mul", "fp", "skip")
"""Kinds that a core can issue together."""

BODIES = {
    name: LoopBody(name=name, text="\n".join(lines))
    for name, lines in {
        "copy": ["load q <- p @s", "store <- q p @d", "alu p <- p", "alu f <- p", "branch <- f"],
        "chase": ["load p <- p @s", "branch <- p"],
        "two chases": ["load p <- p @s", "load q <- q @d", "branch <- p"],
        "loads": [*(f"load q{n} <- p @s+{n * 4096}" for n in range(8)), "branch <- p"],
        "stores": [*(f"store <- p @s+{n * 4096}" for n in range(8)), "branch <- p"],
        "units": ["mul a <- a", "div b <- b", "fp c <- c", "branch <- f"],
        "many": [*(f"alu x{n} <- f" for n in range(16)), "branch <- f"],
        "multiply": ["mul a <- a", "branch <- f"],
        "mixed": [*(f"{kind} {kind}{n} <- z" for n in range(4) for kind in FOUR), "branch <- z"],
        "short": ["alu f <- f", "branch <- f"],
        "jump": ["alu f <- f", "jump <- ", "alu g <- g", "branch <- f"],
        "fresh": [*(f"alu p{n} <- p{n}" for n in range(8)),
                  *(f"load q{n} <- p{n} @s+{n * 4096}" for n in range(8)), "branch <- f"],
        "near": ["alu p <- p", "load q <- p @s",
                 *(f"load r{n} <- z @d+{n * 4096}" for n in range(6)), "branch <- f"],
        "use": ["load q <- p @s", "alu r <- q", "alu p <- p", "branch <- r"],
        "queue": ["alu q <- q", "cm_queue <- q", "branch <- q"],
    }.items()
}  # fmt: skip


def loop(name: str, iterations: int, *, stride: int = 64, place: int = 1, repeats: int = 1):
    """A loop over two streams that lie 1 MB apart."""
    streams = {
        "s": Stream(address=place << 24, stride=stride),
        "d": Stream(address=(place << 24) + (1 << 20), stride=stride),
    }
    phase = Phase(body=BODIES[name], iterations=iterations, streams=streams)
    return RunLoop(phases=[phase], repeats=repeats)


def pipeline() -> Program:
    """What a core does alone."""
    for name in ("units", "multiply", "many", "mixed", "short", "jump"):
        yield loop(name, 40, repeats=4)
    yield loop("use", 20, stride=0, repeats=4)


def memory() -> Program:
    """Hits and misses of one core, reads and writes, one bank and many, past a refresh."""
    yield loop("copy", 400)
    for name in ("chase", "two chases", "loads", "fresh", "near", "stores"):
        yield loop(name, 60, stride=4096 + 64, place=2)
        yield loop(name, 60, stride=32, place=3)


def sharing() -> dict[int, Program]:
    """Cores that write the same lines in turn, spinning, sleeping and at a mutex."""
    flag, mutex = Channel("flag", spinning=True), Mutex("mutex")
    sleeping = Channel("sleeping")

    def first() -> Program:
        for _ in range(3):
            yield loop("stores", 4, place=4)
            yield Put(flag, 0)
            yield from exclusive()
            yield Compute(cycles=3000)
            yield Put(sleeping, 0)

    def second() -> Program:
        for _ in range(3):
            yield Take(flag)
            yield loop("loads", 4, place=4)
            yield loop("stores", 4, place=4)
            yield from exclusive()
            yield Take(sleeping)

    def exclusive() -> Program:
        yield Lock(mutex)
        yield Compute(cycles=100, instructions=10)
        yield Unlock(mutex)

    return {0: first(), 1: second()}


def tile() -> Program:
    """CM instructions: two vectors and their products."""
    body = BODIES["queue"]
    for _ in range(2):
        batch = empty_batch(3)
        batch["word"] = [isa.queue(), isa.queue(), isa.process()]
        batch["ra"] = [4, 4, 0]
        batch["rn"] = [0, 4, 0]
        yield RunCmLoop(phases=[Phase(body=body, iterations=3)], batch=batch, wait=True)


def peripheral() -> Program:
    """Uncached accesses."""
    for write in (True, False):
        batch = empty_accesses(4, write=write)
        batch["address"] = 0x1C
        yield RunIo(base=BASE, batch=batch, wait=True)


RUNS: dict[str, Callable[[], dict[int, Program]]] = {
    "pipeline": lambda: {0: pipeline()},
    "memory": lambda: {0: memory()},
    "sharing": sharing,
    "tile": lambda: {0: tile()},
    "peripheral": lambda: {0: peripheral()},
}


def measured(config: SystemConfig, run: str, *, remember: bool = True) -> Mapping[str, Any]:
    """Return every number of a run on a system, which may remember what loops did."""
    period = config.tile_clock.period_fs
    port = TimedTilePort([TimedTile(config=TILE, tile_period_fs=period)], tile_period_fs=period)
    system = System(
        config,
        tile_ports={0: port},
        tile_configs={0: [TILE]},
        peripherals={BASE: TimedAccelerator([TILE], period_fs=period)},
    )
    system.pipelines.remember = remember
    return system.run(RUNS[run]()).stats
