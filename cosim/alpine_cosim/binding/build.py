# SPDX-License-Identifier: Apache-2.0
"""From Verilog to a shared library with a C interface made from the port list.

What every model needs is compiled once per user and toolchain: the objects of Verilator's runtime,
and its headers precompiled. A small design is compiled as one file, so that it costs a second.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from pathlib import Path

from alpine_models.children import end_children
from alpine_models.errors import AlpineError

from .cache import cached_build, content_hash
from .clocks import Clock, precision_fs
from .elaboration import PublicSignal
from .ports import Port
from .sources import Sources
from .toolchain import Toolchain, ToolError, run_tool, run_verilator
from .warnings import BuildWarning, warnings_of
from .wrapper import MODEL_CLASS, interface, top_module, wrapper_name

__all__ = [
    "LIBRARY_NAME",
    "BuildPlan",
    "TraceFormat",
    "build_warnings",
    "compile_library",
    "compile_model",
    "native_source",
]

LIBRARY_NAME = "library.so"
"""Name of the shared library in a build's directory."""

WARNINGS_NAME = "warnings.json"
SMALL_BYTES = 400_000
"""Of C++; a design that Verilator turns into less is compiled as one file."""

VERILATOR_FLAGS = (
    "--cc",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--assert",
    "--timescale",
    "1ps/1ps",
    "--pins-inout-enables",
    "--prefix",
    MODEL_CLASS,
    "--Mdir",
    "model",
)
# Amaranth's Verilog is checked by its own tests and by `make lint`, not by every user's build.
OWN_DESIGN_FLAGS = ("-Wno-lint", "-Wno-style")
# Legal Verilog builds; what Verilator thinks of it is kept with the model.
USER_DESIGN_FLAGS = ("-Wno-fatal",)
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


class TraceFormat(Enum):
    """Waveform file format of a traced model."""

    VCD = "vcd"
    """Text, readable by everything."""
    FST = "fst"
    """Compressed, for GTKWave and Surfer; building it needs the headers of lz4 and zlib."""


LINKED_LIBRARIES = {TraceFormat.VCD: (), TraceFormat.FST: ("-lz", "-llz4")}
BUILD_FLAGS = " ".join(
    map(
        str,
        (
            VERILATOR_FLAGS,
            OWN_DESIGN_FLAGS,
            USER_DESIGN_FLAGS,
            COMPILER_FLAGS,
            RUNTIME_FLAGS,
            HEADERS,
            LINKER_FLAGS,
            OPTIMISED,
            ONCE,
            SMALL_BYTES,
            LINKED_LIBRARIES,
        ),
    )
)
"""All flags, as part of every build's content hash."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPlan:
    """Everything that a model's library depends on.

    Members
    -------
    sources : the design.
    files : every file that reading it takes, for the content hash; none for a text without any.
    top : name of its top module.
    ports : of the top module, in the order of their numbers in the C interface.
    clocks : that the model drives.
    trace : waveform format, or None for the fastest model.
    savable : whether states can be saved.
    extensions : names of native sources compiled into the library, next to the model; each may
        include the others and is included in this order.
    control : text of a Verilator control file, read before the design.
    signals : inside the design, that stay visible.
    own : whether the Verilog is our own, in which a warning is an error.
    """

    sources: Sources
    files: tuple[Path, ...] = ()
    top: str
    ports: tuple[Port, ...]
    clocks: tuple[Clock, ...]
    trace: TraceFormat | None = None
    savable: bool = False
    extensions: tuple[str, ...] = ()
    control: str = ""
    signals: tuple[PublicSignal, ...] = ()
    own: bool = False

    def top_module(self) -> str:
        """SystemVerilog of the module around the design."""
        return top_module(
            self.ports,
            top=self.top,
            parameters=self.sources.parameters,
            precision_fs=precision_fs(self.clocks),
        )

    def control_file(self) -> str:
        """Text of the control file."""
        shown = [
            f'public_flat_rw -module "{module}" -var "{variable}"\n'
            for module, variable in dict.fromkeys((s.module, s.variable) for s in self.signals)
        ]
        return (self.control or "`verilator_config\n") + "".join(shown)

    def flags(self) -> list[str]:
        """Verilator's flags for this design."""
        # Verilator saves no state of a design that waits.
        timing = ["--savable", "--no-timing"] if self.savable else ["--timing"]
        return [
            *VERILATOR_FLAGS,
            *timing,
            *(OWN_DESIGN_FLAGS if self.own else USER_DESIGN_FLAGS),
            *([f"--trace-{self.trace.value}"] if self.trace else []),
        ]

    def interface(self, *, timing: bool) -> str:
        """C++ around Verilator's model."""
        definitions: list[str] = []
        if timing:
            definitions.append("ALPINE_TIMING")
        if self.savable:
            definitions.append("ALPINE_SAVABLE")
        if self.trace:
            definitions.append(f"ALPINE_TRACER Verilated{self.trace.value.capitalize()}C")
        if self.trace is TraceFormat.VCD:
            definitions.append("ALPINE_VCD")
        text = interface(
            self.ports, self.clocks, definitions=definitions, extensions=self.extensions
        )
        tracer = f'#include "verilated_{self.trace.value}_c.h"\n' if self.trace else ""
        return tracer + text

    def headers(self) -> dict[str, str]:
        """Native sources by name."""
        return {
            name: native_source(name)
            for name in ("runtime.hpp", "model.hpp", "calls.hpp", *self.extensions)
        }

    def key(self, toolchain: Toolchain) -> str:
        """Content hash of everything above."""
        contents = [path.read_bytes() for path in self.files]
        return content_hash(
            [
                toolchain.identity,
                BUILD_FLAGS,
                *self.flags(),
                self.top,
                self.control_file(),
                self.sources.text or "",
                *self.sources.identity(),
                *contents,
                self.top_module(),
                self.interface(timing=False),
                *self.headers().values(),
            ]
        )


def native_source(name: str) -> str:
    """Return the text of one of the package's C++ files."""
    return (resources.files("alpine_cosim") / "native" / name).read_text(encoding="utf-8")


def compile_model(plan: BuildPlan) -> Path:
    """Return the shared library of a verilated design, building it unless the cache has it.

    Raises
    ------
    AlpineError
        Verilator or the compiler rejects the design, or it needs functions that nobody defines.
    """
    toolchain = Toolchain.find()

    def build(directory: Path) -> None:
        sources = plan.sources.write_text(directory, plan.top)
        around = directory / f"{wrapper_name(plan.top)}.sv"
        around.write_text(plan.top_module(), encoding="utf-8")
        (directory / "control.vlt").write_text(plan.control_file(), encoding="utf-8")
        output = run_verilator(
            toolchain,
            [
                *plan.flags(),
                "--top-module",
                wrapper_name(plan.top),
                "control.vlt",
                *sources.options(),
                around.name,
            ],
            what=plan.top,
            cwd=directory,
        )
        model = directory / "model"
        listing = (model / f"{MODEL_CLASS}_classes.mk").read_text(encoding="utf-8")
        for name, text in plan.headers().items():
            (model / name).write_text(text, encoding="utf-8")
        (model / "interface.cpp").write_text(
            plan.interface(timing="VM_TIMING = 1" in listing), encoding="utf-8"
        )
        _compile_and_link(toolchain, plan, directory, listing=listing)
        for path in directory.iterdir():
            if path.name != LIBRARY_NAME:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        names = [port.name for port in plan.ports]
        found = [warning.as_dict() for warning in warnings_of(output, around.name, names)]
        (directory / WARNINGS_NAME).write_text(json.dumps(found), encoding="utf-8")

    return cached_build(f"model-{plan.key(toolchain)}", build) / LIBRARY_NAME


def build_warnings(library: Path) -> tuple[BuildWarning, ...]:
    """Return what Verilator had to say about the design of a library."""
    stored = json.loads((library.parent / WARNINGS_NAME).read_text(encoding="utf-8"))
    return tuple(BuildWarning(**each) for each in stored)


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
            (directory / file).write_text(text, encoding="utf-8")
        _link(toolchain, [_compile(toolchain, directory / name, flags)], directory, [])

    return cached_build(f"native-{key}", build) / LIBRARY_NAME


def _compile_and_link(
    toolchain: Toolchain, plan: BuildPlan, directory: Path, *, listing: str
) -> None:
    """Compile what Verilator wrote, with the parts of its runtime that its listing names."""
    timing = "VM_TIMING = 1" in listing
    globals_ = "".join(re.findall(r"^VM_GLOBAL_\w+ \+= ((?:.*\\\n)*)", listing, re.MULTILINE))
    headers = _header_flags(toolchain)
    model = directory / "model"

    def runtime_part(name: str) -> Path:
        return _runtime(toolchain, name)

    def model_part(part: tuple[Path, list[str]]) -> Path:
        return _compile(toolchain, part[0], [*headers, *part[1]])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            runtime = list(pool.map(runtime_part, re.findall(r"\w+", globals_)))
            objects = list(pool.map(model_part, _parts(model)))
        except KeyboardInterrupt:
            # Leaving the pool waits for its threads.
            end_children()
            raise
    linking = [CATCH_ABORT] if timing else []
    # Without SystemVerilog classes a model never has garbage, but Verilator's every evaluation
    # locks a mutex to look for some: a fifth of the time of a small step.
    if not any(b"VlClass" in file.read_bytes() for file in model.glob("*.h")):
        linking.append(NO_GARBAGE_COLLECTION)
    if plan.trace:
        linking += LINKED_LIBRARIES[plan.trace]
    try:
        _link(toolchain, [*objects, *runtime], directory, linking)
    except ToolError as error:
        missing = sorted(set(re.findall(r"undefined reference to `(\w+)", error.output)))
        if not missing:
            raise
        raise AlpineError(
            f"{plan.top} calls C functions that nobody defines: {', '.join(missing)}; "
            f"functions imported through DPI are not supported"
        ) from error


def _parts(model: Path) -> list[tuple[Path, list[str]]]:
    """Files to compile, and their flags."""
    files = sorted(model.glob("*.cpp"))

    def together(name: str, parts: Sequence[Path]) -> Path:
        (model / name).write_text("".join(f'#include "{part.name}"\n' for part in parts))
        return model / name

    if sum(file.stat().st_size for file in files) < SMALL_BYTES:
        return [(together("all.cpp", files), [])]
    # Files that Verilator names Slow hold code that runs once; optimising them only costs time.
    slow = [file for file in files if "Slow" in file.name]
    fast = [(file, list[str]()) for file in files if file not in slow]
    return [*fast, (together("slow.cpp", slow), [ONCE])]


def _header_flags(toolchain: Toolchain) -> list[str]:
    """Flags that read Verilator's headers, precompiled once per toolchain."""

    def build(directory: Path) -> None:
        header = directory / HEADER_NAME
        header.write_text(HEADERS)
        _compile(toolchain, header, ["-x", "c++-header"], f"{HEADER_NAME}.gch")

    key = content_hash([toolchain.identity, BUILD_FLAGS])
    return ["-include", str(cached_build(f"headers-{key}", build) / HEADER_NAME)]


def _runtime(toolchain: Toolchain, name: str) -> Path:
    """Object file of a part of Verilator's runtime, compiled once per toolchain."""

    def build(directory: Path) -> None:
        source = directory / f"{name}_part.cpp"
        source.write_text(f'#include "{name}.cpp"\n')
        flags = [*_header_flags(toolchain), *RUNTIME_FLAGS]
        _compile(toolchain, source, flags, f"{name}.o")

    key = content_hash([toolchain.identity, BUILD_FLAGS, name])
    return cached_build(f"runtime-{key}", build) / f"{name}.o"


def _compile(
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


def _link(
    toolchain: Toolchain, objects: Iterable[Path], directory: Path, flags: Iterable[str]
) -> None:
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
