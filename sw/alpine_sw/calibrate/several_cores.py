# SPDX-License-Identifier: Apache-2.0
"""Micro-benchmarks of the reference on several cores: shared DRAM, hand-over between two cores."""

from collections.abc import Callable

from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import (
    Channel,
    Compute,
    Lock,
    Mutex,
    Program,
    Put,
    RunLoop,
    Take,
    Unlock,
)
from alpine_platform.cores.pipeline import Stream
from alpine_platform.systems.system import System

from .experiment import Measured, Regions, experiment, play, timed
from .micro import BASE, KILO, READ, WRITE, nest

__all__: list[str] = []


def streams_on(cores: int, skew: int) -> Callable[[SystemConfig], Measured]:
    """Every core reads its own region of 1 MB."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config)
        programs = {
            core: play(
                [
                    nest(
                        READ,
                        8192,
                        {"s": Stream(address=BASE + core * ((4 << 20) + skew), stride=128)},
                    )
                ]
            )
            for core in range(cores)
        }
        return timed(system, programs, cores * (1 << 20))

    return execute


experiment("stream1:stream_total", "several cores", streams_on(1, 0))
experiment("stream2:stream_total", "several cores", streams_on(2, 0))
experiment("stream4:stream_total", "several cores", streams_on(4, 0))
experiment("stream4_skew8k:stream_total", "several cores", streams_on(4, 8 * KILO))


TOUCH = Compute(cycles=5, instructions=5)
"""Call of a payload: what pp_write1k's count leaves over when loop, looks and markers are out."""


def payload(text: str, place: int) -> RunLoop:
    """Read or write one kilobyte."""
    return nest(text, 8, {"s": Stream(address=BASE + place * 4096, stride=128)})


def ping_pong(
    *, spinning: bool, loaded: bool, region: str | None = None
) -> Callable[[SystemConfig], Measured]:
    """Two cores hand a message to and fro; of one region of the first core only, if named."""
    rounds = 20

    def execute(config: SystemConfig) -> Measured:
        system = System(config)
        regions = Regions(system)
        there = Channel("there", slots=1, spinning=spinning)
        back = Channel("back", slots=1, spinning=spinning)

        def touch(text: str, place: int) -> Program:
            if loaded:
                yield TOUCH
                yield payload(text, place)

        def first() -> Program:
            for _ in range(rounds):
                if region:
                    yield from regions.begin("write")
                yield from touch(WRITE, 0)
                if region:
                    yield from regions.begin("wait")
                yield Put(there)
                yield Take(back)
                if region:
                    yield from regions.begin("read")
                yield from touch(READ, 1)
            yield from regions.end()

        def second() -> Program:
            for _ in range(rounds):
                yield Take(there)
                yield from touch(READ, 0)
                yield from touch(WRITE, 1)
                yield Put(back)

        system.run({0: first(), 1: second()})
        if region is None:
            return timed(system, {0: first(), 1: second()}, rounds)
        regions.forget()
        system.run({0: first(), 1: second()})
        return regions.measured(region, rounds, spinning=True)

    return execute


for name, spinning in (("atomic", True), ("mutex", False)):
    for ending, loaded in (("flag", False), ("1k", True)):
        experiment(
            f"pp:pp_{name}_{ending}", "several cores", ping_pong(spinning=spinning, loaded=loaded)
        )
for name, region in (("read1k", "read"), ("wait", "wait"), ("write1k", "write")):
    experiment(
        f"pp:pp_{name}",
        "several cores",
        ping_pong(spinning=True, loaded=True, region=region),
    )


def uncontended(config: SystemConfig) -> Measured:
    """One core locks and unlocks a mutex that nobody else wants."""
    mutex = Mutex("mutex")

    def program() -> Program:
        for _ in range(50):
            yield Lock(mutex)
            yield Unlock(mutex)

    return timed(System(config), {0: program()}, 50)


experiment("pp:mutex_uncontended", "several cores", uncontended)
