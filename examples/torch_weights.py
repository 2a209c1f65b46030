# SPDX-License-Identifier: Apache-2.0
"""Weights from files of PyTorch's first format, without PyTorch.

The format is a series of pickles and the bytes of the storages behind them. A pickle may name any
function to call; the reader here knows three kinds of objects, as `torch.load(weights_only=True)`
does, and refuses everything else.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["torch_weights"]

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Tensor:
    """A tensor whose elements stand further back in the file."""

    def __init__(self, key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]):
        self.key, self.offset, self.shape, self.strides = key, offset, shape, strides

    def among(self, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the elements, copied from their storage."""
        stored = storages[self.key][self.offset :]
        last = sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if min((*self.shape, *self.strides), default=1) < 0 or not 0 <= last < max(len(stored), 1):
            raise ValueError(f"a tensor of shape {self.shape} exceeds its storage")
        steps = [step * stored.itemsize for step in self.strides]
        return as_strided(stored, self.shape, steps).copy()


def _rebuilt(storage: str, offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Reader(pickle.Unpickler):
    """Reads tensors, ordered dictionaries and plain data, and nothing else."""

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.kinds: dict[str, np.dtype[Any]] = {}

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Return what a pickle names."""
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module_name, global_name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module_name == "torch" and global_name in STORAGES:
            return STORAGES[global_name]
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no weight: not read")

    def persistent_load(self, pid: Any) -> str:
        """Return the key of a storage."""
        _, kind, key, *_ = pid
        self.kinds[key] = kind
        return key


def torch_weights(path: Path, *, within: str | None = None) -> dict[str, NDArray[Any]]:
    """Return the tensors of a state dictionary by name.

    Parameters
    ----------
    path : of the file.
    within : key under which the state dictionary stands in the file, or None.

    Raises
    ------
    pickle.UnpicklingError
        The file holds something else than weights.
    """
    with path.open("rb") as file:
        if _Reader(file).load() != MAGIC:
            raise pickle.UnpicklingError(f"{path} is not of PyTorch's first format")
        _Reader(file).load(), _Reader(file).load()  # version and machine
        reader = _Reader(file)
        found = reader.load()
        keys = _Reader(file).load()
        storages: dict[str, NDArray[Any]] = {}
        for key in keys:
            count = int(np.frombuffer(file.read(8), "<i8")[0])
            kind = reader.kinds[key]
            storages[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
    state = found if within is None else found[within]
    return {name: tensor.among(storages) for name, tensor in state.items()}
