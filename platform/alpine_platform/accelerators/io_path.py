# SPDX-License-Identifier: Apache-2.0
"""The path from a core to a memory-mapped peripheral: uncached, through bridge and crossbar.

The defaults are gem5's: a bridge of 50 ns each way, a 16-byte crossbar at 1 GHz with 2, 1 and 2
cycles for request, forwarding and response, a device that answers after 100 ns. As in gem5, the
access happens when the request arrives and the device's latency delays its answer; what the
peripheral's own bus interface takes comes on top.
"""

from alpine_platform.config import IoConfig
from alpine_platform.time import period_fs

from .peripheral_port import IoTimes

__all__ = ["io_times"]

FS_PER_NS = 1_000_000


def io_times(config: IoConfig) -> IoTimes:
    """Return what the path takes; a posted store is away once the crossbar has taken it."""
    period = period_fs(config.frequency_hz)
    beats = -(-config.access_bytes // config.width_bytes)
    taken = (config.frontend_cycles + config.forward_cycles + beats) * period
    back = (config.response_cycles + beats) * period
    return IoTimes(
        request_fs=taken + round(config.bridge_ns * FS_PER_NS),
        response_fs=back + round((config.bridge_ns + config.device_ns) * FS_PER_NS),
        taken_fs=taken,
        posted_stores=config.posted_stores,
    )
