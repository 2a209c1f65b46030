# SPDX-License-Identifier: Apache-2.0
"""Specifications in TOML files."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import read_toml_text

from .device_choice import DeviceChoice
from .network import NetworkOptions
from .networks import NETWORKS
from .software_choice import SoftwareChoice
from .specification import RunSpec, mapping_of
from .system_choice import SystemChoice
from .tile_choice import TileChoice
from .trees import CASE, MAPPING, tree

__all__ = ["read_spec", "spec_from_text", "spec_from_tree", "spec_text"]

SECTIONS: dict[str, Any] = {
    "software": SoftwareChoice,
    "system": SystemChoice,
    "device": DeviceChoice,
    "tiles": TileChoice,
}
"""Tables of a file, but for the network's options."""

OPTIONS = "options"
NAMED = ("system", "device")
"""Tables for which a name may stand, where nothing else is to be said."""


def spec_text(spec: RunSpec) -> str:
    """Return a specification as TOML, with every value in it, defaults included."""
    # It is not needed to run anything.
    import tomli_w

    return tomli_w.dumps(tree(spec))


def read_spec(path: Path) -> RunSpec:
    """Read a specification from a file.

    Raises
    ------
    AlpineError
        The file cannot be read, is no TOML, or says what cannot run.
    """
    text = read_toml_text(path)
    try:
        return spec_from_text(text)
    except AlpineError as error:
        raise AlpineError(f"{path}: {error}") from None


def spec_from_text(text: str) -> RunSpec:
    """Return the specification that a TOML text holds; what it leaves out has its default.

    Raises
    ------
    AlpineError
        The text is no TOML, or says what cannot run.
    """
    try:
        return spec_from_tree(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise AlpineError(str(error)) from None


def spec_from_tree(values: Mapping[str, Any]) -> RunSpec:
    """Return the specification that `trees.tree` gave.

    Raises
    ------
    AlpineError
        A field does not exist, a value is refused, or nothing says what runs.
    """
    network = values.get("network")
    options: Any = NetworkOptions
    if network is not None:
        options = NETWORKS[choose("network", network, NETWORKS)].options
    made: dict[str, Any] = {}
    _check_names([*_names(RunSpec), CASE], values, "")
    made[MAPPING] = mapping_of(case=values.get(CASE), file=values.get(MAPPING))
    for name, value in values.items():
        if name in (CASE, MAPPING):
            continue
        if name in NAMED and isinstance(value, str):
            made[name] = SECTIONS[name](name=value)
        elif name in SECTIONS or name == OPTIONS:
            part = options if name == OPTIONS else SECTIONS[name]
            made[name] = part(**_table(part, value, name))
        else:
            made[name] = value
    return RunSpec(**made)


def _table(part: Any, value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AlpineError(f"{name} {value!r} is refused: give a table, as [{name}] begins one")
    table = cast(dict[str, Any], value)
    _check_names(_names(part), table, f"{name}.")
    return table


def _names(part: Any) -> list[str]:
    return [item.name for item in fields(part)]


def _check_names(known: list[str], table: Mapping[str, Any], prefix: str) -> None:
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.4) or known
            hint = f"did you mean {' or '.join(prefix + each for each in near)}?"
            raise AlpineError(f"a run has no {prefix}{name}: {hint}")
