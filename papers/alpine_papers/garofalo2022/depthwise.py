# SPDX-License-Identifier: Apache-2.0
"""Depthwise rows by both published rules, which differ, and what one port allows at stride 2."""

from collections.abc import Mapping, Sequence

from alpine_cosim.pages.markdown import table
from alpine_models.imc_cluster import CHANNELS_PER_BLOCK

from . import rules
from .layer_runs import LayerRun
from .layers import LayerKind, PublishedLayer

__all__ = ["depthwise_section", "port_bound_cycles"]

LOADS, STORES = 6, 1
"""Of 16 bytes for an output pixel of 16 channels at stride 2, where the window moves by two of its
rows of three pixels."""


def port_bound_cycles(layer: PublishedLayer) -> int:
    """Return the fewest cycles in which a stride-2 layer passes one 16-byte port (derived)."""
    blocks = -(-layer.channels // CHANNELS_PER_BLOCK)
    return layer.pixels * blocks * (LOADS + STORES)


def depthwise_section(
    layers: Sequence[PublishedLayer], runs: Mapping[int, LayerRun], *, engine: str
) -> str:
    """A line for each depthwise row."""
    rows: list[list[str]] = []
    for layer in layers:
        if layer.kind is not LayerKind.DEPTHWISE:
            continue
        printed = layer.rule_seconds * rules.FREQUENCY_HZ
        cycles = (
            port_bound_cycles(layer)
            if layer.stride == 2
            else rules.depthwise_nest_cycles(
                height=layer.height, width=layer.width, channels=layer.channels
            )
        )
        found = runs[layer.row].cycles
        rows.append(
            [f"{layer.row}", f"{layer.height} x {layer.width} x {layer.channels}",
             f"{layer.stride}", f"{printed:,.0f}", f"{cycles:,}", f"{layer.macs / cycles:.1f}",
             f"{found:,}", f"{layer.macs / found:.1f}", f"{found / cycles - 1:+.2%}"]
        )  # fmt: skip
    bound = rules.WINDOW * CHANNELS_PER_BLOCK / (LOADS + STORES)
    heads = ["row", "output", "stride", "cycles at 29.7 MAC/cycle", "cycles of the nest or port",
             "MAC/cycle", f"cycles, {engine}", "MAC/cycle", "over nest or port"]  # fmt: skip
    return (
        "## Depthwise layers\n\n"
        f"The printed times are those of {rules.DEPTHWISE_MACS_PER_CYCLE} MAC/cycle (published) at "
        "either stride. The published loop nest takes fewer cycles for large maps and more for "
        "small ones (derived). At stride 2 the nest is not published: an output pixel of 16 "
        f"channels is {LOADS} loads and {STORES} store of 16 bytes, so one 128-bit port allows "
        f"{bound:.1f} MAC/cycle at most, and {rules.DEPTHWISE_MACS_PER_CYCLE} cannot be reached; "
        "the column has that bound. What the engine takes beyond it are the weights of every "
        "block of channels, the first windows of every column, and padded pixels.\n\n"
        + table(heads, rows)
    )
