# SPDX-License-Identifier: Apache-2.0
"""Where the measured region begins: the same place, however weights got into the tiles."""

from dataclasses import replace

import pytest
from tests.cosim.chips import chip_series
from tests.cosim.small_perceptron import small_perceptron

from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.measurement.measure import Measurement, measure
from alpine_platform.systems.presets import SYSTEMS
from alpine_platform.systems.system import System

STARTS: list[int] = []


def measured(system: str, *, back_door: bool, chips: int, verify: str | None) -> Measurement:
    task, config = small_perceptron(), SYSTEMS[system]
    make = task.workload.programs

    def programs(machine: System, *arguments):
        STARTS.append(int(machine.env.now))
        return make(machine, *arguments)

    workload = replace(task.workload, programs=programs)
    series = chip_series("hermes-2", verify=verify, chips=chips, seed=4) if chips else None
    STARTS.clear()
    return measure(
        workload,
        timed_pieces(workload, config),
        system=config,
        inputs=task.inputs,
        back_door=back_door,
        device=series,
    )


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("chips", "verify"), [(0, None), (3, None), (2, "published")])
def test_nothing_measured_depends_on_how_weights_got_into_the_cells(system, chips, verify):
    port, direct = (
        measured(system, back_door=back_door, chips=chips, verify=verify)
        for back_door in (False, True)
    )
    # Programming through the port takes time, and that is not the region's.
    assert port.programming.time_s > 0 == direct.programming.time_s
    for one, other in zip(port.outputs, direct.outputs, strict=True):
        assert (one == other).all()
    same = {"outputs": [], "host_seconds": 0.0, "programming": None}
    assert replace(port, **same) == replace(direct, **same)


def test_every_chip_begins_at_time_zero():
    measured("high-power", back_door=False, chips=3, verify=None)
    assert STARTS == [0] * 3


def test_no_refresh_comes_in_the_first_interval():
    # Two small inferences take less than 7.8 us: with or without refresh they take the same time.
    config = SYSTEMS["high-power"]
    never = config.override({"dram.t_refi_ns": 1e9})
    task = small_perceptron()
    times = [
        measure(
            task.workload,
            timed_pieces(task.workload, system),
            system=system,
            inputs=task.inputs,
            back_door=False,
        ).time_s
        for system in (config, never)
    ]
    assert times[0] == times[1] < 7.8e-6
