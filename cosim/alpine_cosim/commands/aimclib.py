# SPDX-License-Identifier: Apache-2.0
"""`alpine aimclib`."""

import click

__all__ = ["aimclib"]


@click.command(
    epilog='Example: cc -DAIMC_CHECKER -I"$(alpine aimclib --include)" program.c '
    '"$(alpine aimclib --checker)" -lm'
)
@click.option("--include", "shown", flag_value="include", help="Print the folder of aimclib.h.")
@click.option(
    "--checker", "shown", flag_value="checker", help="Print the C file of the functional tile."
)
def aimclib(shown: str | None) -> None:
    """Say where AIMClib in C lies, for a compiler's command line."""
    from alpine_sw.library.c import CHECKER, INCLUDE

    if shown is None:
        raise click.UsageError("Say what to print: --include or --checker.")
    click.echo(INCLUDE if shown == "include" else CHECKER)
