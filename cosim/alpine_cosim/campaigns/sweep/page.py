# SPDX-License-Identifier: Apache-2.0
"""A sweep as one HTML file that needs nothing else: pictures, and a table that can be sorted."""

from collections.abc import Sequence
from html import escape

from alpine_models.plurals import counted

from .rows import SweepRows
from .tables import shown

__all__ = ["html_page"]

STYLE = """
body { font-family: sans-serif; margin: 2em; }
table { border-collapse: collapse; font-size: 0.9em; }
th, td { border: 1px solid #ccc; padding: 0.2em 0.6em; text-align: right; }
th { cursor: pointer; background: #eee; position: sticky; top: 0; }
tr.front td { background: #fdeaea; }
figure { display: inline-block; margin: 0 1em 1em 0; }
"""

# Sorts by what a cell holds and not by how it is shown; empty cells stand last both ways.
SCRIPT = """
document.querySelectorAll('th').forEach((head, column) => head.addEventListener('click', () => {
  const up = head.dataset.up !== 'true';
  document.querySelectorAll('th').forEach(other => delete other.dataset.up);
  head.dataset.up = up;
  const body = document.querySelector('tbody');
  const value = row => row.cells[column].dataset.value;
  const order = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === '' || y === '') return (x === '') - (y === '');
    const [p, q] = [Number(x), Number(y)];
    const found = isNaN(p) || isNaN(q) ? x.localeCompare(y) : p - q;
    return up ? found : -found;
  };
  body.append(...Array.from(body.rows).sort(order));
}));
"""


def html_page(
    rows: SweepRows,
    columns: Sequence[str],
    *,
    front: Sequence[int] = (),
    pictures: Sequence[bytes] = (),
) -> str:
    """Return the page: all rows with some columns, those of a Pareto front marked.

    Parameters
    ----------
    pictures : SVG files.
    """
    marked = set(front)
    heads = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = [
        _line(_cells(rows, columns, place), marked=place in marked) for place in range(len(rows))
    ]
    figures = "".join(f"<figure>{_element(picture)}</figure>" for picture in pictures)
    note = "; a click on a column's head sorts by it" + ("; Pareto front marked" if front else "")
    body = "\n".join(lines)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(rows.title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(rows.title)}</h1>\n{figures}\n"
        f"<p>{counted(len(rows), 'run')}{note}.</p>\n"
        f"<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table>\n"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _line(cells: str, *, marked: bool) -> str:
    return f"<tr{' class=front' * marked}>{cells}</tr>"


def _cells(rows: SweepRows, columns: Sequence[str], place: int) -> str:
    cells: list[str] = []
    for name in columns:
        value = rows.columns[name][place]
        held = "" if value is None else str(value)
        cells.append(f'<td data-value="{escape(held)}">{escape(shown(name, value))}</td>')
    return "".join(cells)


def _element(picture: bytes) -> str:
    """The SVG element of a file, without what stands before it."""
    text = picture.decode()
    return text[text.index("<svg") :]
