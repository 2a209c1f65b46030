# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: a page that needs nothing else, and the files it was made from."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from alpine_cosim.measurement.observation import Observation
from alpine_cosim.pages import report_sections, run_report
from alpine_cosim.pages.run_report import run_with_report
from alpine_cosim.spec.keywords import run_spec
from alpine_cosim.spec.spec_file import read_spec
from alpine_models.errors import AlpineError
from alpine_models.files import new_folder
from alpine_sw.mapping.yaml_file import read_mapping

SPEC = run_spec("lstm-256", engine="model", case=3, inferences=2)


class Page(HTMLParser):
    """Headings, texts of cells and what a page refers to."""

    def __init__(self, text: str):
        super().__init__()
        self.headings: list[str] = []
        self.cells: list[str] = []
        self.references: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs):
        self._within = tag
        self.references += [
            value for name, value in attrs if name in ("src", "href", "xlink:href") and value
        ]

    def handle_endtag(self, tag: str):
        self._within = ""

    def handle_data(self, data: str):
        if self._within == "h2":
            self.headings.append(data)
        if self._within == "td":
            self.cells.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "one"
    result = run_with_report(SPEC, path, Observation())
    assert result.outputs_equal_golden
    return path


def test_the_folder_holds_the_run(folder: Path):
    assert {file.name for file in folder.iterdir()} == {
        "report.html", "result.json", "run.toml", "mapping.yaml", "trace.json"
    }  # fmt: skip
    assert read_spec(folder / "run.toml") == SPEC
    assert json.loads((folder / "result.json").read_text())["case"] == "3"
    assert read_mapping(folder / "mapping.yaml").name == "case 3"
    events = json.loads((folder / "trace.json").read_text())["traceEvents"]
    names = [event["args"]["name"] for event in events if event["name"] == "thread_name"]
    assert names == ["core 0", "core 1", "core 0 tile 0", "core 1 tile 0"]
    # Every operation of a tile is one of its core as well.
    spans = [(e["pid"], e["name"], e["ts"]) for e in events if e["ph"] == "X"]
    assert {span[1:] for span in spans if span[0] == 2} <= {s[1:] for s in spans if s[0] == 1}


def test_the_page_says_everything_and_needs_nothing_else(folder: Path):
    text = (folder / "report.html").read_text()
    page = Page(text)
    assert page.headings == [
        "Layers", "Tiles", "Timeline", "Where the time goes", "Where the energy goes", "Roofline",
        "Cores", "What was modelled, and what not", "How to do it again",
    ]  # fmt: skip
    assert text.count("<svg") == 5
    # Parts of the pictures refer to one another, and to nothing outside.
    assert page.references and all(one.startswith("#") for one in page.references)
    assert not re.search(r"url\((?!#)|@import|<script|<link", text)
    assert page.cells[:7] == ["cell", "lstm cell", "1024 x 306", "1", "313,344", "0", "tile 0"]
    assert "seed 0" in text and "frequency_hz" not in text


def test_a_folder_that_exists_or_a_run_that_fails_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch
):
    with pytest.raises(AlpineError, match=r"folder .*one exists and is not empty: name another"):
        run_with_report(SPEC, folder, Observation())

    def fails(*_):
        raise AlpineError("half way")

    monkeypatch.setattr(run_report, "run_task", fails)
    with pytest.raises(AlpineError, match="half way"):
        run_with_report(SPEC, tmp_path / "two", Observation())
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "three") as made:
        (made / "file").write_text("x")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    with pytest.raises(AlpineError, match=r"leave --timeline and --trace out"):
        run_with_report(SPEC, tmp_path / "two", Observation(timeline=tmp_path / "t.json"))
    with pytest.raises(AlpineError, match=r"cannot be made: No such file"):
        run_with_report(SPEC, tmp_path / "none" / "two", Observation())


def test_the_mappers_reasons_are_a_table():
    head = "| node | core | cycles | why |\n| --- | --- | --- | --- |\n"
    found = report_sections._reasons(f"{head}| a | 0 | 1,000 | b |\n\nsaid")
    assert found.headers == ["node", "core", "cycles", "why"]
    assert found.rows == [["a", "0", "1,000", "b"]]
    assert (found.texts[-1], found.numbers) == ("said", (2,))


def test_what_a_model_brings_in_is_escaped():
    from jinja2 import Environment

    sections = [run_report.ReportSection(title="<b>t</b>", rows=[("<i>x</i>",)], headers=("h",))]
    text = Environment(autoescape=True).from_string(run_report.template()).render(
        title="t", subtitle="s", cards=[], parts=sections
    )  # fmt: skip
    assert "<i>x" not in text and "&lt;i&gt;x" in text and "&lt;b&gt;t" in text


def test_names_in_the_roofline_do_not_cover_one_another():
    from alpine_cosim.pages.report_pictures import RoofPoint, Roofs, roofline

    roofs = Roofs(tile_rate=1e13, core_rate=6e9, port_bytes=4e9, memory_bytes=2e10)
    # Three on one place, and five a tenth of a decade apart, whose names are wider than that.
    points = [RoofPoint(name, 30, 1e8, False) for name in ("a", "b", "c")]
    points += [RoofPoint(f"a long name {n}", 31 * 1.2**n, 1e8, True) for n in range(5)]
    text = roofline(points, roofs)
    named = {
        name: float(height)
        for name, height in re.findall(
            r"<!-- (a, b and 1 more|a long name \d) -->\s*<g [^>]*translate\([\d.]+ ([\d.]+)\)",
            text,
        )
    }
    assert list(named) == ["a, b and 1 more", *(f"a long name {n}" for n in range(5))]
    heights = sorted(named.values())
    # In points; letters of 7 points are no higher than that.
    assert min(high - low for low, high in pairwise(heights)) > 7
