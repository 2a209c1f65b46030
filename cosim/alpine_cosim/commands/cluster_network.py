# SPDX-License-Identifier: Apache-2.0
"""`alpine run` on a cluster of cores and accelerators."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from alpine_models.checks import whole_number
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

from .exit_status import ExitStatus
from .progress import progress_bars

if TYPE_CHECKING:
    from alpine_cosim.cluster_networks.description import ClusterNetwork
    from alpine_models.imc_cluster import ImcConfig

__all__ = ["ran_on_cluster"]

TAKEN = ("network", "system", "case", "engine", "seed", "own_options", "json_file")
"""Parameters of `alpine run` that a cluster takes."""
GEOMETRY = ("port_bytes", "crossbars", "cell_bits", "memory_ports")
"""Numbers of the accelerators that ``--option`` replaces, as in ``--option port_bytes=32``."""


def ran_on_cluster(network: str | None, keywords: dict[str, Any], json_file: Path | None) -> bool:
    """Run a network if the system is a cluster.

    Raises
    ------
    AlpineError
        An option is for other systems, or what is asked for cannot run.
    """
    from alpine_platform.binaries.riscv.cv32e40p_config import CLUSTER_SYSTEMS

    if keywords["system"] not in CLUSTER_SYSTEMS:
        return False
    _run(network, keywords, json_file)
    return True


def _run(name: str | None, keywords: Mapping[str, Any], json_file: Path | None) -> None:
    """Run and print; leaves with status 3 when outputs differ from plain integer arithmetic."""
    from rich.console import Console

    from alpine_cosim.cluster_networks.description import CLUSTER_NETWORKS, ClusterRequest
    from alpine_cosim.cluster_networks.result_table import print_cluster_network
    from alpine_cosim.runs.cluster_program import CLUSTER_ENGINES
    from alpine_platform.binaries.riscv.cv32e40p_config import CLUSTER_SYSTEMS

    system = keywords["system"]
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        if given and parameter.name not in TAKEN:
            raise AlpineError(f"{parameter.opts[-1]} is not for system {system}: leave it out")
    if name is None:
        raise AlpineError(
            f"nothing to run: name a network, as in `alpine run bottleneck --system {system}`"
        )
    network = CLUSTER_NETWORKS[choose(f"network for system {system}", name, CLUSTER_NETWORKS)]
    options, hardware = _options(network, name, keywords["own_options"])
    (cluster,) = CLUSTER_SYSTEMS[system].clusters
    request = ClusterRequest(
        system=system,
        frequency_hz=cluster.core.frequency_hz,
        case=choose("case", keywords["case"] or next(iter(network.cases)), network.cases),
        engine=choose(f"engine for system {system}", keywords["engine"], CLUSTER_ENGINES),
        hardware=hardware,
        seed=whole_number("seed", keywords["seed"], least=0),
        options=options,
    )
    begun = time.perf_counter()
    with progress_bars() as progress:
        task = progress.add_task(f"layers of {name}", total=None)

        def on_layer(number: int, count: int) -> None:
            progress.update(task, completed=number, total=count)

        result = network.run(replace(request, on_layer=on_layer))
    host_s = time.perf_counter() - begun
    print_cluster_network(result, Console(), host_s=host_s)
    if json_file is not None:
        write_text(json_file, result.to_json(host_s))
        click.echo(f"result written to {json_file}")
    if result.wrong:
        context.exit(ExitStatus.WRONG_OUTPUTS)


def _options(
    network: "ClusterNetwork", name: str, texts: Sequence[str]
) -> tuple[dict[str, int], "ImcConfig"]:
    """Return the network's options and the accelerators that ``--option`` asks for."""
    from alpine_models.imc_cluster import Execution, ImcConfig

    options = dict(network.options)
    hardware: dict[str, Any] = {"crossbars": network.crossbars}
    for text in texts:
        key, _, value = text.partition("=")
        choose(f"option of {name}", key, [*options, *GEOMETRY, "execution"])
        if key == "execution":
            hardware[key] = Execution(choose(key, value, [each.value for each in Execution]))
            continue
        try:
            number = int(value)
        except ValueError:
            raise AlpineError(f"option {key} must be a whole number, not {value!r}") from None
        if key in options:
            options[key] = whole_number(f"option {key}", number, least=1)
        else:
            hardware[key] = number
    try:
        config = ImcConfig(**hardware)
    except ValueError as error:
        raise AlpineError(f"accelerators of {name}: {error}") from None
    if config.crossbars < network.crossbars:
        raise AlpineError(
            f"{name} needs {network.crossbars} crossbars, not {config.crossbars}: leave option "
            "crossbars out"
        )
    return options, config
