# SPDX-License-Identifier: Apache-2.0
"""Compiling and linking C++: what every model shares is compiled once per user and toolchain.

That is the objects of Verilator's runtime, and its headers precompiled.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .cache import cached_build, content_hash
from .toolchain import Toolchain, run_tool

__all__ = [
    "CATCH_ABORT",
    "COMPILATION",
    "LIBRARY_NAME",
    "NO_GARBAGE_COLLECTION",
    "ONCE",
    "SMALL_BYTES",
    "compile_object",
    "header_flags",
    "link",
    "runtime_object",
]

LIBRARY_NAME = "library.so"
"""Name of the shared library in a build's directory."""

COMPILER_FLAGS = (
    "-std=gnu++20",
    "-fPIC",
    "-fno-strict-aliasing",
    "-pthread",
    # Such symbols would be shared by all libraries of a process, local or not.
    "-fno-gnu-unique",
)
RUNTIME_FLAGS = ("-DVL_USER_FINISH", "-DVL_USER_STOP", "-DVL_USER_FATAL", "-DVL_USER_WARN")
HEADERS = """\
extern "C" int alpine_print(const char* format, ...);
#define VL_PRINTF alpine_print
#include "verilated.h"
#include "verilated_sym_props.h"
"""
LINKER_FLAGS = ("-shared", "-pthread", "-Wl,-z,defs", "-Wl,-Bsymbolic")
NO_GARBAGE_COLLECTION = "-Wl,--wrap=_ZN9VlDeleter9deleteAllEv"
CATCH_ABORT = "-Wl,--wrap=abort"
OPTIMISED, ONCE = "-O3", "-O0"
HEADER_NAME = "headers.hpp"
SMALL_BYTES = 400_000
"""Of C++; a design that Verilator turns into less is compiled as one file."""
COMPILATION = str(
    (
        COMPILER_FLAGS,
        RUNTIME_FLAGS,
        HEADERS,
        LINKER_FLAGS,
        NO_GARBAGE_COLLECTION,
        CATCH_ABORT,
        OPTIMISED,
        ONCE,
        SMALL_BYTES,
    )
)
"""How everything is compiled, as part of every build's content hash."""


def header_flags(toolchain: Toolchain) -> list[str]:
    """Return flags that read Verilator's headers, precompiled once per toolchain."""

    def build(directory: Path) -> None:
        header = directory / HEADER_NAME
        header.write_text(HEADERS)
        compile_object(toolchain, header, ["-x", "c++-header"], f"{HEADER_NAME}.gch")

    key = content_hash([toolchain.identity, COMPILATION])
    return ["-include", str(cached_build(f"headers-{key}", build) / HEADER_NAME)]


def runtime_object(toolchain: Toolchain, name: str) -> Path:
    """Return the object file of a part of Verilator's runtime, compiled once per toolchain."""

    def build(directory: Path) -> None:
        source = directory / f"{name}_part.cpp"
        source.write_text(f'#include "{name}.cpp"\n')
        flags = [*header_flags(toolchain), *RUNTIME_FLAGS]
        compile_object(toolchain, source, flags, f"{name}.o")

    key = content_hash([toolchain.identity, COMPILATION, name])
    return cached_build(f"runtime-{key}", build) / f"{name}.o"


def compile_object(
    toolchain: Toolchain, source: Path, flags: Sequence[str], target: str | None = None
) -> Path:
    """Compile a file and return its object."""
    root = toolchain.verilator_root / "include"
    output = source.parent / (target or f"{source.stem}.o")
    run_tool(
        [
            toolchain.compiler,
            *COMPILER_FLAGS,
            OPTIMISED,
            *flags,
            f"-I{root}",
            f"-I{root / 'vltstd'}",
            "-c",
            source.name,
            "-o",
            output.name,
        ],
        what=f"g++ on {source.name}",
        cwd=source.parent,
        env=dict(os.environ),
    )
    return output


def link(
    toolchain: Toolchain, objects: Iterable[Path], directory: Path, flags: Iterable[str]
) -> None:
    """Link objects into the shared library of a build's directory."""
    run_tool(
        [
            toolchain.compiler,
            *LINKER_FLAGS,
            *map(str, objects),
            *flags,
            "-o",
            str(directory / LIBRARY_NAME),
        ],
        what="linking",
        cwd=directory,
        env=dict(os.environ),
    )
