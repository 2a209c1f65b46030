# SPDX-License-Identifier: Apache-2.0
"""Mappings as YAML files: written, edited by a person, read back.

A file holds what `records.Mapping` does, under the same names; what is left out has its default.
"""

from collections.abc import Hashable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

from .records import (
    InputFormat,
    LinkKind,
    Mapping,
    Range,
    Software,
    SplitAxis,
    Style,
    TileAttachment,
)

if TYPE_CHECKING:
    import yaml
    from cattrs.preconf.pyyaml import PyyamlConverter

__all__ = ["mapping_from_yaml", "mapping_to_yaml", "read_mapping", "write_mapping"]

WIDTH = 100
MOST_BYTES = 16 << 20
"""Longest file that is read: a thousand times what a large network's mapping takes."""


def write_mapping(mapping: Mapping, path: Path) -> None:
    """Write a mapping to a file; one that exists is replaced."""
    write_text(path, mapping_to_yaml(mapping))


def read_mapping(path: Path) -> Mapping:
    """Return the mapping in a file.

    Raises
    ------
    AlpineError
        The file cannot be read or does not hold a mapping; the message names file, place, value.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise AlpineError(f"mapping file {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AlpineError(
            f"mapping file {path}: byte {error.start} is no UTF-8: convert the file"
        ) from None
    if len(data) > MOST_BYTES:
        raise AlpineError(f"mapping file {path} is longer than {MOST_BYTES} bytes: give a mapping")
    return mapping_from_yaml(text, origin=f"mapping file {path}")


def mapping_to_yaml(mapping: Mapping) -> str:
    """Return a mapping as YAML; members that have their default are left out."""
    import yaml

    return yaml.safe_dump(
        _converter().unstructure(mapping), sort_keys=False, default_flow_style=None, width=WIDTH
    )


def mapping_from_yaml(text: str, *, origin: str = "mapping") -> Mapping:
    """Return the mapping that a text holds.

    Parameters
    ----------
    text : YAML, as `mapping_to_yaml` writes it.
    origin : what to call it in messages.

    Raises
    ------
    AlpineError
        It is no YAML, or no mapping: the first mistake, in one line.
    """
    import yaml

    try:
        # A loader that makes plain lists, texts and numbers only.
        tree = yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise AlpineError(f"{origin} is no YAML: {_one_line(error)}") from None
    except RecursionError:
        raise AlpineError(f"{origin} is nested too deeply for a mapping") from None
    if not isinstance(tree, dict):
        raise AlpineError(f"{origin} holds no mapping: it begins with name: and network:")
    return _structured(cast(dict[str, Any], tree), origin)


def _structured(tree: dict[str, Any], origin: str) -> Mapping:
    from cattrs import transform_error
    from cattrs.errors import BaseValidationError

    try:
        return _converter().structure(tree, Mapping)
    except BaseValidationError as error:
        messages = transform_error(error, format_exception=_in_words)
        # An unknown name tells more than the one that is missing in its place.
        first = min(messages, key=lambda message: "unknown field" not in message)
        words, _, place = first.rpartition(" @ $")
        place = place.removeprefix(".")
        raise AlpineError(
            f"{origin}, {place}: {words}" if place else f"{origin}: {words}"
        ) from None


def _in_words(error: BaseException, wanted: type | None) -> str:
    """One mistake in words."""
    from cattrs.errors import ForbiddenExtraKeysError

    if isinstance(error, KeyError):
        return "it is missing"
    if isinstance(error, ForbiddenExtraKeysError):
        known = error.cl.__dataclass_fields__  # type: ignore[attr-defined]
        try:
            choose("field", min(map(str, error.extra_fields)), cast(dict[str, object], known))
        except AlpineError as unknown:
            return str(unknown)
    if isinstance(error, AlpineError):
        return str(error)
    if isinstance(error, _RefusedError):
        return str(error)
    return "this has no members: give them as in {name: value}" if wanted else str(error)


class _RefusedError(ValueError):
    """A value of the wrong type; the message says what is expected."""


@cache
def _converter() -> "PyyamlConverter":
    """What turns mappings into plain data and back, with exact types."""
    from cattrs.preconf.pyyaml import make_converter

    converter = make_converter(forbid_extra_keys=True, omit_if_default=True)
    for kind, words in ((int, "a whole number"), (str, "a text"), (bool, "true or false")):
        converter.register_structure_hook(kind, _exactly(kind, words))
    for kind, words in (
        (Software, "software style"),
        (InputFormat, "format of inputs"),
        (TileAttachment, "attachment"),
        (LinkKind, "kind of buffer"),
        (SplitAxis, "axis of a split"),
    ):
        converter.register_structure_hook(kind, _one_of(kind, words))
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _names)
    converter.register_structure_hook_func(lambda kind: kind == Range, _range)
    converter.register_structure_hook_func(
        lambda kind: kind == Style | None,
        lambda value, _: None if value is None else converter.structure(value, Style),
    )
    return converter


def _exactly(kind: type, words: str):
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise _RefusedError(f"{value!r} is refused: give {words}")
        return value

    return structure


def _one_of(kind: type[StrEnum], words: str):
    def structure(value: Any, _: Any) -> Any:
        return kind(choose(words, value, list(kind)))

    return structure


def _names(value: Any, _: Any) -> tuple[str, ...]:
    names = cast(list[object], value) if isinstance(value, list) else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise _RefusedError(f"{value!r} is refused: give a list of names, as in [a, b]")
    return tuple(cast(list[str], names))


def _range(value: Any, _: Any) -> Range:
    numbers = cast(list[object], value) if isinstance(value, list) else []
    if len(numbers) != 2 or any(type(number) is not int for number in numbers):
        raise _RefusedError(
            f"{value!r} is refused: give a first element and an end, as in [0, 256]"
        )
    return cast(Range, tuple(numbers))


@cache
def _loader() -> "type[yaml.SafeLoader]":
    """PyYAML's safe loader, which would take the last of two equal names, made to refuse them."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen = set[Hashable]()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=deep)  # type: ignore[no-untyped-call]
                if not isinstance(key, str) or key in seen:
                    line = key_node.start_mark.line + 1
                    raise yaml.YAMLError(
                        f"line {line} gives {key} twice"
                        if key in seen
                        else f"line {line} has {key!r} in place of a name"
                    )
                seen.add(key)
            return super().construct_mapping(node, deep)

    return Loader


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
