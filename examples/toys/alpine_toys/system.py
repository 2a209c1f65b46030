# SPDX-License-Identifier: Apache-2.0
"""A system with two clocks: one fast core beside four slow ones, on one L2 and one DRAM."""

from dataclasses import replace

from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER

__all__ = ["TOY_TWO_CLOCKS"]

(FAST,), (SLOW,) = HIGH_POWER.complexes, LOW_POWER.complexes

TOY_TWO_CLOCKS = replace(
    HIGH_POWER,
    name="toy-two-clocks",
    complexes=(replace(FAST, name="fast", cores=1), replace(SLOW, name="slow", cores=4)),
)
"""`alpine run mlp --system toy-two-clocks`: core 0 at 2.3 GHz, cores 1 to 4 at 0.8 GHz."""
