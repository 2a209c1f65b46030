# SPDX-License-Identifier: Apache-2.0
"""Every field of a system does something, and does no harm at the ends of its range."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from probe import RUNS, SMALL, measured

from alpine_models.errors import AlpineError
from alpine_platform.config.overrides import field_names, field_of, field_values

OF_PROGRAMS = {"io.access_bytes", "placement", "tile_clock.product_cycles"}
"""What tiles and programs are made with before the platform sees them.

They are moved by test_products_take_as_long_as_they_are_told in tests/cosim and by
test_a_vector_comes_back_through_an_identity_matrix and test_streams_in_step_close_each_others_rows
in tests/sw.
"""

CHANGES: dict[str, dict[str, Any]] = {
    "core.alu_units": {"core.alu_units": 1},
    "core.commit_width": {"core.commit_width": 2},
    "core.fetch_buffer_groups": {"core.fetch_buffer_groups": 2},
    "core.fresh_address_cycles": {"core.fresh_address_cycles": 1000},
    "core.issue_width": {"core.issue_width": 2},
    "core.loads_in_flight": {"core.loads_in_flight": 1},
    "core.shared_address_cycles": {"core.shared_address_cycles": 1000},
    "l1.line_bytes": {"l1.line_bytes": 32, "l2.line_bytes": 32},
    "l2.line_bytes": {"l1.line_bytes": 128, "l2.line_bytes": 128},
    "l2.mshrs": {"l2.mshrs": 1},
    "bus.core_snoop_cycles": {"bus.core_snoop_cycles": 50},
    "bus.width_bytes": {"bus.width_bytes": 4},
    "dram.write_high": {"dram.write_high": 200},
    "dram.write_low": {"dram.write_low": 10},
    "io.width_bytes": {"io.width_bytes": 1},
    "energy.tile_energy_rule": {"energy.tile_energy_rule": "linear"},
}
"""What to change where doubling a number, or turning a switch, is impossible or reaches nothing."""

BASES: dict[str, dict[str, Any]] = {
    "dram.write_high": {"dram.write_low": 10, "dram.write_high": 11},
    "sync.futex_wake_cycles": {"sync.linux": True},
    "sync.futex_resume_cycles": {"sync.linux": True},
}
"""Systems on which fields count that do not on the small one."""


def changes(name: str) -> dict[str, Any]:
    if name in CHANGES:
        return CHANGES[name]
    value = field_values(SMALL)[name]
    return {name: not value if isinstance(value, bool) else value * 2}


@cache
def measured_before(base: tuple[tuple[str, Any], ...], run: str) -> Mapping[str, Any]:
    return measured(SMALL.override(dict(base)), run)


@pytest.mark.parametrize("name", sorted(set(field_names(SMALL)) - OF_PROGRAMS))
def test_some_run_depends_on_every_field(name: str):
    base = BASES.get(name, {})
    config = SMALL.override({**base, **changes(name)})
    before = tuple(base.items())
    assert any(measured(config, run) != measured_before(before, run) for run in RUNS)


RUN_OF = {"core": "memory", "io": "peripheral", "tile_clock": "tile"}
"""Runs that use a part of the system most; of the others, the one with two cores."""


def limits(name: str) -> list[int | float]:
    metadata = field_of(SMALL, name).metadata
    return [metadata[limit] for limit in ("minimum", "maximum") if metadata[limit] is not None]


@pytest.mark.parametrize("name", field_names(SMALL))
def test_at_the_ends_of_its_range_a_field_works_or_is_refused(name: str):
    run = RUN_OF.get(name.split(".", maxsplit=1)[0], "sharing")
    for value in limits(name):
        try:
            config = SMALL.override({name: value})
            result = measured(config, run)
        except AlpineError as error:
            assert "\n" not in str(error)
            continue
        # A second of 1000 W at most; the time by far not where it would overflow.
        assert 0 < result["time_fs"] < 1e15
        assert all(0 <= part < 1000 for part in result["energy_j"].values())
        if name.startswith("core."):
            assert measured(config, run, remember=False) == result
