# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_sw.training.noise import NO_NOISE, WeightNoise, parse_noise


@pytest.mark.parametrize(
    ("text", "noise"),
    [
        (None, NO_NOISE),
        ("0.04", WeightNoise(share=0.04)),
        (".1,2", WeightNoise(share=0.1, clip=2.0)),
    ],
)
def test_command_line(text: str | None, noise: WeightNoise):
    assert parse_noise(text) == noise


@pytest.mark.parametrize("text", ["0", "1", "-0.1", "much", "0.04,", "0.04,0", ""])
def test_what_is_refused(text: str):
    with pytest.raises(AlpineError, match=r"--weight-noise .* is refused"):
        parse_noise(text)


def test_records_say_it():
    assert str(NO_NOISE) == "none"
    assert str(parse_noise("0.04,2.5")) == (
        "0.04 of an output's largest weight, cut at 2.5 deviations"
    )


def test_errors_have_their_size_and_outliers_are_cut():
    torch = pytest.importorskip("torch", reason="needs the extra train")
    torch.manual_seed(0)
    layer = [torch.randn(3, 4000), torch.randn(3, 1000)]
    layer[0][1, 7] = 20.0
    noise = WeightNoise(share=0.05, clip=2.0)
    errors = [
        (new - old).numpy() for new, old in zip(noise.disturbed(torch, layer), layer, strict=True)
    ]
    tops = np.maximum(*(part.abs().amax(dim=1).numpy() for part in layer))
    deviations = np.concatenate(errors, axis=1).std(axis=1)
    assert deviations == pytest.approx(0.05 * tops, rel=0.05)
    bounds = 2.0 * torch.cat(layer, dim=1).std(dim=1)
    noise.cut(torch, layer)
    assert (torch.cat(layer, dim=1).abs().amax(dim=1) <= bounds + 1e-6).all()
