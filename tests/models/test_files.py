# SPDX-License-Identifier: Apache-2.0
"""Writing files: whole or not at all, and what is no file stays what it is."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from alpine_models.errors import AlpineError
from alpine_models.files import check_writable, copy_file, write_text, write_with


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o755])
def test_a_file_keeps_its_mode(tmp_path: Path, bits: int):
    target = tmp_path / "result"
    target.write_text("old")
    target.chmod(bits)
    check_writable(target)
    write_text(target, "new")
    assert (target.read_text(), mode(target)) == ("new", bits)


def test_a_new_file_has_the_mode_that_the_mask_leaves(tmp_path: Path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "result", "new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "result") == 0o640


@pytest.mark.parametrize("exists", [True, False])
def test_the_file_behind_a_link_is_written(tmp_path: Path, exists: bool):
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    if exists:
        (folder / "result").write_text("old")
    link.symlink_to(Path("folder") / "result")
    check_writable(link)
    write_text(link, "new")
    assert link.is_symlink()
    assert (folder / "result").read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "link", "result"]


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "new")
    reader.join()
    assert read == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_stays_a_device():
    write_text(Path("/dev/null"), "new")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_full_device_is_one_line():
    check_writable(Path("/dev/full"))
    with pytest.raises(AlpineError, match=r"^file /dev/full cannot be written \(No space left on"):
        write_text(Path("/dev/full"), "new")


def test_a_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    target = tmp_path / "result"
    target.write_text("old")

    def fill(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_with(target, fill)
    assert [path.name for path in tmp_path.iterdir()] == ["result"]
    assert target.read_text() == "old"


def test_a_copy_holds_what_its_source_holds(tmp_path: Path):
    (tmp_path / "source").write_bytes(bytes(range(256)))
    copy_file(tmp_path / "source", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == bytes(range(256))


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_this_process_s_own_output_goes_on_where_it_is(tmp_path: Path, name: str):
    script = (
        "import sys; from pathlib import Path; from alpine_models.files import *; print('first'); "
        "check_writable(Path(sys.argv[1])); write_text(Path(sys.argv[1]), 'second\\n'); "
        "print('third')"
    )
    with (tmp_path / "output").open("w") as output:
        subprocess.run([sys.executable, "-c", script, name], stdout=output, check=True)
    assert (tmp_path / "output").read_text() == "first\nsecond\nthird\n"


def test_another_program_reads_what_is_written_to_it(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from alpine_models.files import *; "
        "check_writable(Path(sys.argv[1])); write_text(Path(sys.argv[1]), 'new')"
    )
    command = f'"$0" -c "$1" >(tr a-z A-Z >{tmp_path}/seen); wait $!'
    subprocess.run(["bash", "-c", command, sys.executable, script], check=True)
    assert (tmp_path / "seen").read_text() == "NEW"


def test_a_folder_is_refused(tmp_path: Path):
    for call in (check_writable, lambda path: write_text(path, "")):
        with pytest.raises(AlpineError, match="cannot be written"):
            call(tmp_path)
