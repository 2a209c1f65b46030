# SPDX-License-Identifier: Apache-2.0
"""A device: phase-change memory that scatters and drifts more than any that was published."""

from dataclasses import replace

from alpine_models.device import PCM_LIKE

__all__ = ["TOY_PCM"]

TOY_PCM = replace(
    PCM_LIKE,
    name="toy-pcm",
    programming_us=tuple(2 * coefficient for coefficient in PCM_LIKE.programming_us),
    source="invented: twice the programming error of the published set",
)
"""`alpine run mlp --device toy-pcm`."""
