# SPDX-License-Identifier: Apache-2.0
"""Frozen records as YAML files: written, edited by a person, read back with exact types.

A file holds what a record does, under the same names; what is left out has its default. Every
mistake is one line with file, place and value.
"""

from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from alpine_models.choices import choose
from alpine_models.errors import AlpineError

from .records import Range

if TYPE_CHECKING:
    import yaml
    from cattrs.preconf.pyyaml import PyyamlConverter

__all__ = ["read_text", "record_converter", "record_from_yaml", "record_to_yaml"]

Record = TypeVar("Record")

WIDTH = 100
MOST_BYTES = 16 << 20
"""Longest file that is read: a thousand times what a large network's mapping takes."""


def read_text(path: Path, *, what: str) -> str:
    """Return the text of a file.

    Parameters
    ----------
    what : it holds, such as ``mapping``, for messages.

    Raises
    ------
    AlpineError
        The file cannot be read, is no UTF-8, or longer than any such file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise AlpineError(f"{what} file {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AlpineError(
            f"{what} file {path}: byte {error.start} is no UTF-8: convert the file"
        ) from None
    if len(data) > MOST_BYTES:
        raise AlpineError(
            f"{what} file {path} is longer than {MOST_BYTES} bytes: give {_article(what)}"
        )
    return text


def record_to_yaml(record: object, converter: "PyyamlConverter") -> str:
    """Return a record as YAML; members that have their default are left out."""
    import yaml

    return yaml.safe_dump(
        converter.unstructure(record), sort_keys=False, default_flow_style=None, width=WIDTH
    )


def record_from_yaml(
    text: str, kind: type[Record], converter: "PyyamlConverter", *, what: str, origin: str
) -> Record:
    """Return the record that a text holds.

    Parameters
    ----------
    text : YAML, as `record_to_yaml` writes it.
    kind : class of the record.
    what : such a record is called, such as ``mapping``.
    origin : what to call this one in messages.

    Raises
    ------
    AlpineError
        It is no YAML, or no such record: the first mistake, in one line.
    """
    import yaml

    try:
        # A loader that makes plain lists, texts and numbers only.
        tree = yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise AlpineError(f"{origin} is no YAML: {_one_line(error)}") from None
    except RecursionError:
        raise AlpineError(f"{origin} is nested too deeply for {_article(what)}") from None
    if not isinstance(tree, dict):
        raise AlpineError(f"{origin} holds no {what}: it begins with name: and network:")
    return _structured(cast(dict[str, Any], tree), kind, converter, origin)


def record_converter(
    words: Mapping[type[StrEnum], str],
    *,
    optional: Mapping[UnionType, type] | None = None,
) -> "PyyamlConverter":
    """Return what turns records into plain data and back, with exact types.

    Parameters
    ----------
    words : what each enumeration of the records is called in messages.
    optional : for each type that may be None, what it is otherwise.
    """
    from cattrs.preconf.pyyaml import make_converter

    converter = make_converter(forbid_extra_keys=True, omit_if_default=True)
    for kind, name in ((int, "a whole number"), (str, "a text"), (bool, "true or false")):
        converter.register_structure_hook(kind, _exactly(kind, name))
    for kind, name in words.items():
        converter.register_structure_hook(kind, _one_of(kind, name))
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _names)
    converter.register_structure_hook_func(lambda kind: kind == Range, _range)
    for union, kind in (optional or {}).items():
        converter.register_structure_hook_func(_is(union), _or_none(converter, kind))
    return converter


def _is(union: UnionType) -> Callable[[Any], bool]:
    return lambda kind: kind == union


def _or_none(converter: "PyyamlConverter", kind: type[Any]) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        return None if value is None else converter.structure(value, kind)

    return structure


def _structured(
    tree: dict[str, Any], kind: type[Record], converter: "PyyamlConverter", origin: str
) -> Record:
    from cattrs import transform_error
    from cattrs.errors import BaseValidationError

    try:
        return converter.structure(tree, kind)
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


def _article(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
