# SPDX-License-Identifier: Apache-2.0
"""Everything that a model's library depends on, and what Verilator is given of it."""

from dataclasses import dataclass
from enum import Enum
from importlib import resources
from pathlib import Path

from .cache import content_hash
from .clocks import Clock, precision_fs
from .compiler import BEFORE_PART, compilation
from .elaboration import PublicSignal
from .native_constants import CONSTANTS_HEADER, constants_header
from .ports import Port
from .sources import Sources
from .toolchain import Toolchain
from .wrapper import MODEL_CLASS, interface, top_module

__all__ = ["BuildPlan", "TraceFormat", "native_source"]

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
RUNTIME_SOURCES = ("runtime.hpp", "model.hpp", "calls.hpp")


class TraceFormat(Enum):
    """Waveform file format of a traced model."""

    VCD = "vcd"
    """Text, readable by everything."""
    FST = "fst"
    """Compressed, for GTKWave and Surfer; building it needs the headers of lz4 and zlib."""


LINKED_LIBRARIES = {TraceFormat.VCD: (), TraceFormat.FST: ("-lz", "-llz4")}


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
    extensions : native sources compiled into the library, next to the model: names of this
        package's, paths of others; each may include the others by its file's name and is included
        in this order.
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
    extensions: tuple[str | Path, ...] = ()
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

    def libraries(self) -> tuple[str, ...]:
        """Flags that link what the waveform's writer needs."""
        return LINKED_LIBRARIES[self.trace] if self.trace else ()

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
            self.ports,
            self.clocks,
            definitions=definitions,
            extensions=[Path(source).name for source in self.extensions],
        )
        tracer = f'#include "verilated_{self.trace.value}_c.h"\n' if self.trace else ""
        return tracer + text

    def headers(self) -> dict[str, str]:
        """Native sources by name."""
        return {
            CONSTANTS_HEADER: constants_header(),
            **{
                Path(source).name: native_source(source)
                for source in (*RUNTIME_SOURCES, *self.extensions)
            },
        }

    def key(self, toolchain: Toolchain) -> str:
        """Content hash of everything above."""
        contents = [path.read_bytes() for path in self.files]
        return content_hash(
            [
                toolchain.identity,
                compilation(),
                str((VERILATOR_FLAGS, OWN_DESIGN_FLAGS, USER_DESIGN_FLAGS)),
                *self.flags(),
                *self.libraries(),
                *([BEFORE_PART.get(f"verilated_{self.trace.value}_c", "")] if self.trace else []),
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


def native_source(name: str | Path) -> str:
    """Return the text of one of the package's C++ files, or of another one by its path."""
    if isinstance(name, Path):
        return name.read_text(encoding="utf-8")
    return (resources.files("alpine_cosim") / "native" / name).read_text(encoding="utf-8")
