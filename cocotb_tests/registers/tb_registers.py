# SPDX-License-Identifier: Apache-2.0
"""Configuration and status registers: every address, every field, counters and sticky error.

Expected words come from `RegisterFile`, the model that programs of the timed tile see.
"""

import random

import cocotb
from cocotb_tests.blocks import CONFIG, chance, get, put, started

from alpine_models.register_file import RegisterFile
from alpine_models.registers import TILE_REGISTERS, tile_register_map

EVENTS = ("mvm", "queued", "dequeued")
COUNTERS = ("busy_cycles", "mvms", "bytes_in", "bytes_out", "stall_cycles")
PHASES = ("precharge_cycles", "integrate_cycles", "digitise_cycles")


class Scoreboard:
    """Register values by the map, counters and error by what was reported."""

    def __init__(self):
        self.counts = dict.fromkeys(COUNTERS, 0)
        self.error = 0
        self.file = RegisterFile(tile_register_map(CONFIG), hardware=self.shown)
        self.refused = 0

    def shown(self):
        return {**self.counts, "error_code": self.error}

    def cycle(self, events, status) -> None:
        """Count a cycle's events; nothing counts while the tile is not busy."""
        if events["busy"]:
            names = ("busy", "mvm", "queued", "dequeued", "stall")
            for counter, name in zip(COUNTERS, names, strict=True):
                self.counts[counter] += events[name]
        self.error = self.error or status

    def access(self, address, word, events, status):
        """Return (rdata, error) of an access, and let its cycle pass."""
        rdata, refused = self.file.read(address)
        commands = {}
        if word is not None:
            commands, refused = self.file.write(address, word)
        if commands.get("error_clear"):
            self.error = 0
        self.cycle(events, status)
        if commands.get("control_clear_counters"):
            self.counts = dict.fromkeys(COUNTERS, 0)
        self.refused += refused
        return rdata, int(refused)

    def phases(self):
        values = self.file.values
        source = values if values["control_override"] else vars_of(CONFIG)
        return tuple(source[name] for name in PHASES)


def vars_of(config):
    return {name: getattr(config, name) for name in PHASES}


def random_access():
    """Return an address and a word to write, or None."""
    register = random.choice(TILE_REGISTERS.registers)
    address = register.offset if chance(0.85) else random.randrange(256)
    if chance(0.5):
        return address, None
    word = random.choice([0, 1, 5, 1 << 31, (1 << 31) + 1, random.getrandbits(32)])
    return address, word


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_accesses_and_events(dut):
    block, clock = await started(dut, "registers")
    scoreboard = Scoreboard()
    expected = None
    for _ in range(2500):
        if expected is not None:
            assert get(block, "port_rdata", "port_error") == expected
        assert get(block, *PHASES) == scoreboard.phases()
        busy = chance(0.6)
        events = {
            "busy": busy,
            "stall": busy and chance(0.4),
            "mvm": chance(0.2),
            "queued": random.randrange(5),
            "dequeued": random.randrange(5),
        }
        status = random.choice([0] * 9 + [1, 2, 3])
        address, word = random_access()
        put(block, port_addr=address, port_write=word is not None, port_wdata=word or 0)
        put(block, status=status, **events)
        expected = scoreboard.access(address, word, events, status)
        await clock.wait()
    assert scoreboard.refused > 200


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_address(dut):
    block, clock = await started(dut, "registers")
    scoreboard = Scoreboard()
    quiet = dict.fromkeys(("busy", "stall", "mvm", "queued", "dequeued"), 0)
    for word in (None, 0, 0xFFFF0001):
        for address in range(256):
            put(block, port_addr=address, port_write=word is not None, port_wdata=word or 0)
            expected = scoreboard.access(address, word, quiet, 0)
            await clock.wait()
            assert get(block, "port_rdata", "port_error") == expected, hex(address)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_restores_every_register(dut):
    block, clock = await started(dut, "registers")
    put(block, busy=1, stall=1, mvm=1, queued=4, dequeued=3, status=2)
    for name in PHASES:
        put(block, port_addr=TILE_REGISTERS[name].offset, port_write=1, port_wdata=77)
        await clock.wait()
    put(block, port_addr=TILE_REGISTERS["control"].offset, port_wdata=1)
    await clock.wait()
    assert get(block, *PHASES) == (77, 77, 77)
    await clock.reset()
    scoreboard = Scoreboard()
    assert get(block, *PHASES) == scoreboard.phases()
    for register in TILE_REGISTERS.registers:
        put(block, port_addr=register.offset, port_write=0)
        await clock.wait()
        assert get(block, "port_rdata", "port_error") == (
            scoreboard.file.read(register.offset)[0],
            0,
        )
