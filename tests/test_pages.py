# SPDX-License-Identifier: Apache-2.0
"""Every page of documentation is compared with its source by a test, or says where it is from."""

from pathlib import Path

import pytest

from alpine_models.page_origin import origin_of, stale_pages

ROOT = Path(__file__).parent.parent
COMPARED = {"configuration.md", "formal.md", "registers.md", "testplan.md"}
"""Made from tables in the code; tests compare the whole text."""
WITHOUT_FIGURES = {
    "aimclib-c.md",
    "changelog.md",
    "contributing.md",
    "index.md",
    "reference.md",
    "extending.md",
    "graph.md",
    "binding.md",
    "coupling.md",
    "mapping.md",
    "onnx.md",
    "placement.md",
    "runs.md",
    "systems.md",
}
"""Words, with what the text of the code says."""

BY_HAND = "the commands on this page"
"""Of pages that no command writes; `--renew` of `alpine_models.page_origin` is for them."""


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"], ids=str)
def test_pages_with_figures_say_what_they_were_made_from(page: Path):
    origin = origin_of(page.read_text())
    if page.name in COMPARED | WITHOUT_FIGURES:
        assert origin is None
        return
    assert origin is not None, f"{page.name} needs a comment on its origin (CONTRIBUTING.md)"
    make, _, target = origin.command.partition("make ")
    if make:
        assert origin.command == BY_HAND
    else:
        assert f"\n{target}: " in (ROOT / "Makefile").read_text()


def test_what_pages_were_made_from_exists():
    # A package or folder that is named in a page and moved away ends `make pages` with an error.
    stale_pages([ROOT / "docs", ROOT / "README.md"])
