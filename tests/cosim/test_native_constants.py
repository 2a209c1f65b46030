# SPDX-License-Identifier: Apache-2.0
"""Native sources take constants from the header made of their homes, and have none of their own."""

import re
import subprocess
from enum import IntEnum
from importlib import resources

from alpine_cosim.binding import native_constants
from alpine_cosim.binding.native_constants import constants_header
from alpine_cosim.binding.toolchain import Toolchain
from alpine_cosim.hardware.rtl_tile import TileFault

NATIVE = resources.files("alpine_cosim") / "native"

SECOND_HOMES = r"0x[012]?08u? *<<|1u << 18|[^\w.]-128\.0|enum class (Status|MvmPhase)"
"""Opcodes, pages, codes and enumerations that the header has."""

# Published encoding (Klein et al. 2022, Fig. 3(b)); the phases' order is that of an MVM; AMBA AXI,
# section A3.4.4; a tile page is 256 KiB (docs/registers.md).
PROGRAM = """
#include "constants.hpp"
using namespace alpine;
static_assert(kQueueWord >> 21 == 0x108 && (kQueueWord >> 15 & 1) == 1);
static_assert(kDequeueWord >> 21 == 0x108 && (kDequeueWord >> 15 & 1) == 0);
static_assert(kProcessWord >> 21 == 0x008 && (kProcessWord >> 15 & 1) == 0);
static_assert(uint8_t(CmStatus::kBadCount) == 2 && uint8_t(CmStatus::kIndexOutOfRange) == 3);
static_assert(uint8_t(MvmPhase::kPrecharge) == 1 && uint8_t(MvmPhase::kDigitise) == 3);
static_assert(uint8_t(AxiResponse::kSlverr) == 2 && uint8_t(AxiResponse::kDecerr) == 3);
static_assert(kCodeMin == -128 && kCodeMax == 127 && kTilePageBytes == 256 * 1024);
"""


def test_the_header_says_what_was_published(tmp_path):
    (tmp_path / "constants.hpp").write_text(constants_header())
    (tmp_path / "program.cpp").write_text(PROGRAM)
    compiler = Toolchain.find().compiler
    command = [compiler, "-std=c++20", "-fsyntax-only", "program.cpp"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_header_follows_its_homes(monkeypatch):
    class Phase(IntEnum):
        REST = 0
        SET_UP = 5

    monkeypatch.setattr(native_constants, "ENUMERATIONS", {Phase: "uint8_t"})
    monkeypatch.setattr(native_constants, "TILE_PAGE_BYTES", 0x1000)
    text = constants_header()
    assert "enum class Phase : uint8_t" in text
    assert "kSetUp = 0x5," in text
    assert "kTilePageBytes = 0x1000;" in text


def test_native_sources_write_no_constant_a_second_time():
    for source in NATIVE.iterdir():
        text = source.read_text()
        assert not re.search(r"0x[12]?0?8u? *<<|1u << 18|[^\w.]-128\.0|enum class Status", text), (
            source
        )
        assert text.count("struct AnalogMacro {") == (source.name == "analog_macro.hpp"), source


def test_outcomes_of_a_batch_are_those_that_python_names():
    text = (NATIVE / "transactor.hpp").read_text()
    (listed,) = re.findall(r"enum class Outcome : int \{(.*?)\}", text)
    codes = dict(re.findall(r"k(\w+) = (\d)", listed))
    assert codes.pop("Done") == "0"
    names = {fault.name.replace("_", "").lower(): fault.value for fault in TileFault}
    assert {name.lower(): int(code) for name, code in codes.items()} == names
