# SPDX-License-Identifier: Apache-2.0
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.cores.working_sets import WorkingSets
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System

BODY = LoopBody(name="add", text="load a <- p @s\nload b <- q @t\nbranch <- a")


def loop(iterations: int, stride: int = 4, repeat_stride: int = 0) -> Phase:
    streams = {
        "s": Stream(address=0x1000, stride=stride, repeat_stride=repeat_stride),
        "t": Stream(address=0x9000, stride=1),
    }
    return Phase(body=BODY, iterations=iterations, streams=streams)


def test_extent_of_the_longest_stream_counts_with_repetitions():
    sets = WorkingSets()
    sets.note([loop(10, repeat_stride=100)], 3)
    assert sets.as_dict() == {"add": (10 * 4 + 2 * 100, 10 * 4 + 2 * 100)}
    sets.note([loop(5, stride=-8)], 1)
    sets.note([loop(7)], 1)
    assert sets.as_dict() == {"add": (40, 240)}


def test_a_result_holds_the_working_sets_of_its_run_alone():
    system = System(HIGH_POWER)

    def program(iterations: int):
        yield RunLoop(phases=[loop(iterations)])

    assert system.run({0: program(100)}).working_sets == {"add": (400, 400)}
    assert system.run({0: program(3), 1: program(8)}).working_sets == {"add": (12, 32)}
