# SPDX-License-Identifier: Apache-2.0
"""AIMClib in C: the instructions that it is made of, and the functional tile of host builds.

The host's C compiler is there wherever the product runs: Verilator needs it.
"""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.random_inputs import examples

from alpine_models import isa
from alpine_models.isa import CmOperation
from alpine_models.reference_tile import ReferenceTile
from alpine_models.tile import TileConfig
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw.library.aimclib import Aimc, Tile
from alpine_sw.library.c import CHECKER, INCLUDE
from alpine_sw.library.c.intrinsics import HEADER, header_text
from alpine_sw.library.timed_ports import timed_ports

PROGRAMS = Path(__file__).parent / "c_programs"
STRICT = ("-Wall", "-Wextra", "-pedantic", "-Werror", "-O1", "-DAIMC_CHECKER", f"-I{INCLUDE}")
C = ("gcc", "-std=c11")
CPP = ("g++", "-std=c++17")


def build(compiler: tuple[str, ...], source: Path, folder: Path) -> Path:
    """Compile a program for this machine; any warning is an error."""
    checker, program = folder / "checker.o", folder / source.stem
    subprocess.run([*C, *STRICT, "-c", CHECKER, "-o", checker], check=True)
    language = ["-x", "c++"] if compiler[0] in ("g++", "clang++") else ["-x", "c"]
    subprocess.run(
        [*compiler, *STRICT, *language, source, "-x", "none", checker, "-lm", "-pthread",
         "-o", program],
        check=True,
    )  # fmt: skip
    return program


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(C, PROGRAMS / "driver.c", tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="module")
def misuse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(C, PROGRAMS / "misuse.c", tmp_path_factory.mktemp("misuse"))


def test_the_header_belongs_to_the_instruction_table():
    assert HEADER.read_text() == header_text(), "python -m alpine_sw.library.c.intrinsics"


def test_every_word_is_the_operation_that_its_function_is_named_for():
    # The registers are those that the function's variables stand in.
    found = {}
    for name, body in re.findall(r"(aimc_\w+)\(.*?\)\n\{(.*?)\n\}", HEADER.read_text(), re.S):
        word = isa.decode(int(re.search(r"\.inst (0x\w+)", body)[1], 16))
        registers = dict(re.findall(r'uint64_t (\w+) __asm__\("x(\d+)"\)', body))
        found[name] = word.operation
        for operand in ("rm", "ra", "rn", "rd"):
            assert getattr(word, operand) == int(registers.get(operand, isa.XZR)), (name, operand)
    assert found == {
        "aimc_queue_group": CmOperation.QUEUE,
        "aimc_queue_codes": CmOperation.QUEUE,
        "aimc_queue_codes_at": CmOperation.QUEUE,
        "aimc_dequeue_codes": CmOperation.DEQUEUE,
        "aimc_dequeue_codes_at": CmOperation.DEQUEUE,
        "aimc_process_vector": CmOperation.PROCESS,
        "aimc_initialize_cell": CmOperation.INITIALIZE,
        "aimc_read_cell": CmOperation.PARAM_READ,
    }


def test_the_functional_tile_answers_as_the_reference_tile(driver: Path):
    rng = np.random.default_rng(1)
    for _ in range(examples(10)):
        rows, columns = (int(side) for side in rng.integers(4, 40, 2))
        reference = ReferenceTile(rows=rows, columns=columns)
        # Exact in float32, halves among the quotients.
        reference.crossbar.lsb[:] = rng.choice([1.0, 2.0, 256.0, 1000.5], columns)
        lines = [f"l {column} {lsb}" for column, lsb in enumerate(reference.crossbar.lsb)]
        expected: list[int] = []
        processed = False
        for _ in range(300):
            line, answer = random_step(rng, reference, processed)
            processed |= line == "p"
            if line:
                lines.append(line)
                expected += answer
        answered = subprocess.run(
            [driver], input="\n".join(lines), text=True, capture_output=True, check=True,
            env={"AIMC_TILE": f"{rows}x{columns}"},
        )  # fmt: skip
        assert [int(word) for word in answered.stdout.split()] == expected, lines


def random_step(
    rng: np.random.Generator, tile: ReferenceTile, processed: bool
) -> tuple[str, list[int]]:
    """A line for the driver and what it prints; empty where the checker would stop."""
    rows, columns = len(tile.input_memory), len(tile.output_memory)
    kind = str(rng.choice(list("qQdDpiiir")))
    codes, count = int(rng.integers(0, 1 << 32)), int(rng.integers(1, 5))
    row, column = int(rng.integers(0, rows)), int(rng.integers(0, columns))
    weight = int(rng.integers(0, 256))
    # What the driver reads, the instruction, its registers, and whether the tile has these lines.
    arguments, word, registers, allowed = {
        "q": ((codes, count), isa.queue(ra=1), {"rm": codes, "ra": count},
              tile.counters[0] + count <= rows),
        "Q": ((codes, count, row), isa.queue(ra=1, rn=2), {"rm": codes, "ra": count, "rn": row},
              row + count <= rows),
        "d": ((count,), isa.dequeue(), {"rm": count},
              processed and tile.counters[1] + count <= columns),
        "D": ((count, column), isa.dequeue(rn=2), {"rm": count, "rn": column},
              processed and column + count <= columns),
        "p": ((), isa.process(), {}, True),
        "i": ((column, row, weight), isa.initialize(), {"rm": column, "rn": row, "ra": weight},
              True),
        "r": ((column, row), isa.param_read(), {"rm": column, "rn": row}, True),
    }[kind]  # fmt: skip
    if not allowed:
        return "", []
    answer, _ = tile.execute(word, **registers)
    return " ".join(map(str, (kind, *arguments))), [] if kind in "qQ" else [answer]


@pytest.mark.parametrize("compiler", [C, CPP, ("clang", "-std=c11")], ids=lambda c: c[0])
def test_a_layer_gives_the_codes_of_the_simulated_run(compiler: tuple[str, ...], tmp_path: Path):
    if not shutil.which(compiler[0]):
        pytest.skip(f"{compiler[0]} is not installed")
    program = build(compiler, PROGRAMS / "layer.c", tmp_path)
    printed = subprocess.run([program], text=True, capture_output=True, check=True,
                             env={"AIMC_TILE": "40x24+8x8"}).stdout.split("\n")  # fmt: skip
    # The same layer with the library in Python: layer.c's numbers.
    inputs, outputs = 13, 6
    weights = (np.arange(inputs * outputs) * 37 % 255 - 127).reshape(inputs, outputs)
    codes = (np.arange(inputs) * 11 - 60).astype(np.int8)
    values = (codes / np.float32(127)).astype(np.float32)
    tile = Tile(TileConfig(rows=40, columns=24))
    tile.map_matrix(weights.T, row=2, column=8, lsb=[1, 2, 3.5, 40, 50, 60])
    ports = timed_ports({0: [tile.plan]}, tile_period_fs=1_000_000)
    system = System(HIGH_POWER, tile_ports=ports)
    x, v = system.memory.place("x", codes), system.memory.place("v", values)
    y = system.memory.allocate("y", outputs)
    w = system.memory.allocate("w", outputs, dtype=np.float32)
    aimc = Aimc(system.memory)

    def layer():
        yield from aimc.queue_vector(x, index=2)
        yield from aimc.process()
        yield from aimc.dequeue_vector(y, index=8)
        yield from aimc.queue_vector(v, scale=127.0, index=2)
        yield from aimc.process()
        yield from aimc.dequeue_vector(w, scale=1 / 127, index=8)

    system.run({0: layer()})
    assert printed[0].split() == [str(code) for code in y.data]
    # Values: C scales by 127 / max in float32 as the library does; %.9g is exact for float32.
    assert np.array([float(word) for word in printed[1].split()], np.float32) == pytest.approx(
        w.data, abs=0
    )
    # Four more forms of the calls give the same codes again: rows, doubles, the second tile.
    assert printed[2].split() == printed[0].split()
    assert printed[3].split() == printed[0].split()


MISUSE = {
    "wide": "matrix of 8 inputs and 9 outputs needs word lines 0 to 7 and bit lines 0 to 8, "
    "but the tile has 8 x 8",
    "high": "matrix of 4 inputs and 1 outputs needs word lines 5 to 8 and bit lines 0 to 0, "
    "but the tile has 8 x 8",
    "negative": "matrix of 1 x 1 at word line 0 and bit line -1: sizes start at 1, lines at 0",
    "early": "dequeue before process: there are no outputs yet",
    "long": "vector longer than the tile: word line 8, but it has 8",
    "beyond": "bit lines 7 to 8: the tile has 8",
    "tile": "tile 1: the core has tiles 0 to 0; AIMC_TILE names them",
    "nan": "a value is not a number: it has no code",
    "max": "max is 0: it must be positive and finite",
    "lsb": "an ADC code of bit line 1 is -1: it must be positive and finite",
    "cell": "cell at word line 8 and bit line 0: the tile has 8 x 8",
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_stops_with_the_callers_file_and_line(misuse: Path, case: str):
    stopped = subprocess.run(
        [misuse, case], text=True, capture_output=True, env={"AIMC_TILE": "8x8"}, check=False
    )
    source = PROGRAMS / "misuse.c"
    [line] = [
        number
        for number, text in enumerate(source.read_text().splitlines(), 1)
        if f'is("{case}")' in text
    ]
    assert stopped.stderr == f"{source}:{line}: {MISUSE[case]}\n"
    assert stopped.returncode == -6  # abort(): a debugger stands at the call


@pytest.mark.parametrize("text", ["8", "8x", "0x8", "8x8+", "8x8,8x8", "8x99999999"])
def test_a_wrong_geometry_is_one_line(misuse: Path, text: str):
    stopped = subprocess.run(
        [misuse, "early"], text=True, capture_output=True, env={"AIMC_TILE": text}, check=False
    )
    assert stopped.stderr.count("\n") == 1
    assert f'AIMC_TILE is "{text}"' in stopped.stderr


def test_every_thread_has_tiles_of_its_own(tmp_path: Path):
    program = build(C, PROGRAMS / "threads.c", tmp_path)
    # Thread k holds weight k in its cell and multiplies by 2; on a shared tile all would agree.
    printed = subprocess.run([program], text=True, capture_output=True, check=True).stdout
    assert printed == "2 4 6\n"
