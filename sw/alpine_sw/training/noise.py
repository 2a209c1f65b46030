# SPDX-License-Identifier: Apache-2.0
"""Hardware-aware training: weights err while gradients are taken, as they will on a chip.

Joshi et al. (Nature Communications 11, 2020) add normal noise to the weights in every forward pass,
of a deviation relative to the largest weight that matches the devices' (theirs erred by up to
1.2 uS of 25 uS), and cut outlying weights, which would take the conductances' range for themselves.
Here a range belongs to an output, as quantisation gives each output its own scale.
"""

import re
from dataclasses import dataclass
from typing import Any

from alpine_models.errors import AlpineError

__all__ = ["HELP", "NO_NOISE", "WeightNoise", "parse_noise"]

HELP = (
    "hardware-aware training: deviation of the weights' error relative to an output's largest "
    "weight, and, after a comma, where weights are cut, in deviations of the output's weights, as "
    "in 0.04,2.5 (default: none)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightNoise:
    """How weights err during training.

    Members
    -------
    share : deviation of the error relative to an output's largest weight; None for no error.
    clip : weights are cut at so many deviations of an output's weights; None for nowhere.
    """

    share: float | None = None
    clip: float | None = None

    def __str__(self) -> str:
        """Say it as in a training record."""
        if self.share is None:
            return "none"
        cut = "" if self.clip is None else f", cut at {self.clip:g} deviations"
        return f"{self.share:g} of an output's largest weight{cut}"

    def disturbed(self, torch: Any, layer: list[Any]) -> list[Any]:
        """Return tensors [outputs, ...] that share a range, with new errors."""
        if self.share is None:
            return layer
        with torch.no_grad():
            tops = torch.stack([part.abs().amax(dim=1, keepdim=True) for part in layer])
            deviation = self.share * tops.amax(dim=0)
            errors = [deviation * torch.randn_like(part) for part in layer]
        return [part + error for part, error in zip(layer, errors, strict=True)]

    def cut(self, torch: Any, layer: list[Any]) -> None:
        """Cut the outlying weights of tensors [outputs, ...] that share a range, in place."""
        if self.clip is None:
            return
        with torch.no_grad():
            bound = self.clip * torch.cat(layer, dim=1).std(dim=1, keepdim=True)
            for part in layer:
                part.copy_(torch.maximum(torch.minimum(part, bound), -bound))


NO_NOISE = WeightNoise()
"""Ordinary training."""


def parse_noise(text: str | None) -> WeightNoise:
    """Return the noise that a command line asks for.

    Raises
    ------
    AlpineError
        The text is no share between 0 and 1, or the cut after its comma no positive number.
    """
    if text is None:
        return NO_NOISE
    number = r"(\d+\.?\d*|\.\d+)"
    match = re.fullmatch(rf"{number}(?:,{number})?", text)
    share, clip = (float(match[1]), match[2]) if match else (0.0, None)
    if not 0.0 < share < 1.0 or (clip is not None and not float(clip) > 0.0):
        raise AlpineError(
            f"--weight-noise {text} is refused: give a share between 0 and 1 and, if wanted, a cut "
            f"above 0, as in 0.04,2.5"
        )
    return WeightNoise(share=share, clip=None if clip is None else float(clip))
