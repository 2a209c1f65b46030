"""From Verilog to a shared library with a C interface made from the port list."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from importlib import resources
from pathlib import Path

from .cache import cached_build, content_hash
from .ports import Port
from .toolchain import Toolchain, run_tool

__all__ = ["LIBRARY_NAME", "TraceFormat", "compile_library", "compile_model", "native_source"]

LIBRARY_NAME = "library.so"
"""Name of the shared library in a build's directory."""

VERILATOR_FLAGS = (
    "--cc",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-timing",
    "--noassert",
    "--timescale",
    "1ps/1ps",
    # Amaranth's Verilog is checked by its own tests and by `make lint`, not by every user's build.
    "-Wno-lint",
    "-Wno-style",
)
COMPILER_FLAGS = ("-std=gnu++20", "-fPIC", "-fno-strict-aliasing", "-pthread")
MODEL_CLASS = "VerilatedTop"
EMPTY_CONTROL = "`verilator_config\n"
NO_GARBAGE_COLLECTION = "-Wl,--wrap=_ZN9VlDeleter9deleteAllEv"
OPTIMISED, ONCE = "-O3", "-O0"


class TraceFormat(Enum):
    """Waveform file format of a traced model."""

    VCD = "vcd"
    """Text, readable by everything."""
    FST = "fst"
    """Compressed, for GTKWave and Surfer; building it needs the headers of lz4 and zlib."""


LINKED_LIBRARIES = {TraceFormat.VCD: (), TraceFormat.FST: ("-lz", "-llz4")}
BUILD_FLAGS = f"{VERILATOR_FLAGS} {COMPILER_FLAGS} {OPTIMISED} {ONCE} {LINKED_LIBRARIES}"
"""All flags, as part of every build's content hash."""


def native_source(name: str) -> str:
    """Return the text of one of the package's C++ files."""
    return (resources.files("alpine_cosim") / "native" / name).read_text()


def compile_model(
    verilog: str,
    ports: Sequence[Port],
    *,
    top: str,
    clock: str,
    trace: TraceFormat | None,
    extensions: Sequence[str],
    control: str = "",
) -> Path:
    """Return the shared library of a verilated module, building it unless the cache has it.

    Parameters
    ----------
    verilog : text of the design.
    ports : the top module's ports, in the order of their numbers in the C interface.
    top, clock : names of the top module and its clock.
    trace : waveform format, or None for the fastest model.
    extensions : names of native sources compiled into the library, next to the model; each may
        include the others and is included in this order.
    control : text of a Verilator control file, read before the design.
    """
    toolchain = Toolchain.find()
    headers = {"model.hpp": native_source("model.hpp")}
    headers.update({name: native_source(name) for name in extensions})
    wrapper = _wrapper(ports, clock=clock, trace=trace, extensions=extensions)
    # Without SystemVerilog classes a model never has garbage, but Verilator's every evaluation
    # locks a mutex to look for some: a fifth of the time of a small step.
    linking = [] if re.search(r"\bclass\b", verilog) else [NO_GARBAGE_COLLECTION]
    key = content_hash(
        [
            toolchain.identity,
            BUILD_FLAGS,
            top,
            str(trace),
            *linking,
            control,
            verilog,
            wrapper,
            *headers.values(),
        ]
    )

    def build(directory: Path) -> None:
        runtime = _runtime(toolchain, trace)
        sources = directory / "sources"
        sources.mkdir()
        (sources / f"{top}.v").write_text(verilog)
        (sources / "control.vlt").write_text(control or EMPTY_CONTROL)
        run_tool(
            [
                toolchain.verilator,
                *VERILATOR_FLAGS,
                *([f"--trace-{trace.value}"] if trace else []),
                "--top-module",
                top,
                "--prefix",
                MODEL_CLASS,
                "--Mdir",
                str(sources),
                str(sources / "control.vlt"),
                str(sources / f"{top}.v"),
            ],
            what=f"Verilator on {top}",
            cwd=directory,
            env=toolchain.environment,
        )
        for name, text in headers.items():
            (sources / name).write_text(text)
        (sources / "wrapper.cpp").write_text(wrapper)
        objects = _compile_all(toolchain, sorted(sources.glob("*.cpp")), [sources])
        flags = [*linking, *(LINKED_LIBRARIES[trace] if trace else ())]
        _link(toolchain, [*objects, *sorted(runtime.glob("*.o"))], directory, flags)
        shutil.rmtree(sources)

    return cached_build(f"model-{key}", build) / LIBRARY_NAME


def compile_library(
    name: str, *, headers: Mapping[str, str] | None = None, flags: Sequence[str] = ()
) -> Path:
    """Return the shared library made from one native source that needs no model.

    Parameters
    ----------
    name : of the source.
    headers : texts of files that it includes, by name.
    flags : of the compiler, beyond those of every build.
    """
    toolchain = Toolchain.find()
    files = {name: native_source(name), **(headers or {})}
    key = content_hash([toolchain.identity, BUILD_FLAGS, *flags, *files.values()])

    def build(directory: Path) -> None:
        for file, text in files.items():
            (directory / file).write_text(text)
        objects = _compile_all(toolchain, [directory / name], [directory], flags)
        _link(toolchain, objects, directory, [])

    return cached_build(f"native-{key}", build) / LIBRARY_NAME


def _wrapper(
    ports: Sequence[Port], *, clock: str, trace: TraceFormat | None, extensions: Sequence[str]
) -> str:
    lines = [f'#include "{MODEL_CLASS}.h"', f"#define ALPINE_MODEL {MODEL_CLASS}"]
    if trace:
        lines += [
            f'#include "verilated_{trace.value}_c.h"',
            f"#define ALPINE_TRACER Verilated{trace.value.capitalize()}C",
        ]
    lines += [
        f"#define ALPINE_CLOCK {_cpp_name(clock)}",
        '#include "model.hpp"',
        "void* alpine_port_address(alpine::Model* model, int port) {",
        "    switch (port) {",
    ]
    for number, port in enumerate(ports):
        member = f"model->top.{_cpp_name(port.name)}"
        lines.append(
            f"        case {number}: static_assert(sizeof({member}) == {storage_bytes(port)}); "
            f"return &{member};"
        )
    lines += ["        default: return nullptr;", "    }", "}"]
    lines += [f'#include "{name}"' for name in extensions]
    return "\n".join(lines) + "\n"


def storage_bytes(port: Port) -> int:
    """Bytes that Verilator's C++ interface uses for a port of that width."""
    for size in (1, 2, 4, 8):
        if port.width <= 8 * size:
            return size
    return (port.width + 31) // 32 * 4


def _cpp_name(name: str) -> str:
    # Verilator escapes double underscores in member names.
    return name.replace("__", "___05F")


def _runtime(toolchain: Toolchain, trace: TraceFormat | None) -> Path:
    """Directory with the object files of Verilator's runtime, compiled once per toolchain."""
    names = ["verilated.cpp", "verilated_threads.cpp"]
    if trace:
        names.append(f"verilated_{trace.value}_c.cpp")

    def build(directory: Path) -> None:
        sources = [directory / f"runtime_{name}" for name in names]
        for source, name in zip(sources, names, strict=True):
            source.write_text(f'#include "{name}"\n')
        _compile_all(toolchain, sources, [])

    key = content_hash([toolchain.identity, BUILD_FLAGS, *names])
    return cached_build(f"runtime-{key}", build)


def _compile_all(
    toolchain: Toolchain,
    sources: Iterable[Path],
    include: Iterable[Path],
    flags: Sequence[str] = (),
) -> list[Path]:
    """Compile files side by side, one per processor, and return their objects."""
    root = toolchain.verilator_root / "include"
    paths = [f"-I{path}" for path in (*include, root, root / "vltstd")]

    def compile_one(source: Path) -> Path:
        target = source.with_suffix(".o")
        # Files that Verilator names Slow hold code that runs once; optimising them only costs time.
        level = ONCE if "Slow" in source.name else OPTIMISED
        run_tool(
            [
                toolchain.compiler,
                *COMPILER_FLAGS,
                *flags,
                level,
                *paths,
                "-c",
                source.name,
                "-o",
                target.name,
            ],
            what=f"g++ on {source.name}",
            cwd=source.parent,
            env=dict(os.environ),
        )
        return target

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources))


def _link(
    toolchain: Toolchain, objects: Iterable[Path], directory: Path, flags: Iterable[str]
) -> None:
    run_tool(
        [
            toolchain.compiler,
            "-shared",
            "-pthread",
            *map(str, objects),
            *flags,
            "-o",
            str(directory / LIBRARY_NAME),
        ],
        what="linking",
        cwd=directory,
        env=dict(os.environ),
    )
