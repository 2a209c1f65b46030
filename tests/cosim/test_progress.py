# SPDX-License-Identifier: Apache-2.0
import io
import re
import threading

from alpine_cosim.commands.progress import progress_bars
from alpine_cosim.commands.progress_lines import ProgressLines


class Lines(io.StringIO):
    """A text that says when there is a line in it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def flush(self) -> None:
        self.written.set()


def test_where_no_terminal_is_stages_are_plain_lines():
    lines = Lines()
    with ProgressLines(lines, first_s=0.01) as progress:
        task = progress.add_task("preparing", total=None)
        assert lines.written.wait(timeout=60)
        progress.reset(task, description="programming", total=50)
        progress.advance(task, 12)
        lines.written.clear()
        assert lines.written.wait(timeout=60)
    told = lines.getvalue().splitlines()
    assert re.fullmatch(r"alpine: preparing, after \d+ s", told[0])
    assert re.fullmatch(r"alpine: programming, 12 of 50, after \d+ s, about \d+ s to go", told[-1])
    assert not any(thread.name.endswith("(_tell)") for thread in threading.enumerate())


def test_what_takes_little_time_says_nothing(capfd):
    # Standard error of a test is no terminal.
    with progress_bars() as progress:
        progress.advance(progress.add_task("preparing", total=1))
    assert isinstance(progress, ProgressLines)
    assert capfd.readouterr() == ("", "")
