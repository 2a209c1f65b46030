"""`python -m alpine_cosim` is the `alpine` command; Ctrl-C is heeded from here on."""

import signal

from .interruption import leave

__all__ = ["main"]


def main() -> None:
    """Run the `alpine` command."""
    signal.signal(signal.SIGINT, leave)
    from .cli import main as command

    command()


if __name__ == "__main__":
    main()
