# SPDX-License-Identifier: Apache-2.0
"""From a model file to a network that runs in floating point."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from alpine_models.errors import AlpineError

from .library import onnx_package
from .model_file import first_line, read_model
from .network import FloatNetwork, FloatNode, InputType, WeightCodes
from .operators import OPERATORS, OnnxOperator, UnsupportedError
from .operators.operator import MAX_ELEMENTS, Array
from .operators.scales import OnnxDequantizeLinear

__all__ = ["ELEMENT_TYPES", "load_onnx"]

ELEMENT_TYPES = {
    name: np.dtype(name.lower() if name != "FLOAT" else "float32")
    for name in ("FLOAT", "FLOAT16", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32")
} | {
    "INT64": np.dtype("int64"),
    "UINT64": np.dtype("uint64"),
    "DOUBLE": np.dtype("float64"),
    "BOOL": np.dtype("bool"),
}
"""Element types that tensors may have, by ONNX name."""

FOLDED_ELEMENTS = 1 << 22
"""Most elements of all results that are computed when a model is read."""

COSTLY = ("Conv", "ConstantOfShape", "Expand", "GRU", "Gemm", "LSTM", "MatMul", "Resize", "Tile")
"""Operators whose work or results are not bounded by the size of their operands."""


def load_onnx(source: Any) -> FloatNetwork:
    """Return the network of a model.

    Parameters
    ----------
    source : path of an ONNX file, bytes of one, or an `onnx.ModelProto`.

    Raises
    ------
    AlpineError
        The model is damaged, too large, holds NaN, or has an operator, attribute or element type
        that is not supported; or the onnx package is not installed.
    """
    model = read_model(source)
    graph = model.graph
    name = Path(source).stem if isinstance(source, str | Path) else graph.name or "network"
    reader = _Reader(name)
    for tensor in graph.initializer:
        reader.add_constant(tensor.name, tensor)
    for value in graph.input:
        if value.name not in reader.constants:
            reader.add_input(value)
    for number, node in enumerate(graph.node):
        reader.add_node(number, node)
    return reader.network(tuple(value.name for value in graph.output))


class _Reader:
    """A network in the making."""

    def __init__(self, name: str):
        self.name = name
        self.inputs: dict[str, InputType] = {}
        self.constants: dict[str, Array] = {}
        self.codes: dict[str, WeightCodes] = {}
        self.nodes: list[FloatNode] = []
        self.known: set[str] = set()
        self._names: set[str] = set()
        self._folded = 0

    def add_constant(self, name: str, tensor: Any) -> None:
        self.constants[name] = _array(tensor, f"tensor {name!r} of network {self.name}")
        self.known.add(name)

    def add_input(self, value: Any) -> None:
        here = f"input {value.name!r} of network {self.name}"
        if value.type.WhichOneof("value") != "tensor_type":
            raise AlpineError(f"{here} is no tensor: sequences and maps are not supported")
        kind = value.type.tensor_type
        shape = None
        if kind.HasField("shape"):
            shape = tuple(
                dim.dim_value if dim.dim_value > 0 else dim.dim_param or "any"
                for dim in kind.shape.dim
            )
        code = _type_name(kind.elem_type)
        if code not in ELEMENT_TYPES:
            raise AlpineError(f"{here} holds {code}: supported are {', '.join(ELEMENT_TYPES)}")
        self.inputs[value.name] = InputType(dtype=ELEMENT_TYPES[code], shape=shape)
        self.known.add(value.name)

    def add_node(self, number: int, node: Any) -> None:
        label = node.name or f"{node.op_type} {number}"
        if label in self._names:
            label = f"{label} {number}"
        self._names.add(label)
        here = f"node {label} ({node.op_type}) of network {self.name}"
        operands, outputs = tuple(node.input), tuple(node.output)
        if node.op_type in ("LSTM", "GRU") and outputs and not outputs[0]:
            # All states follow from this result.
            outputs = (f"{label} Y", *outputs[1:])
        for operand in operands:
            if operand and operand not in self.known:
                raise AlpineError(f"{here} reads {operand!r}, which nothing before it makes")
        if not any(outputs):
            raise AlpineError(f"{here} has no result")
        self.known |= {*outputs} - {""}
        try:
            attributes = {each.name: _attribute(each, here) for each in node.attribute}
            if node.op_type == "Constant":
                self.constants[outputs[0]] = _constant(attributes)
                return
            operator = _operator(node.op_type, attributes, results=len(outputs))
        except UnsupportedError as error:
            raise AlpineError(f"{here}: {error}") from None
        found = FloatNode(name=label, operator=operator, operands=operands, outputs=outputs)
        if not self._fold(found):
            self.nodes.append(found)

    def _fold(self, node: FloatNode) -> bool:
        """Compute a node of constants alone, unless that takes long; return whether it did."""
        operands = [self.constants.get(name) for name in node.operands if name]
        if node.kind in COSTLY or any(operand is None for operand in operands):
            return False
        size = sum(operand.size for operand in operands if operand is not None)
        if self._folded + size > FOLDED_ELEMENTS:
            return False
        self._folded += size
        if node.kind == "DequantizeLinear" and self.constants[node.operands[0]].dtype == np.int8:
            self.codes |= _codes_of(node, self.constants)
        self.constants |= node.evaluate(self.constants)
        return True

    def network(self, outputs: tuple[str, ...]) -> FloatNetwork:
        for output in outputs:
            if output not in self.known:
                raise AlpineError(f"output {output!r} of network {self.name} is made by no node")
        if not outputs:
            raise AlpineError(f"network {self.name} has no output")
        return FloatNetwork(
            name=self.name,
            inputs=self.inputs,
            constants=self.constants,
            codes=self.codes,
            nodes=tuple(self.nodes),
            outputs=outputs,
        )


def _codes_of(node: FloatNode, constants: dict[str, Array]) -> dict[str, WeightCodes]:
    """Codes and scales of a constant that a model has as int8, zero point 0."""
    codes, scales = (constants[name] for name in node.operands[:2])
    third = "".join(node.operands[2:3])
    if third and constants[third].any():
        return {}
    axis = cast(OnnxDequantizeLinear, node.operator).axis
    return {node.outputs[0]: WeightCodes(codes=codes, scales=scales, axis=axis)}


def _type_name(number: int) -> str:
    """ONNX name of an element type; a damaged file may have any number."""
    names = onnx_package().TensorProto.DataType
    return names.Name(number) if number in names.values() else f"elements of type {number}"


def _array(tensor: Any, here: str) -> Array:
    onnx = onnx_package()
    code = _type_name(tensor.data_type)
    if code not in ELEMENT_TYPES:
        raise AlpineError(f"{here} holds {code}: supported are {', '.join(ELEMENT_TYPES)}")
    if min(tensor.dims, default=0) < 0 or math.prod(tensor.dims) > MAX_ELEMENTS:
        raise AlpineError(
            f"{here} has the shape {list(tensor.dims)[:8]}: at most {MAX_ELEMENTS} elements are "
            "allowed"
        )
    try:
        values = onnx.numpy_helper.to_array(tensor)
    # The library has no exception of its own for data that do not fit the shape.
    except Exception as error:
        raise AlpineError(f"{here} is damaged ({first_line(error)})") from None
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise AlpineError(f"{here} holds NaN: train or export the model again")
    return values


def _attribute(attribute: Any, here: str) -> Any:
    onnx = onnx_package()
    if attribute.ref_attr_name:
        raise UnsupportedError(f"attribute {attribute.name} refers to one of a function")
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _array(value, f"attribute {attribute.name} of {here}")
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, int | float):
        return value
    several = isinstance(value, list | tuple)
    items = tuple(cast(Sequence[Any], value)) if several else (value,)
    if all(isinstance(item, int | float) for item in items):
        return items
    if all(isinstance(item, bytes) for item in items):
        return tuple(item.decode(errors="replace") for item in items)
    raise UnsupportedError(f"attribute {attribute.name} is of a kind that is not supported")


def _constant(attributes: dict[str, Any]) -> Array:
    dtypes = {"value_float": np.float32, "value_floats": np.float32}
    dtypes |= {"value_int": np.int64, "value_ints": np.int64}
    if len(attributes) == 1:
        ((name, value),) = attributes.items()
        if name == "value":
            return value
        if name in dtypes:
            return np.array(value, dtypes[name])
    raise UnsupportedError(
        f"a constant with {', '.join(attributes) or 'no value'} is not supported"
    )


def _operator(op_type: str, attributes: dict[str, Any], *, results: int) -> OnnxOperator:
    if op_type == "Cast":
        onnx = onnx_package()
        codes = {onnx.TensorProto.DataType.Value(each): each for each in ELEMENT_TYPES}
        if attributes.get("to") not in codes:
            raise UnsupportedError("the type that elements are cast to is not supported")
        attributes = {**attributes, "to": ELEMENT_TYPES[codes[attributes["to"]]]}
    try:
        return OPERATORS[op_type].of(attributes, results=results)
    except TypeError as error:
        raise UnsupportedError(f"attributes do not fit ({first_line(error)})") from None
