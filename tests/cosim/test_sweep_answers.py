# SPDX-License-Identifier: Apache-2.0
"""What rows of a sweep say, on rows whose answers follow from arithmetic."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from alpine_cosim.campaigns.sweep.answers import Goal, pareto_front, sensitivity
from alpine_cosim.campaigns.sweep.page import html_page
from alpine_cosim.campaigns.sweep.questions import Questions
from alpine_cosim.campaigns.sweep.rows import SweepRows
from alpine_cosim.campaigns.sweep.tables import RowLines, print_answers, shown, shown_columns
from alpine_cosim.pages.sweeps import HEAD, pivot, with_answers
from alpine_models.errors import AlpineError


def rows_of(varied: tuple[str, ...], **columns: list[Any]) -> SweepRows:
    count = len(next(iter(columns.values())))
    keys = {"key": [str(number) for number in range(count)], "error": [None] * count}
    return SweepRows(title="a <small> sweep", varied=varied, columns={**columns, **keys})


# Time is 10 a + b on a grid: a moves it by 20 (from 1 to 3), b by 1 (from 0 to 1).
GRID = rows_of(
    ("a", "b"),
    a=[1, 1, 2, 2, 3, 3],
    b=[0, 1, 0, 1, 0, 1],
    time_s=[10.0, 11.0, 20.0, 21.0, 30.0, 31.0],
    accuracy=[0.5, 0.4, 0.7, None, 0.6, 0.9],
    name=list("uvwxyz"),
)


def test_sensitivity_compares_rows_that_differ_in_one_setting_alone():
    a, b = sensitivity(GRID, "time_s")
    assert (a.name, a.groups, a.mean, a.largest) == ("a", 2, 20.0, 20.0)
    assert (b.name, b.groups, b.mean, b.largest) == ("b", 3, 1.0, 1.0)
    # Means of the groups: 20 and 21; 10.5, 20.5 and 30.5.
    assert a.relative == pytest.approx((20 / 20 + 20 / 21) / 2)
    assert b.relative == pytest.approx((1 / 10.5 + 1 / 20.5 + 1 / 30.5) / 3)
    zipped = rows_of(("a", "b"), a=[1, 2], b=[3, 4], time_s=[1.0, 2.0])
    assert sensitivity(zipped, "time_s") == []


def test_the_front_has_what_nothing_beats():
    # 0 is quickest; 2 is slower and better; 4 is worse than 2 in both; 5 is best. 1 and 3 are no
    # match for 0, or have no accuracy.
    goals = [Goal("time_s", highest=False), Goal("accuracy", highest=True)]
    assert pareto_front(GRID, goals) == [0, 2, 5]
    equal = rows_of(("a",), a=[1, 2, 3], x=[1.0, 1.0, 1.0], y=[2.0, 2.0, 3.0])
    assert pareto_front(equal, [Goal("x", highest=False), Goal("y", highest=False)]) == [0, 1]


def test_more_is_better_of_accuracy_and_less_of_all_else():
    answers = Questions(best="accuracy").answers(GRID)
    assert answers.ordered is not None and answers.ordered[1] == [5, 2, 4, 0, 1]
    worst = Questions(best="accuracy:min").answers(GRID)
    assert worst.ordered is not None and worst.ordered[1] == [1, 0, 4, 2, 5]
    quick = Questions(best="time_s").answers(GRID)
    assert quick.ordered is not None and quick.ordered[1][0] == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"best": "tme_s"}, "unknown column 'tme_s': did you mean time_s"),
        ({"best": "name"}, "column name holds no numbers: choose one of a, b, time_s, accuracy"),
        ({"best": "time_s:low"}, "unknown end of time_s 'low'"),
        ({"pareto": ["time_s"]}, "a Pareto front needs two columns or more"),
        ({"sensitivity": "error"}, "column error holds no numbers"),
        ({"curve": ["a"]}, "a curve needs X,Y or X,Y,BY, not 1 columns"),
        ({"curve": ["a", "time_s", "c"]}, "unknown column 'c'"),
    ],
)
def test_mistakes_are_one_line(asked: dict[str, Any], message: str):
    with pytest.raises(AlpineError, match=re.escape(message)):
        Questions(**asked).answers(GRID)


def test_tables_say_what_was_asked(capsys: pytest.CaptureFixture[str]):
    asked = Questions(best="time_s", pareto=("time_s", "accuracy"), sensitivity="time_s")
    print_answers(GRID, asked.answers(GRID), shown_columns(GRID), Console(width=120), most=2)
    told = capsys.readouterr().out
    assert "a <small> sweep: lowest time_s first; 6 runs, the first 2 of them" in told
    assert "Pareto front: lowest time_s and highest accuracy; 3 runs" in told
    assert re.search(r"a +│ 20 s │ +97.6% │ +20 s │ 2 groups", told)
    print_answers(GRID, Questions().answers(GRID), ["a", "name"], Console(width=120), most=9)
    assert re.search(r"│ 3 │ z +│", capsys.readouterr().out)


def test_values_have_units():
    values = [
        shown("time_s", 1.705e-5), shown("energy_j", 0.0), shown("energy_j", 1234.5),
        shown("accuracy", 0.898), shown("count", 1234567), shown("equal", True), shown("x", None),
        shown("device.after_s", 86400.0),
    ]  # fmt: skip
    told = ["17.05 us", "0 J", "1234.5 J", "89.80%", "1,234,567", "true", "", "1 day"]
    assert values == told


def test_lines_come_one_by_one_under_a_head():
    lines = RowLines(("case", "seed"), {"case": 7})
    row = {"case": "digital", "seed": 3, "time_per_inference_s": 2e-6, "accuracy": 0.5}
    head, line = lines.head(), lines.line(row)
    assert line.split() == ["digital", "3", "2", "us", "50.00%"] and len(head) == len(line)
    assert lines.line({**row, "error": "E: no"}).endswith("3  failed: E: no")


def test_the_page_stands_alone_and_holds_every_row(tmp_path: Path):
    answers = Questions(
        pareto=("time_s", "accuracy"), sensitivity="time_s", curve=("name", "time_s", "b")
    ).answers(GRID)
    pictures = answers.pictures(GRID)
    assert list(pictures) == ["pareto", "sensitivity", "curve"]
    # The same rows give the same bytes.
    assert answers.pictures(GRID) == pictures
    page = html_page(
        GRID, ["name", "accuracy"], front=answers.front, pictures=list(pictures.values())
    )
    assert page.count("<svg") == 3 and page.count("<tr") == 1 + 6
    assert page.count("<tr class=front>") == 3
    assert '<td data-value="0.9">90.00%</td>' in page and '<td data-value=""></td>' in page
    assert "a &lt;small&gt; sweep" in page
    # Nothing is fetched from elsewhere.
    assert not re.search(r'(src|href)="(?!#)', page)


def test_columns_of_a_table_are_the_filled_ones():
    wrong = replace(GRID, columns={**GRID.columns, "outputs_equal_golden": [True] * 5 + [False]})
    failed = replace(GRID, columns={**wrong.columns, "error": [None] * 5 + ["no"]})
    assert shown_columns(GRID) == ["a", "b", "accuracy"]
    assert shown_columns(failed) == ["a", "b", "accuracy", "outputs_equal_golden", "error"]
    assert shown_columns(GRID, ["time_s"]) == ["a", "b", "time_s"]


def test_the_pages_section_is_written_anew_and_the_rest_of_it_stays():
    times = pivot(GRID, row="a", column="b", value="time_s")
    assert times.splitlines()[0] == r"| a \ b | 0 | 1 |"
    assert times.splitlines()[2:4] == ["| 1 | 10 s | 11 s |", "| 2 | 20 s | 21 s |"]
    page = with_answers(f"# Sweeps\n\nwords\n\n{HEAD}\nold\n", times)
    assert page.startswith(f"# Sweeps\n\nwords\n\n{HEAD}\n{times}\n<!-- made by `make sweeps` ")
    assert with_answers(page, times) == page
