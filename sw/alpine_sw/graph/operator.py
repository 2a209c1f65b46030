# SPDX-License-Identifier: Apache-2.0
"""What a node of a graph does: the interface of operators."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

from .tensors import Array, Codes, ElementType, TensorType

__all__ = [
    "Evaluator",
    "MatrixOperator",
    "OperandError",
    "Operator",
    "Product",
    "RecurrentMatrix",
    "RecurrentOperator",
    "Step",
    "adc_steps_of",
    "check_element",
    "read_only",
]

Evaluator = Callable[..., Array]
"""Given every operand of n inferences, [n, *shape], returns their results, [n, *shape]."""

Product = Callable[[Codes], Array]
"""Given input vectors [m, inputs], returns what a matrix makes of them, [m, outputs]."""

Step = Callable[[Any, Array], tuple[Any, Array]]
"""Given the state of n sequences and the operand of one inference of each, returns the state after
it and the results."""


class OperandError(Exception):
    """An operand is not of the type that its operator takes.

    Parameters
    ----------
    position : of the operand, from 0.
    expected : what it takes, in words.
    """

    def __init__(self, position: int, expected: str):
        super().__init__(position, expected)
        self.position, self.expected = position, expected


class Operator(ABC):
    """A function of tensors; its members are what it needs besides them, weights included.

    A subclass is a frozen dataclass.
    """

    operand_count: ClassVar[int | None] = 1
    """How many tensors it takes; None is one or more."""

    @property
    def kind(self) -> str:
        """Name of the operator, in words."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(self).__name__).lower()

    @abstractmethod
    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the result.

        Raises
        ------
        OperandError
            An operand has another type than the operator takes.
        """

    @abstractmethod
    def evaluate(self, *values: Array) -> Array:
        """Return the results [n, *shape] of every operand [n, *shape] of n inferences.

        The operands are of types that `infer` accepts.
        """

    def macs(self, *operands: TensorType) -> int:
        """Multiply-accumulate operations per inference."""
        return 0


class MatrixOperator(Operator):
    """An operator that multiplies vectors of codes with one matrix of codes, as a tile does."""

    @property
    @abstractmethod
    def matrix(self) -> NDArray[np.int8] | None:
        """Weights [outputs, inputs]; None where there is no one matrix of codes."""

    @property
    @abstractmethod
    def weight_count(self) -> int:
        """Number of weights."""

    @property
    def steps(self) -> NDArray[np.float32] | None:
        """Sums per code [outputs], where the operator itself makes codes of the sums."""
        return None

    @property
    @abstractmethod
    def width(self) -> int:
        """Elements of an input vector."""

    @abstractmethod
    def vectors(self, *operands: TensorType) -> int:
        """Input vectors that are multiplied per inference."""

    def evaluate(self, *values: Array) -> Array:
        """Return the results [n, *shape] of n inferences."""
        return self.evaluator()(*values)

    @abstractmethod
    def evaluator(self, product: Product | None = None) -> Evaluator:
        """Return the function that computes the operator, weights prepared for many calls.

        Parameters
        ----------
        product : in place of the exact product with the matrix; its codes are then the results
            where the operator gives sums.
        """


class RecurrentMatrix(MatrixOperator):
    """A matrix operator whose outputs are the gates of recurrent units, with an ADC step each.

    Members
    -------
    weights : int8 [gates * hidden, hidden + inputs], inputs [h, x].
    lsb : float32 [gates * hidden], dot product per ADC step.
    """

    weights: NDArray[np.int8]
    lsb: NDArray[np.float32]

    @property
    def matrix(self) -> NDArray[np.int8]:
        """The weights of all gates."""
        return self.weights

    @property
    def weight_count(self) -> int:
        """Number of weights."""
        return self.weights.size

    @property
    def width(self) -> int:
        """Elements of [h, x]."""
        return self.weights.shape[1]

    @property
    def steps(self) -> NDArray[np.float32]:
        """The ADC steps of all gates."""
        return self.lsb


class RecurrentOperator(MatrixOperator):
    """An operator that carries a state from one inference of a sequence to the next."""

    @abstractmethod
    def initial_state(self, sequences: int) -> Any:
        """Return the state before the first inference of independent sequences."""

    @abstractmethod
    def stepper(self, product: Product | None = None) -> Step:
        """Return the function that computes one inference of every sequence.

        Parameters
        ----------
        product : in place of the exact product and its conversion to codes.
        """

    def evaluator(self, product: Product | None = None) -> Evaluator:
        """Return the function that computes one whole sequence from the initial state."""
        step = self.stepper(product)

        def sequence(values: Array) -> Array:
            state, results = self.initial_state(1), list[Array]()
            for number in range(len(values)):
                state, result = step(state, values[number : number + 1])
                results.append(result)
            return np.concatenate(results)

        return sequence


def read_only(values: Array) -> Array:
    """Return a view of an array through which nothing is written."""
    view = values.view()
    view.flags.writeable = False
    return view


def adc_steps_of(values: Any, *, name: str) -> NDArray[np.float32]:
    """Return sums per code, checked.

    Raises
    ------
    AlpineError
        They are not float32 of at most one dimension, or not all positive and finite.
    """
    steps = np.asarray(values)
    if steps.dtype != np.float32 or steps.ndim > 1:
        raise AlpineError(
            f"{name} are {steps.dtype} {list(steps.shape)}, but expected is one float32 or "
            "float32 [outputs]"
        )
    if not np.all(np.isfinite(steps) & (steps > 0)):
        raise AlpineError(f"{name} must be positive and finite everywhere")
    return read_only(steps)


def check_element(position: int, operand: TensorType, *elements: ElementType) -> None:
    """Refuse an operand whose elements are of none of these types.

    Raises
    ------
    OperandError
        They are of another one.
    """
    if operand.element not in elements:
        raise OperandError(position, f"{' or '.join(elements)} elements")
