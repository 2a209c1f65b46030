# SPDX-License-Identifier: Apache-2.0
import pytest

from alpine_models.tile import TileConfig


def test_default_phases_are_the_published_hundred_nanoseconds():
    assert TileConfig(rows=850, columns=3050).mvm_cycles == 100


@pytest.mark.parametrize("value", [0, -4, 1.5, True, "8", None])
@pytest.mark.parametrize("name", ["rows", "columns", "integrate_cycles"])
def test_wrong_values_are_named(name: str, value: object):
    values: dict[str, object] = {"rows": 4, "columns": 4, name: value}
    with pytest.raises(ValueError, match=rf"^{name} must be a positive integer, not {value!r}$"):
        TileConfig(**values)  # type: ignore[arg-type]


def test_absurd_sizes_are_refused():
    with pytest.raises(ValueError, match=r"^columns must be at most 65536, not 1000000$"):
        TileConfig(rows=4, columns=1_000_000)
