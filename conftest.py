# SPDX-License-Identifier: Apache-2.0
"""Settings of both suites, `tests` and `cocotb_tests`, made before anything imports numpy."""

import gc
import os
from types import ModuleType
from typing import Any

# OpenBLAS's threads wait for each other busily: with a second process on the processors, a product
# with one vector takes ten times as long as without threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Models of tests run for moments. `make wheel` and `make regression` build them as users do.
os.environ.setdefault("ALPINE_QUICK_BUILDS", "1")

import numpy as np
import pytest
from tests.extensive import mark_extensive
from tests.random_inputs import choose_seed, register_profiles

register_profiles()
pytest_plugins = ["pytester"]
STATES: dict[int, dict[str, Any]] = {}
"""States of the generators that test modules made when they were imported, by the objects' ids."""


def pytest_configure(config: pytest.Config) -> None:
    choose_seed(config.getoption("--hypothesis-seed"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark_extensive(items, whole_files=not any("::" in argument for argument in config.args))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what a run left out, where it was not asked for a choice of its own."""
    if "not extensive" in config.getoption("markexpr"):
        terminalreporter.write_line("Left to `make check`: the tests of tests/extensive.py.")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note the generators' states; free the garbage collector of what stays to the end.

    It would go through everything imported again and again while a test makes the hundred
    thousand objects of a netlist. Its thresholds stay: arrays in cycles are freed as soon as ever.
    """
    gc.collect()
    gc.freeze()
    for module in {item.getparent(pytest.Module) for item in session.items}:
        for generator in generators(module.obj if module else None):
            STATES[id(generator)] = generator.bit_generator.state


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    rewind(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    rewind(item)


def rewind(item: pytest.Item) -> None:
    """Let a test draw the same numbers alone as after the other tests of its module."""
    module = item.getparent(pytest.Module)
    for generator in generators(module.obj if module else None):
        generator.bit_generator.state = STATES[id(generator)]


def generators(module: ModuleType | None) -> list[np.random.Generator]:
    return [value for value in vars(module).values() if isinstance(value, np.random.Generator)]
