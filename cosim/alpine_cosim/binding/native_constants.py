# SPDX-License-Identifier: Apache-2.0
"""The C++ header of what hardware, models and native sources must agree on.

Every constant has one home, in `alpine_models` or `alpine_rtl`; native sources take it from the
header that is made from there, so that none is written down a second time.
"""

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum

from alpine_models.axi import AxiResponse
from alpine_models.isa import CmStatus, dequeue, process, queue
from alpine_models.registers import TILE_PAGE_BYTES
from alpine_models.tile import CODE_MAX, CODE_MIN
from alpine_rtl.sequencer import MvmPhase

from .library import Status

__all__ = ["CONSTANTS_HEADER", "constants_header"]

CONSTANTS_HEADER = "constants.hpp"
"""Name under which native sources include it."""

ENUMERATIONS: Mapping[type[IntEnum], str] = {
    CmStatus: "uint8_t",
    MvmPhase: "uint8_t",
    AxiResponse: "uint8_t",
    Status: "int",
}
"""Codes, and the C++ types that hold them."""

STREAMING = {"Queue": queue(), "Dequeue": dequeue(), "Process": process()}
"""Words of the commands' streaming forms, with counts and indices in XZR."""


def constants_header() -> str:
    """Return the text of the header."""
    lines = [
        "// Made by alpine_cosim.binding.native_constants from the constants' homes.",
        "",
        "#pragma once",
        "",
        "#include <cstdint>",
        "",
        "namespace alpine {",
    ]
    for codes, kind in ENUMERATIONS.items():
        lines += ["", *_enumeration(codes, kind)]
    lines += ["", "// Streaming forms of the commands: counts and indices in XZR."]
    lines += [f"constexpr uint32_t k{name}Word = {word:#010x};" for name, word in STREAMING.items()]
    lines += [
        "",
        f"constexpr int kCodeMin = {CODE_MIN}, kCodeMax = {CODE_MAX};",
        f"constexpr uint32_t kTilePageBytes = {TILE_PAGE_BYTES:#x};",
        "",
        "}  // namespace alpine",
        "",
    ]
    return "\n".join(lines)


def _enumeration(codes: type[IntEnum], kind: str) -> Iterator[str]:
    yield f"enum class {codes.__name__} : {kind} {{  // {codes.__module__}"
    for code in codes:
        yield f"    k{_camel(code.name)} = {code.value:#x},"
    yield "};"


def _camel(name: str) -> str:
    return re.sub(r"_?([A-Z0-9])([A-Z0-9]*)", lambda m: m[1] + m[2].lower(), name)
