# SPDX-License-Identifier: Apache-2.0
"""The paper's networks, as `alpine run NAME --system imc-cluster` runs them."""

from typing import TYPE_CHECKING

from alpine_cosim.cluster_networks.description import (
    ClusterCounts,
    ClusterLayer,
    ClusterNetwork,
    ClusterNetworkResult,
    ClusterRequest,
)

from . import rules
from .bottleneck import BlockPart, Bottleneck, BottleneckCase, BottleneckResult
from .layers import LayerKind, PublishedLayer, published_layers
from .published import CROSSBARS
from .workload import ClusterSetting

if TYPE_CHECKING:
    from .layer_runs import LayerRun

__all__ = ["BOTTLENECK", "MOBILENETV2"]

SIZES = {"channels": 120, "inner": 600, "height": 16, "width": 16}
INFERRED = (
    "Inferred: 120 channels, 600 inside, 16 x 16 pixels; the paper shows them in a picture alone."
)
ENERGIES = (
    "Energies: jobs of crossbars by a formula fitted to the printed rows, depthwise and residual "
    "layers as published."
)


def _setting(request: ClusterRequest) -> ClusterSetting:
    return ClusterSetting(
        engine=request.engine,
        hardware=request.hardware,
        frequency_hz=request.frequency_hz,
        seed=request.seed,
    )


def _run_bottleneck(request: ClusterRequest) -> ClusterNetworkResult:
    from .bottleneck_program import run_bottleneck
    from .bottleneck_section import energy_j

    shape = Bottleneck(**request.options, seed=request.seed)
    at_500 = request.frequency_hz == rules.FREQUENCY_HZ
    result = run_bottleneck(shape, BottleneckCase(request.case), setting=_setting(request))
    return ClusterNetworkResult(
        network="bottleneck",
        request=request,
        layers=tuple(_part(shape, result, part) for part in result.phases),
        counts=ClusterCounts(
            jobs=result.jobs,
            products=result.products + result.depthwise_pixels,
            stalled_cycles=result.stalled_cycles,
            dma_bytes=result.dma_bytes,
        ),
        energy_j=energy_j(shape, result, partials=True) if at_500 else None,
        wrong=() if result.is_correct else ("output",),
        notes=(
            INFERRED,
            *((ENERGIES,) if at_500 else ()),
            f"Buffers take {result.tcdm_bytes:,} bytes of the TCDM.",
        ),
    )


def _part(shape: Bottleneck, result: BottleneckResult, part: BlockPart) -> ClusterLayer:
    case, cycles = result.case, result.phases[part]
    matrix = part in (BlockPart.EXPAND, BlockPart.PROJECT)
    macs = {
        BlockPart.EXPAND: shape.pixels * shape.channels * shape.inner,
        BlockPart.PROJECT: shape.pixels * shape.channels * shape.inner,
        BlockPart.DEPTHWISE: shape.pixels * shape.inner * 9,
        BlockPart.RESIDUAL: shape.pixels * shape.channels,
    }.get(part, 0)
    unit = "cores"
    if (matrix and case.on_crossbars) or (part is BlockPart.DEPTHWISE and case.job_channels):
        unit = "crossbars"
    elif part is BlockPart.DEPTHWISE and case is BottleneckCase.IMA_DW:
        unit = "depthwise engine"
    return ClusterLayer(name=part.value, unit=unit, macs=macs, cycles=cycles, total_cycles=cycles)


def _run_mobilenetv2(request: ClusterRequest) -> ClusterNetworkResult:
    from .layer_runs import run_network

    layers = published_layers()
    done = 0

    def on_layer() -> None:
        nonlocal done
        done += 1
        request.on_layer(done, len(layers))

    runs = run_network(layers, setting=_setting(request), on_layer=on_layer)
    at_500 = request.frequency_hz == rules.FREQUENCY_HZ
    return ClusterNetworkResult(
        network="mobilenetv2",
        request=request,
        layers=tuple(_row(layer, runs[layer.row]) for layer in layers),
        counts=ClusterCounts(
            jobs=sum(run.jobs for run in runs.values()),
            products=sum(run.products for run in runs.values()),
            stalled_cycles=sum(run.stalled_cycles for run in runs.values()),
            dma_bytes=sum(run.dma_bytes for run in runs.values()),
        ),
        energy_j=sum(layer.rule_energy_j() for layer in layers) if at_500 else None,
        wrong=tuple(_name(layer) for layer in layers if not runs[layer.row].is_correct),
        notes=(ENERGIES,) if at_500 else (),
    )


def _name(layer: PublishedLayer) -> str:
    return f"{layer.row} {layer.name}"


def _row(layer: PublishedLayer, run: "LayerRun") -> ClusterLayer:
    units = {
        LayerKind.CROSSBAR: "crossbars",
        LayerKind.DEPTHWISE: "depthwise engine",
        LayerKind.RESIDUAL: "cores",
    }
    return ClusterLayer(
        name=_name(layer),
        unit=units[layer.kind],
        macs=layer.macs,
        cycles=run.cycles,
        total_cycles=max(run.total_cycles, run.cycles),
        parts=run.parts,
    )


BOTTLENECK = ClusterNetwork(
    about="a block of MobileNetV2: two pointwise layers, one depthwise, a residual addition",
    cases={
        case.value: case.value
        for case in (
            BottleneckCase.IMA_DW,
            BottleneckCase.CORES,
            BottleneckCase.IMA_CJOB8,
            BottleneckCase.IMA_CJOB16,
            BottleneckCase.HYBRID,
        )
    },
    crossbars=CROSSBARS,
    options=SIZES,
    run=_run_bottleneck,
)

MOBILENETV2 = ClusterNetwork(
    about="MobileNetV2 of width 1 for 224 x 224 pixels, its layers as the paper's table has them",
    cases={"ima-dw": "convolutions on crossbars, depthwise layers on their engine"},
    crossbars=CROSSBARS,
    run=_run_mobilenetv2,
)
