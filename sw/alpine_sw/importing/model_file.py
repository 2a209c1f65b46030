# SPDX-License-Identifier: Apache-2.0
"""Model files, read as what they are: input that anybody may have written.

A file is parsed as a protocol buffer, which holds data alone. Its size is bounded before it is
read, and every file that it names must lie in its own folder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alpine_models.errors import AlpineError

from .library import onnx_package
from .operators import OPERATORS, REFUSED

__all__ = ["MAX_BYTES", "NEWEST", "OPSET", "first_line", "read_model"]

MAX_BYTES = (1 << 31) - 1
"""Most bytes of a model with all of its data: what a protocol buffer can hold."""

LONGEST_NAME = 500
"""Most characters of a name in a model."""

MAX_NODES = 100_000
"""Most nodes of a graph."""

OPSET = 13
"""Version of the operators to which older models are converted."""

NEWEST = 28
"""Newest version of the operators of which the definitions were read."""

EARLIER = ("Constant", "Upsample")
"""Operators that reading or conversion replaces by others."""


def read_model(source: Any) -> Any:
    """Return a checked model, its data in it, with operators from version `OPSET` on.

    Parameters
    ----------
    source : path of a file, bytes of one, or an `onnx.ModelProto`, which stays as it is.

    Raises
    ------
    AlpineError
        The source is no valid model, is too large, or has an operator that is not supported.
    """
    onnx = onnx_package()
    if isinstance(source, onnx.ModelProto):
        model, folder, name = onnx.ModelProto(), None, source.graph.name or "model"
        model.CopyFrom(source)
    elif isinstance(source, bytes):
        model, folder, name = _parsed(source, "model"), None, "model"
    elif isinstance(source, str | Path):
        path = Path(source)
        model, folder, name = _parsed(_bytes_of(path), str(path)), path.parent, str(path)
    else:
        raise AlpineError(
            f"model {type(source).__name__} is refused: give the path of a file, its bytes, or an "
            "onnx.ModelProto"
        )
    _check_limits(model, name)
    _check_names(model, name)
    _check_operators(model, name)
    _load_external(model, folder, name)
    _check(model, name)
    return _converted(model, name)


def first_line(error: BaseException) -> str:
    """Return what an exception says, in one line of moderate length."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise AlpineError(f"model {path} is no file: name a file that exists")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise AlpineError(
                f"model {path} has {size} bytes, but at most {MAX_BYTES} are allowed: keep weights "
                "in files beside it"
            )
        return path.read_bytes()
    except (OSError, ValueError, MemoryError) as error:
        raise AlpineError(f"model {path} cannot be read: {first_line(error)}") from None


def _parsed(data: bytes, name: str) -> Any:
    onnx = onnx_package()
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    # The library has several exceptions for damaged data, on which no person can act separately.
    except Exception as error:
        raise AlpineError(
            f"model {name} is no ONNX file, or a damaged one ({first_line(error)}): export it again"
        ) from None
    return model


def _check_limits(model: Any, name: str) -> None:
    if not model.HasField("graph") or not model.graph.node:
        raise AlpineError(f"model {name} has no graph with a node: export it again")
    if len(model.graph.node) > MAX_NODES:
        raise AlpineError(
            f"model {name} has {len(model.graph.node)} nodes, but at most {MAX_NODES} are allowed"
        )
    if model.functions:
        raise AlpineError(
            f"model {name} defines functions of its own, such as {model.functions[0].name}: inline "
            "them with onnx.inliner before"
        )
    if model.graph.sparse_initializer:
        raise AlpineError(f"model {name} has sparse weights: store them densely")


def _check_names(model: Any, name: str) -> None:
    """Refuse names that a terminal or a report would not show as they are."""
    for found in _names(model.graph):
        # The library gives text that is no UTF-8 as bytes.
        if not isinstance(found, str) or len(found) > LONGEST_NAME or not found.isprintable():
            raise AlpineError(
                f"model {name} has the name {found[:40]!r}: names have at most {LONGEST_NAME} "
                "characters, all of them printable"
            )


def _names(graph: Any) -> Iterator[Any]:
    yield graph.name
    for value in (*graph.input, *graph.output, *graph.initializer):
        yield value.name
    for value in graph.input:
        yield from (dim.dim_param for dim in value.type.tensor_type.shape.dim)
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)


def _check_operators(model: Any, name: str) -> None:
    for node in model.graph.node:
        known = node.op_type in OPERATORS or node.op_type in EARLIER
        if known and node.domain in ("", "ai.onnx"):
            continue
        of = f" of {node.domain}" if node.domain not in ("", "ai.onnx") else ""
        here = f"operator {node.op_type[:80]}{of[:80]} of node {_label(node)} of model {name}"
        reason = REFUSED.get(node.op_type)
        if reason and not of:
            raise AlpineError(f"{here} is refused: {reason}")
        raise AlpineError(f"{here} is not supported: supported are {', '.join(OPERATORS)}")


def _label(node: Any) -> str:
    text = node.name or (node.output[0] if node.output else "") or "without a name"
    return repr(text[:80])


def _tensors(model: Any) -> Iterator[Any]:
    """Tensors that hold data: initial values, and those in attributes."""
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors


def _load_external(model: Any, folder: Path | None, name: str) -> None:
    """Read weights that lie in files beside the model's; no other file is opened."""
    onnx = onnx_package()
    held = 0
    for tensor in _tensors(model):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        here = f"tensor {tensor.name[:80]!r} of model {name}"
        if folder is None:
            raise AlpineError(
                f"{here} lies in a file of its own: give the path of the model's file"
            )
        entries = {entry.key: entry.value for entry in tensor.external_data}
        path = _inside(folder, entries.get("location", ""), here)
        try:
            offset = int(entries.get("offset", 0))
            size = path.stat().st_size
            length = int(entries.get("length", size - offset))
            if offset < 0 or length < 0 or offset + length > size:
                raise AlpineError(f"{here} is said to lie outside of {path.name}: export it again")
            held += length
            if held > MAX_BYTES:
                raise AlpineError(f"model {name} has more than {MAX_BYTES} bytes of weights")
            with path.open("rb") as file:
                file.seek(offset)
                tensor.raw_data = file.read(length)
        except (OSError, ValueError, MemoryError) as error:
            raise AlpineError(f"{here} cannot be read: {first_line(error)}") from None
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _inside(folder: Path, location: str, here: str) -> Path:
    """Path of a file that really lies in a folder or below it, symbolic links followed."""
    refused = AlpineError(
        f"{here} is in file {location[:80]!r}, which is no file in the model's folder or below it"
    )
    try:
        root, path = folder.resolve(), (folder / location).resolve()
        if not location or not path.is_relative_to(root) or not path.is_file():
            raise refused
    except (OSError, ValueError, RuntimeError):
        raise refused from None
    return path


def _check(model: Any, name: str) -> None:
    onnx = onnx_package()
    try:
        onnx.checker.check_model(model)
    # As in `_parsed`.
    except Exception as error:
        raise AlpineError(
            f"model {name} is not valid ONNX ({first_line(error)}): export it again"
        ) from None


def _converted(model: Any, name: str) -> Any:
    """The model with operators from version `OPSET` on."""
    onnx = onnx_package()
    versions = [each.version for each in model.opset_import if each.domain in ("", "ai.onnx")]
    if len(versions) != 1 or not 1 <= versions[0] <= NEWEST:
        raise AlpineError(
            f"model {name} has operators of version {', '.join(map(str, versions)) or 'unknown'}: "
            f"versions 1 to {NEWEST} are supported"
        )
    if versions[0] >= OPSET:
        return model
    try:
        model = onnx.version_converter.convert_version(model, OPSET)
    # As in `_parsed`.
    except Exception as error:
        raise AlpineError(
            f"model {name} of version {versions[0]} cannot be converted to {OPSET} "
            f"({first_line(error)}): export it with version {OPSET} or newer"
        ) from None
    _check_operators(model, name)
    return model
