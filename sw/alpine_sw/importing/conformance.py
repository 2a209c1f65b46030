# SPDX-License-Identifier: Apache-2.0
"""The onnx package's own test cases, run through the path in floating point."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from alpine_models.errors import AlpineError

from .library import onnx_package
from .load import load_onnx
from .operators import OPERATORS

__all__ = ["CaseKind", "OnnxCase", "OnnxOutcome", "cases", "outcome_of", "stored_cases"]

FOLDERS = ("pytorch-converted", "pytorch-operator")
"""Folders of cases whose expected results are PyTorch's."""


class CaseKind(StrEnum):
    """Where a case comes from."""

    NODE = "node"
    CONVERTED = "pytorch-converted"
    OPERATOR = "pytorch-operator"


@dataclass(frozen=True, kw_only=True, eq=False)
class OnnxCase:
    """A model with inputs and expected results.

    Members
    -------
    name : of the case.
    kind : where it comes from.
    model : an `onnx.ModelProto`.
    inputs, outputs : one tuple of arrays per data set, in the model's order.
    rtol, atol : tolerances that the case states.
    """

    name: str
    kind: CaseKind
    model: Any
    data: tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...]
    rtol: float
    atol: float

    @property
    def operators(self) -> set[str]:
        """Operators of its nodes."""
        return {node.op_type for node in self.model.graph.node}

    @property
    def concerns(self) -> bool:
        """Whether all of its nodes have supported operators."""
        return all(
            node.domain in ("", "ai.onnx")
            and (node.op_type in OPERATORS or (node.op_type == "Constant"))
            for node in self.model.graph.node
        )


@dataclass(frozen=True, slots=True)
class OnnxOutcome:
    """What came of a case.

    Members
    -------
    passed : results equal the expected ones within the tolerances.
    refused : why the case is outside the stated limits; empty if it is not.
    difference : what differs; empty if nothing does.
    """

    passed: bool
    refused: str = ""
    difference: str = ""


@cache
def cases() -> tuple[OnnxCase, ...]:
    """Return all cases of nodes and of models that PyTorch exported."""
    return (*_node_cases(), *stored_cases())


def _node_cases() -> Iterator[OnnxCase]:
    onnx_package()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        state = np.random.get_state()
        try:
            found = collect_testcases(None)
        finally:
            np.random.set_state(state)
    for case in found:
        yield OnnxCase(
            name=case.name,
            kind=CaseKind.NODE,
            model=case.model,
            data=tuple((_arrays(i), _arrays(o)) for i, o in case.data_sets or ()),
            rtol=case.rtol,
            atol=case.atol,
        )


def _arrays(values: Any) -> tuple[Any, ...]:
    onnx = onnx_package()
    return tuple(
        onnx.numpy_helper.to_array(each) if isinstance(each, onnx.TensorProto) else each
        for each in values
    )


def stored_cases() -> Iterator[OnnxCase]:
    """Return the cases of models that PyTorch exported."""
    onnx = onnx_package()
    root = Path(str(onnx.__file__)).parent / "backend" / "test" / "data"
    for folder in FOLDERS:
        for path in sorted((root / folder).iterdir()):
            model = onnx.load(path / "model.onnx")
            data = [
                (_stored(each, "input"), _stored(each, "output"))
                for each in sorted(path.glob("test_data_set_*"))
            ]
            yield OnnxCase(
                name=path.name,
                kind=CaseKind(folder),
                model=model,
                data=tuple(data),
                rtol=1e-3,
                atol=1e-7,
            )


def _stored(folder: Path, kind: str) -> tuple[Any, ...]:
    onnx = onnx_package()
    count = len(list(folder.glob(f"{kind}_*.pb")))
    arrays: list[Any] = []
    for number in range(count):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / f"{kind}_{number}.pb").read_bytes())
        arrays.append(onnx.numpy_helper.to_array(tensor))
    return tuple(arrays)


def outcome_of(case: OnnxCase) -> OnnxOutcome:
    """Return what comes of a case in floating point."""
    try:
        network = load_onnx(case.model)
        for inputs, expected in case.data:
            given = dict(zip(network.inputs, inputs, strict=True))
            found = network.run_float(given)
            for name, wanted in zip(network.outputs, expected, strict=True):
                difference = _difference(found[name], np.asarray(wanted), case)
                if difference:
                    return OnnxOutcome(False, difference=f"{name}: {difference}")
    except AlpineError as error:
        return OnnxOutcome(False, refused=str(error))
    return OnnxOutcome(True)


def _difference(found: Any, wanted: Any, case: OnnxCase) -> str:
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        return f"{found.dtype} {list(found.shape)}, expected {wanted.dtype} {list(wanted.shape)}"
    if not np.allclose(found, wanted, rtol=case.rtol, atol=case.atol, equal_nan=True):
        return f"largest difference {np.abs(found.astype(float) - wanted.astype(float)).max():g}"
    return ""
