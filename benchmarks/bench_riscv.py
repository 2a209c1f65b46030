# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of cores that execute compiled programs, alone and eight on one TCDM."""

import pytest
from tests.cosim.riscv_kernel_call import KernelCall, random_bytes

PIXELS, CHANNELS = 256, 128


@pytest.mark.parametrize("cores", [1, 8])
def test_pointwise_convolution(benchmark, cores):
    def prepared():
        call = KernelCall(cores)
        given = {
            "input": call.place(random_bytes(1, PIXELS, CHANNELS), aligned=True),
            "weights": call.place(random_bytes(2, CHANNELS, CHANNELS), aligned=True),
        }
        return (call, given), {}

    def run(call, given):
        call.run(
            "pointwise", (PIXELS, CHANNELS), **given, pixels=PIXELS, channels_in=CHANNELS,
            channels_out=CHANNELS, shift=7, low=0,
        )  # fmt: skip
        return sum(core.instructions for core in call.outcome.cores)

    instructions = benchmark.pedantic(run, setup=prepared, rounds=3)
    benchmark.extra_info["layer"] = f"RISC-V instructions, {cores} of the cluster's cores"
    benchmark.extra_info["rate"] = instructions / benchmark.stats["min"]
    benchmark.extra_info["unit"] = "instructions/s"
