# SPDX-License-Identifier: Apache-2.0
"""A network in a model file as an entry of the table: its options; the rest is `model_task`."""

from dataclasses import dataclass
from pathlib import Path

from alpine_models.checked_fields import checked, optional, path, whole

from .network import DIGITAL, Asked, Network, NetworkOptions, Task

__all__ = ["MODEL_NETWORK", "MODEL_SUFFIX", "ModelOptions"]

MODEL_SUFFIX = ".onnx"
"""Ending of the files that stand in place of a network's name."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions(NetworkOptions):
    """Options of a network from a model file.

    Members
    -------
    model : ONNX file; must be given.
    data : file of arrays (.npz), one for every input of the model by its name, the first axis the
        samples, and optionally `labels`; must be given.
    calibration : the same for the ranges of the codes; None takes the first 64 samples of the data.
    map_cores : cores that the mapping may use; None is all of the system.
    tile_rows, tile_columns : size of every tile.
    tiles_per_core : that a core may own.
    """

    model: Path | None = checked(optional(path), default=None)
    data: Path | None = checked(optional(path), default=None)
    calibration: Path | None = checked(optional(path), default=None)
    map_cores: int | None = checked(optional(whole()), default=None)
    tile_rows: int = checked(whole(), default=1024)
    tile_columns: int = checked(whole(), default=1024)
    tiles_per_core: int = checked(whole(), default=1)

    @property
    def variant(self) -> str | None:
        """Name of the model's file, and where the ranges of its codes come from."""
        if self.model is None:
            return None
        ranges = self.calibration.name if self.calibration else "the first 64 samples"
        return f"{self.model.name} with ranges from {ranges}"


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
