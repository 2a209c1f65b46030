# SPDX-License-Identifier: Apache-2.0
"""Which code the figures on a page of documentation were made with.

A page with figures ends with a comment that says by which command, from which packages and from
which state of them it was made. ``python -m alpine_models.page_origin docs README.md`` says which
pages are older than the code. ``--renew FILE`` is for a page whose figures were measured by hand:
it writes the present state into the comment, once they have been measured again.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import AlpineError
from .files import write_text
from .provenance import source_digest

__all__ = ["Origin", "origin_of", "stale_pages", "with_origin"]

DIGITS = 16
"""Of the digest: enough to tell states of a repository apart."""

COMMENT = re.compile(
    r"\n<!-- made by `(?P<command>[^`]+)` from (?P<packages>[\w. ]+?)"
    r"(?: without (?P<without>[\w./ ]+?))?: (?P<digest>[0-9a-f]+) -->\n$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What a page was made from.

    Members
    -------
    command : what a person types to make it, or to measure its figures, again.
    packages : names of the packages that its figures depend on.
    without : files and folders in them on which no figure depends.
    digest : hexadecimal, of the packages as they were.
    """

    command: str
    packages: tuple[str, ...]
    without: tuple[str, ...]
    digest: str

    @classmethod
    def now(cls, command: str, packages: Sequence[str], without: Sequence[str] = ()) -> "Origin":
        """Return the origin of a page that is made from the packages as they are."""
        digest = source_digest(packages, leaving_out=without)[:DIGITS]
        return cls(command=command, packages=tuple(packages), without=tuple(without), digest=digest)

    @property
    def is_present(self) -> bool:
        """Whether the packages still are as they were."""
        return self == Origin.now(self.command, self.packages, self.without)

    def __str__(self) -> str:
        """Return the comment."""
        without = f" without {' '.join(self.without)}" if self.without else ""
        packages = " ".join(self.packages)
        return f"<!-- made by `{self.command}` from {packages}{without}: {self.digest} -->"


def origin_of(page: str) -> Origin | None:
    """Return what a page says of its origin, or None where it says nothing."""
    found = COMMENT.search(page)
    if found is None:
        return None
    return Origin(
        command=found["command"],
        packages=tuple(found["packages"].split()),
        without=tuple((found["without"] or "").split()),
        digest=found["digest"],
    )


def with_origin(page: str, origin: Origin) -> str:
    """Return a page that ends with its origin, in place of an earlier one."""
    return f"{COMMENT.sub('', page).rstrip()}\n\n{origin}\n"


def stale_pages(paths: Sequence[Path]) -> dict[Path, Origin]:
    """Return the pages, of files and of folders, that are older than the code, and their origins.

    Raises
    ------
    AlpineError
        A file cannot be read, or one of a page's packages is not installed.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.md")) or [path])]
    stale: dict[Path, Origin] = {}
    for file in files:
        origin = origin_of(_read(file))
        if origin is not None and not origin.is_present:
            stale[file] = origin
    return stale


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise AlpineError(f"page {file} cannot be read: {error}") from error


def renew(file: Path) -> None:
    """Write the present state of the code into a page's comment.

    Raises
    ------
    AlpineError
        The page has no comment, or cannot be read or written.
    """
    page = _read(file)
    origin = origin_of(page)
    if origin is None:
        raise AlpineError(f"page {file} does not end with a comment on its origin: add one first")
    now = Origin.now(origin.command, origin.packages, origin.without)
    write_text(file, with_origin(page, replace(origin, digest=now.digest)))


def main() -> None:
    """Say which pages are older than the code, or renew some."""
    parser = argparse.ArgumentParser(
        prog="python -m alpine_models.page_origin",
        description="Say which pages with figures are older than the code.",
    )
    parser.add_argument("paths", nargs="*", type=Path, help="pages, and folders of pages")
    parser.add_argument(
        "--renew",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="say that this page's figures were measured with the present code",
    )
    arguments = parser.parse_args()
    for file in arguments.renew:
        renew(file)
        print(f"{file}: of the present code")
    stale = stale_pages(arguments.paths)
    for file, origin in stale.items():
        print(f"{file} is older than the code that its figures depend on: {origin.command}")
    if arguments.paths and not stale:
        print("every page with figures is of the present code")


if __name__ == "__main__":
    try:
        main()
    except AlpineError as error:
        sys.exit(f"page_origin: {error}")
