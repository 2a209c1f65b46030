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
    "BEFORE_PART",
    "CATCH_ABORT",
    "LIBRARY_NAME",
    "NO_GARBAGE_COLLECTION",
    "ONCE",
    "QUICK",
    "SMALL_BYTES",
    "compilation",
    "compile_object",
    "header_flags",
    "link",
    "optimisation",
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
OPTIMISED, QUICK, ONCE = "-O3", "-O1", "-O0"
QUICK_BUILDS = "ALPINE_QUICK_BUILDS"
"""Environment variable: where it is set, models build in half the time and run more slowly."""
RARELY_RUN = ("verilated", "verilated_threads")
"""Parts of the runtime of which a step calls next to nothing; optimising them takes longest."""
HEADER_NAME = "headers.hpp"
BEFORE_PART = {
    # On a disk without space the writer finds itself elsewhere than it expects, and would abort.
    "verilated_fst_c": """\
#if __has_include("fstcpp/fstcpp_assertion.h")
#include "fstcpp/fstcpp_assertion.h"
#undef FST_DCHECK_EQ
#define FST_DCHECK_EQ(a, b)
#endif
"""
}
"""Text that goes before a part of the runtime."""
SMALL_BYTES = 400_000
"""Of C++; a design that Verilator turns into less is compiled as one file."""


def optimisation() -> str:
    """Return the compiler's flag for code that runs at every step."""
    return QUICK if os.environ.get(QUICK_BUILDS) else OPTIMISED


def compilation() -> str:
    """Return how everything is compiled, as part of every build's content hash."""
    return str(
        (
            COMPILER_FLAGS,
            RUNTIME_FLAGS,
            HEADERS,
            LINKER_FLAGS,
            NO_GARBAGE_COLLECTION,
            CATCH_ABORT,
            optimisation(),
            QUICK,
            RARELY_RUN,
            ONCE,
            SMALL_BYTES,
        )
    )


def header_flags(toolchain: Toolchain) -> list[str]:
    """Return flags that read Verilator's headers, precompiled once per toolchain."""

    def build(directory: Path) -> None:
        header = directory / HEADER_NAME
        header.write_text(HEADERS)
        compile_object(toolchain, header, ["-x", "c++-header"], f"{HEADER_NAME}.gch")

    key = content_hash([toolchain.identity, compilation()])
    return ["-include", str(cached_build(f"headers-{key}", build) / HEADER_NAME)]


def runtime_object(toolchain: Toolchain, name: str) -> Path:
    """Return the object file of a part of Verilator's runtime, compiled once per toolchain."""

    def build(directory: Path) -> None:
        source = directory / f"{name}_part.cpp"
        source.write_text(BEFORE_PART.get(name, "") + f'#include "{name}.cpp"\n')
        flags = [*header_flags(toolchain), *RUNTIME_FLAGS]
        if name in RARELY_RUN:
            # The last level counts. The compiler then reads the headers as text, as precompiled
            # ones are for one level.
            flags.append(QUICK)
        compile_object(toolchain, source, flags, f"{name}.o")

    key = content_hash([toolchain.identity, compilation(), name, BEFORE_PART.get(name, "")])
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
            optimisation(),
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
