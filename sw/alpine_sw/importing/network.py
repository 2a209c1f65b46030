# SPDX-License-Identifier: Apache-2.0
"""A network as a model file has it, which runs in floating point."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from alpine_models.errors import AlpineError

from .operators.operator import Array, OnnxOperator, UnsupportedError

__all__ = ["FAILURES", "FloatNetwork", "FloatNode", "InputType", "WeightCodes"]

FAILURES = (
    UnsupportedError,
    ValueError,
    IndexError,
    TypeError,
    AttributeError,
    KeyError,
    ArithmeticError,
    MemoryError,
)
"""What an operator raises whose operands do not fit each other; a model may ask for anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InputType:
    """What an input takes.

    Members
    -------
    dtype : element type.
    shape : sizes of the axes; a text, the axis's name, where any size fits. None is any shape.
    """

    dtype: np.dtype
    shape: tuple[int | str, ...] | None

    def __str__(self) -> str:
        shape = "any shape" if self.shape is None else f"[{', '.join(map(str, self.shape))}]"
        return f"{self.dtype} {shape}"

    def fits(self, shape: Sequence[int]) -> bool:
        """Return whether an array of a shape fits."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            isinstance(wanted, str) or wanted == size
            for wanted, size in zip(self.shape, shape, strict=True)
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WeightCodes:
    """Weights that the model has as int8 codes.

    Members
    -------
    codes : int8.
    scales : value per code, one or one per element of an axis.
    axis : that axis.
    """

    codes: Array
    scales: Array
    axis: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FloatNode:
    """An operator in its place.

    Members
    -------
    name : of the node.
    operator : what it computes.
    operands : names of the tensors that it reads; empty for one that it leaves out.
    outputs : names of its results; empty for one that nothing reads.
    """

    name: str
    operator: OnnxOperator
    operands: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The operator's ONNX name."""
        return self.operator.kind()

    def evaluate(self, values: Mapping[str, Array]) -> dict[str, Array]:
        """Return the results by name.

        Raises
        ------
        AlpineError
            The operands do not fit the operator.
        """
        operands = [values[name] if name else None for name in self.operands]
        try:
            with np.errstate(all="ignore"):
                results = self.operator.evaluate(*operands)
        except FAILURES as error:
            shown = ", ".join(
                "none" if each is None else f"{each.dtype} {list(each.shape)}" for each in operands
            )
            text = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
            raise AlpineError(
                f"node {self.name} ({self.kind}) cannot be computed from {shown}: {text}"
            ) from None
        pairs = zip(self.outputs, results, strict=False)
        return {name: np.asarray(result) for name, result in pairs if name}


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNetwork:
    """Nodes and constants of a model file, checked.

    Members
    -------
    name : of the network.
    inputs : what every input takes, by name.
    constants : weights and other values that are the same in every inference, by name.
    nodes : in an order in which every node stands behind those that it reads.
    outputs : names of the results.
    codes : constants that the model has as codes, by name.
    """

    name: str
    inputs: Mapping[str, InputType]
    constants: Mapping[str, Array]
    nodes: tuple[FloatNode, ...]
    outputs: tuple[str, ...]
    codes: Mapping[str, WeightCodes] = field(default_factory=dict[str, WeightCodes])

    @cached_property
    def _last_reader(self) -> Mapping[str, int]:
        return {
            name: place for place, node in enumerate(self.nodes) for name in node.operands if name
        }

    def run_float(
        self,
        inputs: Mapping[str, Array],
        *,
        observe: Callable[[str, Array], None] = lambda name, values: None,
    ) -> dict[str, Array]:
        """Return every output by name, computed in floating point as the model says.

        Parameters
        ----------
        inputs : every input by name.
        observe : told name and values of every tensor as it is computed, inputs included.

        Raises
        ------
        AlpineError
            An input is missing, unknown, or of another type or shape; or a node's operands do not
            fit each other.
        """
        values = {**self.constants, **self.checked(inputs)}
        for name in self.inputs:
            observe(name, values[name])
        kept = {*self.constants, *self.outputs}
        for place, node in enumerate(self.nodes):
            for name, result in node.evaluate(values).items():
                values[name] = result
                observe(name, result)
            for name in {*node.operands} - kept:
                if name and self._last_reader[name] == place:
                    del values[name]
        return {name: np.asarray(values[name], order="C") for name in self.outputs}

    def checked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return inputs as arrays of the types that the network takes.

        Raises
        ------
        AlpineError
            One is missing, unknown, or of another type or shape.
        """
        if set(inputs) != set(self.inputs):
            raise AlpineError(
                f"network {self.name} reads {', '.join(self.inputs) or 'nothing'}, but given is "
                f"{', '.join(inputs) or 'nothing'}"
            )
        found: dict[str, Array] = {}
        for name, kind in self.inputs.items():
            values = np.asarray(inputs[name])
            if not np.can_cast(values.dtype, kind.dtype, "same_kind") or not kind.fits(
                values.shape
            ):
                raise AlpineError(
                    f"input {name} of network {self.name} is {values.dtype} {list(values.shape)}, "
                    f"but expected is {kind}"
                )
            found[name] = values.astype(kind.dtype, copy=False)
        return found

    def readers(self, name: str) -> tuple[FloatNode, ...]:
        """Return the nodes that read a tensor, in order."""
        return tuple(node for node in self.nodes if name in node.operands)

    def __str__(self) -> str:
        lines = [f"network {self.name}"]
        lines += [f"  input {name}: {kind}" for name, kind in self.inputs.items()]
        for node in self.nodes:
            operands = ", ".join(
                f"{name} {list(self.constants[name].shape)}" if name in self.constants else name
                for name in node.operands
            )
            lines.append(f"  {', '.join(node.outputs)} = {node.kind}({operands})")
        lines.append(f"  output {', '.join(self.outputs)}")
        return "\n".join(lines)
