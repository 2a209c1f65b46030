# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""What the harnesses of the cluster's blocks have in common: the block, and outputs that judge."""

from collections.abc import Mapping
from typing import Any, ClassVar

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_rtl.formal.state import elaborate_with_registers
from alpine_rtl.typed import AnyShape, Component

__all__ = ["BlockHarness", "was"]


class BlockHarness(Component):
    """A block with properties, situations and invariants as outputs.

    Parameters
    ----------
    design : the block, or another one with the same ports and registers: a planted fault.
    inputs : shape of every input that the solver chooses freely in every cycle.

    Members
    -------
    <input> : In
        See ``inputs``.
    violated_<property>, seen_<situation>, broken_<invariant> : Out(1)
        One for each of the class's names.
    """

    properties: ClassVar[Mapping[str, str]] = {}
    situations: ClassVar[tuple[str, ...]] = ()
    invariants: ClassVar[tuple[str, ...]] = ("state",)

    def __init__(self, design: Any, inputs: Mapping[str, AnyShape]):
        self.design = design
        self._fragment, self.registers = elaborate_with_registers(design)
        outputs = [
            *(f"violated_{name}" for name in self.properties),
            *(f"seen_{name}" for name in self.situations),
            *(f"broken_{name}" for name in self.invariants),
        ]
        super().__init__(
            {
                **{name: In(shape) for name, shape in inputs.items()},
                **{name: Out(1) for name in outputs},
            }
        )

    def free(self, name: str) -> Signal:
        """Return an input that the solver chooses."""
        return getattr(self, name)

    def begin(self) -> Module:
        """Return a module that holds the block."""
        m = Module()
        m.submodules.design = self._fragment
        return m

    def judge(self, m: Module, **values: Value) -> None:
        """Drive outputs, named without their first word where that is ``violated_``."""
        for name, value in values.items():
            output = name if name.startswith(("seen_", "broken_")) else f"violated_{name}"
            m.d.comb += getattr(self, output).eq(value)


def was(m: Module, value: Value, *, name: str) -> Signal:
    """Return a value of one bit as it was in the cycle before; 0 after reset."""
    before = Signal(name=name)
    m.d.sync += before.eq(value)
    return before
