# SPDX-License-Identifier: Apache-2.0
"""Every test draws the same inputs each time that it runs, in the suite and alone."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_inputs import HUNT_FACTOR, choose_seed, examples, register_profiles

ROOT = Path(__file__).parent.parent
SOURCES = [
    path
    for folder in ("tests", "cocotb_tests")
    for path in (ROOT / folder).rglob("*.py")
    if path.name not in ("random_inputs.py", Path(__file__).name)
]
RNG = np.random.default_rng(1)


def test_a_property_is_tried_on_the_same_inputs_again():
    def drawn() -> list[int]:
        found: list[int] = []

        @settings(max_examples=examples(20))
        @given(st.integers())
        def take(number: int) -> None:
            found.append(number)

        take()
        return found

    assert drawn() == drawn()


@pytest.mark.parametrize("turn", [1, 2])
def test_generators_of_a_module_start_again_for_every_test(turn: int):
    assert RNG.random() == np.random.default_rng(1).random()


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"max_examples=(?!examples\()", "max_examples=examples(...), which a hunt multiplies"),
        (r"\bderandomize=|\bdeadline=", "the profiles of tests/random_inputs.py"),
        (r"default_rng\(\)|\bRandom\(\)|\bPCG64\(\)", "a generator with a seed"),
        (r"np\.random\.(?!default_rng|Generator|SeedSequence|PCG64)\w", "a generator of its own"),
        (r"COCOTB_RANDOM_SEED", "the seed that the runner is given"),
    ],
)
def test_no_test_draws_in_its_own_way(pattern: str, instead: str):
    assert len(SOURCES) > 100
    found = [
        f"{path.relative_to(ROOT)}:{number}: use {instead}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, "\n".join(found)


@pytest.fixture
def suite_afterwards():
    """Undo what a run of pytest inside this process chooses."""
    yield
    choose_seed(None)
    register_profiles()


@pytest.mark.usefixtures("suite_afterwards")
def test_a_hunt_draws_more_inputs_from_the_seed_that_it_names(pytester: pytest.Pytester):
    pytester.makeconftest(
        "from tests.random_inputs import choose_seed, register_profiles\n"
        "register_profiles()\n"
        "def pytest_configure(config):\n"
        "    choose_seed(config.getoption('--hypothesis-seed'))\n"
    )
    pytester.makepyfile(
        """
        from hypothesis import given, settings, strategies as st
        from tests.random_inputs import examples, seed

        @settings(max_examples=examples(3))
        @given(st.integers(0, 10**9))
        def test_drawn(number):
            print("drew", number)

        def test_seeded():
            print("seed", seed(1))
        """
    )

    def output(*options: str) -> list[str]:
        result = pytester.runpytest("-s", *options)
        result.assert_outcomes(passed=2)
        return re.findall(r"(?:drew|seed) \d+", result.stdout.str())

    assert output() == output()
    hunts = [
        output("--hypothesis-profile=hunt", f"--hypothesis-seed={number}") for number in (5, 5, 6)
    ]
    assert hunts[0] == hunts[1]
    assert hunts[0][:-1] != hunts[2][:-1]
    assert [hunt[-1] for hunt in hunts] == ["seed 6", "seed 6", "seed 7"]
    assert len(hunts[0]) == 3 * HUNT_FACTOR + 1
