# SPDX-License-Identifier: Apache-2.0
"""The system of a run: a preset's name, and the fields in which it differs from the preset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from alpine_models.checks import checked_path, checked_texts
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_platform.config import SystemConfig
from alpine_platform.config.overrides import (
    changed_fields,
    flattened,
    parse_setting,
    read_toml,
)
from alpine_platform.systems.presets import SYSTEMS

__all__ = ["BARE_METAL", "LINUX", "SystemChoice", "Value"]

BARE_METAL, LINUX = "bare-metal", "linux"
"""What waiting for another core costs: `alpine_platform.config.SyncConfig`."""

Value = bool | int | float | str
"""What a field of a system holds."""

Changes = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemChoice:
    """A simulated system.

    Members
    -------
    name : of a preset.
    changes : fields that differ from the preset's, by dotted name, sorted; a mapping, nested or
        not, is taken as well, and what equals the preset is left out. So choices are equal if their
        systems are.

    Raises
    ------
    AlpineError
        The preset or a field does not exist, or a value is impossible.
    """

    name: str = "high-power"
    changes: Changes = ()

    def __post_init__(self) -> None:
        choose("system", self.name, SYSTEMS)
        given: Any = self.changes
        if isinstance(given, Mapping):
            given = flattened(cast(Mapping[str, Any], given))
        elif not isinstance(given, tuple):
            raise AlpineError(
                f"changes {given!r} of the system are refused: give values by dotted name"
            )
        changes = _canonical(self.name, dict(cast(Changes, given)))
        object.__setattr__(self, "changes", changes)

    @classmethod
    def of(
        cls,
        name: str,
        *,
        config_file: Path | str | None = None,
        settings: Sequence[str] = (),
        sync: str = BARE_METAL,
    ) -> "SystemChoice":
        """Return a choice as a person makes it.

        Parameters
        ----------
        name : of a preset.
        config_file : TOML with fields to replace, tables by part.
        settings : ``NAME=VALUE`` with dotted names; they prevail over the file, and with it are
            applied at once.
        sync : `LINUX` sets ``sync.linux``; `BARE_METAL` leaves it as it is.

        Raises
        ------
        AlpineError
            A name is unknown, or the file or a value cannot be read or is impossible.
        """
        choose("system", name, SYSTEMS)
        texts = checked_texts("settings", settings, example='["core.frequency_hz=1e9"]')
        changes: dict[str, Any] = {}
        if config_file is not None:
            changes = read_toml(checked_path("config file", config_file))
        changes |= dict(map(parse_setting, texts))
        if choose("synchronisation", sync, (BARE_METAL, LINUX)) == LINUX:
            changes["sync.linux"] = True
        return cls(name=name, changes=tuple(changes.items()))

    @property
    def config(self) -> SystemConfig:
        """The whole system."""
        return _configured(SYSTEMS[self.name], self.changes)

    @property
    def sync(self) -> str:
        """`LINUX` or `BARE_METAL`."""
        return LINUX if self.config.sync.linux else BARE_METAL


def _canonical(name: str, changes: Mapping[str, Value]) -> Changes:
    if not changes:
        return ()
    try:
        return _differences(SYSTEMS[name], tuple(changes.items()))
    except TypeError:
        # A value that cannot be looked up, as a list in a TOML file: refused, and named.
        return _differences.__wrapped__(SYSTEMS[name], tuple(changes.items()))


@lru_cache(maxsize=256)
def _differences(preset: SystemConfig, changes: Changes) -> Changes:
    config = preset.override(dict(changes))
    return tuple(sorted(changed_fields(config, preset).items()))


@lru_cache(maxsize=256)
def _configured(preset: SystemConfig, changes: Changes) -> SystemConfig:
    return preset.override(dict(changes))
