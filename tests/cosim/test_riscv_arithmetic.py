# SPDX-License-Identifier: Apache-2.0
"""Results of the CORE-V instructions, by a model written from the CV32E40P User Manual."""

import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cosim.small_elf import EXIT, L2, execute, write_elf
from tests.random_inputs import examples, seed

from alpine_platform.binaries.riscv.core_v_instructions import CORE_V_INSTRUCTIONS
from alpine_platform.binaries.riscv.instruction import Instruction
from alpine_platform.binaries.riscv.instructions import INSTRUCTIONS

WORD = 0xFFFFFFFF
OLD, FIRST, SECOND, POINTER = 10, 11, 12, 8
"""rd, rs1, rs2 of what is tested, and the register that goes through the operands."""
CORNERS = (0, 1, 0x7FFFFFFF, 0x80000000, WORD, 0x80808080, 0x7F7F7F7F, 0x80008000, 0x7FFF7FFF)
CASES = 6


def signed(value: int, bits: int = 32) -> int:
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


def lanes(value: int, bits: int, *, sign: bool) -> list[int]:
    parts = [value >> at & (1 << bits) - 1 for at in range(0, 32, bits)]
    return [signed(part, bits) for part in parts] if sign else parts


def joined(parts: list[int], bits: int) -> int:
    return sum((part & (1 << bits) - 1) << bits * place for place, part in enumerate(parts))


LANE_BY_LANE: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda x, y, n: x + y,
    "sub": lambda x, y, n: x - y,
    "avg": lambda x, y, n: signed(x + y, n) >> 1,
    "avgu": lambda x, y, n: (x + y & (1 << n) - 1) >> 1,
    "min": lambda x, y, n: min(x, y),
    "max": lambda x, y, n: max(x, y),
    "srl": lambda x, y, n: x >> y % n,
    "sra": lambda x, y, n: x >> y % n,
    "sll": lambda x, y, n: x << y % n,
    "or": lambda x, y, n: x | y,
    "xor": lambda x, y, n: x ^ y,
    "and": lambda x, y, n: x & y,
    "cmpeq": lambda x, y, n: -(x == y),
    "cmpne": lambda x, y, n: -(x != y),
    "cmpgt": lambda x, y, n: -(x > y),
    "cmpge": lambda x, y, n: -(x >= y),
    "cmplt": lambda x, y, n: -(x < y),
    "cmple": lambda x, y, n: -(x <= y),
}
UNSIGNED = ("srl", "sll", "avgu", "minu", "maxu", "cmpgtu", "cmpgeu", "cmpltu", "cmpleu")


def of_lanes(name: str, old: int, a: int, b: int, immediate: int) -> int:
    """SIMD instructions with a second operand in lanes."""
    parts = name.split(".")
    operation, bits = parts[0], {"h": 16, "b": 8}[parts[-1]]
    if "sci" in parts:
        b = joined([immediate] * (32 // bits), bits)
    elif "sc" in parts:
        b = joined([b] * (32 // bits), bits)
    if "dot" in operation:
        kind = operation.removeprefix("s").removeprefix("dot")
        x, y = lanes(a, bits, sign=kind == "sp"), lanes(b, bits, sign=kind != "up")
        return (old if operation.startswith("s") else 0) + sum(
            one * other for one, other in zip(x, y, strict=True)
        )
    sign = operation not in UNSIGNED
    function = LANE_BY_LANE.get(operation) or LANE_BY_LANE[operation.removesuffix("u")]
    # Shifts look at some low bits alone, which are not negative.
    seconds = lanes(b, bits, sign=sign and operation != "sra")
    pairs = zip(lanes(a, bits, sign=sign), seconds, strict=True)
    return joined([function(x, y, bits) for x, y in pairs], bits)


def moved(name: str, old: int, a: int, b: int, immediate: int) -> int:  # noqa: PLR0911  # one each
    """SIMD instructions that move lanes."""
    bits = 16 if name.endswith(".h") or name == "pack" else 8
    count = 32 // bits
    x, y, z = (lanes(each, bits, sign=False) for each in (a, b, old))
    if name.startswith("abs"):
        return joined([abs(each) for each in lanes(a, bits, sign=True)], bits)
    if name.startswith("extract"):
        return lanes(a, bits, sign="u" not in name)[immediate]
    if name.startswith("insert"):
        z[immediate] = a
        return joined(z, bits)
    if name == "shuffle.sci.h":
        return joined([x[immediate >> place & 1] for place in range(2)], 16)
    if name.startswith("shufflei"):
        top = int(name[len("shufflei")])
        return joined([x[immediate >> 2 * place & 3] for place in range(3)] + [x[top]], 8)
    if name.startswith("shuffle2"):
        return joined([(x if each & count else z)[each % count] for each in y], bits)
    if name.startswith("shuffle"):
        return joined([x[each % count] for each in y], bits)
    return {
        "pack": lambda: joined([y[0], x[0]], 16),
        "pack.h": lambda: joined([y[1], x[1]], 16),
        "packhi.b": lambda: joined([*z[:2], y[0], x[0]], 8),
        "packlo.b": lambda: joined([y[0], x[0], *z[2:]], 8),
    }[name]()


def rounded(value: int, shift: int, *, round_: bool, logical: bool) -> int:
    value += (1 << shift >> 1) if round_ else 0
    return (value & WORD) >> shift if logical else signed(value) >> shift


def scalar(name: str, old: int, a: int, b: int, immediate: int) -> int:
    x, y = signed(a), signed(b)
    bound = b & 0x7FFFFFFF
    top = (1 << immediate >> 1) - 1 if immediate else 0
    bottom = -(1 << immediate >> 1) if immediate else -1
    if name.endswith("n") and name[:3] in ("add", "sub"):
        total = x + y if name.startswith("add") else x - y
        rest = name[3:-1]
        return rounded(total, immediate, round_="r" in rest, logical="u" in rest)
    if name.endswith("n") and name[:3] in ("mul", "mac"):
        rest = name[3:-1]
        at = 16 if "hh" in rest else 0
        logical = "u" in rest
        one, other = ((each >> at & 0xFFFF) for each in (a, b))
        product = one * other if logical else signed(one, 16) * signed(other, 16)
        total = product + (old if name.startswith("mac") else 0)
        return rounded(total, immediate, round_="r" in rest, logical=logical)
    return {
        "sle": lambda: int(x <= y),
        "sleu": lambda: int(a <= b),
        "min": lambda: min(x, y),
        "minu": lambda: min(a, b),
        "max": lambda: max(x, y),
        "maxu": lambda: max(a, b),
        "abs": lambda: abs(x),
        "exths": lambda: signed(a, 16),
        "exthz": lambda: a & 0xFFFF,
        "extbs": lambda: signed(a, 8),
        "extbz": lambda: a & 0xFF,
        "clip": lambda: max(bottom, min(x, top)),
        "clipu": lambda: max(0, min(x, top)),
        "clipr": lambda: max(-(bound + 1), min(x, bound)),
        "clipur": lambda: max(0, min(x, bound)),
        "mac": lambda: old + a * b,
        "msu": lambda: old - a * b,
    }[name]()


def model(row: Instruction, old: int, a: int, b: int, immediate: int) -> int:
    name = row.name.removeprefix("cv.")
    function = scalar
    if row.operation.startswith("simd_"):
        plain = name.split(".")[0]
        by_lanes = plain in LANE_BY_LANE or plain.removesuffix("u") in LANE_BY_LANE
        function = of_lanes if by_lanes or "dot" in plain else moved
    return function(name, old, a, b, immediate) & WORD


def word_of(row: Instruction, immediate: int = 0, **registers: int) -> int:
    """An encoding with its operands."""
    word = row.match
    for name, number in registers.items():
        place = row.registers[name]
        word |= (number & (1 << place.width) - 1) << place.low
    for part in row.immediate.slices:
        word |= (immediate >> part.to & (1 << part.width) - 1) << part.low
    return word


def named(name: str) -> Instruction:
    return next(row for row in INSTRUCTIONS if row.name == name)


COMPUTING = [
    row
    for row in CORE_V_INSTRUCTIONS
    if row.operation.startswith(("simd_", "cv_", "add_", "sub_", "mul_", "mac_"))
    and "target" not in row.syntax
]


@pytest.mark.random
def test_core_v_instructions_compute_what_the_manual_says(tmp_path: Path):
    draw = random.Random(seed(3))
    load = named("cv.lw")
    words: list[int] = []
    cases: list[tuple[Instruction, tuple[int, ...], int]] = []
    for row in COMPUTING:
        for _ in range(examples(CASES)):
            given = tuple(
                draw.choice(CORNERS) if draw.random() < 0.4 else draw.getrandbits(32)
                for _ in range(3)
            )
            word = word_of(row, draw.getrandbits(12), rd=OLD, rs1=FIRST, rs2=SECOND)
            immediate = row.immediate.value(word)
            cases.append((row, given, immediate))
            words += [word_of(load, 4, rd=each, rs1=POINTER) for each in (OLD, FIRST, SECOND)]
            # The result replaces the old value of rd.
            words += [word, word_of(named("sw"), -12, rs2=OLD, rs1=POINTER)]
    # s0 begins at the data, behind the code: auipc s0; addi s0, s0.
    code_bytes = 4 * (len(words) + 2 + len(EXIT) + 1)
    upper = code_bytes + 0x800 >> 12
    start = [word_of(named("auipc"), upper << 12, rd=POINTER)]
    start.append(word_of(named("addi"), code_bytes - (upper << 12), rd=POINTER, rs1=POINTER))
    code = [*start, *words, 0x00000513, *EXIT]
    data = b"".join(struct.pack("<3I", *given) for _, given, _ in cases)
    image = b"".join(word.to_bytes(4, "little") for word in code) + data
    outcome, _, run = execute(write_elf(tmp_path / "all.elf", image), max_cycles=10_000_000)
    assert outcome.status == 0, outcome.message
    for place, (row, given, immediate) in enumerate(cases):
        (found,) = struct.unpack("<I", run.machine.read(L2 + code_bytes + 12 * place, 4))
        assert found == model(row, *given, immediate), (
            row.name,
            [hex(n) for n in given],
            immediate,
        )
