# SPDX-License-Identifier: Apache-2.0
"""`alpine completion`, and the names that a shell completes."""

from collections.abc import Callable, Iterable

import click

__all__ = [
    "all_systems",
    "completed",
    "completion",
    "devices",
    "engines",
    "kernels",
    "networks",
    "run_systems",
    "systems",
]

START_UP = {
    "bash": "echo 'eval \"$(alpine completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(alpine completion zsh)\"' >> ~/.zshrc",
    "fish": "alpine completion fish > ~/.config/fish/completions/alpine.fish",
}
"""Commands that make every new shell complete `alpine`."""

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


@click.command(
    epilog="\b\nTo complete in every new shell:\n"
    + "\n".join(f"  {command}" for command in START_UP.values()),
)
@click.argument("shell", type=click.Choice(list(START_UP)))
def completion(shell: str) -> None:
    """Print the script that makes a SHELL complete commands, options, names and files."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "alpine", "_ALPINE_COMPLETE").source())


def completed(names: Callable[[], Iterable[str]]) -> Completer:
    """Return what completes a parameter with names; they are asked for when a shell asks."""

    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        return [name for name in names() if name.startswith(begun)]

    return complete


def networks() -> Iterable[str]:
    """Return the names that `alpine run` knows."""
    from alpine_cosim.spec.networks import NETWORKS

    return NETWORKS


def systems() -> Iterable[str]:
    """Return the names of systems."""
    from alpine_platform.systems.presets import SYSTEMS

    return SYSTEMS


def run_systems() -> Iterable[str]:
    """Return the names of systems of `alpine run`, many-cores among them."""
    from alpine_platform.manycore import MANY_CORES

    return (*systems(), *MANY_CORES)


def all_systems() -> Iterable[str]:
    """Return the names of systems, those of RISC-V programs among them."""
    from alpine_platform.binaries.riscv.cv32e40p_config import CLUSTER_SYSTEMS

    return (*run_systems(), *CLUSTER_SYSTEMS)


def engines() -> Iterable[str]:
    """Return the names of engines."""
    from alpine_cosim.spec.engines import Engine

    return (engine.value for engine in Engine)


def devices() -> Iterable[str]:
    """Return the names of devices that tiles are made of."""
    from alpine_models.imperfections import DEVICE_NAMES, IDEAL_DEVICE

    return (IDEAL_DEVICE, *DEVICE_NAMES)


def kernels() -> Iterable[str]:
    """Return the names of kernels that `alpine kernel` times."""
    from alpine_sw.kernels import KERNELS

    return KERNELS
