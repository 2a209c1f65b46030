# SPDX-License-Identifier: Apache-2.0
"""A network in a model file as an entry of the table; what it runs is made by `model_task`."""

from .model_options import ModelOptions
from .network import DIGITAL, Asked, Network, Task

__all__ = ["MODEL_NETWORK", "MODEL_SUFFIX"]

MODEL_SUFFIX = ".onnx"
"""Ending of the files that stand in place of a network's name."""


def prepare(asked: Asked) -> Task:
    """Return the task: the samples of the data file in their order."""
    # The onnx package and the solver are not needed to run anything else.
    from .model_task import prepare as prepare_model

    return prepare_model(asked)


MODEL_NETWORK = Network(
    cases=("1", DIGITAL),
    options=ModelOptions,
    prepare=prepare,
    study_samples=64,
    fault_case="1",
)
"""Any network in an ONNX file."""
