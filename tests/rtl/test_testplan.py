# SPDX-License-Identifier: Apache-2.0
"""The testplan names tests that exist and points that are measured, and its page is up to date."""

from pathlib import Path

import pytest
from cocotb_tests import testplan
from functional_coverage import bins_of, load_points

PAGE = Path(__file__).parents[2] / "docs" / "testplan.md"


def test_every_test_exists():
    assert testplan.missing_tests() == []


def test_every_feature_is_tested_and_described():
    for feature in testplan.load()["feature"]:
        assert feature["tests"], feature["name"]
        assert feature["description"].endswith(".")


def test_every_coverage_point_belongs_to_a_feature():
    named = {point for feature in testplan.load()["feature"] for point in feature["coverage"]}
    assert named == set(load_points())


@pytest.mark.parametrize("name", load_points())
def test_the_page_counts_the_bins_that_are_measured(name):
    point = load_points()[name]
    assert testplan.count_bins(point) == len(bins_of(point))


def test_page_is_up_to_date():
    assert PAGE.read_text() == testplan.page(), "run `make docs`"
