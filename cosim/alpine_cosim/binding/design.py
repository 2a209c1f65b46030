# SPDX-License-Identifier: Apache-2.0
"""From what a person gives to be built to a plan of the build."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from amaranth.hdl import Elaboratable
from amaranth.lib import wiring

from alpine_models.children import scratch_folder
from alpine_models.errors import AlpineError
from alpine_rtl.emission import Emission, emission

from .clocks import Clock, chosen_clocks
from .elaboration import Elaboration, elaborate
from .plan import BuildPlan
from .ports import Port, PortDirection, emitted_ports, with_shapes
from .sources import Sources

__all__ = ["Design", "design_of"]

ClockChoice = str | Clock | Sequence[str | Clock] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """A design that was read.

    Members
    -------
    sources : its Verilog. top : name of its top module. own : whether Amaranth wrote it.
    ports : of the top module.
    elaboration : what Verilator said of it, or None where nothing had to be asked.
    emission : what Amaranth said of it, or None.
    """

    sources: Sources
    top: str
    own: bool
    ports: tuple[Port, ...]
    elaboration: Elaboration | None
    emission: Emission | None

    def clocks(self, choice: ClockChoice) -> tuple[Clock, ...]:
        """Return the clocks that were chosen; ``clk`` is the clock of Amaranth's ``sync``."""
        if choice is None:
            return ()
        given = [choice] if isinstance(choice, str | Clock) else list(choice)
        return chosen_clocks([self._clock(each) for each in given], self.ports)

    def reset(self, name: str) -> str:
        """Return the name of the reset's port; ``rst`` is the reset of Amaranth's ``sync``."""
        for domain in self.emission.domains if self.emission else ():
            if domain.name == "sync" and name == "rst" and domain.reset:
                return domain.reset
        return name

    def plan(self, clocks: tuple[Clock, ...], **options: Any) -> BuildPlan:
        """Return the plan of a build; ``options`` are further members of `BuildPlan`."""
        found = self.elaboration
        return BuildPlan(
            sources=self.sources,
            files=found.files if found else (),
            top=self.top,
            ports=self.ports,
            clocks=clocks,
            signals=found.signals if found else (),
            **options,
        )

    def _clock(self, choice: str | Clock) -> str | Clock:
        for domain in self.emission.domains if self.emission else ():
            edge = "rising" if domain.rising else "falling"
            if isinstance(choice, str) and choice in (domain.clock, f"{domain.name}_clk"):
                return Clock(name=domain.clock, edge=edge)
            if choice == "clk" and domain.name == "sync":
                return Clock(name=domain.clock, edge=edge)
        return choice


def design_of(
    design: Elaboratable | str | Path | Sequence[str | Path],
    *,
    top: str | None,
    ports: Sequence[Any] | None,
    public: Sequence[str],
    reading: Mapping[str, Any],
) -> Design:
    """Read a design.

    Parameters
    ----------
    design, top, ports, public : see `model_build.ModelBuild`.
    reading : arguments of `Sources.of`.

    Raises
    ------
    AlpineError
        Something is missing, or Verilator rejects the design.
    """
    if isinstance(design, Elaboratable):
        return _amaranth(design, top=top or "top", signals=ports, public=public)
    if hasattr(design, "elaborate"):
        raise AlpineError(f"{design!r} is no Amaranth Elaboratable: derive its class from it")
    anything: Any = design
    if not isinstance(anything, str | Path | list | tuple):
        raise AlpineError(
            f"{design!r} is no design: pass an Amaranth component, Verilog text, a Path or a list"
        )
    if top is None:
        raise AlpineError("a Verilog design needs the name of its top module: pass top=...")
    if public and isinstance(public, str):
        raise AlpineError(f"public={public!r} is a text: pass a list of patterns")
    sources = Sources.of(design, **reading)
    given = _checked_ports(ports)
    # A text that includes nothing, with its ports, has nothing that Verilator would have to tell.
    alone = sources.text is not None and "`include" not in sources.text and not sources.libraries
    found = None if given and alone and not public else _elaborated(sources, top, public)
    return Design(
        sources=sources,
        top=top,
        own=False,
        ports=given or (found.ports if found else ()),
        elaboration=found,
        emission=None,
    )


def _amaranth(
    design: Elaboratable, *, top: str, signals: Sequence[Any] | None, public: Sequence[str]
) -> Design:
    component = _has_signature(design)
    if not component and signals is None:
        raise AlpineError(
            f"{type(design).__name__} has no signature: pass ports=[...], the signals that become "
            f"ports"
        )
    made = emission(design, name=top, signals=None if component else signals)
    sources = Sources.of(made.text)
    ports = tuple(emitted_ports(design, made)) if component else ()
    found = None
    if public or not component:
        found = replace(_elaborated(sources, top, public), files=())
        ports = ports or tuple(with_shapes(found.ports, dict(made.shapes)))
    return Design(sources=sources, top=top, own=True, ports=ports, elaboration=found, emission=made)


def _has_signature(design: Elaboratable) -> bool:
    return isinstance(design, wiring.Component)


def _elaborated(sources: Sources, top: str, public: Sequence[str]) -> Elaboration:
    with scratch_folder("ports") as directory:
        written = sources.write_text(directory, top)
        found = elaborate(written, top=top, public=public, directory=directory)
    # What was written only to be read is part of the sources themselves.
    files = tuple(file for file in found.files if not file.is_relative_to(directory))
    return replace(found, files=files)


def _checked_ports(ports: Sequence[Any] | None) -> tuple[Port, ...]:
    given = tuple(ports or ())
    for port in given:
        if not isinstance(port, Port):
            raise AlpineError(f"ports=[...] takes Port objects for Verilog, not {port!r}")
        for end in ("__out", "__en") if port.direction is PortDirection.INOUT else ():
            if port.name + end in {other.name for other in given}:
                raise AlpineError(f"port {port.name}{end} has the name of a part of {port.name}")
    return given
