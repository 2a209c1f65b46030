# SPDX-License-Identifier: Apache-2.0
"""Systems as a person names them: a preset, a TOML file over it, single settings over both."""

from collections.abc import Sequence
from pathlib import Path

from alpine_models.choices import choose
from alpine_platform.config import SystemConfig
from alpine_platform.config.overrides import parse_setting, read_toml
from alpine_platform.systems.presets import SYSTEMS

__all__ = ["configure"]


def configure(
    name: str, *, config_file: Path | None = None, settings: Sequence[str] = ()
) -> SystemConfig:
    """Return a preset with fields replaced.

    Parameters
    ----------
    name : of a preset.
    config_file : TOML with fields to replace, tables by part.
    settings : ``NAME=VALUE`` with dotted names; they prevail over the file, and with it are applied
        at once.

    Raises
    ------
    AlpineError
        The preset or a field does not exist, or a value cannot be read or is impossible.
    """
    config = SYSTEMS[choose("system", name, SYSTEMS)]
    replacements = {} if config_file is None else read_toml(config_file)
    return config.override({**replacements, **dict(map(parse_setting, settings))})
