# SPDX-License-Identifier: Apache-2.0
"""The published multi-layer perceptron mapped onto systems."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.library.aimclib import PACKING, Aimc
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.tile_plan import Placement, TilePlan
from alpine_sw.library.workloads import InputFormat, Programs, Software, Workload
from alpine_sw.networks import MlpNetwork

from . import mlp_programs
from .mlp_programs import DigitalLayer, Layer, MlpMemory

__all__ = [
    "DIGITAL_CORES",
    "MLP_CASES",
    "PlaceLayer",
    "analog_mlp",
    "digital_mlp",
    "mlp_memory",
    "mlp_placement",
    "to_codes",
]

MLP_CASES = (1, 2, 3, 4)
"""Published mappings (Klein et al., ALPINE, IEEE TC 2022, Fig. 6).

1: one core, both layers on the block diagonal of one tile, one CM_PROCESS per inference, the second
layer working on the inference before. 2: one core, the layers side by side in one tile, two
CM_PROCESS per inference. 3: two cores with a tile and a layer each. 4: four cores, each layer split
between two.
"""

DIGITAL_CORES = (1, 2, 4)
"""Cores of the published digital references."""


PlaceLayer = Callable[[MlpMemory, Placement, str], Layer]
"""Places a digital layer, or one core's share of it, in memory; takes the product's style."""


def analog_mlp(
    network: MlpNetwork,
    *,
    case: int,
    software: Software,
    config: TileConfig | None = None,
    input_format: InputFormat = InputFormat.INT8,
    buffers: type[PingPong] = PingPong,
) -> Workload:
    """Map a two-layer perceptron onto tiles.

    Parameters
    ----------
    network : two layers without bias.
    case : one of `MLP_CASES`.
    software : how operands are packed.
    config : every tile; just large enough when None, which for the published network gives the
        paper's 2048 x 2048, 1024 x 2048, 1024 x 1024 and 1024 x 512.
    input_format : what inputs are in memory.
    buffers : how cores hand vectors over.

    Raises
    ------
    AlpineError
        A matrix does not fit its tile, or a layer cannot be halved.
    """
    plan = _single_tile if case in (1, 2) else _tile_per_core
    return Workload(
        plans=plan(network, case, config),
        programs=_programs(
            network,
            lambda memory: _case_programs(memory, case, software, buffers),
            PACKING[software],
            input_format=input_format,
        ),
    )


def _single_tile(
    network: MlpNetwork, case: int, config: TileConfig | None
) -> dict[int, list[TilePlan]]:
    """Cases 1 and 2: both layers in the tile of core 0."""
    hidden, inputs = network.weights[0].shape
    outputs = network.weights[1].shape[0]
    second_row = inputs if case == 1 else 0
    rows = inputs + hidden if case == 1 else max(inputs, hidden)
    placements = (
        mlp_placement(network, 0),
        mlp_placement(network, 1, row=second_row, column=hidden),
    )
    config = config or TileConfig(rows=rows, columns=hidden + outputs)
    return {0: [TilePlan(config=config, placements=placements)]}


def _tile_per_core(
    network: MlpNetwork, case: int, config: TileConfig | None
) -> dict[int, list[TilePlan]]:
    """Cases 3 and 4: every layer split over one or two cores, the first layer's cores first."""
    shares = case - 2
    _check_shares(network, shares, f"tiles of case {case}")
    plans: dict[int, list[TilePlan]] = {}
    for layer in range(2):
        for share in range(shares):
            placement = mlp_placement(network, layer, share=share, shares=shares)
            size = placement.weights.shape
            tile = config or TileConfig(rows=size[1], columns=size[0])
            plans[layer * shares + share] = [TilePlan(config=tile, placements=[placement])]
    return plans


def mlp_placement(
    network: MlpNetwork,
    layer: int,
    *,
    share: int = 0,
    shares: int = 1,
    row: int = 0,
    column: int = 0,
) -> Placement:
    """Return a layer, or one core's share of its outputs, at a place in a tile."""
    size = network.weights[layer].shape[0] // shares
    outputs = slice(share * size, (share + 1) * size)
    return Placement(
        name=f"layer {layer + 1}" + (f", part {share + 1}" if shares > 1 else ""),
        weights=network.weights[layer][outputs],
        lsb=network.lsb[layer][outputs],
        row=row,
        column=column,
    )


def to_codes(memory: MlpMemory, layer: Placement, style: str) -> DigitalLayer:
    """A layer whose sums become the codes that a tile would give."""
    return DigitalLayer(
        weights=memory.space.place(f"weights, {layer.name}", layer.weights),
        steps=memory.space.place(f"steps, {layer.name}", layer.lsb),
        sums=memory.space.allocate(f"sums, {layer.name}", layer.weights.shape[0], np.int32),
        style=style,
    )


def digital_mlp(
    network: MlpNetwork,
    *,
    cores: int,
    style: str = "neon4",
    input_format: InputFormat = InputFormat.INT8,
    layer: PlaceLayer = to_codes,
) -> Workload:
    """Run a two-layer perceptron without tiles: int8 products on one, two or four cores.

    Two cores take a layer each, four half a layer each, pipelined through the same ping-pong
    buffers as the analog mappings.

    Parameters
    ----------
    network : two layers without bias.
    cores : one of `DIGITAL_CORES`.
    style : of the products, one of `kernels.MVM_STYLES` that need no scratch memory.
    input_format : what inputs are in memory; values are turned into codes sixteen at a time.
    layer : how a layer is computed; results equal the tiles' with the default only.

    Raises
    ------
    AlpineError
        A layer cannot be halved for four cores.
    """
    shares = max(cores // 2, 1)
    _check_shares(network, shares, f"{cores} cores")

    def start(memory: MlpMemory) -> dict[int, Program]:
        layers = [
            layer(memory, mlp_placement(network, number, share=share, shares=shares), style)
            for number in range(2)
            for share in range(shares)
        ]
        if cores == 1:
            return {0: mlp_programs.digital(memory, *layers)}
        channel = _channel(memory, shares, PingPong)
        first = {
            core: mlp_programs.digital_first(memory, channel, layers[core], core=core)
            for core in range(shares)
        }
        second = {
            shares + share: mlp_programs.digital_second(
                memory, channel, layers[shares + share], share=share, shares=shares
            )
            for share in range(shares)
        }
        return first | second

    return Workload(plans={}, programs=_programs(network, start, "word", input_format=input_format))


def _check_shares(network: MlpNetwork, shares: int, what: str) -> None:
    for layer, weights in enumerate(network.weights):
        if weights.shape[0] % shares:
            raise AlpineError(
                f"{what} take half of every layer, but layer {layer + 1} has {weights.shape[0]} "
                f"outputs: use a mapping that does not, or an even number"
            )


def _channel(memory: MlpMemory, shares: int, buffers: type[PingPong]) -> PingPong:
    return buffers(
        memory.space, name="hidden", size=memory.hidden, producers=shares, consumers=shares
    )


def _programs(
    network: MlpNetwork,
    start: Callable[[MlpMemory], dict[int, Program]],
    packing: kernels.Packing,
    *,
    input_format: InputFormat,
) -> Programs:
    def programs(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[np.int8], Mapping[int, Program]]:
        memory = mlp_memory(network, system, inputs, packing, on_step, input_format=input_format)
        return memory.outputs.data.reshape(len(inputs), -1), start(memory)

    return programs


def mlp_memory(
    network: MlpNetwork,
    system: System,
    inputs: NDArray[np.int8],
    packing: kernels.Packing,
    on_step: Callable[[], None],
    *,
    input_format: InputFormat,
) -> MlpMemory:
    """Place a run's inputs, and room for its outputs, in a system's memory."""
    kind = np.int8 if input_format is InputFormat.INT8 else np.float32
    hidden, width = network.weights[0].shape
    size = network.weights[1].shape[0]
    space = system.memory
    return MlpMemory(
        space=space,
        inputs=space.place("inputs", inputs.reshape(-1).astype(kind)),
        outputs=space.allocate("outputs", len(inputs) * size),
        width=width,
        hidden=hidden,
        size=size,
        count=len(inputs),
        packing=packing,
        on_step=on_step,
    )


def _case_programs(
    memory: MlpMemory, case: int, software: Software, buffers: type[PingPong]
) -> dict[int, Program]:
    def aimc() -> Aimc:
        return Aimc(memory.space, software=software)

    if case == 1:
        return {0: mlp_programs.case_1(memory, aimc())}
    if case == 2:
        return {0: mlp_programs.case_2(memory, aimc())}
    shares = case - 2
    channel = _channel(memory, shares, buffers)
    first = {
        core: mlp_programs.first_layer(memory, aimc(), channel, core=core) for core in range(shares)
    }
    second = {
        shares + share: mlp_programs.second_layer(
            memory, aimc(), channel, share=share, shares=shares
        )
        for share in range(shares)
    }
    return first | second
