# SPDX-License-Identifier: Apache-2.0
"""The device model against IBM's aihwkit, an independent implementation of the same fits."""

import numpy as np
import pytest

from alpine_models.device import IDEAL, PCM_SETS, NoiseKey, PcmArray, PcmConfig, ReadNoise

REASON = "aihwkit is optional: `pip install .[aihwkit]` (it brings torch) to compare with it"
pcm = pytest.importorskip("aihwkit.inference.noise.pcm", reason=REASON)
hermes = pytest.importorskip("aihwkit.inference.noise.hermes", reason=REASON)
torch = pytest.importorskip("torch", reason=REASON)

MODELS = {
    "pcm-like": lambda: pcm.PCMLikeNoiseModel(g_max=25.0),
    "hermes-1": lambda: hermes.HermesNoiseModel(num_devices=1),
    "hermes-2": lambda: hermes.HermesNoiseModel(num_devices=2),
}
TIMES = [25.0, 3600.0, 86400.0, 365 * 86400.0]
ROWS, COLUMNS = 512, 256


def agrees(measured, expected):
    scale = max(abs(expected.mean()), expected.std())
    assert measured.mean() == pytest.approx(expected.mean(), abs=0.02 * scale)
    assert measured.std() == pytest.approx(expected.std(), rel=0.02)


# aihwkit 1.1's HERMES model indexes with a list of one mask, which newer torch versions deprecate.
@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")
@pytest.mark.parametrize("weight", [6, 13, 32, 64, 95, 127])
@pytest.mark.parametrize("name", MODELS)
def test_moments_agree(name: str, weight: int):
    constants, theirs = PCM_SETS[name], MODELS[name]()
    torch.manual_seed(0)
    # float64, because float32 sums of this many samples cost digits that are not the model's.
    target = torch.full((600, 512), weight / 127 * constants.g_max_us, dtype=torch.float64)
    zero = torch.zeros_like(target)
    devices = [
        (
            theirs.apply_programming_noise_to_conductance(g.clone()),
            theirs.generate_drift_coefficients(g.clone()),
        )
        for g in (target, zero)
    ]
    weights = np.full((COLUMNS, ROWS), weight, np.int8)
    arrays = {}
    for read_noise in (IDEAL, ReadNoise.FROZEN):
        config = PcmConfig(constants=constants, read_noise=read_noise)
        arrays[read_noise] = PcmArray(
            rows=ROWS, columns=COLUMNS, config=config, key=NoiseKey(seed=8)
        )
        arrays[read_noise].program(weights)
    mine = arrays[IDEAL]
    for side in range(2):
        agrees(mine.conductances[side] * constants.g_max_us, devices[side][0].numpy())
    agrees(mine.exponents[0].astype(np.float64), devices[0][1].numpy())
    for time in TIMES:
        read = [theirs.apply_drift_noise_to_conductance(*device, time) for device in devices]
        theirs.read_noise_scale = 0.0
        drift = [theirs.apply_drift_noise_to_conductance(*device, time) for device in devices]
        theirs.read_noise_scale = 1.0
        grid = mine.config.grid_us
        agrees(mine.at(time).conductances * grid, (drift[0] - drift[1]).numpy())
        noisy = arrays[ReadNoise.FROZEN].at(time).conductances * grid
        agrees(noisy, (read[0] - read[1]).numpy())
