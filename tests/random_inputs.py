# SPDX-License-Identifier: Apache-2.0
"""How many random inputs tests draw, and from which seed.

The suite draws the same inputs every time, on every machine. `make hunt` draws `HUNT_FACTOR` as
many from a seed of its own, which it prints; `make hunt SEED=...` draws those again. Both print
the shrunk input that fails.
"""

from hypothesis import HealthCheck, settings

SUITE, HUNT = "suite", "hunt"
HUNT_FACTOR = 20
_SHARED = {
    # Inputs are simulated: how long one takes says nothing about the test.
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    "print_blob": True,
    # A seed tells which inputs are drawn, not what failed on this machine before.
    "database": None,
}
_seed = 0


def register_profiles() -> None:
    """Make the two profiles known to Hypothesis and choose the suite's."""
    settings.register_profile(SUITE, derandomize=True, **_SHARED)
    settings.register_profile(HUNT, derandomize=False, **_SHARED)
    settings.load_profile(SUITE)


def choose_seed(seed: str | int | None) -> None:
    """Take the hunt's seed, an integer; None is the suite, whose seeds are the tests' own."""
    global _seed  # noqa: PLW0603  # pytest's configuration reaches test modules in no other way
    _seed = int(seed or 0)


def examples(count: int) -> int:
    """Return how many inputs to draw where the suite draws so many."""
    return count * HUNT_FACTOR if settings.get_current_profile_name() == HUNT else count


def seed(number: int) -> int:
    """Return the seed for a generator that is not Hypothesis's: the number itself in the suite."""
    return (number + _seed) % (1 << 31)
