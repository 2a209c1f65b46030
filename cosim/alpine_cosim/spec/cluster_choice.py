# SPDX-License-Identifier: Apache-2.0
"""The system of a RISC-V program: a cluster's preset, and the fields that differ from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alpine_models.choices import choose
from alpine_platform.binaries.riscv.cv32e40p_config import CLUSTER_SYSTEMS
from alpine_platform.config import SystemConfig
from alpine_platform.config.overrides import flattened, parse_setting, read_toml

__all__ = ["cluster_system"]


def cluster_system(
    name: str,
    *,
    config_file: Path | None = None,
    settings: Sequence[str] = (),
    cores: int | None = None,
) -> SystemConfig:
    """Return a preset with fields replaced.

    Parameters
    ----------
    name : one of `CLUSTER_SYSTEMS`.
    config_file : TOML with fields to replace, tables by part.
    settings : ``NAME=VALUE`` with dotted names; they prevail over the file.
    cores : as many as that, whatever file and settings say; None leaves them.

    Raises
    ------
    AlpineError
        A name is unknown, or the file or a value cannot be read or is impossible.
    """
    choose("system", name, CLUSTER_SYSTEMS)
    changes: dict[str, Any] = {}
    if config_file is not None:
        changes = flattened(read_toml(config_file))
    changes |= dict(map(parse_setting, settings))
    if cores is not None:
        changes["cores"] = cores
    preset = CLUSTER_SYSTEMS[name]
    return preset.override(changes) if changes else preset
