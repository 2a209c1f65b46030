# SPDX-License-Identifier: Apache-2.0
"""The IMC cluster's report, as `alpine paper --only imc-cluster` makes it."""

import click

from alpine_papers.paper import Paper, ReportRequest

__all__ = ["PAPER"]


def make_report(request: ReportRequest) -> bool:
    """Write the page into the folder of the report, and into that of the documentation."""
    from .page import write_page

    for folder in (request.out, request.write_docs):
        if folder is not None:
            for path in write_page(folder):
                click.echo(path)
    return True


PAPER = Paper(make=make_report)
"""Garofalo et al., IEEE JETCAS 2022."""
