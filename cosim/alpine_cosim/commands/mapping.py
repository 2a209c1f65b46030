# SPDX-License-Identifier: Apache-2.0
"""`alpine mapping`."""

from pathlib import Path
from typing import Any

import click

from .completion import completed, networks
from .model_options import model_options

__all__ = ["mapping"]


@click.command(
    epilog="\b\nExamples:\n"
    "  alpine mapping lstm-750 --case 4\n"
    "  alpine mapping mlp --case 3 --write mlp.yaml\n"
    "  alpine run mlp --mapping mlp.yaml --engine model --inferences 10\n"
    "  alpine mapping model.onnx --data inputs.npz --tile-rows 256 --write model.yaml",
)
@click.argument("network", shell_complete=completed(networks))
@click.option("--case", help="Mapping, as in `alpine run`. Default: 1.")
@click.option("--mapping", type=click.Path(path_type=Path), help="YAML file in place of a case.")
@click.option("--cores", type=int, help="Cores of the digital reference.")
@click.option("--software", default="released", show_default=True, help="released or tuned.")
@model_options
@click.option("--write", type=click.Path(path_type=Path), help="Write the mapping as YAML.")
def mapping(network: str, *, write: Path | None, **keywords: Any) -> None:
    """Show where the nodes of a network run; write it as a file to edit and run."""
    from alpine_cosim.spec.keywords import run_spec
    from alpine_models.errors import AlpineError
    from alpine_sw.mapping.table import mapping_table
    from alpine_sw.mapping.yaml_file import write_mapping

    task = run_spec(network, engine="model", inferences=1, **keywords).task()
    if task.graph is None or task.mapping is None:
        raise AlpineError(f"network {network} has programs of its own and no mapping to show")
    click.echo(mapping_table(task.graph, task.mapping), nl=False)
    if task.reasons is not None:
        click.echo(f"\n{task.reasons}", nl=False)
    if write is not None:
        write_mapping(task.mapping, write)
        click.echo(f"\n{write}")
