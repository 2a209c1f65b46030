# SPDX-License-Identifier: Apache-2.0
"""Public names of a package that are imported where they are used first."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

__all__ = ["lazy_names"]


def lazy_names(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package: importing it alone then takes no time.

    A command such as ``alpine --help`` needs none of what the packages offer, and importing all of
    it takes seconds. The package repeats the names in its `__all__` and, for type checkers, as
    ordinary imports under ``if TYPE_CHECKING``; tests/test_public_names.py compares the three.

    Parameters
    ----------
    package : its name.
    names : public names by the module below the package that defines them.
    """
    modules = {name: module for module, offered in names.items() for name in offered}

    def find(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return find, lambda: sorted({*vars(sys.modules[package]), *modules})
