# SPDX-License-Identifier: Apache-2.0
"""What is to be built of a design: one frozen description, from keywords or made first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

from amaranth.hdl import Elaboratable

from .arguments import checked_plus_arguments, reset_level, trace_format
from .design import ClockChoice, design_of
from .plan import BuildPlan, TraceFormat

__all__ = ["BuildKeywords", "ModelBuild", "PlannedModel", "ResetLevel", "Source"]

Source = Elaboratable | str | Path | Sequence[str | Path]
ResetLevel = Literal["high", "low"]


class BuildKeywords(TypedDict, total=False):
    """Members of `ModelBuild` besides the design, as keywords."""

    top: str | None
    ports: Sequence[Any] | None
    clock: ClockChoice
    reset: str
    reset_active: ResetLevel | None
    trace: TraceFormat | str | None
    public: Sequence[str]
    savable: bool
    include_dirs: Sequence[str | Path]
    defines: Mapping[str, str | int | None] | None
    parameters: Mapping[str, int | float | str] | None
    libraries: Sequence[str | Path]
    plus_arguments: Sequence[str]
    extensions: Sequence[str | Path]
    control: str
    strict: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedModel:
    """What a model is made from.

    Members
    -------
    plan : of the compiled library. reset, reset_active : name of the reset, and its level.
    plus_arguments : what the design finds.
    """

    plan: BuildPlan
    reset: str
    reset_active: ResetLevel
    plus_arguments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModelBuild:
    """A design and how it is built.

    Members
    -------
    design : an Amaranth component or other `Elaboratable`, Verilog text, the `Path` of a Verilog
        file or folder, or a list of files and folders.
    top : name of the top module; required for Verilog, ``top`` for Amaranth by default.
    ports : for an `Elaboratable` without signature, the signals that become ports; for Verilog the
        ports, which are then not read from it.
    clock : name of the clock, a `Clock`, several of them with the one first whose cycles `step`
        counts, or None for a design without a clock.
    reset, reset_active : name of the reset, and the level at which it resets, high by default.
    trace : waveform format that the model can write, or None for the fastest model.
    public : paths of signals to keep visible in `signals`, with wildcards, as ``u_fifo.*``.
    savable : whether `save` and `restore` work; delays in the design are then ignored.
    include_dirs, defines, parameters, libraries : how to read Verilog: folders of files to include,
        macros, the top module's parameters, and folders or files of further modules.
    plus_arguments : what ``$test$plusargs`` and ``$value$plusargs`` find, as ``+seed=1``.
    extensions : native sources to compile beside the model: names of this package's, paths of
        others.
    control : text of a Verilator control file, read before the design.
    strict : whether a warning of Verilator stops the build; by default in Amaranth's Verilog, whose
        warnings of lint are left out. Others are kept in `VerilatedModel.warnings`.
    """

    design: Source
    top: str | None = None
    ports: Sequence[Any] | None = None
    clock: ClockChoice = "clk"
    reset: str = "rst"
    reset_active: ResetLevel | None = None
    trace: TraceFormat | str | None = None
    public: Sequence[str] = ()
    savable: bool = False
    include_dirs: Sequence[str | Path] = ()
    defines: Mapping[str, str | int | None] | None = None
    parameters: Mapping[str, int | float | str] | None = None
    libraries: Sequence[str | Path] = ()
    plus_arguments: Sequence[str] = ()
    extensions: Sequence[str | Path] = ()
    control: str = ""
    strict: bool | None = None

    def planned(self) -> PlannedModel:
        """Read the design and return what a model is made from.

        Raises
        ------
        AlpineError
            A tool is missing or rejects the design, or a name is unknown.
        """
        reading = {
            "include_dirs": self.include_dirs,
            "defines": self.defines,
            "parameters": self.parameters,
            "libraries": self.libraries,
        }
        found = design_of(
            self.design, top=self.top, ports=self.ports, public=self.public, reading=reading
        )
        plan = found.plan(
            found.clocks(self.clock),
            trace=trace_format(self.trace),
            savable=self.savable,
            extensions=tuple(self.extensions),
            control=self.control,
            own=found.own if self.strict is None else self.strict,
        )
        return PlannedModel(
            plan=plan,
            reset=found.reset(self.reset),
            reset_active=reset_level(self.reset, self.reset_active, found.ports),
            plus_arguments=checked_plus_arguments(self.plus_arguments),
        )
