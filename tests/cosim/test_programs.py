# SPDX-License-Identifier: Apache-2.0
"""Programs of a user's own: the documented example, both engines, several cores."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alpine_cosim import ProgramResult, run_program
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace
from alpine_sw.library.aimclib import Aimc, Tile
from alpine_sw.library.ping_pong import PingPong

ROOT = Path(__file__).parents[2]


def test_documented_example_runs_and_is_the_documented_one():
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "02_own_program.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    page = (ROOT / "docs" / "aimclib.md").read_text()
    assert done.stdout.endswith("equal to numpy: True\n")
    assert f"```\n{done.stdout}```" in page
    shown = page.split("```python\n")[1].split("```")[0]
    source = (ROOT / "examples" / "02_own_program.py").read_text()
    docstring = '    """Place the data and return one program per core."""\n'
    assert shown in source.replace(docstring, "")


def chain(engine: str) -> ProgramResult:
    """Two cores with a tile each, of the example's size: y = 3 x, then z_j = y_j - y_0."""
    first, second = (Tile(TileConfig(rows=64, columns=32)) for _ in range(2))
    first.map_matrix(3 * np.eye(8, dtype=np.int8))
    second.map_matrix(np.eye(8, dtype=np.int8) - np.eye(1, 8, dtype=np.int8))

    def start(memory: AddressSpace) -> dict[int, Program]:
        x = memory.place("x", np.arange(1, 9, dtype=np.int8))
        channel = PingPong(memory, name="y", size=8)

        def produce() -> Program:
            aimc = Aimc(memory)
            yield from aimc.queue_vector(x)
            yield from aimc.process()
            yield from aimc.dequeue_vector((yield from channel.free_part()))
            yield from channel.put()

        def consume() -> Program:
            aimc = Aimc(memory)
            z = memory.allocate("z", 8)
            yield from aimc.queue_vector((yield from channel.full_slot()))
            yield from channel.take()
            yield from aimc.process()
            yield from aimc.dequeue_vector(z)
            return z.data

        return {0: produce(), 1: consume()}

    return run_program(start, tiles={0: [first], 1: [second]}, engine=engine)


def test_engines_agree_on_programs_of_several_cores():
    rtl, model = chain("rtl"), chain("model")
    # y is 3, 6, ... 24.
    for result in (rtl, model):
        assert list(result.returned[1]) == [0, 3, 6, 9, 12, 15, 18, 21]
    assert replace(rtl, returned={}) == replace(model, returned={})
    assert rtl.programming is not None
    assert rtl.programming.cells == 128


def test_weights_change_while_a_program_runs():
    tile = Tile(TileConfig(rows=4, columns=4))
    placed = tile.map_matrix(np.eye(4, dtype=np.int8))

    def start(memory: AddressSpace) -> dict[int, Program]:
        x = memory.place("x", np.arange(4, dtype=np.int8))
        y = memory.allocate("y", 4)
        aimc = Aimc(memory)

        def program() -> Program:
            yield from aimc.map_matrix(replace(placed, weights=7 * placed.weights))
            yield from aimc.queue_vector(x)
            yield from aimc.process()
            yield from aimc.dequeue_vector(y)
            return y.data

        return {0: program()}

    result = run_program(start, tiles={0: [tile]}, engine="model")
    assert list(result.returned[0]) == [0, 7, 14, 21]
    assert result.cm_instructions == 16 + 1 + 1 + 1


def test_programs_run_once_on_their_weights_and_leave_the_callers_arrays():
    tile = Tile(TileConfig(rows=4, columns=4))
    tile.map_matrix(2 * np.eye(4, dtype=np.int8))
    given = np.array([-3, 1, -1, 2], np.int8)
    starts: list[int] = []

    def start(memory: AddressSpace) -> dict[int, Program]:
        starts.append(len(starts))
        x, y = memory.place("x", given), memory.allocate("y", 4)
        aimc = Aimc(memory)

        def program() -> Program:
            before = x.data.copy()
            rounds = 0
            while y.data.max() < 16:  # never on empty cells
                yield from aimc.queue_vector(x)
                yield from aimc.process()
                yield from aimc.dequeue_vector(y)
                yield from aimc.copy(x, y)
                rounds += 1
            yield from aimc.relu(x)
            assert list(y.data) == [-24, 8, -8, 16]
            return before, x.data, rounds

        return {0: program()}

    before, after, rounds = run_program(start, tiles={0: [tile]}, engine="model").returned[0]
    # Times 2 until the largest, 2, is 16; then without what is negative.
    assert (list(before), list(after), rounds) == ([-3, 1, -1, 2], [0, 8, 0, 16], 3)
    assert list(given) == [-3, 1, -1, 2]
    assert starts == [0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "cocotb"}, "unknown engine 'cocotb': choose from rtl, model"),
        ({"system": "low"}, "unknown system 'low': did you mean low-power"),
    ],
)
def test_mistakes_are_one_line(arguments: dict[str, str], message: str):
    with pytest.raises(AlpineError, match=message):
        run_program(lambda memory: {}, **arguments)


TILE = Tile(TileConfig(rows=4, columns=4))


@pytest.mark.parametrize(
    ("tiles", "returned", "message"),
    [
        (
            [TILE],
            {},
            "tiles is a list: give lists of alpine_sw.library.aimclib.Tile by core number",
        ),
        ({0: TILE}, {}, "tiles of core 0 are a Tile: give lists"),
        ({0: [TILE.plan]}, {}, "core 0 owns a TilePlan: give lists"),
        ({8: [TILE]}, {}, "core 8 is refused: give a whole number from 0 on, 7 at most"),
        ({"0": [TILE]}, {}, "core '0' is refused"),
        ({}, None, "start returned a NoneType: give generators by core number"),
        ({}, [iter(())], "start returned a list: give generators"),
        ({}, {0: run_program}, "the program of core 0 is a function: give generators"),
        ({}, {8: (_ for _ in ())}, "core 8 is refused"),
    ],
)
def test_tiles_and_programs_are_what_they_have_to_be(tiles: Any, returned: Any, message: str):
    with pytest.raises(AlpineError, match=re.escape(message)):
        run_program(lambda memory: returned, tiles=tiles, engine="model")


def test_calls_that_are_yielded_and_not_yielded_from_are_told_so():
    def start(memory: AddressSpace) -> dict[int, Program]:
        def program() -> Program:
            yield Aimc(memory).process()  # type: ignore[misc]

        return {0: program()}

    with pytest.raises(ValueError, match=r"a program yielded a generator, .* with `yield from`"):
        run_program(start, engine="model")


def test_read_of_unwritten_memory_is_named_where_reads_are_checked():
    def start(memory: AddressSpace) -> dict[int, Program]:
        aimc, source, copied = Aimc(memory), memory.allocate("source", 8), memory.allocate("y", 8)
        return {0: aimc.copy(copied, source)}

    assert run_program(start, engine="model").instructions > 0
    with pytest.raises(ValueError, match="buffer source: byte 0 is read and was never written"):
        run_program(start, engine="model", check_reads=True)


def test_loops_outside_the_calibrated_sizes_are_warned_of():
    def start(size: int):
        def programs(memory: AddressSpace) -> dict[int, Program]:
            return {0: Aimc(memory).relu(memory.place("v", np.zeros(size, np.int8)))}

        return programs

    assert run_program(start(1024), engine="model").warnings == ()
    (warning,) = run_program(start(1 << 20), engine="model").warnings
    assert warning.startswith("relu8_neon: working sets of 1048576 bytes, checked against gem5")
