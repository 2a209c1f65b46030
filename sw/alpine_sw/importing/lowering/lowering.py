# SPDX-License-Identifier: Apache-2.0
"""A graph of codes in the making, and what the rules of all operators share."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX
from alpine_sw.graph import (
    Constant,
    Dequantise,
    GraphBuilder,
    Operator,
    Requantise,
    Rescale,
    Reshape,
    Select,
    TensorType,
    Transpose,
    float32,
    int8,
)

from ..calibration import Observations, RangeMethod, range_of
from ..network import FloatNetwork, FloatNode
from ..operators.operator import Array, UnsupportedError
from .values import Lowered

__all__ = ["SMALLEST_SCALE", "Lowering", "lowered_error"]

SMALLEST_SCALE = 1e-30
"""Of a tensor that is zero on all samples."""


class Lowering:
    """A network's graph, node by node.

    Parameters
    ----------
    network : in floating point.
    calibration : what its tensors hold.
    method : how ranges follow from that.
    coded_inputs : inputs that are given as codes; the others are given as real values.
    """

    def __init__(
        self,
        network: FloatNetwork,
        calibration: Observations,
        method: RangeMethod,
        *,
        coded_inputs: frozenset[str],
    ):
        self.network, self.calibration, self.method = network, calibration, method
        self.constants = dict(calibration.constants)
        self.shapes = calibration.shapes
        self.own_scales = _own_scales(network)
        """Scales that the model has for tensors."""
        self._values: dict[str, Lowered] = {}
        self._other: dict[tuple[str, float | None], Lowered] = {}
        self._scales: dict[str, float] = {}
        self._names: set[str] = set(network.inputs)
        self.inputs: dict[str, Lowered] = {}
        types: dict[str, TensorType] = {}
        for name in network.inputs:
            if 0 in self.shapes[name]:
                raise AlpineError(f"input {name} of network {network.name} is empty: give elements")
            value = self.plain(name, self.shapes[name], None)
            if name in coded_inputs:
                value = replace(self.image_first(value), scale=self.scale_of(name))
            types[name] = (float32 if value.scale is None else int8)(*value.sizes)
            self.inputs[name] = self._values[name] = value
        self.net = GraphBuilder(network.name, types)

    # Names and nodes

    def unique(self, name: str) -> str:
        """Return a name that no node has yet."""
        found, number = name, 2
        while found in self._names:
            found, number = f"{name} {number}", number + 1
        self._names.add(found)
        return found

    def add(self, name: str, operator: Operator, *operands: str) -> str:
        """Add a node to the graph under a name of its own; return its result."""
        return self.net.add(self.unique(name), operator, *operands)

    # Tensors

    @staticmethod
    def plain(name: str, shape: tuple[int, ...], scale: float | None) -> Lowered:
        """Return a tensor with all axes of more than one element in order, one at least."""
        axes = tuple(axis for axis, size in enumerate(shape) if size > 1)
        return Lowered(name=name, axes=axes or (None,), shape=shape, scale=scale)

    @staticmethod
    def image_first(value: Lowered) -> Lowered:
        """Return an input of four axes as an image [rows, columns, channels]."""
        return (
            replace(value, axes=(2, 3, 1))
            if len(value.shape) == 4 and (value.shape[0] == 1)
            else value
        )

    def constant(self, name: str) -> Array | None:
        """Return the values of a tensor that is the same in every inference, or None."""
        return self.constants.get(name) if name else None

    def needed(self, node: FloatNode, position: int) -> Array:
        """Return an operand that must be the same in every inference.

        Raises
        ------
        UnsupportedError
            It is not.
        """
        found = self.constant(node.operands[position])
        if found is None:
            raise UnsupportedError(f"operand {position + 1} must be a constant")
        return found

    def optional(self, node: FloatNode, position: int) -> Array | None:
        """Return an operand that is left out or the same in every inference.

        Raises
        ------
        UnsupportedError
            It is neither.
        """
        there = position < len(node.operands) and node.operands[position]
        return self.needed(node, position) if there else None

    def value(self, name: str) -> Lowered:
        """Return a tensor in whichever form the graph has it; constants become real values."""
        if name not in self._values:
            values = self.constants[name]
            if not values.size:
                raise UnsupportedError(f"tensor {name} is empty")
            shape = values.shape
            like = self.plain(name, shape, None)
            node = self.add(name, Constant(values=like.constant(values).astype(np.float32)))
            self._values[name] = replace(like, name=node)
        return self._values[name]

    def set(self, name: str, value: Lowered) -> None:
        """Say what stands for a tensor of the model."""
        self._values[name] = value

    def known(self, name: str) -> Lowered | None:
        """Return what stands for a tensor, or None."""
        return self._values.get(name)

    def tensors(self) -> dict[str, Lowered]:
        """Return what stands for every tensor of the model that the graph has."""
        return dict(self._values)

    def real(self, name: str) -> Lowered:
        """Return a tensor as real values."""
        return self.as_real(self.value(name))

    def as_real(self, value: Lowered) -> Lowered:
        """Return a value of the graph as real values."""
        if value.scale is None:
            return value
        key = (value.name, None)
        if key not in self._other:
            node = self.add(f"{value.name} values", Dequantise(scale=value.scale), value.name)
            self._other[key] = value.named(node, scale=None)
        return replace(value, name=self._other[key].name, scale=None)

    def codes(self, name: str, scale: float | None = None) -> Lowered:
        """Return a tensor as codes, under any scale or a given one."""
        value = self.value(name)
        if value.scale is not None and scale in (None, value.scale):
            return value
        wanted = self.scale_of(name) if scale is None else scale
        key = (value.name, wanted)
        if key not in self._other:
            if value.scale is None:
                operator: Operator = Requantise(lsb=np.asarray(wanted, np.float32))
            else:
                factor = np.float32(value.scale / wanted)
                operator = Rescale(factor=np.asarray(factor), addend=np.zeros((), np.float32))
            node = self.add(f"{value.name} codes", operator, value.name)
            self._other[key] = value.named(node, scale=wanted)
        return replace(value, name=self._other[key].name, scale=wanted)

    # Scales

    def scale_of(self, name: str) -> float:
        """Return the value per code of a tensor.

        Behind a ReLU or a clip only what that leaves counts.
        """
        name = self._followed(name)
        if name in self.own_scales:
            return self.own_scales[name]
        if name not in self._scales:
            seen = self.calibration.tensors.get(name)
            if seen is None:
                raise UnsupportedError(f"tensor {name} holds no real values")
            top = range_of(seen.kept, seen.largest, self.method)
            self._scales[name] = max(top / CODE_MAX, SMALLEST_SCALE)
        return self._scales[name]

    def _followed(self, name: str) -> str:
        while name not in self.own_scales and name not in self.network.outputs:
            readers = self.network.readers(name)
            kinds = ("Relu", "Clip", "Identity", "Dropout")
            if len(readers) != 1 or readers[0].kind not in kinds:
                break
            name = readers[0].outputs[0]
        return name

    # Axes

    def resolved(self, value: Lowered) -> Lowered:
        """Return a tensor whose elements are in the model's order."""
        if value.order is None:
            return value
        back = tuple(int(place) for place in np.argsort(value.order))
        node = self.add(f"{value.name} in order", Select(indices=back, axis=0), value.name)
        return replace(value, name=node, order=None)

    def arranged(self, value: Lowered, axes: Sequence[int | None]) -> Lowered:
        """Return a tensor with axes of the model in a given order.

        Those of more than one element are all among them.
        """
        axes = tuple(axes)
        if value.axes == axes:
            return value
        value = self.resolved(value)
        target = replace(value, axes=axes)
        if set(target.long_axes) != set(value.long_axes):
            raise UnsupportedError(f"a tensor {list(value.shape)} has axes that it may not have")
        if target.long_axes != value.long_axes:
            value = self._reshaped(value, value.long_axes)
            order = tuple(value.axes.index(axis) for axis in target.long_axes)
            node = self.add(f"{value.name} transposed", Transpose(axes=order), value.name)
            value = replace(value, name=node, axes=target.long_axes)
        return self._reshaped(value, axes)

    def _reshaped(self, value: Lowered, axes: tuple[int | None, ...]) -> Lowered:
        target = replace(value, axes=axes)
        if target.sizes == value.sizes:
            return target
        node = self.add(f"{value.name} reshaped", Reshape(shape=target.sizes), value.name)
        return replace(target, name=node)

    def natural(self, value: Lowered) -> Lowered:
        """Return a tensor with its axes of more than one element in the model's order."""
        return self.arranged(value, self.plain("", value.shape, None).axes)

    def image(self, value: Lowered) -> Lowered:
        """Return a tensor as an image [rows, columns, channels].

        It is [1, channels, rows, columns], or sequences [rows, channels, columns], one in a row.

        Raises
        ------
        UnsupportedError
            It has another number of axes.
        """
        shape = value.shape
        if len(shape) not in (3, 4) or (len(shape) == 4 and shape[0] != 1):
            raise UnsupportedError(
                "an image is [1, channels, rows, columns] or [rows, channels, columns], not "
                f"{list(shape)}"
            )
        return self.arranged(value, (2, 3, 1) if len(shape) == 4 else (0, 2, 1))


def _own_scales(network: FloatNetwork) -> dict[str, float]:
    """Value per code of tensors that the model turns into int8 codes itself, zero point 0."""
    found: dict[str, float] = {}
    for node in network.nodes:
        if node.kind == "QuantizeLinear" and len(node.operands) == 3:
            scale, zero = (network.constants.get(name) for name in node.operands[1:])
            if scale is None or zero is None or zero.dtype != np.int8 or zero.any():
                continue
            if scale.size == 1 and float(scale.reshape(-1)[0]) > 0:
                found[node.operands[0]] = float(scale.reshape(-1)[0])
    return found


def lowered_error(network: FloatNetwork, node: FloatNode, error: Exception) -> AlpineError:
    """Return the error of a node that has no form in codes."""
    return AlpineError(
        f"node {node.name} ({node.kind}) of network {network.name} cannot be quantised: {error}"
    )
