# SPDX-License-Identifier: Apache-2.0
"""What a run of a network from a model file executes: quantised, mapped, with its data."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_platform.config import SystemConfig
from alpine_sw.graph import Graph, Interpreter
from alpine_sw.graph.joining import join_inputs, joined_inputs
from alpine_sw.importing.calibration import samples_of
from alpine_sw.importing.load import load_onnx
from alpine_sw.importing.quantised import QuantisedNetwork, quantise
from alpine_sw.mapper import Hardware, MappedNetwork, map_network
from alpine_sw.mapping import Mapping, Style, split_graph
from alpine_sw.mapping.yaml_file import read_mapping
from alpine_sw.programs.batched import Evaluate, batched
from alpine_sw.programs.generate import mapped_workload

from .data_file import read_data
from .model_options import ModelOptions
from .network import DIGITAL, Asked, Outputs, Task, sample_count

__all__ = ["Prepared", "mapped", "prepare", "prepared"]

MOST_SAMPLES = 16
"""Samples that a run reads unless it is told otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prepared:
    """A model's network in codes, with its samples.

    Members
    -------
    quantised : the network.
    arrays : every input by name, first axis samples.
    labels : class of every sample, or None.
    """

    quantised: QuantisedNetwork
    arrays: dict[str, NDArray[Any]]
    labels: NDArray[np.integer] | None


def prepare(asked: Asked) -> Task:
    """Return the task: the samples of the data file in their order."""
    options = cast(ModelOptions, asked.options)
    if options.model is None:
        raise AlpineError("no model to run: name an ONNX file, as in `alpine run model.onnx`")
    if options.data is None:
        raise AlpineError(
            f"model {options.model} has no data: give --data FILE.npz with one array per input"
        )
    if asked.software.cores is not None:
        raise AlpineError(
            f"cores of the digital reference of model {options.model} are the mapper's choice: "
            f"leave --cores out, or give --map-cores {asked.software.cores}"
        )
    known = prepared(options.model, options.data, options.calibration)
    graph = join_inputs(known.quantised.graph)
    available = len(next(iter(known.arrays.values())))
    default = min(MOST_SAMPLES, available)
    count = sample_count(asked, default=default, available=available)
    inputs = {name: values[:count] for name, values in known.arrays.items()}
    encoded = known.quantised.encode(inputs)
    codes = joined_inputs(known.quantised.graph, encoded)
    found = None
    if asked.mapping_file is None:
        found = mapped(asked, options, graph)
        mapping = found.mapping
    else:
        mapping = read_mapping(asked.mapping_file)
    cut = split_graph(graph, mapping)
    accuracy, fp32 = _accuracy(known, inputs, count)
    return Task(
        workload=mapped_workload(graph, mapping),
        inputs=codes,
        golden=lambda: golden_outputs(cut, codes),
        accuracy=accuracy,
        accuracy_fp32=fp32,
        batched=_batched(cut, mapping),
        graph=graph,
        mapping=mapping,
        reasons=None if found is None else str(found),
    )


@lru_cache(maxsize=4)
def _prepared(model: Path, data: Path, calibration: Path | None, _stamps: Any) -> Prepared:
    network = load_onnx(model)
    arrays, labels = read_data(data, network.inputs)
    source = arrays if calibration is None else read_data(calibration, network.inputs)[0]
    quantised = quantise(network, source)
    return Prepared(quantised=quantised, arrays=arrays, labels=labels)


def prepared(model: Path, data: Path, calibration: Path | None) -> Prepared:
    """Return a model's network in codes, prepared once per process while its files stay.

    Raises
    ------
    AlpineError
        A file cannot be read, or does not hold what it must.
    """
    stamps = tuple(_stamp(file) for file in (model, data, calibration) if file is not None)
    return _prepared(model, data, calibration, stamps)


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise AlpineError(f"file {file} cannot be read: {error.strerror}") from None
    return found.st_mtime_ns, found.st_size


def mapped(asked: Asked, options: ModelOptions, graph: Graph) -> MappedNetwork:
    """Return the mapping that the mapper finds, with its reasons.

    Raises
    ------
    AlpineError
        The network does not fit the hardware.
    """
    config: SystemConfig = asked.system.config
    hardware = Hardware(
        cores=options.map_cores or config.cores,
        rows=options.tile_rows,
        columns=options.tile_columns,
        tiles_per_core=0 if asked.case == DIGITAL else options.tiles_per_core,
    )
    style = Style(operands=asked.software.style, product=asked.software.digital_style)
    return map_network(graph, config, hardware=hardware, style=style)


def golden_outputs(graph: Graph, codes: NDArray[Any]) -> Outputs:
    """Return the first output of the mapped graph."""
    (name,) = graph.inputs
    return Interpreter(graph).run({name: codes})[graph.outputs[0]].reshape(len(codes), -1)


def _batched(graph: Graph, mapping: Mapping) -> Evaluate | None:
    """The mapping without a system; None where tiles multiply in no fixed order."""
    if not mapping.tiles:
        return None
    try:
        return batched(graph, replace(mapping, splits=()))
    except AlpineError:
        return None


def _accuracy(known: Prepared, inputs: dict[str, NDArray[Any]], count: int) -> tuple[Any, Any]:
    """What counts right outputs, and the share of the model in floating point."""
    if known.labels is None:
        return None, None
    labels = known.labels[:count]

    def accuracy(outputs: Outputs) -> float:
        return int(np.count_nonzero(outputs.reshape(count, -1).argmax(axis=1) == labels)) / count

    name = known.quantised.outputs[0]
    real = _float_outputs(known.quantised, inputs, name)
    classes = real.shape[1]
    for number, label in enumerate(known.labels):
        if not 0 <= label < classes:
            raise AlpineError(
                f"label {label} of sample {number} is none of the network's {classes} outputs: "
                f"give 0 to {classes - 1}"
            )
    return accuracy, accuracy(real)


def _float_outputs(
    quantised: QuantisedNetwork, inputs: dict[str, NDArray[Any]], name: str
) -> NDArray[Any]:
    network = quantised.network
    found = [network.run_float(sample)[name] for sample in samples_of(network, inputs)]
    return np.stack([np.asarray(one).reshape(-1) for one in found])
