# SPDX-License-Identifier: Apache-2.0
"""`python -m alpine_cosim` is the `alpine` command; Ctrl-C is heeded from here on."""

import signal

from .commands.interruption import leave

__all__ = ["main"]

signal.signal(signal.SIGINT, leave)


def main() -> None:
    """Run the `alpine` command."""
    from .cli import main as command

    command()


if __name__ == "__main__":
    main()
