# SPDX-License-Identifier: Apache-2.0
"""What a design is read from: Verilog text, files, folders, and how to read them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alpine_models.errors import AlpineError

__all__ = ["Sources"]

SUFFIXES = (".v", ".sv")
PACKAGE = re.compile(rb"^\s*package\s+(?:automatic\s+|static\s+)?(\w+)", re.MULTILINE)
USE = re.compile(rb"\b(\w+)::")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """A design's Verilog.

    Members
    -------
    text : Verilog text, or None where there are files.
    files : files, in the order in which Verilator reads them.
    include_dirs : folders in which files to include are looked for, after the including file's own.
    defines : macros; None defines one without a value.
    parameters : of the top module.
    libraries : folders and files in which modules are looked for that the design leaves open.
    """

    text: str | None = None
    files: tuple[Path, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    defines: Mapping[str, str | int | None] = field(default_factory=dict[str, str | int | None])
    parameters: Mapping[str, int | float | str] = field(
        default_factory=dict[str, int | float | str]
    )
    libraries: tuple[Path, ...] = ()

    @staticmethod
    def of(
        design: str | Path | Sequence[str | Path],
        *,
        include_dirs: Sequence[str | Path] = (),
        defines: Mapping[str, str | int | None] | None = None,
        parameters: Mapping[str, int | float | str] | None = None,
        libraries: Sequence[str | Path] = (),
    ) -> "Sources":
        """Return sources after checking that everything named is there.

        Parameters
        ----------
        design : Verilog text, a file or folder as a `Path`, or a list of files and folders. Of a
            folder the files directly in it are taken, those with packages first.

        Raises
        ------
        AlpineError
            Something is not there, or a text is the name of a file.
        """
        text, files = None, tuple[Path, ...]()
        if isinstance(design, str):
            _refuse_file_name(design)
            text = design
        else:
            given = [design] if isinstance(design, Path) else list(design)
            if not given:
                raise AlpineError("the list of Verilog files is empty: name at least one")
            files = tuple(file for each in given for file in _files(Path(each)))
        for folder in include_dirs:
            if not Path(folder).is_dir():
                raise AlpineError(f"include_dirs={folder} is not a folder")
        for library in libraries:
            if not Path(library).exists():
                raise AlpineError(f"libraries={library} does not exist: name a file or a folder")
        given_parameters: Mapping[str, Any] = parameters or {}
        for name, value in given_parameters.items():
            if not isinstance(value, int | float | str):
                raise AlpineError(
                    f"parameter {name} takes an integer, a float or a text, not {value!r}"
                )
        return Sources(
            text=text,
            files=files,
            include_dirs=tuple(Path(folder).absolute() for folder in include_dirs),
            defines=dict(defines or {}),
            parameters=dict(parameters or {}),
            libraries=tuple(Path(library).absolute() for library in libraries),
        )

    def write_text(self, directory: Path, name: str) -> "Sources":
        """Return these sources with a text written to a file; its messages then cite ``NAME.v``."""
        if self.text is None:
            return self
        # A text is where Python runs: what it includes is looked for from there.
        (directory / f"{name}.v").write_text(self.text, encoding="utf-8", errors="surrogateescape")
        return Sources(
            files=(Path(f"{name}.v"),),
            include_dirs=(*self.include_dirs, Path.cwd()),
            defines=self.defines,
            parameters=self.parameters,
            libraries=self.libraries,
        )

    def options(self) -> list[str]:
        """Verilator's arguments, but for the parameters."""
        defines = [
            f"-D{name}" + ("" if value is None else f"={value}")
            for name, value in self.defines.items()
        ]
        libraries = [
            part for path in self.libraries for part in ("-y" if path.is_dir() else "-v", str(path))
        ]
        return [
            "--relative-includes",
            *(f"-I{folder}" for folder in self.include_dirs),
            *defines,
            *libraries,
            *map(str, self.files),
        ]

    def identity(self) -> list[str]:
        """Everything but the contents of files, as part of a build's content hash."""
        return [
            repr(sorted(self.defines.items())),
            repr(sorted(self.parameters.items())),
            *map(str, (*self.files, *self.include_dirs, *self.libraries)),
        ]


def literal(value: Any) -> str:
    """Return a parameter's value as Verilog writes it."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, float):
        return repr(value)
    number = int(value)
    # Beyond 32 bits a plain number would be cut.
    if -(1 << 31) <= number < 1 << 31:
        return str(number)
    width = number.bit_length() + 1
    return f"{width}'{'sh' if number < 0 else 'h'}{number & (1 << width) - 1:x}"


def _refuse_file_name(text: str) -> None:
    if "\n" in text or len(text) > 4096:
        return
    try:
        exists = Path(text).exists()
    except (OSError, ValueError):
        return
    if exists:
        raise AlpineError(
            f'"{text}" is a file or folder, and a str is Verilog text: pass Path(...)'
        )
    if not re.search(r"\b(module|package|interface|program)\b", text):
        raise AlpineError(
            f'"{text[:60]}" is neither Verilog nor a file that exists: pass the text of a module '
            f"or Path(...) of a file"
        )


def _files(path: Path) -> Iterator[Path]:
    path = path.absolute()
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        if not found:
            raise AlpineError(f"folder {path} holds no Verilog file (*.v, *.sv)")
        yield from _packages_first(found)
        return
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise AlpineError(f"Verilog file {path} cannot be read: {error.strerror}") from error
    yield path


def _packages_first(files: Sequence[Path]) -> list[Path]:
    """Files with packages before those that use them, otherwise in their order."""
    texts = {file: file.read_bytes() for file in files}
    made = {name: file for file, text in texts.items() for name in PACKAGE.findall(text)}
    order: dict[Path, None] = {}

    def place(file: Path, above: tuple[Path, ...]) -> None:
        for name in USE.findall(texts[file]):
            used = made.get(name)
            if used is not None and used != file and used not in above:
                place(used, (*above, file))
        order.setdefault(file)

    for file in (*made.values(), *files):
        place(file, ())
    return list(order)
