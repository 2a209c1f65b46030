# SPDX-License-Identifier: Apache-2.0
"""What runs beside an interrupted thread ends with it, whether it computes or waits for a tool."""

import sys
import threading
import time
from pathlib import Path

import pytest

from alpine_models.background import in_background
from alpine_models.children import run_child


def test_the_result_is_that_of_the_function():
    with in_background(threading.get_ident) as future:
        assert future.result() != threading.get_ident()


def test_an_error_of_the_function_is_raised_where_its_result_is_asked_for():
    with pytest.raises(ZeroDivisionError), in_background(lambda: 1 // 0) as future:
        future.result()


def compute(started: threading.Event, ended: list[str]) -> None:
    # Python that never ends by itself, as an elaboration does not for half a minute.
    try:
        started.set()
        while True:
            pass
    finally:
        ended.append("cleaned up")


def wait_for_a_tool(started: threading.Event, ended: list[str]) -> None:
    try:
        started.set()
        run_child([sys.executable, "-c", "import time; time.sleep(600)"])
    finally:
        ended.append("cleaned up")


@pytest.mark.parametrize("function", [compute, wait_for_a_tool])
def test_an_interrupt_ends_the_function_too(function):
    started, ended = threading.Event(), []
    with pytest.raises(KeyboardInterrupt), in_background(lambda: function(started, ended)):
        assert started.wait(timeout=60)
        raise KeyboardInterrupt
    assert ended == ["cleaned up"]


def test_a_tool_that_has_just_begun_is_ended_as_well():
    # The interrupt comes at any point of the tool's start: it falls between the start of the
    # process and the note that it is to be ended in about one of three of these attempts.
    mark = f"import time; time.sleep(600)  # {threading.get_ident()}"

    def run_tools(started: threading.Event) -> None:
        started.set()
        while True:
            run_child([sys.executable, "-c", mark])

    for attempt in range(24):
        started = threading.Event()
        with (
            pytest.raises(KeyboardInterrupt),
            in_background(lambda started=started: run_tools(started)),
        ):
            assert started.wait(timeout=60)
            time.sleep(attempt * 100e-6)
            raise KeyboardInterrupt
    assert not [path for path in Path("/proc").glob("[0-9]*") if mark in command_line(path)]


def command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:  # It has ended meanwhile.
        return ""
