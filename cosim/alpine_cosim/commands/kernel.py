# SPDX-License-Identifier: Apache-2.0
"""`alpine kernel`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

from .completion import completed, kernels, systems
from .output_file import output_file_option

__all__ = ["kernel"]


@click.command(
    epilog="\b\nExamples:\n"
    "  alpine kernel --list\n"
    "  alpine kernel mvm --size 512x2048 --style neon4\n"
    "  alpine kernel copy --size 65536 --system low-power --set l2.associativity=8"
)
@click.argument("name", required=False, shell_complete=completed(kernels))
@click.option("--size", help="As OUTxIN for mvm; LENGTH for vectors.")
@click.option("--style", help="Instruction sequence; each kernel's first one when left out.")
@click.option(
    "--system",
    default="high-power",
    show_default=True,
    shell_complete=completed(systems),
    help="Preset.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="TOML file with fields of the system to replace.",
)
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Replace one field.")
@output_file_option("--json", "json_file", help="Write the figures as JSON to this file.")
@click.option(
    "--list", "list_kernels", is_flag=True, help="List the kernels, with sizes and styles."
)
def kernel(
    name: str | None,
    *,
    size: str | None,
    style: str | None,
    system: str,
    config: Path | None,
    settings: tuple[str, ...],
    json_file: Path | None,
    list_kernels: bool,
) -> None:
    """Time one kernel of the library alone: one warm execution on an idle system."""
    from rich.console import Console

    from alpine_cosim.spec.system_choice import SystemChoice
    from alpine_sw.kernels import KERNELS, time_kernel

    from .kernel_report import print_kernels, print_timing

    if list_kernels:
        print_kernels(KERNELS, Console())
        return
    if name is None:
        raise AlpineError("name a kernel; alpine kernel --list shows them")
    entry = KERNELS[choose("kernel", name, KERNELS)]
    if size is None:
        wanted = "x".join(entry.dimensions)
        raise AlpineError(f"kernel {name} needs a size: --size {wanted}, in elements")
    parts = size.lower().split("x")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise AlpineError(
            f"kernel {name} --size {size}: must be whole numbers joined by x, as in 512x2048"
        )
    try:
        numbers = tuple(map(int, parts))
        timing = time_kernel(
            name,
            size=numbers,
            style=style,
            config=SystemChoice.of(system, config_file=config, settings=settings).config,
        )
    except ValueError as error:
        raise AlpineError(f"kernel {name} --size {size}: {error}") from error
    print_timing(timing, Console())
    if json_file is not None:
        write_text(json_file, json.dumps(asdict(timing), indent=2) + "\n")
        click.echo(f"figures written to {json_file}")
