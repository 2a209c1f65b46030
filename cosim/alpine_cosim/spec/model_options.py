# SPDX-License-Identifier: Apache-2.0
"""Options of a network from a model file."""

from dataclasses import dataclass
from pathlib import Path

from alpine_models.checked_fields import checked, optional, path, whole

from .network import NetworkOptions

__all__ = ["ModelOptions"]


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
