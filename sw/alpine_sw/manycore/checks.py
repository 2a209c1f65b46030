# SPDX-License-Identifier: Apache-2.0
"""An allocation held against its network and a machine."""

from collections.abc import Sequence

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_platform.manycore import ManyCoreConfig

from .chunked_layers import ChunkedLayer, LayerWork
from .parts import column_parts, fewest_parts
from .records import Allocation, LayerAllocation, ResidualPlace, numbers_in
from .work import job_rows

__all__ = ["check_allocation"]


def check_allocation(
    network: str,
    layers: Sequence[ChunkedLayer],
    allocation: Allocation,
    config: ManyCoreConfig,
) -> None:
    """Check an allocation against the layers of a network and the machine that it is for.

    Raises
    ------
    AlpineError
        A layer is missing, unknown or there twice, has parts that fit no crossbar, or has another
        number of clusters than its parts need; clusters are taken twice or are not there; residuals
        have no place.
    """
    if allocation.network != network:
        raise AlpineError(
            f"allocation {allocation.name} is for network {allocation.network}, not {network}: "
            "choose one for this network"
        )
    if allocation.clusters > config.clusters:
        raise AlpineError(
            f"allocation {allocation.name} of {network} needs {allocation.clusters} clusters, but "
            f"{config.name} has {config.clusters}: choose a larger system or fewer copies"
        )
    by_name = {layer.name: layer for layer in layers}
    found = set[str]()
    for entry in allocation.layers:
        choose(f"layer of {network}", entry.layer, list(by_name))
        if entry.layer in found:
            raise AlpineError(
                f"allocation {allocation.name} has layer {entry.layer} twice: leave one of them out"
            )
        found.add(entry.layer)
        _check_entry(entry, by_name[entry.layer], allocation, config)
    for name in by_name:
        if name not in found:
            raise AlpineError(
                f"allocation {allocation.name} of {network} misses layer {name}: give it clusters"
            )
    _check_numbers(allocation, config)


def _check_entry(
    entry: LayerAllocation, layer: ChunkedLayer, allocation: Allocation, config: ManyCoreConfig
) -> None:
    here = f"layer {entry.layer} of allocation {allocation.name}"
    if len(entry.numbers) != entry.needed:
        raise AlpineError(
            f"{here} has {len(entry.numbers)} clusters, but its copies, parts and trees need "
            f"{entry.needed}: change its clusters"
        )
    if layer.kind is not LayerWork.MATRIX:
        if entry.crossbars > 1:
            raise AlpineError(f"{here} has no matrix to cut: leave rows and columns out")
    else:
        _check_parts(here, entry, layer, config)
    if layer.kept is None and entry.residual is not None:
        raise AlpineError(f"{here} keeps no residual: leave residual out")
    if layer.kept is not None and entry.residual is None:
        raise AlpineError(f"{here} keeps a residual: set residual to {' or '.join(ResidualPlace)}")
    if entry.residual is ResidualPlace.L1 and not allocation.storage:
        raise AlpineError(
            f"{here} keeps its residual in the L1 of clusters that allocation {allocation.name} "
            "does not name: add storage, as in [[320, 322]]"
        )


def _check_parts(
    here: str, entry: LayerAllocation, layer: ChunkedLayer, config: ManyCoreConfig
) -> None:
    rows, columns = fewest_parts(layer, config)
    for what, given, needed, most in (
        ("rows", entry.rows, rows, layer.inputs),
        ("columns", entry.columns, columns, layer.channels),
    ):
        if given > most:
            raise AlpineError(f"{here} is cut into {given} {what}, but has {most}: give fewer")
        lines, side = (
            (max(job_rows(layer, entry.rows)), config.crossbar_rows)
            if what == "rows"
            else (max(b - a for a, b in column_parts(layer, given)), config.crossbar_columns)
        )
        if lines > side:
            raise AlpineError(
                f"{here} in {given} {what} needs crossbars of {lines} {what}, but those of "
                f"{config.name} have {side}: set {what} to {needed} or more"
            )


def _check_numbers(allocation: Allocation, config: ManyCoreConfig) -> None:
    owner: dict[int, str] = {}
    taken = [(f"layer {entry.layer}", entry.numbers) for entry in allocation.layers]
    for who, numbers in [*taken, ("storage", numbers_in(allocation.storage))]:
        for number in numbers:
            if number >= config.clusters:
                raise AlpineError(
                    f"{who} of allocation {allocation.name} has cluster {number}, but those of "
                    f"{config.name} are 0 to {config.clusters - 1}: give it another"
                )
            if number in owner:
                raise AlpineError(
                    f"cluster {number} of allocation {allocation.name} belongs to {owner[number]} "
                    f"and to {who}: give each clusters of its own"
                )
            owner[number] = who
