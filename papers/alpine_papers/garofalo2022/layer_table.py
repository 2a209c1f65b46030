# SPDX-License-Identifier: Apache-2.0
"""The 63 rows: by the rules and as printed."""

from collections.abc import Sequence

from alpine_cosim.pages.markdown import table

from .layers import LayerKind, PublishedLayer

__all__ = ["layers_section"]


def layers_section(layers: Sequence[PublishedLayer], picture: str) -> str:
    """Every row of the table, ours beside theirs."""
    rows = [
        [
            f"{layer.row}",
            layer.name,
            _shape(layer),
            f"{layer.macs / 1e6:.3f}",
            f"{layer.printed_ms:.2f}",
            f"{layer.rule_seconds * 1e3:.4f}",
            f"{layer.printed_gmac_per_s_per_w:.1f}",
            f"{layer.macs / layer.rule_energy_j() * 1e-9:.1f}",
        ]
        for layer in layers
    ]
    heads = ["row", "layer", "shape", "MMAC", "ms, printed", "ms, rule", "GMAC/s/W, printed",
             "GMAC/s/W, rule"]  # fmt: skip
    late = max(abs(layer.rule_seconds * 1e3 - layer.printed_ms) for layer in layers)
    first, *others = layers
    off = max(abs(_off(layer)) for layer in others)
    return (
        "## MobileNetV2, row by row\n\n"
        "Shapes are word lines x bit lines and jobs of a crossbar layer, or height x width x "
        "channels of another layer's output. Printed figures are published, times by the rules "
        "derived, efficiencies of crossbar layers fitted. The largest difference in time is "
        f"{late:.4f} ms (the table is printed to 0.01), in efficiency, without row 0, {off:.3%}. "
        f"Row 0 is {-_off(first):.1%} below its printed efficiency, which its jobs would have "
        "with 3 word lines in place of 27.\n\n"
        f"{picture}\n" + table(heads, rows)
    )


def _shape(layer: PublishedLayer) -> str:
    if layer.kind is LayerKind.CROSSBAR:
        return f"{layer.rows} x {layer.columns}, {layer.jobs:,} jobs"
    return f"{layer.height} x {layer.width} x {layer.channels}"


def _off(layer: PublishedLayer) -> float:
    """How much an efficiency by the rules deviates from the printed one."""
    return layer.macs / layer.rule_energy_j() * 1e-9 / layer.printed_gmac_per_s_per_w - 1
