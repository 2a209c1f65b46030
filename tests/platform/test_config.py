# SPDX-License-Identifier: Apache-2.0
import math
import re
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.random_inputs import examples

from alpine_cosim.spec.system_choice import SystemChoice
from alpine_models.errors import AlpineError
from alpine_platform.config.describe import describe
from alpine_platform.config.fields import range_text
from alpine_platform.config.overrides import (
    field_names,
    field_of,
    field_values,
    parse_setting,
    read_toml,
)
from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER, SYSTEMS


def test_presets_hold_the_published_table():
    assert HIGH_POWER.core.period_fs == 434_783
    assert LOW_POWER.l1.size_bytes == 32 * 1024
    assert HIGH_POWER.l2.sets * 2 * 64 == 1 << 20
    assert set(SYSTEMS) == {"high-power", "low-power"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("size_bytes", 48 * 1024, "size_bytes must be 64 B to 256 MB, a power of two, not 48 kB"),
        ("mshrs", 0, "mshrs must be 1 to 1024, not 0"),
        ("associativity", 4096, "associativity must be 1 to 256, not 4096"),
        ("associativity", 3, "power of two of sets"),
        ("lookup_cycles", 2.5, "lookup_cycles must be a whole number, not 2.5"),
    ],
)
def test_impossible_caches_are_refused_in_one_line(field, value, message):
    with pytest.raises(ValueError, match=message):
        replace(HIGH_POWER.l1, **{field: value})


def test_override_replaces_by_dotted_name():
    changed = HIGH_POWER.override({"core.frequency_hz": 1e9, "l1.associativity": 4})
    assert changed.core.period_fs == 1_000_000
    assert changed.l1.associativity == 4
    assert HIGH_POWER.l1.associativity == 2


def test_unknown_field_lists_near_names():
    with pytest.raises(AlpineError, match=r"unknown field 'core.frequncy_hz'; did you mean core."):
        HIGH_POWER.override({"core.frequncy_hz": 1e9})


def test_impossible_override_names_the_field():
    with pytest.raises(AlpineError, match=r"^l2.mshrs must be 1 to 1024, not 0$"):
        HIGH_POWER.override({"l2.mshrs": 0})


def test_settings_from_command_line_and_file(tmp_path):
    assert parse_setting("core.frequency_hz=1e9") == ("core.frequency_hz", 1e9)
    with pytest.raises(AlpineError, match="not NAME=VALUE"):
        parse_setting("frequency")
    path = tmp_path / "system.toml"
    path.write_text("cores = 4\n[l2]\nassociativity = 8\n")
    assert HIGH_POWER.override(read_toml(path)).l2.associativity == 8
    with pytest.raises(AlpineError, match="No such file"):
        read_toml(tmp_path / "missing.toml")
    path.write_bytes("# größer\n".encode("latin-1"))
    with pytest.raises(AlpineError, match=r"byte 4 is no UTF-8, which TOML is written in"):
        read_toml(path)


def test_description_shows_every_field_with_its_range_and_source():
    console = Console(width=900)
    with console.capture() as capture:
        console.print(describe(HIGH_POWER))
    lines = capture.get().splitlines()
    for name in field_names(HIGH_POWER):
        item = field_of(HIGH_POWER, name)
        told = f"{item.metadata['text']} ({range_text(item)}) <{item.metadata['source']}>"
        assert any(f"{item.name} = " in line and told in line for line in lines), name


def test_description_writes_values_as_they_are_set():
    console = Console(width=900)
    with console.capture() as capture:
        console.print(describe(HIGH_POWER))
    for line in ("frequency_hz = 2.3 GHz ", "size_bytes = 1 MB ", "posted_stores = false ",
                 "tile_energy_rule = bilinear ", "cores = 8 "):  # fmt: skip
        assert line in capture.get()


def test_fields_that_only_fit_together_come_in_any_order():
    # One by one, 32-byte lines in one cache only, and 128 ways of 8 kB's 128 lines before the size
    # is 16 kB, would be refused.
    wanted = {
        "l1.line_bytes": 32,
        "l2.line_bytes": 32,
        "l1.associativity": 128,
        "l1.size_bytes": 128 * 32,
    }
    for names in permutations(wanted):
        changed = HIGH_POWER.override({name: wanted[name] for name in names})
        assert changed.l1.sets == 1
        assert changed.l1.line_bytes == changed.l2.line_bytes == 32


def test_file_and_settings_are_applied_together(tmp_path):
    path = tmp_path / "system.toml"
    path.write_text('[l1]\nline_bytes = "32B"\nsize_bytes = "16kB"\n')
    config = SystemChoice.of("high-power", config_file=path, settings=["l2.line_bytes=32"]).config
    assert (config.l1.line_bytes, config.l1.size_bytes) == (32, 16384)
    with pytest.raises(AlpineError, match=r"^l1.line_bytes must equal l2.line_bytes 64, not 32: "):
        SystemChoice.of("high-power", config_file=path)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("core.frequency_hz=2.3GHz", 2.3e9),
        ("core.frequency_hz='800 MHz'", 8e8),
        ("l2.size_bytes=512kB", 512 << 10),
        ("l2.size_bytes=1 MiB", 1 << 20),
        ("core.cm_latency_s=1.5ns", 1.5e-9),
        ("dram.t_cl_ns=14160 ps", 14.16),
        ("dram.t_refi_ns=7.8us", 7800.0),
        ("energy.llc_leakage_w=271.62mW", 0.27162),
        ("energy.dram_pj_per_access=0.12nJ", 120.0),
        ("energy.core_idle_pj_per_cycle=10.72 pJ/cycle", 10.72),
        ("sync.mutex_cycles=99 cycles", 99),
        ("l1.mshrs=8", 8),
    ],
)
def test_numbers_may_have_units(setting, value):
    name, written = parse_setting(setting)
    changed = field_values(HIGH_POWER.override({name: written}))[name]
    assert changed == value
    assert type(changed) is type(value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "core.frequency_hz=1Ghz",
            "must be a number, in Hz or with one of the units kHz, MHz, GHz",
        ),
        ("l1.size_bytes=32kb", "must be a number, in B or with one of the units B, kB, MB"),
        ("l1.mshrs=8B", "must be a number, not '8B'"),
        ("io.posted_stores=yes", "must be true or false, not 'yes'"),
        ("l1.size_bytes=0.3kB", "must be a whole number, not 307.2"),
        ("cores=", "setting cores has no value: write cores=VALUE"),
    ],
)
def test_what_has_no_such_unit_says_how_to_write_it(setting, message):
    with pytest.raises(AlpineError, match=re.escape(message)):
        HIGH_POWER.override(dict([parse_setting(setting)]))


WRONG = [None, [], {}, b"1", 1j, "", "one", "nan", math.nan, math.inf, -math.inf, -1, 10**400]
"""What no field takes."""


@st.composite
def outside(draw) -> tuple[str, Any]:
    """A field and a value that it must refuse."""
    name = draw(st.sampled_from(field_names(HIGH_POWER)))
    metadata = field_of(HIGH_POWER, name).metadata
    low, high = metadata["minimum"], metadata["maximum"]
    if low is None or high is None:
        return name, draw(st.integers() | st.floats() | st.text(max_size=9))
    beyond = (
        st.booleans(),
        st.integers(max_value=math.ceil(low) - 1),
        st.integers(min_value=math.floor(high) + 1),
        st.floats(max_value=low, exclude_max=True),
        st.floats(min_value=high, exclude_min=True),
    )
    return name, draw(st.one_of(*beyond))


def refusal(name: str, value: object) -> str:
    with pytest.raises(AlpineError) as caught:
        HIGH_POWER.override({name: value})
    return str(caught.value)


@settings(max_examples=examples(150))
@given(outside())
def test_values_out_of_range_are_one_line_that_names_the_field(case: tuple[str, Any]):
    message = refusal(*case)
    assert message.startswith(f"{case[0]} must be ")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize("name", field_names(HIGH_POWER))
def test_what_no_field_takes_is_refused_by_each(name: str):
    metadata = field_of(HIGH_POWER, name).metadata
    low, high = metadata["minimum"], metadata["maximum"]
    beyond = [] if low is None else [math.nextafter(low, -math.inf), math.nextafter(high, math.inf)]
    for value in (*WRONG, *beyond):
        message = refusal(name, value)
        assert message.startswith(f"{name} must be "), value
        assert len(message) < 300


@pytest.mark.parametrize("name", field_names(HIGH_POWER))
def test_every_number_has_a_range_that_holds_the_presets(name):
    item = field_of(HIGH_POWER, name)
    if item.type in (int, float):
        assert item.metadata["minimum"] < item.metadata["maximum"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"dram.t_rfc_ns": 8000},
            "t_refi_ns must be above t_rfc_ns 8000, what a refresh takes",
        ),
        ({"dram.write_low": 108}, "dram.write_low must be below write_high 108, not 108"),
        (
            {"l1.line_bytes": 128, "l2.line_bytes": 128, "dram.row_bytes": 64},
            "l2.line_bytes must be at most dram.row_bytes 64, not 128",
        ),
        (
            # 64 x 2^28 / 64 + 2^20 / 64 lines.
            {"cores": 64, "l1.size_bytes": "256MB"},
            "at most 8388608 lines of 64 bytes, which the simulator can hold, not 268451840",
        ),
        ({"l1.associativity": 3}, "l1.associativity must leave a power of two of sets"),
        ({"l1.size_bytes": 64}, "l1.associativity must be at most the 1 lines, not 2"),
    ],
)
def test_fields_that_do_not_fit_together_are_named(changes, message):
    with pytest.raises(AlpineError, match=re.escape(message)):
        HIGH_POWER.override(changes)
