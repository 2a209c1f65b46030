import pytest

from alpine_platform.operations import Begin, Channel, Compute, End, Put, Take
from alpine_platform.presets import SYSTEMS
from alpine_platform.system import DeadlockError, System


def test_time_and_breakdown_of_two_sections():
    system = System(SYSTEMS["high-power"])

    def program():
        yield Begin("one")
        yield Compute(cycles=100, instructions=10)
        yield End()
        yield Compute(cycles=300)

    result = system.run({0: program()})
    assert result.time_fs == 400 * system.config.core.period_fs
    assert result.breakdown == {"one": 0.25, "other": 0.75}
    assert result.instructions == 10


def test_deadlock_names_core_and_channel():
    system = System(SYSTEMS["low-power"])
    channel = Channel("hidden")

    def program():
        yield Take(channel)

    with pytest.raises(DeadlockError, match="core 3 waits for channel hidden, empty"):
        system.run({3: program()})


def test_channel_hands_items_over_in_order():
    system = System(SYSTEMS["high-power"])
    channel = Channel("c")

    def producer():
        for number in range(5):
            yield Compute(cycles=10)
            yield Put(channel, number)

    def consumer():
        items = []
        for _ in range(5):
            items.append((yield Take(channel)))
        return items

    result = system.run({0: producer(), 1: consumer()})
    assert result.returned[1] == [0, 1, 2, 3, 4]
    assert result.cores[1].idle_cycles > 0
