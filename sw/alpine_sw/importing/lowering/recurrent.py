# SPDX-License-Identifier: Apache-2.0
"""Rules of recurrent layers: one product per step, all steps of a sequence in one inference."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from alpine_models.tile import CODE_MAX
from alpine_sw.graph import Concatenate, GruLayer, LstmLayer, Reshape, Select, Slice
from alpine_sw.graph.lstm import STATE_SCALE
from alpine_sw.quantisation.quantise import quantise_weights

from ..calibration import column_key, range_of
from ..gates import gate_matrix
from ..network import FloatNode
from ..operators.operator import UnsupportedError
from ..operators.recurrent import OnnxGRU, OnnxLSTM, Recurrent
from .lowering import SMALLEST_SCALE, Lowering
from .values import Lowered

__all__ = ["RULES"]


def _layer(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(Recurrent, node.operator)
    if isinstance(operator, OnnxGRU) and not operator.linear_before_reset:
        raise UnsupportedError("linear_before_reset 0 needs two products in a row; export with 1")
    value = lowering.codes(node.operands[0])
    steps, batch = (1, 0) if operator.layout else (0, 1)
    if value.shape[batch] != 1:
        raise UnsupportedError("only one sequence per inference becomes codes")
    x = lowering.arranged(value, (steps, 2))
    parts = [_direction(lowering, node, x, number) for number in range(operator.directions)]
    _set_results(lowering, node, parts, (value.shape[steps], len(parts)))


def _direction(lowering: Lowering, node: FloatNode, x: Lowered, direction: int) -> str:
    """Add one direction; return its tensor int8 [steps, hidden], in the order of x."""
    operator = cast(Recurrent, node.operator)
    w, r = lowering.needed(node, 1)[direction], lowering.needed(node, 2)[direction]
    biases = lowering.optional(node, 3)
    matrix = gate_matrix(node, w, r, None if biases is None else biases[direction])
    # One column has one scale: weights of h and x are those of their codes.
    codes, scales = quantise_weights(
        np.concatenate([matrix.from_h / STATE_SCALE, matrix.from_x * cast(float, x.scale)], axis=1)
    )
    columns = lowering.calibration.columns[column_key(node.outputs[0], direction)]
    tops = [range_of(c, float(np.abs(c).max()), lowering.method) for c in columns.T]
    steps = np.maximum(np.array(tops) / CODE_MAX, SMALLEST_SCALE)
    # A column without weights gives 0 whatever its step.
    steps = np.where(steps > SMALLEST_SCALE, steps, scales)
    kind = LstmLayer if isinstance(operator, OnnxLSTM) else GruLayer
    layer = kind(
        weights=codes,
        lsb=(steps / scales).astype(np.float32),
        factor=steps.astype(np.float32),
        bias=matrix.bias.astype(np.float32),
    )
    suffix = f" direction {direction + 1}" if operator.directions > 1 else ""
    source, length = x.name, x.sizes[0]
    backwards = Select(indices=tuple(reversed(range(length))), axis=0)
    turned = operator.reversed(direction) and length > 1
    if turned:
        source = lowering.add(f"{node.name}{suffix} reversed", backwards, source)
    states = _states(lowering, node, direction, layer)
    result = lowering.add(f"{node.name}{suffix}", layer, source, *states)
    return lowering.add(f"{node.name}{suffix} in order", backwards, result) if turned else result


def _states(
    lowering: Lowering, node: FloatNode, direction: int, layer: LstmLayer | GruLayer
) -> list[str]:
    """Tensors of the states before the first step, of one direction; none where all are zero."""
    operands = [*node.operands[5 : 5 + len(layer.state_types)]]
    constants = [lowering.constant(name) for name in operands]
    zero = [
        not name or (values is not None and not values.any())
        for name, values in zip(operands, constants, strict=True)
    ]
    if all(zero):
        return []
    if not all(operands) or len(operands) < len(layer.state_types):
        raise UnsupportedError("initial states are given all or none")
    operator = cast(Recurrent, node.operator)
    names: list[str] = []
    for place, name in enumerate(operands):
        value = lowering.codes(name, 1 / STATE_SCALE) if place == 0 else lowering.real(name)
        chosen = lowering.natural(value)
        if operator.directions > 1:
            axis = chosen.axes.index(1 if operator.layout else 0)
            part = Slice(start=direction, stop=direction + 1, axis=axis)
            picked = lowering.add(f"{chosen.name} direction {direction + 1}", part, chosen.name)
            names.append(lowering.add(picked, Reshape(), picked))
        else:
            names.append(chosen.name)
    return names


def _set_results(
    lowering: Lowering, node: FloatNode, parts: list[str], sizes: tuple[int, int]
) -> None:
    """Say where Y and Y_h are; Y_c has no tensor."""
    operator = cast(Recurrent, node.operator)
    length, directions = sizes
    scale = 1 / STATE_SCALE
    y, h, *c = (*node.outputs, "", "")[:3]
    if _wanted(lowering, c[0]):
        raise UnsupportedError("its result Y_c has no form in codes: leave it out of `outputs`")
    hidden = lowering.shapes[y][-1]
    axes = (1, 2, 3) if operator.layout else (0, 1, 3)
    if directions == 1:
        whole, layer_axes = parts[0], (axes[0], axes[2])
    else:
        apart = [
            lowering.add(f"{name} apart", Reshape(shape=(length, 1, hidden)), name)
            for name in parts
        ]
        whole, layer_axes = lowering.add(f"{node.name} both", Concatenate(axis=1), *apart), axes
    value = Lowered(name=whole, axes=layer_axes, shape=lowering.shapes[y], scale=scale)
    lowering.set(y, value)
    if _wanted(lowering, h):
        lasts = [
            _last(lowering, node, name, length, first=operator.reversed(number))
            for number, name in enumerate(parts)
        ]
        shape = lowering.shapes[h]
        direction_axis = 1 if operator.layout else 0
        if directions > 1:
            name = lowering.add(f"{node.name} last", Concatenate(axis=0), *lasts)
            found = Lowered(name=name, axes=(direction_axis, 2), shape=shape, scale=scale)
        else:
            found = Lowered(name=lasts[0], axes=(None, 2), shape=shape, scale=scale)
        lowering.set(h, replace(found))


def _wanted(lowering: Lowering, name: str) -> bool:
    """Whether a result is one of the network's, or read by a node."""
    return bool(name) and (name in lowering.network.outputs or bool(lowering.network.readers(name)))


def _last(lowering: Lowering, node: FloatNode, name: str, length: int, *, first: bool) -> str:
    """The state [1, hidden] after the last step, in the order in which it was computed."""
    if length == 1:
        return name
    place = 0 if first else length - 1
    return lowering.add(f"{name} last", Slice(start=place, stop=place + 1, axis=0), name)


RULES: dict[str, Callable[[Lowering, FloatNode], None]] = {"GRU": _layer, "LSTM": _layer}
