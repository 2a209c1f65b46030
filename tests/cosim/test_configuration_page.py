# SPDX-License-Identifier: Apache-2.0
import re
import tomllib
from pathlib import Path

from alpine_cosim.pages.configuration import CLUSTER, configuration_page
from alpine_platform.config.overrides import field_names, parse_setting
from alpine_platform.systems.presets import HIGH_POWER

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_page_is_made_from_the_present_fields():
    assert PAGE.read_text() == configuration_page(), "run make docs"


def test_examples_of_the_page_work():
    text = configuration_page()
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    tree = tomllib.loads(example)
    settings = dict(map(parse_setting, re.findall(r"--set (\S+=\S+)", text)))
    changed = HIGH_POWER.override({**settings, **{f"l2.{k}": v for k, v in tree["l2"].items()}})
    assert changed.l2.size_bytes == 2 << 20
    assert changed.core.frequency_hz == 1e9


def test_page_has_a_row_for_every_field():
    rows = re.findall(r"^\| `(\w+)` \|", configuration_page(), re.MULTILINE)
    # Of a cluster's core type, whose fields are its own, the page shows none.
    of_cluster = [name for name in field_names(CLUSTER) if not name.startswith("core.")]
    expected = [name.split(".")[-1] for name in (*field_names(HIGH_POWER), *of_cluster)]
    assert sorted(rows) == sorted(expected)
