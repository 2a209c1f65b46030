# SPDX-License-Identifier: Apache-2.0
"""Names of programs: ``FILE.py:FUNCTION`` or ``package.module:FUNCTION``.

The function takes nothing and returns a `ProgramSetup`.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from alpine_models.errors import AlpineError
from alpine_models.provenance import source_digest

from .program_setup import ProgramSetup
from .trees import file_digest

__all__ = ["checked_program", "load_program", "name_of", "program_identity"]

FORM = "give FILE.py:FUNCTION or package.module:FUNCTION, as in own.py:layer"
SUFFIX = ".py"


def checked_program(name: str, value: Any) -> str:
    """Check a program's name; whether it exists is seen when it is loaded."""
    source, _, function = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not function or not (source.endswith(SUFFIX) or _is_dotted(source)):
        raise AlpineError(f"{name} {value!r} is refused: {FORM}")
    return value


def name_of(function: Callable[..., Any]) -> str:
    """Return a function's name in this form; one within another function cannot be loaded by it."""
    kind = type(function)
    module = getattr(function, "__module__", None) or kind.__module__
    return f"{module}:{getattr(function, '__qualname__', kind.__qualname__)}"


def load_program(name: str) -> ProgramSetup:
    """Return what a program's function returns.

    A file is executed anew each time; of the modules that it imports, those in its own folder are
    found only where Python finds them anyway.

    Raises
    ------
    AlpineError
        There is no such module, file or function, it is no Python, or it returns something else.
    """
    source, _, function = name.rpartition(":")
    try:
        module = _file(Path(source)) if source.endswith(SUFFIX) else importlib.import_module(source)
    except (ImportError, SyntaxError) as error:
        raise AlpineError(f"program {name} cannot be loaded: {error}") from error
    made = getattr(module, function, None)
    if not callable(made):
        raise AlpineError(f"{source} has no function {function} at its top level: name one")
    setup = made()
    if not isinstance(setup, ProgramSetup):
        raise AlpineError(
            f"program {name} returned a {type(setup).__name__}: return an "
            "alpine_cosim.ProgramSetup, as in ProgramSetup(start=start, tiles={0: [tile]})"
        )
    return setup


def program_identity(name: str) -> dict[str, str]:
    """Return the function's name and a digest of the file, or of all files of the module's package.

    Raises
    ------
    AlpineError
        The source cannot be read.
    """
    source, _, function = name.rpartition(":")
    if source.endswith(SUFFIX):
        return {"function": function, "source": file_digest(Path(source))}
    digest = source_digest([source.partition(".")[0]])
    return {"function": f"{source}:{function}", "source": digest}


def _is_dotted(source: str) -> bool:
    return all(part.isidentifier() for part in source.split("."))


def _file(path: Path) -> ModuleType:
    # Dataclasses and pickles look a module up by its name.
    name = f"alpine_program_{file_digest(path)[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
