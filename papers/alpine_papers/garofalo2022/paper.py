# SPDX-License-Identifier: Apache-2.0
"""The IMC cluster's report, as `alpine paper --only imc-cluster` makes it."""

import click

from alpine_papers.paper import Paper, ReportRequest

__all__ = ["PAPER"]


def make_report(request: ReportRequest) -> bool:
    """Run the programs and write the page into the report's folder and the documentation's."""
    from .page import run_programs, write_page

    runs = run_programs(engine="model" if request.quick else "rtl")
    for folder in (request.out, request.write_docs):
        if folder is not None:
            for path in write_page(runs, folder):
                click.echo(path)
    if runs.wrong:
        click.echo(
            f"alpine: outputs differ from plain arithmetic: {'; '.join(runs.wrong)}", err=True
        )
    return not runs.wrong


PAPER = Paper(make=make_report)
"""Garofalo et al., IEEE JETCAS 2022."""
