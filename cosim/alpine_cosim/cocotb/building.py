# SPDX-License-Identifier: Apache-2.0
"""Simulators of Verilog designs for cocotb, built by cocotb's own runner with Verilator.

Builds are cached like every other one.
"""

import importlib.metadata
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cocotb_tools.config

from alpine_cosim.binding.cache import cached_build, content_hash
from alpine_cosim.binding.compiler import optimisation
from alpine_cosim.binding.plan import TraceFormat
from alpine_cosim.binding.ports import Port
from alpine_cosim.binding.toolchain import Toolchain
from alpine_models.children import scratch_folder
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

from .runner_call import MAKE_VARIABLES, RunnerCall

__all__ = ["Simulator", "build_simulator"]

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

WAIVED_WARNINGS = {
    "WIDTHEXPAND": "Amaranth compares and adds signals of unequal width; it extends them as meant",
    "WIDTHTRUNC": "Amaranth truncates on assignment by definition",
    "CASEINCOMPLETE": "Amaranth gives every signal its default before the case statement",
    "CMPCONST": "one description serves all byte lanes; the last one never wraps around",
}
"""Verilator warnings about Amaranth's Verilog that say nothing about the design, and why."""


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
            # By a name without spaces, whatever the cache is called.
            (work / "runtime").symlink_to(runtime, target_is_directory=True)
            found = sorted(path.name for path in (work / "runtime").glob("*.o"))
            linked = "\\ ".join(f"../runtime/{name}" for name in found)
            variables = {"VM_GLOBAL_FAST": missing, "VM_GLOBAL_SLOW": "", "LOADLIBES": linked}
        texts, objects = work / "sources", work / "objects"
        texts.mkdir()
        for name, text in sources.items():
            write_text(texts / name, text)
        RunnerCall(
            action="build",
            arguments={
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
        ).make()
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


def _toolchain() -> Toolchain:
    toolchain = Toolchain.find()
    for program in ("make", "perl"):
        if shutil.which(program) is None:
            raise AlpineError(f"{program} is not installed: run `apt-get install {program}`")
    return toolchain


def _control_file(top: str, ports: Sequence[Port]) -> str:
    lines = ["`verilator_config"]
    for rule, reason in WAIVED_WARNINGS.items():
        lines += [f"// {reason}.", f'lint_off -rule {rule} -file "*/{top}.v"']
    lines += [f'public_flat_rw -module "{top}" -var "{port.name}"' for port in ports]
    return "\n".join(lines) + "\n"
