# SPDX-License-Identifier: Apache-2.0
"""The published LSTM mapped onto systems."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.datasets.texts import ONE_HOT_WIDTH
from alpine_sw.graph.lstm import Gate
from alpine_sw.library.aimclib import Aimc, Tile
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.workloads import Programs, Software, Workload
from alpine_sw.networks.lstm import LstmNetwork

from . import lstm_programs
from .lstm_programs import (
    AnalogProduct,
    DigitalProduct,
    Links,
    LstmMemory,
    Product,
    Share,
    Writing,
)

__all__ = [
    "LSTM_CASES",
    "LSTM_DIGITAL_CORES",
    "UNUSED_ROWS",
    "PlaceLayer",
    "analog_lstm",
    "cell_shares",
    "digital_lstm",
    "to_codes",
]

LSTM_CASES = (1, 2, 3, 4)
"""Published mappings (Klein et al., ALPINE, IEEE TC 2022, Table II).

1: one core, one CM_PROCESS per step works on the cell of this step and the dense layer of the one
before. 2: one core, one CM_PROCESS for the cell, another for the dense layer. 3: two cores, cell
and dense layer. 4: five cores, the cell's units over four of them, the dense layer on the fifth.
"""

LSTM_DIGITAL_CORES = (1, 2, 5)
"""Cores of the published digital references."""

UNUSED_ROWS = 50
"""Word lines by which the tiles of Table II exceed what [h, x] needs; they stay unused."""

Layer = tuple[NDArray[np.int8], NDArray[np.float32]]
"""Weights [outputs, inputs] and ADC steps [outputs]."""

PlaceLayer = Callable[[LstmMemory, Layer, str, float, str], Product]
"""Places a digital layer in memory: its weights and steps, name, result per code, style."""

VECTOR = 16
"""Codes that a vector instruction takes."""

CELL_CORES = {1: 1, 2: 1, 3: 1, 4: 4}
"""Cores that compute the cell, by case; from case 3 on the dense layer has a core of its own."""


def analog_lstm(
    network: LstmNetwork,
    *,
    case: int,
    software: Software = Software.RELEASED,
    activations: kernels.ActivationStyle = "eigen",
    writing: Writing | None = None,
    buffers: type[PingPong] = PingPong,
) -> Workload:
    """Map a network onto tiles of Table II's sizes.

    Where four cores cannot share the units evenly, as 750, the first ones take one more, and all
    tiles are as wide as theirs.

    Parameters
    ----------
    network : any size.
    case : one of `LSTM_CASES`.
    software : how values become operands.
    activations : how the gates' functions and the softmax are computed.
    writing : where the network chooses symbols itself; their inputs are ignored.
    buffers : how cores hand vectors over.
    """
    width, hidden = network.hidden + ONE_HOT_WIDTH, network.hidden
    cells = [_units(network, units) for units in cell_shares(hidden, case)]
    gates = len(cells[0][0])
    rows = UNUSED_ROWS + (width + hidden if case == 1 else width)
    columns = gates + ONE_HOT_WIDTH if case in (1, 2) else max(gates, ONE_HOT_WIDTH)
    tiles = [Tile(TileConfig(rows=rows, columns=columns)) for _ in cells]
    matrices = [
        tile.map_matrix(weights, lsb=lsb, name="cell")
        for tile, (weights, lsb) in zip(tiles, cells, strict=True)
    ]
    if case in (3, 4):
        tiles.append(Tile(TileConfig(rows=rows, columns=columns)))
    dense_matrix = tiles[-1].map_matrix(
        network.dense_weights,
        row=width if case == 1 else 0,
        column=gates if case in (1, 2) else 0,
        lsb=network.dense_lsb,
        name="dense",
    )

    def start(memory: LstmMemory) -> dict[int, Program]:
        cores = [
            Aimc(memory.space, software=software, activations=activations)
            for _ in range(len(tiles))
        ]
        cells = [
            AnalogProduct(aimc=aimc, name="cell", matrix=matrix, scale=network.gate_scale)
            for aimc, matrix in zip(cores, matrices, strict=False)
        ]
        dense = AnalogProduct(
            aimc=cores[-1], name="dense", matrix=dense_matrix, scale=network.logit_scale
        )
        if case == 1:
            return {0: lstm_programs.in_one_product(memory, cores[0], cells[0], dense)}
        return _on_cores(memory, cores, cells, dense, buffers)

    plans = {core: [tile.plan] for core, tile in enumerate(tiles)}
    return Workload(plans=plans, programs=_programs(network, start, writing))


def to_codes(
    memory: LstmMemory, layer: Layer, name: str, scale: float, style: str
) -> DigitalProduct:
    """A layer whose sums become the codes that a tile would give."""
    space = memory.space
    weights, lsb = layer
    outputs, inputs = weights.shape
    padding = -inputs % VECTOR
    padded = np.zeros((outputs, inputs + padding), np.int8)
    padded[:, :inputs] = weights
    return DigitalProduct(
        name=name,
        weights=space.place(f"{name} weights", padded),
        steps=space.place(f"{name} steps", lsb),
        scale=scale,
        inputs=space.place(f"{name} input codes", np.zeros((inputs + padding,), np.int8)),
        sums=space.allocate(f"{name} sums", outputs, np.int32),
        codes=space.allocate(f"{name} codes", outputs),
        style=style,
    )


def digital_lstm(
    network: LstmNetwork,
    *,
    cores: int,
    style: str = "neon4",
    activations: kernels.ActivationStyle = "eigen",
    writing: Writing | None = None,
    layer: PlaceLayer = to_codes,
) -> Workload:
    """Run a network without tiles: int8 products on one, two or five cores, split as in the cases.

    Parameters
    ----------
    network : any size.
    cores : one of `LSTM_DIGITAL_CORES`.
    style : of the products, one of `kernels.MVM_STYLES` that need no scratch memory.
    activations, writing : as in `analog_lstm`.
    layer : how a layer is computed; results equal the tiles' with the default only.
    """

    def start(memory: LstmMemory) -> dict[int, Program]:
        cells = [
            layer(memory, _units(network, units), "cell", network.gate_scale, style)
            for units in _shares(network.hidden, max(cores - 1, 1))
        ]
        last = network.dense_weights, network.dense_lsb
        dense = layer(memory, last, "dense", network.logit_scale, style)
        aimcs = [Aimc(memory.space, activations=activations) for _ in range(cores)]
        return _on_cores(memory, aimcs, cells, dense, PingPong)

    return Workload(plans={}, programs=_programs(network, start, writing))


def cell_shares(hidden: int, case: int) -> list[range]:
    """Units of the cell on each of the cores that compute it, in a case of `LSTM_CASES`."""
    return _shares(hidden, CELL_CORES[case])


def _shares(hidden: int, cores: int) -> list[range]:
    """Units of each core; the first cores take one more where they do not divide."""
    sizes = [hidden // cores + (core < hidden % cores) for core in range(cores)]
    ends = list(accumulate(sizes))
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _units(network: LstmNetwork, units: range) -> Layer:
    """Weights and ADC steps of all four gates of some units, gate by gate."""
    outputs = [gate * network.hidden + unit for gate in Gate for unit in units]
    return network.cell_weights[outputs], network.cell_lsb[outputs]


def _on_cores(
    memory: LstmMemory,
    cores: Sequence[Aimc],
    cells: Sequence[Product],
    dense: Product,
    buffers: type[PingPong],
) -> dict[int, Program]:
    """All on one core, or a core per share of the cell and one for the dense layer behind them."""
    if len(cores) == 1:
        return {0: lstm_programs.one_core(memory, cores[0], cells[0], dense)}
    shares = [
        Share(number, len(units)) for number, units in enumerate(_shares(memory.hidden, len(cells)))
    ]
    # Where the cell is split, each of its cores needs the whole h of the step before.
    readers = len(cells) if len(cells) > 1 else 0
    links = Links(
        h=buffers(
            memory.space,
            name="h",
            size=memory.hidden,
            producers=[share.units for share in shares],
            consumers=readers + 1,
            dtype=np.float32,
        ),
        symbols=buffers(
            memory.space,
            name="symbol",
            size=ONE_HOT_WIDTH,
            consumers=len(cells),
            dtype=np.float32,
        ),
    )
    programs = [
        lstm_programs.cell_core(memory, aimc, product, links, share)
        for aimc, product, share in zip(cores[:-1], cells, shares, strict=True)
    ]
    programs.append(lstm_programs.dense_core(memory, cores[-1], dense, links, consumer=readers))
    return dict(enumerate(programs))


def _programs(
    network: LstmNetwork,
    start: Callable[[LstmMemory], dict[int, Program]],
    writing: Writing | None,
) -> Programs:
    def programs(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[Any], Mapping[int, Program]]:
        space, steps = system.memory, len(inputs)
        # The program reads values, not codes: one-hot 1.0 where the code is 127.
        values = (inputs.reshape(-1) > 0).astype(np.float32)
        memory = LstmMemory(
            space=space,
            hidden=network.hidden,
            inputs=space.place("inputs", values),
            outputs=space.allocate("outputs", steps * ONE_HOT_WIDTH, np.float32),
            steps=steps,
            on_step=on_step,
            writing=writing,
        )
        return memory.outputs.data.reshape(steps, ONE_HOT_WIDTH), start(memory)

    return programs
