# SPDX-License-Identifier: Apache-2.0
"""From a plan to a shared library with a C interface made from the port list.

A small design is compiled as one file, so that it costs a second.
"""

import ctypes
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alpine_models.children import end_children
from alpine_models.errors import AlpineError
from alpine_models.waiting import mapped

from .cache import cached_build, content_hash
from .compiler import (
    CATCH_ABORT,
    LIBRARY_NAME,
    NO_GARBAGE_COLLECTION,
    ONCE,
    SMALL_BYTES,
    compilation,
    compile_object,
    header_flags,
    link,
    runtime_object,
)
from .library import load
from .native_constants import CONSTANTS_HEADER, constants_header
from .plan import BuildPlan, native_source
from .toolchain import Toolchain, ToolError, run_verilator
from .warnings import BuildWarning, warnings_of
from .wrapper import MODEL_CLASS, wrapper_name

__all__ = ["build_warnings", "compile_library", "compile_model", "loaded_model"]

WARNINGS_NAME = "warnings.json"


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


def loaded_model(plan: BuildPlan) -> tuple[Path, ctypes.CDLL, tuple[BuildWarning, ...]]:
    """Return a model's library, its file and its warnings; build it unless the cache has it.

    Raises
    ------
    AlpineError
        As of `compile_model`, or the library cannot be loaded; it then leaves the cache.
    """
    reason = OSError()
    for _ in range(2):
        path = compile_model(plan)
        try:
            return path, load(path), build_warnings(path)
        except OSError as error:
            shutil.rmtree(path.parent, ignore_errors=True)
            reason = error
    raise AlpineError(f"the compiled {plan.top} cannot be loaded: {reason}") from reason


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
    files = {
        name: native_source(name),
        CONSTANTS_HEADER: constants_header(),
        **(headers or {}),
    }
    key = content_hash([toolchain.identity, compilation(), *flags, *files.values()])

    def build(directory: Path) -> None:
        for file, text in files.items():
            (directory / file).write_text(text, encoding="utf-8")
        link(toolchain, [compile_object(toolchain, directory / name, flags)], directory, [])

    return cached_build(f"native-{key}", build) / LIBRARY_NAME


def _compile_and_link(
    toolchain: Toolchain, plan: BuildPlan, directory: Path, *, listing: str
) -> None:
    """Compile what Verilator wrote, with the parts of its runtime that its listing names."""
    timing = "VM_TIMING = 1" in listing
    globals_ = "".join(re.findall(r"^VM_GLOBAL_\w+ \+= ((?:.*\\\n)*)", listing, re.MULTILINE))
    headers = header_flags(toolchain)
    model = directory / "model"

    def runtime_part(name: str) -> Path:
        return runtime_object(toolchain, name)

    def model_part(part: tuple[Path, list[str]]) -> Path:
        return compile_object(toolchain, part[0], [*headers, *part[1]])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            runtime = mapped(pool, runtime_part, re.findall(r"\w+", globals_))
            objects = mapped(pool, model_part, _parts(model))
        except KeyboardInterrupt:
            # Leaving the pool waits for its threads.
            end_children()
            raise
    linking = [CATCH_ABORT] if timing else []
    # Without SystemVerilog classes a model never has garbage, but Verilator's every evaluation
    # locks a mutex to look for some: a fifth of the time of a small step.
    if not any(b"VlClass" in file.read_bytes() for file in model.glob("*.h")):
        linking.append(NO_GARBAGE_COLLECTION)
    linking += plan.libraries()
    try:
        link(toolchain, [*objects, *runtime], directory, linking)
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
