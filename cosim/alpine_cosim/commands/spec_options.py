# SPDX-License-Identifier: Apache-2.0
"""From the options of a command to the specification of its run."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from alpine_models.errors import AlpineError

from .output_file import output_file_option

if TYPE_CHECKING:
    from alpine_cosim.spec.specification import RunSpec

__all__ = ["asked_spec", "network_option", "spec_option", "write_spec_option"]

spec_option = click.option(
    "--spec",
    "spec_file",
    type=click.Path(path_type=Path),
    help="Run what a TOML file describes (docs/runs.md); options beside it replace what it says.",
)
"""Where the run is described, in place of a network's name."""

write_spec_option = output_file_option(
    "--write-spec", help="Write the run's description as TOML to this file, and run nothing."
)
"""Where to write the description."""

network_option = click.option(
    "--option",
    "own_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Option that the network alone has, for networks of other packages; may be repeated.",
)
"""An option whose name is not the command's."""


def asked_spec(
    network: str | None, spec_file: Path | None, keywords: Mapping[str, Any]
) -> "RunSpec":
    """Return what a command is asked to run.

    Parameters
    ----------
    network, spec_file : one of them, or ``program`` among the keywords.
    keywords : of `run_spec`, by the names of the command's parameters, ``own_options`` as texts.

    Raises
    ------
    AlpineError
        Several or none are given, or what they say cannot run.
    """
    from alpine_cosim.spec.keywords import changed, run_spec
    from alpine_cosim.spec.spec_file import read_spec
    from alpine_platform.config.overrides import parse_setting

    given = dict(keywords)
    given["options"] = dict(map(parse_setting, given.pop("own_options", ())))
    if spec_file is None:
        if network is None and given.get("program") is None:
            raise AlpineError(
                "nothing to run: name a network, as in `alpine run mlp`, or --program or --spec"
            )
        return run_spec(network, **given)
    for words, said in {"network": network, "program": given.get("program")}.items():
        if said is not None:
            raise AlpineError(f"{words} {said} and --spec both say what runs: leave one out")
    source = click.get_current_context().get_parameter_source
    typed = {
        name: value
        for name, value in given.items()
        if name == "options" or source(name) is ParameterSource.COMMANDLINE
    }
    return changed(read_spec(spec_file), **typed)
