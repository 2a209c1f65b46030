"""Options that name a file to write."""

from pathlib import Path

import click

from alpine_models.files import check_writable

__all__ = ["OUTPUT_FILE"]


class OutputFile(click.ParamType):
    """A file that can be written: refused before the work that would fill it."""

    name = "path"

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Return the path.

        Raises
        ------
        AlpineError
            Its folder does not exist or cannot be written, or it is a folder itself.
        """
        check_writable(path := Path(value))
        return path


OUTPUT_FILE = OutputFile()
