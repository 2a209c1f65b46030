# SPDX-License-Identifier: Apache-2.0
"""Settings of the site: the pages of this folder and an API reference made from the docstrings."""

import re
from pathlib import Path
from typing import Any

from alpine_models import __version__

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "alpine_models": "models",
    "alpine_rtl": "rtl",
    "alpine_platform": "platform",
    "alpine_sw": "sw",
    "alpine_cosim": "cosim",
    "alpine_papers": "papers",
}

project = "ALPINE co-simulation"
author = "the ALPINE co-simulation authors"
version = release = __version__

extensions = [
    "myst_parser",  # pages are Markdown
    "sphinx.ext.apidoc",  # a page per package and room
    "sphinx.ext.autodoc",
]
html_theme = "furo"
html_title = f"{project} {release}"
exclude_patterns = ["api/*/modules.rst"]

# Headings have anchors, so that links to them are checked too.
myst_heading_anchors = 4
# Names in single backticks are links where the reference has them.
default_role = "py:obj"

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
# A table of contents of every member would stand beside every page.
toc_object_entries = False
# An annotation `type[...]` is taken for an attribute of that name, of which there are several.
suppress_warnings = ["ref.python"]
apidoc_modules = [
    {
        "path": str(ROOT / folder / package),
        "destination": f"api/{package}",
        "module_first": True,
        "max_depth": 1,
        # What runs inside a simulator's process alone.
        "exclude_patterns": [str(ROOT / folder / package / "cocotb" / "serve_*.py")],
    }
    for package, folder in PACKAGES.items()
]

UNDERLINE = re.compile(r"-{3,}")
LISTS = ("Parameters", "Members")
INCLUDED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Files of the checkout that are pages as well."""


def as_restructured_text(lines: list[str]) -> list[str]:
    """Return a docstring with its underlined sections as paragraphs and lists of definitions."""
    made: list[str] = []
    number = 0
    while number < len(lines):
        title, below = lines[number], "".join(lines[number + 1 : number + 2])
        if not UNDERLINE.fullmatch(below):
            made.append(escaped(title))
            number += 1
            continue
        made += ["", f".. rubric:: {title}", ""]
        number += 2
        if title in LISTS:
            end = next((n for n in range(number, len(lines)) if not lines[n].strip()), len(lines))
            for names, text in entries(lines[number:end]):
                if len(text) > 1 and text[1][:1].isupper() and text[0][-1:] not in ".,:;":
                    text[0] += "."
                made += [escaped(names), *(f"    {escaped(line)}" for line in text), ""]
            number = end
    return made


def entries(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Return names and what is said of them.

    An entry is ``names : what they are`` with or without lines that go on below it, or, in NumPy's
    manner, ``names : type`` with a sentence below it. Names may take several lines.
    """
    found: list[tuple[str, list[str]]] = []
    names = ""
    for line in lines:
        before, colon, after = line.partition(" : ")
        if line.startswith(" ") and found:
            found[-1][1].append(line.strip())
        elif colon:
            found.append((f"{names} {before}".strip(), [after]))
            names = ""
        elif found and not found[-1][1][-1].endswith(".") and len(found[-1][1]) == 1:
            found[-1][1].append(line)
        else:
            names = f"{names} {line}".strip()
    return found


def escaped(text: str) -> str:
    """Return text in which bars, asterisks and underscores outside of backticks are themselves."""
    parts = re.split(r"(`+[^`]+`+)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"[|*]|_\b|_(?=\W|$)", r"\\\g<0>", part)
        for part in parts
    )


def change_docstring(_app: Any, _what: str, _name: str, _object: Any, _: Any, lines: list[str]):
    """Hand autodoc a docstring as reStructuredText."""
    lines[:] = as_restructured_text(lines)


def change_links(_app: Any, _path: Path, _page: str, content: list[str]) -> None:
    """Turn links between files of the checkout into links between pages."""
    for file, page in INCLUDED.items():
        content[0] = content[0].replace(f"]({file})", f"]({page})")


def leave_out(app: Any, what: str, _name: str, member: Any, skip: bool, _: Any) -> bool | None:
    """Leave out of a room's page what its modules define: it stands with them, and once."""
    module = app.env.current_document.autodoc_module
    foreign = getattr(member, "__module__", module) != module
    return True if what == "module" and foreign and module not in PACKAGES else None


def setup(app: Any) -> None:
    """Have every docstring changed, and every name shown in one place."""
    app.connect("autodoc-process-docstring", change_docstring)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("include-read", change_links)
