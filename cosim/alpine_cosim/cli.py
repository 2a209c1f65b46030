# SPDX-License-Identifier: Apache-2.0
"""The `alpine` command."""

import os
import sys
import tempfile
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import click

from alpine_models import __version__
from alpine_models.errors import AlpineError
from alpine_models.extension_points import loaded_extension
from alpine_models.files import FULL

from .commands.aimclib import aimclib
from .commands.completion import completion
from .commands.doctor import doctor
from .commands.exec import exec_
from .commands.exit_status import ExecUseError, ExitStatus
from .commands.faults import faults
from .commands.hardware import synth, verilog
from .commands.interruption import InterruptedRunError, heed_interrupts, leave, was_interrupted
from .commands.kernel import kernel
from .commands.mapping import mapping
from .commands.run import run
from .commands.study import study
from .commands.sweep import sweep
from .commands.system import system

__all__ = ["cli", "main"]


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; click itself would print an empty line for Ctrl-C."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedRunError from None


def _added(point: EntryPoint) -> click.Command:
    """Return another package's command; one that cannot be loaded says so where it is used."""
    try:
        return cast(click.Command, loaded_extension(point))
    except AlpineError as error:
        problem = error

    def refuse() -> None:
        raise problem

    return click.Command(point.name, callback=refuse, help="Cannot be loaded.")


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: alpine run mlp --system high-power --case 1 --inferences 100",
)
@click.version_option(__version__, prog_name="alpine")
def cli() -> None:
    """Co-simulate processors that compute inside analog memory, down to the RTL."""


for command in (
    run,
    exec_,
    mapping,
    sweep,
    study,
    faults,
    kernel,
    system,
    verilog,
    synth,
    doctor,
    aimclib,
    completion,
):
    cli.add_command(command)
for point in entry_points(group="alpine.commands"):
    cli.add_command(_added(point), point.name)


def main() -> None:
    """Run the command line; every error a person can cause is one line and exit status 2."""
    heed_interrupts()
    try:
        code = cli(prog_name="alpine", standalone_mode=False)
        sys.stdout.flush()
    except ExecUseError as error:
        _fail(str(error), ExitStatus.EXEC_USAGE_ERROR)
    except AlpineError as error:
        _fail(str(error), ExitStatus.USAGE_ERROR)
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}; see `{_help(error)}`", ExitStatus.USAGE_ERROR)
    except (InterruptedRunError, KeyboardInterrupt, click.Abort):
        leave()
    except OSError as error:
        if error.errno not in FULL:
            raise
        _fail(_no_space(error), ExitStatus.USAGE_ERROR)
    except Exception:
        # The compiler behind numba swallows an interrupt and fails of it a moment later.
        if not was_interrupted():
            raise
        leave()
    else:
        sys.exit(code or 0)


def _help(error: click.ClickException) -> str:
    """The command that says how what was typed wrongly is meant."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path if context else 'alpine'} --help"


def _no_space(error: OSError) -> str:
    """Say what a disk without space, or a device that takes nothing, could not take."""
    # Python would try standard output once more at its end, and tell of it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return (
        f"{error.filename or 'standard output or a file'} cannot be written ({error.strerror}): "
        f"free some space for results, for the cache and for temporary files in "
        f"{tempfile.gettempdir()}"
    )


def _fail(message: str, status: int) -> None:
    print(f"alpine: {message}", file=sys.stderr)
    sys.exit(status)
