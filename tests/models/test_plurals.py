# SPDX-License-Identifier: Apache-2.0
from alpine_models.plurals import counted


def test_one_takes_no_s_and_thousands_get_commas():
    assert [counted(count, "run") for count in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
    assert counted(1000, "written cell") == "1,000 written cells"
