"""`python -m alpine_cosim` is the `alpine` command."""

from .cli import main

main()
