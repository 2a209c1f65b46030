# SPDX-License-Identifier: Apache-2.0
"""The many-core's report, as `alpine paper --only manycore` makes it."""

import click

from alpine_papers.paper import Paper, ReportRequest

__all__ = ["PAPER"]


def make_report(request: ReportRequest) -> bool:
    """Simulate the batches and write the page into the report's folder and the documentation's."""
    from .page import write_page
    from .runs import make_runs

    runs = make_runs(quick=request.quick)
    for folder in (request.out, request.write_docs):
        if folder is not None:
            for path in write_page(runs, folder):
                click.echo(path)
    if runs.unequal:
        click.echo(f"alpine: outputs differ from golden, from {runs.unequal} on", err=True)
    return runs.unequal is None


PAPER = Paper(make=make_report)
"""Bruschi et al., DATE 2023."""
