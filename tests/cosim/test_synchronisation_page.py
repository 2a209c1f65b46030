# SPDX-License-Identifier: Apache-2.0
"""What the page on waiting computes from its runs."""

import pytest

from alpine_cosim.pages.synchronisation import SCALES, handed_over_us, time_us, turning_point
from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER


def test_cost_of_a_hand_over():
    # 3,500 + 2,060 cycles at 2.3 GHz and at 0.8 GHz.
    assert handed_over_us(HIGH_POWER, 1) == pytest.approx(5560 / 2300)
    assert handed_over_us(LOW_POWER, 2) == pytest.approx(2 * 5560 / 800)


def test_turning_point_lies_between_the_runs_around_it():
    found = dict.fromkeys(SCALES, 5.0) | {8: 11.0, 16: 20.0}
    # Four and eight times 2.417 us.
    assert "slower than case 1 between 9.7 and 19.3 us" in turning_point(3, found, alone=10.0)
    assert turning_point(3, found, alone=30.0) == "Case 3 is the faster one throughout."


def test_a_costlier_kernel_takes_longer():
    bare, twice = time_us(4, 0), time_us(4, 2)
    assert bare < twice
