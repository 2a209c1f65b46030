# SPDX-License-Identifier: Apache-2.0
"""From a sweep's definition to the runs that it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from alpine_cosim.spec.spec_file import spec_from_tree
from alpine_cosim.spec.specification import RunSpec
from alpine_cosim.spec.trees import with_absolute_paths
from alpine_models.errors import AlpineError
from alpine_models.plurals import counted
from alpine_platform.config.overrides import field_values
from alpine_platform.systems.presets import SYSTEMS

from .definition import Settings, SweepDefinition

__all__ = ["MANY", "SweepPlan", "plan_sweep", "point_text", "setting_of_tree"]

MANY = 1_000_000
"""Combinations that a person has to confirm: they are more likely a mistake."""

SYSTEM = "system."


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepPlan:
    """The runs of a sweep.

    Members
    -------
    definition : that asks for them.
    runs : each once, in the order of the combinations.
    """

    definition: SweepDefinition
    runs: tuple[RunSpec, ...]


def plan_sweep(definition: SweepDefinition, *, confirmed: bool = False) -> SweepPlan:
    """Return the runs of a sweep; combinations that describe the same run are one.

    Parameters
    ----------
    confirmed : a person wants as many as there are, be it `MANY` or more.

    Raises
    ------
    AlpineError
        There are too many combinations or none is left, or one describes no run.
    """
    if definition.size >= MANY and not confirmed:
        raise AlpineError(
            f"the sweep has {definition.size:,} combinations: shorten an axis, or confirm with "
            "--yes"
        )
    runs: dict[RunSpec, None] = {}
    for settings in definition.combinations():
        try:
            # Its rows and other machines have files by names that hold in every folder.
            runs[with_absolute_paths(spec_from_tree(_tree(settings)))] = None
        except AlpineError as error:
            point = point_text({name: settings.get(name) for name in definition.varied})
            raise AlpineError(
                f"point {point} cannot run: {error}; correct a value, or drop such points with a "
                "condition"
            ) from None
    if not runs:
        raise AlpineError(
            f"conditions drop all of {counted(definition.size, 'combination')}, so there is nothing"
            " to run: loosen one"
        )
    return SweepPlan(definition=definition, runs=tuple(runs))


def point_text(settings: Mapping[str, Any]) -> str:
    """Say in words what the settings of a point are."""
    return ", ".join(f"{name}={value}" for name, value in settings.items() if value is not None)


def setting_of_tree(tree: Mapping[str, Any], name: str) -> Any:
    """Return a setting by dotted name from a specification's tree; None where it has none.

    Parameters
    ----------
    tree : of `trees.tree`.
    name : as in a sweep file.
    """
    if name.startswith(SYSTEM) and name != "system.name":
        field = name.removeprefix(SYSTEM)
        changes: Mapping[str, Any] = tree["system"].get("changes", {})
        return changes[field] if field in changes else _preset(tree["system"]["name"]).get(field)
    found: Any = tree
    for part in name.split("."):
        if not isinstance(found, dict):
            return None
        found = cast(dict[str, Any], found).get(part)
    return found


def _tree(settings: Settings) -> dict[str, Any]:
    """Settings as the tree of a run's file."""
    tree: dict[str, Any] = {}
    for name, value in settings.items():
        part, _, rest = name.partition(".")
        if not rest:
            tree[part] = value
            continue
        held = tree.setdefault(part, {})
        if not isinstance(held, dict):
            raise AlpineError(f"{part} {held!r} is refused beside {name}: name the setting of it")
        table = cast(dict[str, Any], held)
        if part == "system" and rest != "name":
            table.setdefault("changes", {})[rest] = value
        else:
            table[rest] = value
    return tree


@lru_cache(maxsize=16)
def _preset(name: str) -> dict[str, Any]:
    # A system of a package that is gone has rows, too.
    preset = SYSTEMS.get(name)
    return {} if preset is None else field_values(preset)
