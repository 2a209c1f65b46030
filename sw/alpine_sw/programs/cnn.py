# SPDX-License-Identifier: Apache-2.0
"""The published convolutional networks mapped onto systems of eight cores."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_platform.systems.system import System
from alpine_sw.kernels.positions import time_position
from alpine_sw.library.aimclib import PACKING
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.tile_plan import Placement, TilePlan
from alpine_sw.library.workloads import Programs, Software, Workload
from alpine_sw.networks.cnn import CnnNetwork
from alpine_sw.networks.cnn_shapes import CnnShape, ConvGeometry

from .cnn_programs import (
    AnalogRows,
    ConvolutionCore,
    DenseCore,
    DigitalRows,
    RowEngine,
)
from .cnn_rows import (
    ImageSource,
    RingSink,
    RingSource,
    Sink,
    Source,
    VectorSink,
    ring_between,
)

__all__ = ["analog_cnn", "digital_cnn"]

DENSE_STYLE = "neon4"
"""Products of the dense layers beside tiles, which have none."""

Engines = Callable[[System], Sequence[RowEngine]]
"""Makes what computes the rows of every convolution."""


def analog_cnn(
    network: CnnNetwork,
    *,
    software: Software,
    dense_style: str = DENSE_STYLE,
    configs: Sequence[TileConfig] | None = None,
) -> Workload:
    """Map a network onto a core with a tile per convolution and a core without one per dense layer.

    Parameters
    ----------
    network : of any size; inputs are one image each.
    software : how operands are packed.
    dense_style : of the dense layers' products.
    configs : tiles of the convolutions; just large enough when None.

    Raises
    ------
    AlpineError
        A matrix does not fit its tile.
    """
    places = network.shape.geometry
    tiles = configs or [
        TileConfig(rows=place.rows, columns=place.layer.outputs) for place in places
    ]
    plans = {
        number: [TilePlan(config=tile, placements=[_placement(network, number)])]
        for number, tile in enumerate(tiles)
    }

    def engines(system: System) -> list[RowEngine]:
        return [
            AnalogRows(
                system.memory,
                place,
                time_position(
                    system.config,
                    tile,
                    inputs=place.rows,
                    outputs=place.layer.outputs,
                    packing=PACKING[software],
                ),
            )
            for place, tile in zip(places, tiles, strict=True)
        ]

    return Workload(plans=plans, programs=_programs(network, engines, dense_style))


def digital_cnn(network: CnnNetwork, *, style: str = "neon4") -> Workload:
    """Run a network without tiles, on as many cores and pipelined as the analog mapping.

    Parameters
    ----------
    network : of any size; inputs are one image each.
    style : of all products, one of `kernels.MVM_STYLES` that need no scratch memory.
    """

    def engines(system: System) -> list[RowEngine]:
        return [
            DigitalRows(
                system.memory,
                place,
                weights=network.weights[number],
                steps=network.lsb[number],
                style=style,
            )
            for number, place in enumerate(network.shape.geometry)
        ]

    return Workload(plans={}, programs=_programs(network, engines, style))


def _placement(network: CnnNetwork, number: int) -> Placement:
    return Placement(
        name=f"convolution {number + 1}",
        weights=network.weights[number],
        lsb=network.lsb[number],
    )


def _programs(network: CnnNetwork, engines: Engines, dense_style: str) -> Programs:
    shape = network.shape
    size = shape.dense[-1]

    def programs(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[np.int8], Mapping[int, Program]]:
        network.check_inputs(inputs)
        cores = len(shape.convolutions) + len(shape.dense)
        if cores > system.config.cores:
            raise AlpineError(
                f"network {network.name} takes {cores} cores, one per layer, but "
                f"{system.config.name} has {system.config.cores}: use a system with more"
            )
        space = system.memory
        images = space.place("images", inputs.reshape(-1))
        outputs = space.allocate("outputs", len(inputs) * size)
        vectors = _vectors(space, shape)
        convolutions = _convolution_cores(
            space, shape, engines(system), images, vectors[0], count=len(inputs)
        )
        dense = _dense_cores(
            space, network, vectors, outputs, dense_style, count=len(inputs), on_step=on_step
        )
        return outputs.data.reshape(-1, size), dict(enumerate([*convolutions, *dense]))

    return programs


def _vectors(space: AddressSpace, shape: CnnShape) -> list[PingPong]:
    """Ping-pong buffers in front of every dense layer."""
    return [
        PingPong(space, name=f"input of dense layer {number}", size=width)
        for number, (_, width) in enumerate(shape.dense_shapes, start=1)
    ]


def _convolution_cores(
    space: AddressSpace,
    shape: CnnShape,
    engines: Sequence[RowEngine],
    images: Buffer,
    vector: PingPong,
    *,
    count: int,
) -> list[Program]:
    """Chain the convolutions: images, row rings between them, the dense layers' vector."""
    places = shape.geometry
    rings = [
        ring_between(space, f"input of convolution {number}", place)
        for number, place in enumerate(places[1:], start=2)
    ]
    sources: list[Source] = [ImageSource(images, places[0])]
    sources += [
        RingSource(space, ring, place) for ring, place in zip(rings, places[1:], strict=True)
    ]
    sinks: list[Sink] = [
        RingSink(ring, place) for ring, place in zip(rings, places[1:], strict=True)
    ]
    sinks.append(VectorSink(vector, places[-1]))

    def core(place: ConvGeometry, source: Source, sink: Sink, engine: RowEngine) -> Program:
        return ConvolutionCore(
            space, place, source=source, sink=sink, engine=engine, count=count
        ).run()

    return [core(*parts) for parts in zip(places, sources, sinks, engines, strict=True)]


def _dense_cores(
    space: AddressSpace,
    network: CnnNetwork,
    vectors: Sequence[PingPong],
    outputs: Buffer,
    style: str,
    *,
    count: int,
    on_step: Callable[[], None],
) -> list[Program]:
    """Chain the dense layers, each in front of the next one's vector."""
    first = len(network.shape.convolutions)
    sinks: list[PingPong | None] = [*vectors[1:], None]
    layers = zip(network.weights[first:], network.lsb[first:], vectors, sinks, strict=True)
    return [
        DenseCore(
            space=space,
            weights=space.place(f"weights of dense layer {number}", weights),
            steps=space.place(f"steps of dense layer {number}", lsb),
            style=style,
            source=source,
            sink=sink,
            outputs=outputs,
            count=count,
            on_step=on_step,
        ).run()
        for number, (weights, lsb, source, sink) in enumerate(layers, start=1)
    ]
