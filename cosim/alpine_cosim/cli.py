"""The `alpine` command."""

import sys

import click

from alpine_models import __version__
from alpine_models.errors import AlpineError

from .commands.doctor import doctor
from .commands.exit_status import ExitStatus
from .commands.faults import faults
from .commands.hardware import synth, verilog
from .commands.kernel import kernel
from .commands.paper import paper
from .commands.run import run
from .commands.study import study
from .commands.system import system
from .interruption import INTERRUPTION, heed_interrupts, was_interrupted

__all__ = ["cli", "main"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: alpine run mlp --system high-power --case 1 --inferences 100",
)
@click.version_option(__version__, prog_name="alpine")
def cli() -> None:
    """Co-simulate processors that compute inside analog memory, down to the RTL."""


for command in (run, study, faults, kernel, paper, system, verilog, synth, doctor):
    cli.add_command(command)


def main() -> None:
    """Run the command line; every error a person can cause is one line and exit status 2."""
    heed_interrupts()
    try:
        code = cli(standalone_mode=False)
    except AlpineError as error:
        _fail(str(error), ExitStatus.USAGE_ERROR)
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}; see `alpine --help`", ExitStatus.USAGE_ERROR)
    except (KeyboardInterrupt, click.Abort):
        _fail(INTERRUPTION, ExitStatus.INTERRUPTED)
    except Exception:
        # The compiler behind numba swallows an interrupt and fails of it a moment later.
        if not was_interrupted():
            raise
        _fail(INTERRUPTION, ExitStatus.INTERRUPTED)
    else:
        sys.exit(code or 0)


def _fail(message: str, status: int) -> None:
    print(f"alpine: {message}", file=sys.stderr)
    sys.exit(status)
