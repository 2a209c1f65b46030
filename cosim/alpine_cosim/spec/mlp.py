# SPDX-License-Identifier: Apache-2.0
"""The perceptron as a run sees it."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from alpine_models.checked_fields import checked, optional, path
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_sw.datasets.fashion_mnist import load_fashion_mnist
from alpine_sw.graph import Graph
from alpine_sw.library.software import InputFormat
from alpine_sw.mapping import Mapping
from alpine_sw.mapping.published_mlp import (
    MLP_CASES,
    MLP_DIGITAL_CORES,
    analog_mlp,
    digital_mlp,
    loose_mlp,
)
from alpine_sw.networks import load_mlp
from alpine_sw.programs.batched import batched
from alpine_sw.programs.generate import mapped_workload

from .engines import Engine
from .network import (
    DIGITAL,
    LOOSE,
    Asked,
    Network,
    NetworkOptions,
    Task,
    chosen_mapping,
    digital_cores,
    sample_count,
)

__all__ = ["MLP_NETWORK", "MlpOptions"]


def _input_format(_name: str, value: object) -> InputFormat:
    return InputFormat(choose("input format", value, list(InputFormat)))


@dataclass(frozen=True, kw_only=True)
class MlpOptions(NetworkOptions):
    """Options of the perceptron.

    Members
    -------
    input_format : of the inputs in memory, ``int8`` codes or ``fp32`` values, which the program
        turns into codes.
    weights : weight file in place of the shipped one, or None.
    """

    input_format: InputFormat = checked(
        _input_format,
        default=InputFormat.INT8,
        refusal="network {network} has inputs of one format only: leave --input-format out",
    )
    weights: Path | None = checked(optional(path), default=None)

    @property
    def variant(self) -> str | None:
        """How the perceptron differs from the one that its name stands for, in words."""
        return "fp32 inputs" if self.input_format is InputFormat.FP32 else None


def prepare(asked: Asked) -> Task:
    """Return the task: images of Fashion-MNIST in their order."""
    options = cast(MlpOptions, asked.options)
    samples = load_fashion_mnist()
    default = 4 if asked.engine is Engine.COCOTB else 1000
    count = sample_count(asked, default=default, available=len(samples.labels))
    mlp = load_mlp(options.weights)
    inputs, labels = samples.inputs[:count], samples.labels[:count]
    graph = mlp.graph()
    if asked.mapping_file is not None and options.input_format is not InputFormat.INT8:
        raise AlpineError(
            f"mapping file {asked.mapping_file} has the format of the inputs: leave input_format "
            "out"
        )
    mapping = chosen_mapping(asked, lambda: _mapping(asked, graph, options.input_format))
    return Task(
        workload=mapped_workload(graph, mapping),
        inputs=inputs,
        golden=lambda: mlp.golden(inputs),
        accuracy=lambda outputs: mlp.accuracy(outputs, labels),
        accuracy_fp32=mlp.fp32_accuracy,
        batched=batched(graph, mapping) if mapping.tiles else None,
        graph=graph,
        mapping=mapping,
    )


def _mapping(asked: Asked, graph: Graph, inputs: InputFormat) -> Mapping:
    software = asked.software
    if asked.case == DIGITAL:
        cores = digital_cores(asked, MLP_DIGITAL_CORES)
        return digital_mlp(graph, cores=cores, style=software.digital_style, inputs=inputs)
    if asked.case == LOOSE:
        return loose_mlp(graph, software=software.style, inputs=inputs)
    return analog_mlp(graph, case=int(asked.case), software=software.style, inputs=inputs)


MLP_NETWORK = Network(
    cases=(*map(str, MLP_CASES), LOOSE, DIGITAL),
    options=MlpOptions,
    prepare=prepare,
    study_samples=1000,
    fault_case="2",
    fault_inferences=4,
)
"""The published perceptron."""
