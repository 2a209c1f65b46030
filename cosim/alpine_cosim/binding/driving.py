# SPDX-License-Identifier: Apache-2.0
"""Many cycles at once: inputs from the rows of an array, values read after each edge."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .library import Column, Instance, Status
from .ports import Port, PortDirection, find_port
from .storage import Slot, column_dtype, column_to_storage, storage_dtype, storage_to_column

__all__ = ["drive"]


def drive(
    instance: Instance,
    ports: Sequence[Port],
    slots: Mapping[str, Slot],
    inputs: npt.NDArray[Any],
    read: Sequence[str] | None,
    *,
    handle: Callable[[], int],
) -> npt.NDArray[Any]:
    """Run one cycle per row; the contract is `VerilatedModel.drive`.

    Parameters
    ----------
    instance, ports, slots : of the model.
    inputs, read : what to set and what to read.
    handle : returns the instance's address, or raises when the model was closed meanwhile.
    """
    named = {port.name: port for port in ports}
    if inputs.dtype.names is None or inputs.ndim != 1:
        raise TypeError("drive takes a structured array of one dimension, a field per port")
    if read is None:
        read = [port.name for port in ports if port.direction is PortDirection.OUTPUT]
    for name in (*inputs.dtype.names, *read):
        find_port(ports, name)
    for name in inputs.dtype.names:
        if named[name].direction is PortDirection.OUTPUT:
            raise AttributeError(f"port {name} is an output of the model and cannot be set")
    for name in read:
        if named[name].direction is PortDirection.INOUT:
            raise AttributeError(f"port {name} is an inout: read {name}__out and {name}__en")
    chosen = {name: named[name] for name in read}
    given = _rows(len(inputs), {name: named[name] for name in inputs.dtype.names})
    for name in inputs.dtype.names:
        given[name] = column_to_storage(named[name].data_type, inputs[name], what=f"port {name}")
    stored = _rows(len(inputs), chosen)
    rows = _run(instance, slots, given, stored, handle)
    kinds = [(name, column_dtype(port.data_type)) for name, port in chosen.items()]
    answer = np.empty(rows, np.dtype(kinds))
    for name, port in chosen.items():
        answer[name] = storage_to_column(port.data_type, stored[name][:rows])
    return answer


def _run(
    instance: Instance,
    slots: Mapping[str, Slot],
    given: npt.NDArray[Any],
    stored: npt.NDArray[Any],
    handle: Callable[[], int],
) -> int:
    """Cycles run until all rows are done or the design finishes."""
    inputs, outputs = _columns(given.dtype, slots), _columns(stored.dtype, slots)
    done, status = 0, Status.SLICE
    while status == Status.SLICE:
        status = instance.library.alpine_drive(
            handle(),
            len(given) - done,
            given[done:].ctypes.data,
            given.dtype.itemsize,
            inputs,
            len(inputs),
            stored[done:].ctypes.data,
            stored.dtype.itemsize,
            outputs,
            len(outputs),
        )
        done += instance.library.alpine_progress(handle())
    instance.check(status)
    return done


def _rows(count: int, ports: Mapping[str, Port]) -> npt.NDArray[Any]:
    kinds = [(name, storage_dtype(port.data_type)) for name, port in ports.items()]
    return np.zeros(count, np.dtype(kinds))


def _columns(dtype: np.dtype[Any], slots: Mapping[str, Slot]) -> Any:
    fields: Any = dtype.fields or {}
    return (Column * len(fields))(
        *(Column(fields[name][1], fields[name][0].itemsize, slots[name].address) for name in fields)
    )
