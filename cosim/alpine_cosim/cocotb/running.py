# SPDX-License-Identifier: Apache-2.0
"""cocotb tests on a simulator, run from Python."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import find_libpython

from alpine_models.children import scratch_folder
from alpine_models.errors import AlpineError
from alpine_models.files import check_writable, copy_file, make_folder

from .building import Simulator
from .runner_call import LOG_NAME, CocotbTestError, RunnerCall, first_error, with_log

__all__ = ["CaseOutcome", "CocotbTests", "run_simulation"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CocotbTests:
    """Which tests run, and what they are given.

    Members
    -------
    module : name of the Python module that holds the tests.
    filter : regular expression that a test's name must contain, or None for every test.
    seed : of cocotb's random numbers; None leaves cocotb's choice.
    plusargs : what tests find in `cocotb.plusargs`.
    python_path : directories to import modules from, before this process's own.
    verbose : log every test's progress rather than warnings only. The log is shown on failure.
    """

    module: str
    filter: str | None = None
    seed: int | None = None
    plusargs: Mapping[str, str] = field(default_factory=dict[str, str])
    python_path: Sequence[Path] = ()
    verbose: bool = True

    def arguments(self) -> dict[str, Any]:
        """Return what cocotb's runner is told of them."""
        return {
            "test_module": self.module,
            "seed": self.seed,
            "test_filter": self.filter,
            "plusargs": [f"+{name}={value}" for name, value in self.plusargs.items()],
            "extra_env": {
                "COCOTB_LOG_LEVEL": "INFO" if self.verbose else "WARNING",
                "COCOTB_ANSI_OUTPUT": "0",
                "NO_COLOR": "1",
                # Left alone, cocotb has pytest rewrite, and so compile anew in every run, each
                # module that is imported, numpy and numba included: seconds of start-up.
                "COCOTB_REWRITE_ASSERTION_FILES": f"{self.module.rpartition('.')[2]}.py",
            },
        }


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


def run_simulation(
    simulator: Simulator, tests: CocotbTests, *, timeout_s: float, waves: Path | None = None
) -> list[CaseOutcome]:
    """Run cocotb tests on a simulator; return the outcomes if none failed.

    Parameters
    ----------
    simulator : result of `build_simulator`.
    tests : what runs.
    timeout_s : host seconds after which the simulation is ended.
    waves : waveform to write, in the format that the simulator was built for; None writes none.

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
        _check_waves(simulator, waves)
    with scratch_folder("cocotb") as directory:
        results = directory / "results.xml"
        dump = directory / f"dump{waves.suffix if waves else ''}"
        RunnerCall(
            action="test",
            arguments={
                **tests.arguments(),
                "hdl_toplevel": simulator.top,
                "hdl_toplevel_lang": "verilog",
                "build_dir": str(simulator.directory),
                "test_dir": str(directory),
                "results_xml": str(results),
                "test_args": ["--trace-file", str(dump)] if waves else [],
                "waves": waves is not None,
            },
            directory=directory,
            waves=waves is not None,
            timeout_s=timeout_s,
            what=f"cocotb simulation of {tests.module} on {simulator.top}",
            product=results,
            python_path=tests.python_path,
        ).make()
        if waves is not None:
            copy_file(dump, waves)
        return _outcomes(results, directory / LOG_NAME)


def _check_waves(simulator: Simulator, waves: Path) -> None:
    """Refuse a waveform that the simulator or the file system cannot write."""
    if simulator.trace is None or waves.suffix != f".{simulator.trace.value}":
        built = f"for .{simulator.trace.value}" if simulator.trace else "without waveforms"
        raise AlpineError(f"waveform {waves.name} cannot be written: the model is {built}")
    make_folder(waves.parent)
    check_writable(waves)


def _check_libpython() -> None:
    if find_libpython.find_libpython() is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise AlpineError(
            f"Python's shared library, which cocotb loads, is not installed: "
            f"run `apt-get install libpython{version}`"
        )


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
        raise with_log(
            f"{len(failures)} of {len(outcomes)} cocotb tests failed: {'; '.join(failures)}", log
        )
    if not outcomes:
        raise CocotbTestError(f"no cocotb test ran: {first_error(log)}")
    return outcomes
