# SPDX-License-Identifier: Apache-2.0
"""What the place of buffers does to the DRAM's rows, and what the calibration page says of it."""

from dataclasses import replace

import pytest

from alpine_platform.config.placement import BufferPlacement
from alpine_platform.cores.pipeline import Stream
from alpine_platform.memory.memory_state import MemoryStats
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw.calibrate.experiment import play
from alpine_sw.calibrate.micro import READ, nest


def streams(placement: BufferPlacement, cores: int) -> MemoryStats:
    """Memory of a system whose cores read 32 kB of a buffer of 1 MB each, in step."""
    system = System(replace(HIGH_POWER, placement=placement))
    buffers = [system.memory.allocate("v", 1 << 20) for _ in range(cores)]
    return system.run(
        {
            core: play([nest(READ, 256, {"s": Stream(address=buffer.address, stride=128)})])
            for core, buffer in enumerate(buffers)
        }
    ).memory


def test_streams_in_step_close_each_others_rows():
    # A row is closed after 16 accesses, so at most 15 of 16 reads find theirs open. 1 MB apart, two
    # buffers lie in the same bank; the reference's stream2, at 4 MB, has 0.0 % of row hits and its
    # stream4_skew8k, in neighbouring banks, 92.0 %.
    assert streams(BufferPlacement.GLIBC, 1).dram_row_hit_share == pytest.approx(15 / 16, abs=0.01)
    assert streams(BufferPlacement.GLIBC, 2).dram_row_hit_share < 0.02
    assert streams(BufferPlacement.SKEWED, 2).dram_row_hit_share == pytest.approx(15 / 16, abs=0.02)
