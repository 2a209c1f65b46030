# SPDX-License-Identifier: Apache-2.0
"""A specification from flat keywords: what a person passes to `run`, or types as options."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypedDict, Unpack

from alpine_cosim.measurement.results import MODEL_FILE
from alpine_models.checked_fields import CHECK, REFUSAL, default_of
from alpine_models.checks import checked_texts
from alpine_models.choices import choose
from alpine_models.errors import AlpineError

from .device_choice import DeviceChoice
from .model_file import MODEL_SUFFIX
from .network import NetworkOptions
from .networks import NETWORKS
from .software_choice import SoftwareChoice
from .specification import PROGRAM, RunSpec, mapping_of
from .system_choice import BARE_METAL, SystemChoice
from .tile_choice import TileChoice

__all__ = ["SpecKeywords", "changed", "keywords_of", "run_spec"]


class SpecKeywords(TypedDict, total=False):
    """What a specification is made from.

    Members
    -------
    system, config_file, settings, sync : as in `SystemChoice.of`.
    program, engine, inferences, seed : as in `RunSpec`.
    case, mapping : a published case, or a file in place of one.
    cores, software, digital_style : as in `SoftwareChoice`.
    device, after, compensate, effects, adc_bits, verify, chips : as in `DeviceChoice`.
    back_door, tile_verilog : as in `TileChoice`.
    options : of the network's own class, by name; the others are the shipped networks', under the
        same names. None stands for an option's default.
    """

    system: str
    config_file: Path | str | None
    settings: Sequence[str]
    sync: str
    program: str | None
    case: int | str | None
    mapping: Path | str | None
    engine: str
    inferences: int | None
    seed: int
    cores: int | None
    software: str
    digital_style: str
    device: str
    after: str | float | None
    compensate: str | None
    effects: Sequence[str] | None
    adc_bits: int | None
    verify: str | float | None
    chips: int
    back_door: bool | None
    tile_verilog: Path | str | None
    options: Mapping[str, Any]
    activations: str | None
    input_format: str | None
    text: str | None
    length: int | None
    greedy: bool
    weights: Path | str | None
    normalisation: bool
    literal_table: bool
    model: Path | str | None
    data: Path | str | None
    calibration: Path | str | None
    map_cores: int | None
    tile_rows: int
    tile_columns: int
    tiles_per_core: int


def run_spec(network: str | None = None, **keywords: Unpack[SpecKeywords]) -> RunSpec:
    """Return the specification of a run of a network, or of the program that keywords name.

    A path that ends in `.onnx` stands for the network of that file.

    Raises
    ------
    AlpineError
        A name is unknown, a value of the wrong type or out of range, or the parts do not fit
        together.
    TypeError
        There is no such keyword.
    """
    given: dict[str, Any] = dict(keywords)
    if isinstance(network, str) and network.endswith(MODEL_SUFFIX):
        network, given["model"] = MODEL_FILE, network
    if network is not None:
        choose("network", network, NETWORKS)
    system = SystemChoice.of(
        given.pop("system", "high-power"),
        config_file=given.pop("config_file", None),
        settings=given.pop("settings", ()),
        sync=given.pop("sync", BARE_METAL),
    )
    mapping = mapping_of(case=given.pop("case", None), file=given.pop("mapping", None))
    if network is not None and isinstance(mapping, str):
        choose("case", mapping, NETWORKS[network].cases)
    parts: dict[str, Any] = {
        name: part(**_renamed(given, names)) for name, (part, names) in PARTS.items()
    }
    own = {name: given.pop(name) for name in RUN_WIDE if name in given}
    own |= {"network": network, "mapping": mapping, "system": system}
    options = _options(network, given)
    return RunSpec(**own, **parts, options=options)


def keywords_of(spec: RunSpec) -> dict[str, Any]:
    """Return keywords that make a specification: those which are not None."""
    found: dict[str, Any] = {name: getattr(spec, name) for name in RUN_WIDE}
    for name, (_, names) in PARTS.items():
        part = getattr(spec, name)
        found |= {keyword: getattr(part, member) for keyword, member in names.items()}
    found |= {item.name: getattr(spec.options, item.name) for item in fields(spec.options)}
    found |= {"mapping": spec.mapping_file, "case": None if spec.mapping_file else spec.mapping}
    found["system"] = spec.system.name
    found["settings"] = [f"{name}={_setting(value)}" for name, value in spec.system.changes]
    return {name: value for name, value in found.items() if value is not None}


def changed(spec: RunSpec, **keywords: Unpack[SpecKeywords]) -> RunSpec:
    """Return a specification with some keywords replaced; settings are added to the system's.

    Raises
    ------
    AlpineError, TypeError
        As `run_spec`.
    """
    known = keywords_of(spec)
    added = checked_texts("settings", keywords.get("settings", ()), example='["cores=4"]')
    kept: list[str] = [] if "system" in keywords else known["settings"]
    if "sync" in keywords:
        kept = [text for text in kept if not text.startswith("sync.linux=")]
    # A case replaces a file, and a file a case.
    for name, other in (("case", "mapping"), ("mapping", "case")):
        if keywords.get(name) is not None:
            known.pop(other, None)
    merged: dict[str, Any] = {**known, **keywords, "settings": [*kept, *added]}
    return run_spec(spec.network, **merged)


RUN_WIDE = ("program", "engine", "inferences", "seed")
"""Keywords that are members of `RunSpec` itself."""

PARTS: dict[str, tuple[Any, dict[str, str]]] = {
    "software": (
        SoftwareChoice,
        {"software": "style", "digital_style": "digital_style", "cores": "cores"},
    ),
    "device": (
        DeviceChoice,
        {
            "device": "name",
            "after": "after_s",
            "compensate": "compensation",
            "effects": "effects",
            "adc_bits": "adc_bits",
            "verify": "verify",
            "chips": "chips",
        },
    ),
    "tiles": (TileChoice, {"back_door": "back_door", "tile_verilog": "verilog"}),
}
"""Members of `RunSpec` that keywords make, with their members by keyword."""


def _renamed(given: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {member: given.pop(name) for name, member in names.items() if name in given}


def _options(network: str | None, given: dict[str, Any]) -> NetworkOptions:
    """Take the network's options from what is left of the keywords, and nothing else."""
    own = given.pop("options", {})
    entry = PROGRAM if network is None else NETWORKS[network]
    for name in own:
        if network is None:
            raise AlpineError(f"a program has no options, so not {name}: leave it out")
        if name not in entry.option_names:
            raise AlpineError(
                f"network {network} has no option {name}; its own are "
                f"{', '.join(entry.option_names)}"
            )
    given |= own
    for name in [name for name, value in given.items() if value is None]:
        given.pop(name)
    options = {name: given.pop(name) for name in entry.option_names if name in given}
    for name, value in given.items():
        owners = [other for other in NETWORKS if name in NETWORKS[other].option_names]
        if not owners:
            raise TypeError(f"a run has no keyword {name!r}")
        _refuse(network, name, value, owners)
    return entry.options(**options)


def _refuse(network: str | None, name: str, value: Any, owners: list[str]) -> None:
    """Refuse another network's option, unless it asks for what is the default there."""
    item = next(i for i in fields(NETWORKS[owners[0]].options) if i.name == name)
    if item.metadata[CHECK](name.replace("_", " "), value) == default_of(item):
        return
    if network is None:
        raise AlpineError(f"a program has no option {name}, only {', '.join(owners)}: leave it out")
    told = NETWORKS[network].refusals.get(name) or item.metadata.get(REFUSAL) or NO_OPTION
    raise AlpineError(
        told.format(network=network, name=name, value=value, networks=", ".join(owners))
    )


NO_OPTION = "network {network} has no option {name}, only {networks}: leave it out"


def _setting(value: Any) -> str:
    """A value as `parse_setting` reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
