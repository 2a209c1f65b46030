# SPDX-License-Identifier: Apache-2.0
"""From a circuit with properties to an answer: Amaranth, Yosys, an SMT solver."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from amaranth.hdl import Assert, Assume, Cover, Module, Value
from amaranth.lib.wiring import In

from alpine_models.children import scratch_folder
from alpine_models.files import write_text
from alpine_rtl.emission import rtlil_text
from alpine_rtl.open_tools import OpenTool, run_tool, run_yosys
from alpine_rtl.pins import ports_by_name
from alpine_rtl.typed import Component

__all__ = ["CheckOutcome", "Method", "Obligation", "Problem", "check", "compile_problem"]


class Method(Enum):
    """How a claim is checked."""

    INDUCTION = "induction"
    """In every reachable state: from reset for ``depth`` cycles, and from any ``depth`` cycles that
    satisfy the claim for one more."""
    BOUNDED = "bounded"
    """In the first ``depth`` cycles from reset."""
    ANYWHERE = "from any state"
    """By induction with nothing else assumed, so that the state before is any whatsoever."""
    COVER = "cover"
    """The situations can come about within ``depth`` cycles from reset."""


class Obligation(Component):
    """A circuit whose outputs are claims, as a solver wants it.

    Parameters
    ----------
    circuit : the design; its inputs become free ports.
    never : outputs of the circuit that must stay low.
    reachable : outputs that must be able to become high.
    assume_low : inputs or outputs that stay low.
    """

    def __init__(
        self,
        circuit: Component,
        *,
        never: Iterable[str] = (),
        reachable: Iterable[str] = (),
        assume_low: Iterable[str] = (),
    ):
        self._circuit = circuit
        self.never, self.reachable = tuple(never), tuple(reachable)
        self._assume_low = tuple(assume_low)
        inputs = {n: pin for n, pin in ports_by_name(circuit).items() if pin.is_input}
        self._inputs = {name: Value.cast(pin.value) for name, pin in inputs.items()}
        super().__init__({name: In(len(value)) for name, value in self._inputs.items()})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.circuit = circuit = self._circuit
        for name, value in self._inputs.items():
            m.d.comb += value.eq(getattr(self, name))
        for name in self._assume_low:
            m.d.comb += Assume(~_bit(getattr(circuit, name)), name)
        for name in self.never:
            m.d.comb += Assert(~_bit(getattr(circuit, name)), name)
        for name in self.reachable:
            m.d.comb += Cover(_bit(getattr(circuit, name)), name)
        return m


def _bit(value: Value) -> Value:
    return value.any()


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A compiled obligation: the transition relation that the solver gets."""

    smt2: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckOutcome:
    """What the solver found.

    Members
    -------
    holds : the claim is true, to the method's extent.
    refuted : claims seen to fail; for `Method.COVER` those never reached.
    log : the solver's output.
    """

    holds: bool
    refuted: tuple[str, ...]
    log: str


YOSYS_SCRIPT = """\
read_rtlil design.il
hierarchy -top top
proc
opt_clean
flatten
memory_nordff
async2sync
chformal -lower
opt -full
dffunmap
opt_clean
setundef -zero -undriven
write_smt2 -wires design.smt2
"""
"""Free signals are declared ports; anything else without a driver would be Yosys' to choose, so it
is tied down, where a proof fails visibly if it should have been free."""


def compile_problem(obligation: Obligation) -> Problem:
    """Turn an obligation into the solver's language.

    Raises
    ------
    AlpineError
        Yosys is not installed.
    """
    text = _with_names(rtlil_text(obligation, name="top"))
    with scratch_folder("formal") as directory:
        write_text(directory / "design.il", text)
        run_yosys(YOSYS_SCRIPT.splitlines(), directory=directory)
        smt2 = (directory / "design.smt2").read_text()
    return Problem(smt2=smt2, names=obligation.never + obligation.reachable)


def _with_names(text: str) -> str:
    """Call every check by its message, so that the solver's report can be read."""
    cell = re.compile(r"cell \$check (\S+)\n((?:\s*(?:parameter|connect).*\n)*)")

    def renamed(match: re.Match[str]) -> str:
        message = re.search(r'parameter \\FORMAT "(\w+)', match[2])
        return match[0].replace(match[1], f"\\claim.{message[1]}", 1) if message else match[0]

    return cell.sub(renamed, text)


def check(problem: Problem, *, method: Method, depth: int) -> CheckOutcome:
    """Ask the solver.

    Raises
    ------
    AlpineError
        A tool is not installed.
    """
    steps = {
        Method.INDUCTION: [["-t", str(depth)], ["-i", "-t", str(depth)]],
        Method.BOUNDED: [["-t", str(depth)]],
        Method.ANYWHERE: [["-t", str(depth)], ["-i", "-t", str(depth)]],
        Method.COVER: [["-c", "-t", str(depth)]],
    }[method]
    log = ""
    with scratch_folder("formal") as directory:
        write_text(directory / "design.smt2", problem.smt2)
        for options in steps:
            log += run_tool(
                OpenTool.SMTBMC,
                *options,
                "-s",
                "z3",
                "--noprogress",
                # Without incremental solving z3 takes its bit-blasting tactics, which are faster.
                "--unroll",
                "--noincr",
                "design.smt2",
                directory=directory,
                accept=(0, 1),
            )
            if not re.search(r"Status: passed", log.rsplit("Solver:", 1)[-1], re.IGNORECASE):
                return CheckOutcome(holds=False, refuted=_refuted(log, problem, method), log=log)
    return CheckOutcome(holds=True, refuted=(), log=log)


def _refuted(log: str, problem: Problem, method: Method) -> tuple[str, ...]:
    word = "Unreached cover statement" if method is Method.COVER else "Assert failed"
    lines = [line for line in log.splitlines() if word in line]
    return tuple(name for name in problem.names if any(re.search(rf"\b{name}\b", x) for x in lines))
