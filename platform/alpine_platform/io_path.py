"""The path from a core to a memory-mapped peripheral: uncached, through bridge and crossbar.

The defaults are gem5's: a bridge of 50 ns each way, a 16-byte crossbar at 1 GHz with 2, 1 and 2
cycles for request, forwarding and response, a device that answers after 100 ns.
"""

from .config import IoConfig
from .time import period_fs

__all__ = ["access_fs", "transfer_accesses"]

FS_PER_NS = 1_000_000


def access_fs(config: IoConfig, *, write: bool) -> int:
    """Time that one uncached access keeps a core waiting.

    A posted store is away once the crossbar has taken it; everything else makes the round trip.
    """
    period = period_fs(config.frequency_hz)
    beats = -(-config.access_bytes // config.width_bytes)
    request = (config.frontend_cycles + config.forward_cycles + beats) * period
    if write and config.posted_stores:
        return request
    response = (config.response_cycles + beats) * period
    return request + response + round((2 * config.bridge_ns + config.device_ns) * FS_PER_NS)


def transfer_accesses(config: IoConfig, size_bytes: int) -> int:
    """Return how many accesses move some bytes."""
    return -(-size_bytes // config.access_bytes)
