# SPDX-License-Identifier: Apache-2.0
"""`alpine run` on a many-core."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

from .exit_status import ExitStatus

__all__ = ["ran_on_many_core"]

KNOWN = ("network", "system", "case", "mapping", "inferences", "config_file", "settings")
"""Parameters of `alpine run` that a many-core takes as they are."""
RTL = ("rtl_clusters", "rtl_chunks")
OTHER = ("json_file", "engine")
MODEL_DATA = ("data", "calibration")
"""Parameters that say what an ONNX file reads."""


def ran_on_many_core(network: str | None, keywords: dict[str, Any], json_file: Path | None) -> bool:
    """Run a network if the system is a many-core; else take its own options out of keywords.

    Raises
    ------
    AlpineError
        An option is for other systems, or what is asked for cannot run.
    """
    from alpine_platform.binaries.riscv.cv32e40p_config import CLUSTER_SYSTEMS
    from alpine_platform.manycore import MANY_CORES
    from alpine_platform.systems.presets import SYSTEMS

    choose("system", keywords["system"], (*SYSTEMS, *CLUSTER_SYSTEMS, *MANY_CORES))
    if keywords["system"] not in MANY_CORES:
        _refuse_options(keywords)
        return False
    _run(network, keywords, json_file)
    return True


def _refuse_options(keywords: dict[str, Any]) -> None:
    """Take a many-core's own options out of keywords; raise `AlpineError` where one was given."""
    source = click.get_current_context().get_parameter_source
    for name in RTL:
        keywords.pop(name)
        if source(name) is ParameterSource.COMMANDLINE:
            raise AlpineError(
                f"--{name.replace('_', '-')} is for systems such as manycore-512: leave it out"
            )


def _run(network: str | None, keywords: Mapping[str, Any], json_file: Path | None) -> None:
    """Run a batch and print it; leaves with status 3 when outputs or RTL differ from the model."""
    from rich.console import Console

    from alpine_cosim.manycore.result_table import print_outcome
    from alpine_cosim.manycore.run import run_many_core
    from alpine_cosim.manycore.specification import many_core_spec

    system = keywords["system"]
    context = click.get_current_context()
    typed = {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    for parameter in context.command.params:
        if parameter.name in typed - {*KNOWN, *RTL, *OTHER, *MODEL_DATA}:
            raise AlpineError(f"{parameter.opts[-1]} is not for system {system}: leave it out")
    if network is None:
        raise AlpineError(
            f"nothing to run: name a network, as in `alpine run resnet-18 --system {system}`"
        )
    if "engine" in typed and keywords["engine"] != "model":
        raise AlpineError(
            f"engine {keywords['engine']} is not for system {system}, whose engine is model: leave"
            " --engine out"
        )
    spec = many_core_spec(
        network,
        **{name: keywords[name] for name in (*KNOWN, *RTL) if name != "network"},
        **{name: keywords[name] for name in MODEL_DATA if name in typed},
    )
    outcome = run_many_core(spec)
    print_outcome(outcome, Console())
    if json_file is not None:
        write_text(json_file, outcome.to_json())
        click.echo(f"result written to {json_file}")
    if not outcome.agrees:
        context.exit(ExitStatus.WRONG_OUTPUTS)
