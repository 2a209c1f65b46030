# SPDX-License-Identifier: Apache-2.0
"""Building and running Verilog designs under cocotb and Verilator, from Python.

cocotb's own runner does both, in a child process that carries the environment it needs; nothing of
this process's environment or working directory changes. Builds are cached like every other one.
"""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cocotb_tools.config
import find_libpython

from alpine_cosim.binding.cache import cached_build, content_hash
from alpine_cosim.binding.compiler import QUICK, optimisation
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.binding.ports import Port
from alpine_cosim.binding.toolchain import Toolchain
from alpine_models.children import child, scratch_folder
from alpine_models.errors import AlpineError
from alpine_models.files import check_writable, copy_file, make_folder, write_text

__all__ = [
    "CaseOutcome",
    "CocotbTestError",
    "Simulator",
    "build_simulator",
    "run_simulation",
]

TIME_PRECISION = ("1fs", "1fs")
"""Simulation steps are the platform's unit of time, so that any clock period is exact."""

BUILD_TIMEOUT_S = 1800.0

VERILATOR_FLAGS = (
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-timing",
    "--noassert",
    # Overrides the runner, which makes every signal public; the control file names the ports.
    "--no-public-flat-rw",
)

MAKE_VARIABLES = {
    # The pip wheel's verilated.mk was written on a machine whose compiler needed none of these.
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_LDLIBS_THREADS": "-pthread",
    "CFG_CXXFLAGS_STD_NEWEST": "-std=gnu++20",
    "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
    "OPT_GLOBAL": QUICK,
}

WAIVED_WARNINGS = {
    "WIDTHEXPAND": "Amaranth compares and adds signals of unequal width; it extends them as meant",
    "WIDTHTRUNC": "Amaranth truncates on assignment by definition",
    "CASEINCOMPLETE": "Amaranth gives every signal its default before the case statement",
    "CMPCONST": "one description serves all byte lanes; the last one never wraps around",
}
"""Verilator warnings about Amaranth's Verilog that say nothing about the design, and why."""


class CocotbTestError(AlpineError):
    """A cocotb test failed, or the simulation around it did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulator:
    """A design compiled into an executable that hosts cocotb.

    Members
    -------
    directory : Path, build in the cache.
    top : str, name of the top module.
    trace : TraceFormat or None, waveform format that was compiled in.
    """

    directory: Path
    top: str
    trace: TraceFormat | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseOutcome:
    """One cocotb test that passed or was skipped.

    Members
    -------
    name : str, with its parameters.
    seconds : float, host time.
    skipped : bool.
    """

    name: str
    seconds: float
    skipped: bool


def build_simulator(
    verilog: str, *, top: str, ports: Sequence[Port], trace: TraceFormat | None = None
) -> Simulator:
    """Return a simulator of a design, building it unless the cache has it.

    Parameters
    ----------
    verilog : text of the design.
    top : name of the top module.
    ports : the top module's ports. cocotb sees these and nothing else, which keeps Verilator free
        to optimise the inside.
    trace : waveform format to compile in; None gives the fastest simulator.

    Raises
    ------
    AlpineError
        A tool is missing or does not accept the design, or the cache cannot be written.
    """
    toolchain = _toolchain()
    control = _control_file(top, ports)
    key = content_hash(
        [
            toolchain.identity,
            importlib.metadata.version("cocotb"),
            # The executable's run path points there.
            str(cocotb_tools.config.libs_dir),
            repr((VERILATOR_FLAGS, MAKE_VARIABLES, TIME_PRECISION)),
            optimisation(),
            top,
            str(trace),
            control,
            verilog,
        ]
    )

    def build(directory: Path) -> None:
        runtime = _runtime(toolchain, trace)
        with _built(top, {f"{top}.v": verilog, "control.vlt": control}, trace, runtime) as objects:
            shutil.copy2(objects / top, directory / top)

    return Simulator(directory=cached_build(f"cocotb-{key}", build), top=top, trace=trace)


def run_simulation(
    simulator: Simulator,
    *,
    test_module: str,
    timeout_s: float,
    test_filter: str | None = None,
    seed: int | None = None,
    plusargs: Mapping[str, str] | None = None,
    python_path: Sequence[Path] = (),
    waves: Path | None = None,
    verbose: bool = True,
) -> list[CaseOutcome]:
    """Run the cocotb tests of a module on a simulator; return the outcomes if none failed.

    Parameters
    ----------
    simulator : result of `build_simulator`.
    test_module : name of the Python module that holds the tests.
    timeout_s : host seconds after which the simulation is ended.
    test_filter : regular expression that a test's name must contain.
    seed : of cocotb's random numbers; None leaves cocotb's choice.
    plusargs : what tests find in `cocotb.plusargs`.
    python_path : directories to import modules from, before this process's own.
    waves : waveform to write, in the format that the simulator was built for; None writes none.
    verbose : log every test's progress rather than warnings only. The log is shown on failure.

    Raises
    ------
    CocotbTestError
        A test failed, there was none, or the simulation crashed or took too long.
    AlpineError
        The waveform cannot be written as asked, or something is missing.
    """
    _check_libpython()
    if waves is not None:
        waves = waves.absolute()
        if simulator.trace is None or waves.suffix != f".{simulator.trace.value}":
            built = f"for .{simulator.trace.value}" if simulator.trace else "without waveforms"
            raise AlpineError(f"waveform {waves.name} cannot be written: the model is {built}")
        make_folder(waves.parent)
        check_writable(waves)
    with scratch_folder("cocotb") as directory:
        results = directory / "results.xml"
        dump = directory / f"dump{waves.suffix if waves else ''}"
        _run_child(
            "test",
            {
                "test_module": test_module,
                "hdl_toplevel": simulator.top,
                "hdl_toplevel_lang": "verilog",
                "build_dir": str(simulator.directory),
                "test_dir": str(directory),
                "results_xml": str(results),
                "seed": seed,
                "test_filter": test_filter,
                "plusargs": [f"+{name}={value}" for name, value in (plusargs or {}).items()],
                "test_args": ["--trace-file", str(dump)] if waves else [],
                "waves": waves is not None,
                "extra_env": {
                    "COCOTB_LOG_LEVEL": "INFO" if verbose else "WARNING",
                    "COCOTB_ANSI_OUTPUT": "0",
                    "NO_COLOR": "1",
                    # Left alone, cocotb has pytest rewrite, and so compile anew in every run, each
                    # module that is imported, numpy and numba included: seconds of start-up.
                    "COCOTB_REWRITE_ASSERTION_FILES": f"{test_module.rpartition('.')[2]}.py",
                },
            },
            directory=directory,
            waves=waves is not None,
            timeout_s=timeout_s,
            what=f"cocotb simulation of {test_module} on {simulator.top}",
            product=results,
            python_path=python_path,
        )
        if waves is not None:
            copy_file(dump, waves)
        return _outcomes(results, directory / LOG_NAME)


@contextmanager
def _built(
    top: str,
    sources: Mapping[str, str],
    trace: TraceFormat | None,
    runtime: Path | None,
    *,
    missing: str = "",
) -> Generator[Path]:
    """Build a design with cocotb's runner and lend the folder of what was compiled.

    Parameters
    ----------
    top : name of the top module.
    sources : texts by file name.
    trace : waveform format to compile in.
    runtime : folder with the objects of Verilator's runtime, or None to compile them as well.
    missing : part of the runtime that is compiled beside those objects.
    """
    fst = ("--trace-fst",) if trace is TraceFormat.FST else ()
    variables: dict[str, str] = {}
    # Not in the cache: make and Verilator fail where a path has spaces or quotes, and the person
    # chooses where the cache is.
    with scratch_folder("build") as work:
        if runtime is not None:
            shutil.copytree(runtime, work / "runtime")
            found = sorted(path.name for path in (work / "runtime").glob("*.o"))
            linked = "\\ ".join(f"../runtime/{name}" for name in found)
            variables = {"VM_GLOBAL_FAST": missing, "VM_GLOBAL_SLOW": "", "LOADLIBES": linked}
        texts, objects = work / "sources", work / "objects"
        texts.mkdir()
        for name, text in sources.items():
            write_text(texts / name, text)
        _run_child(
            "build",
            {
                "sources": [str(texts / name) for name in sources],
                "hdl_toplevel": top,
                "build_dir": str(objects),
                "build_args": [*VERILATOR_FLAGS, *fst],
                "timescale": TIME_PRECISION,
                "waves": trace is not None,
            },
            directory=work,
            waves=trace is not None,
            timeout_s=BUILD_TIMEOUT_S,
            what=f"building {top} for cocotb",
            product=objects / top,
            make_variables=variables,
        )
        yield objects


EMPTY = "empty"
"""Name of a module without contents, for whose sake the runtime is compiled."""


def _runtime(toolchain: Toolchain, trace: TraceFormat | None) -> Path:
    """Folder with the objects of Verilator's runtime as cocotb's runner compiles them.

    They are the same for every design and take four fifths of a small design's compilation, so
    they are compiled once per toolchain and waveform format.
    """

    def build(directory: Path) -> None:
        sources = {f"{EMPTY}.v": f"module {EMPTY};\nendmodule\n"}
        # What is compiled for a waveform differs in its writer alone.
        plain = _runtime(toolchain, None) if trace else None
        missing = f"verilated_{trace.value}_c" if trace else ""
        with _built(EMPTY, sources, trace, plain, missing=missing) as objects:
            for folder in (plain, objects):
                for path in folder.glob("verilated*.o") if folder else ():
                    shutil.copy2(path, directory / path.name)

    key = content_hash(
        [toolchain.identity, repr((VERILATOR_FLAGS, MAKE_VARIABLES, TIME_PRECISION)), str(trace)]
    )
    return cached_build(f"cocotb-runtime-{key}", build)


LOG_NAME = "log.txt"
TELLING = re.compile(r"^%(Warning|Error)|^\w+(Error|Exception): |\berror: ")
"""What Verilator, Python and compilers begin the line with that names the problem."""


def _toolchain() -> Toolchain:
    toolchain = Toolchain.find()
    for program in ("make", "perl"):
        if shutil.which(program) is None:
            raise AlpineError(f"{program} is not installed: run `apt-get install {program}`")
    return toolchain


def _check_libpython() -> None:
    if find_libpython.find_libpython() is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise AlpineError(
            f"Python's shared library, which cocotb loads, is not installed: "
            f"run `apt-get install libpython{version}`"
        )


def _control_file(top: str, ports: Sequence[Port]) -> str:
    lines = ["`verilator_config"]
    for rule, reason in WAIVED_WARNINGS.items():
        lines += [f"// {reason}.", f'lint_off -rule {rule} -file "*/{top}.v"']
    lines += [f'public_flat_rw -module "{top}" -var "{port.name}"' for port in ports]
    return "\n".join(lines) + "\n"


def _run_child(
    action: str,
    arguments: Mapping[str, Any],
    *,
    directory: Path,
    waves: bool,
    timeout_s: float,
    what: str,
    product: Path,
    python_path: Sequence[Path] = (),
    make_variables: Mapping[str, str] | None = None,
) -> None:
    """Call a method of cocotb's runner in a child process; end all of its processes with it.

    What counts is whether ``product`` was made: the simulator's exit status is 0 after some crashes
    and not 0 after a failed test.
    """
    job, log = directory / f"{action}.json", directory / LOG_NAME
    write_text(job, json.dumps({"action": action, "arguments": arguments}))
    variables = {**MAKE_VARIABLES, "OPT_FAST": optimisation(), **(make_variables or {})}
    makeflags = " ".join(f"{name}={value}" for name, value in variables.items())
    environment = {
        **Toolchain.find().environment,
        "MAKEFLAGS": makeflags,
        # The runner lets this one override its argument.
        "WAVES": str(int(waves)),
        "PYTHONPATH": os.pathsep.join([*map(str, python_path), *filter(None, sys.path)]),
    }
    # Under this variable the runner would report to pytest instead of to its caller.
    environment.pop("PYTEST_CURRENT_TEST", None)
    # As a file, for it needs nothing of this package, whose import takes a second; with -P, so that
    # its directory does not get onto the simulator's module path.
    command = [sys.executable, "-P", str(Path(__file__).with_name("child.py")), str(job)]
    with (
        log.open("w") as output,
        child(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise CocotbTestError(
                f"{what} took longer than {timeout_s:g} s and was ended; allow it more time"
            ) from None
    if not product.exists():
        raise _with_log(
            f"{what} failed with exit status {status}: {_first_error(log)}; "
            f"check the tools with `alpine doctor`",
            log,
        )


def _with_log(message: str, log: Path) -> CocotbTestError:
    error = CocotbTestError(message)
    error.add_note(f"log:\n{log.read_text(errors='replace')}")
    return error


def _first_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    telling = [line for line in lines if TELLING.search(line)]
    return next(iter(telling or lines[-1:]), "no message")[:300]


def _outcomes(results: Path, log: Path) -> list[CaseOutcome]:
    outcomes: list[CaseOutcome] = []
    failures: list[str] = []
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        problem = case.find("failure")
        if problem is None:
            problem = case.find("error")
        if problem is not None:
            text = problem.get("message") or problem.get("type") or problem.text or "no message"
            failures.append(f"{name}: {text.strip().splitlines()[0]}")
        outcomes.append(
            CaseOutcome(
                name=name,
                seconds=float(case.get("time", 0)),
                skipped=case.find("skipped") is not None,
            )
        )
    if failures:
        raise _with_log(
            f"{len(failures)} of {len(outcomes)} cocotb tests failed: {'; '.join(failures)}", log
        )
    if not outcomes:
        raise CocotbTestError(f"no cocotb test ran: {_first_error(log)}")
    return outcomes
