from dataclasses import replace

import pytest
from rich.console import Console

from alpine_models.errors import AlpineError
from alpine_platform.describe import describe
from alpine_platform.overrides import field_names, parse_setting, read_toml
from alpine_platform.presets import HIGH_POWER, LOW_POWER, SYSTEMS


def test_presets_hold_the_published_table():
    assert HIGH_POWER.core.period_fs == 434_783
    assert LOW_POWER.l1.size_bytes == 32 * 1024
    assert HIGH_POWER.l2.sets * 2 * 64 == 1 << 20
    assert set(SYSTEMS) == {"high-power", "low-power"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("size_bytes", 48 * 1024, "size_bytes must be a power of two, not 49152"),
        ("mshrs", 0, "mshrs must be at least 1, not 0"),
        ("associativity", 4096, "associativity must be at most the 1024 lines, not 4096"),
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
    with pytest.raises(AlpineError, match=r"l2.mshrs: mshrs must be at least 1, not 0"):
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


def test_description_shows_every_field_with_its_source():
    console = Console(width=300, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(describe(HIGH_POWER))
    text = capture.get()
    for name in field_names(HIGH_POWER):
        assert name in ("name", "cores") or name.split(".")[-1] in text
    assert "ALPINE, Table I" in text
