# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed on imperfect chips: beside the ideal crossbar, and without the system.

The batched path is bound by its integer products: with read noise every product is two (of
conductances and of variances), with bent DAC pulses three; what is left is drawing and converting.
Its rates with fewer effects show each share.
"""

import os

import pytest

from alpine_cosim import run
from alpine_cosim.campaigns.study import study_spec
from alpine_cosim.runs.batched_run import BatchedChip
from alpine_models.device import analog_device

DEVICES = ("ideal", "pcm", "hermes-2")
RUN_IMAGES = 300
BATCHED_IMAGES = 2000
EFFECTS = {
    "pcm": {
        "all": None,
        "without read noise": ["programming", "drift"],
    },
    "hermes-2": {
        "all": None,
        "without bent pulses": ["programming", "drift", "read", "adc-gain", "adc-inl"],
    },
}


@pytest.mark.parametrize("device", DEVICES)
def test_rtl(benchmark, device: str):
    def infer() -> float:
        result = run("mlp", engine="rtl", inferences=RUN_IMAGES, back_door=True, device=device)
        infer.best = min(infer.best, result.host_seconds)
        return result.host_seconds

    infer.best = float("inf")
    benchmark.pedantic(infer, rounds=3)
    benchmark.extra_info.update(
        rate=RUN_IMAGES / infer.best, unit="inferences/s", layer=f"engine rtl, {device} tile"
    )


@pytest.mark.parametrize(
    ("device", "effects"), [(device, name) for device, sets in EFFECTS.items() for name in sets]
)
def test_batched(benchmark, device: str, effects: str):
    task = study_spec("mlp", samples=BATCHED_IMAGES).task()
    chip = BatchedChip(
        task.workload,
        device=analog_device(device, after_s=86400.0, effects=EFFECTS[device][effects]),
        threads=os.cpu_count() or 1,
    )
    benchmark.pedantic(lambda: chip.outputs(task), rounds=3)
    products = {"all": 2, "without read noise": 1, "without bent pulses": 2}[effects]
    if (device, effects) == ("hermes-2", "all"):
        products = 3
    rate = BATCHED_IMAGES / benchmark.stats.stats.min
    benchmark.extra_info.update(
        rate=rate,
        unit="inferences/s",
        layer=f"batched mlp, {device}, {effects}",
        multiplications_per_second=rate * products * 2 * 1024**2,
    )
