# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.cosim.waveform_formats import FORMATS

from alpine_cosim.cocotb.runner_call import CocotbTestError
from alpine_cosim.cocotb.simulate import run_in_cocotb
from alpine_cosim.engines.hardware_kinds import HARDWARE_KINDS
from alpine_cosim.hardware.rtl_tile import RtlTile, tile_verilog
from alpine_models import isa
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import NO_DEPENDENCY, empty_batch
from alpine_platform.accelerators.timed_tile import TimedTile

HERE = Path(__file__).stem
SMALL = TileConfig(rows=5, columns=3, precharge_cycles=1, integrate_cycles=8, digitise_cycles=2)
# Tiles of cocotb_tests/aimc_tile, which are built for it anyway.
LARGER = TileConfig(rows=13, columns=18, precharge_cycles=1, integrate_cycles=4, digitise_cycles=3)
QUICKEST = TileConfig(rows=4, columns=8, precharge_cycles=1, integrate_cycles=1, digitise_cycles=1)
FIELDS = ("rd", "status", "issue_fs", "accept_cycle", "complete_cycle", "response_fs")


# Called inside the simulation as well as here.


def random_batch(rng, *, rows, columns, length, core_period_fs):
    batch = empty_batch(length)
    words = [isa.queue(), isa.queue(ra=11, rn=12), isa.dequeue(), isa.dequeue(rn=12)]
    words += [isa.process(), isa.initialize(), isa.param_read(), isa.param_read(rm=31), 0]
    batch["word"] = rng.choice(words, length)
    for name, limit in (("rn", rows + 1), ("rm", max(columns, 5)), ("ra", 6)):
        batch[name] = rng.integers(0, limit, length)
    batch["gap_fs"] = core_period_fs * rng.choice([0, 0, 1, 2, 3, 7, 500], length)
    waits = rng.random(length) < 0.3
    response_gap = core_period_fs * rng.integers(0, 9, length)
    batch["response_gap_fs"] = np.where(waits, response_gap, NO_DEPENDENCY)
    return batch


def run_batches(tile, *, seed, rows, columns, core_period_fs):
    """Execute random batches; return every array of every result, and the busy cycles."""
    rng = np.random.default_rng(seed)
    tile.macro.weights[:] = rng.integers(-9, 10, (columns, rows))
    arrays, start_fs = [], core_period_fs * int(rng.integers(0, 5))
    for length in (60, 0, 1, 40, 2):
        batch = random_batch(
            rng, rows=rows, columns=columns, length=length, core_period_fs=core_period_fs
        )
        result = tile.execute(batch, start_fs=start_fs, core_period_fs=core_period_fs)
        arrays += [getattr(result, name) for name in FIELDS]
        if length:
            # The next batch may begin before the last response has come.
            start_fs = int(result.issue_fs[-1]) + core_period_fs * int(rng.integers(0, 3))
    return arrays, tile.busy_cycles


def program_cells(tile, *, weights):
    """Program all cells through CM_INITIALIZE; return the statuses and what the crossbar holds."""
    rows = weights.shape[1]
    cells = np.arange(weights.size)
    batch = empty_batch(weights.size)
    batch["word"] = isa.initialize()
    batch["rm"], batch["rn"] = cells // rows, cells % rows
    batch["ra"] = weights.reshape(-1).view(np.uint8)
    result = tile.execute(batch, start_fs=0, core_period_fs=1_000_000)
    return result.status, np.array(tile.macro.weights)


def one_process(tile):
    batch = empty_batch(2)
    batch["word"] = [isa.queue(), isa.process()]
    batch["rm"] = 0x01020304
    return tile.execute(batch, start_fs=0, core_period_fs=1_000_000).complete_cycle.tolist()


def complain(tile):
    raise AlpineError("the weight file w.npz has 3 rows, not 5: quantise it again")


def divide_by_zero(tile):
    return 1 // 0


def return_function(tile):
    return lambda: None


def never_return(tile, *, marker):
    Path(marker).write_text(str(os.getpid()))
    while True:
        one_process(tile)


def crash(tile):
    os._exit(3)


def small(function: str, tile_config: TileConfig = SMALL, **options):
    arguments = options.pop("arguments", {})
    kind = HARDWARE_KINDS["aimc_tile"]
    path = f"{HERE}:{function}"
    return run_in_cocotb(path, arguments, kind=kind, configuration=tile_config, **options)


def has_ended(pid: int) -> bool:
    """Wait for a killed process to end; one that only its parent remembers has."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("config", "core_period_fs", "tile_period_fs"),
    [
        (SMALL, 434_783, 1_000_000),
        (SMALL, 1_250_000, 333_333),
        (LARGER, 434_783, 1_000_000),
        (QUICKEST, 1_000_000, 1_000_000),
    ],
)
def test_engines_agree_on_data_and_every_edge(config, core_period_fs, tile_period_fs):
    arguments = {
        "seed": 3,
        "rows": config.rows,
        "columns": config.columns,
        "core_period_fs": core_period_fs,
    }
    options = {"tile_period_fs": tile_period_fs}
    rtl, timed = RtlTile(config=config, **options), TimedTile(config=config, **options)
    in_cocotb = small("run_batches", config, arguments=arguments, period_fs=tile_period_fs)
    for tile in (rtl, timed):
        arrays, busy_cycles = run_batches(tile, **arguments)
        assert busy_cycles == in_cocotb[1]
        for name, expected, got in zip(FIELDS * 5, arrays, in_cocotb[0], strict=True):
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected, err_msg=name)
    assert len(set(np.concatenate(arrays[1::6]).tolist())) == 4, "every status must occur"


def test_cells_are_programmed_through_the_port():
    weights = np.random.default_rng(1).integers(-128, 128, (3, 5)).astype(np.int8)
    statuses, cells = small("program_cells", arguments={"weights": weights})
    assert not statuses.any()
    np.testing.assert_array_equal(cells, weights)


def test_a_persons_mistake_comes_back_as_the_same_line():
    with pytest.raises(AlpineError, match=r"^the weight file w\.npz has 3 rows, not 5") as caught:
        small("complain")
    assert not isinstance(caught.value, CocotbTestError)


def test_a_bug_comes_back_with_its_traceback():
    with pytest.raises(ZeroDivisionError) as caught:
        small("divide_by_zero")
    assert "in divide_by_zero" in caught.value.__notes__[0]


def test_a_result_that_cannot_travel_is_named():
    with pytest.raises(Exception, match="return_function"):
        small("return_function")


def test_a_crash_is_one_line():
    with pytest.raises(CocotbTestError, match=r"^cocotb simulation of .* failed") as caught:
        small("crash")
    assert "\n" not in str(caught.value)


def test_malformed_path_and_unknown_function():
    with pytest.raises(ValueError, match=r'must be "package\.module:function", not'):
        run_in_cocotb("nothing", {}, kind=HARDWARE_KINDS["aimc_tile"], configuration=SMALL)
    with pytest.raises(AttributeError, match="no_such_function"):
        small("no_such_function")


@pytest.mark.parametrize("suffix", FORMATS)
def test_waveform_is_written(tmp_path: Path, suffix: str):
    waves = tmp_path / "new" / f"tile.{suffix}"
    assert small("one_process", waves=waves) == [1, 13]
    assert waves.stat().st_size > 1000
    if suffix == "vcd":
        assert "$timescale 1fs $end" in waves.read_text()
        assert "xb_start" in waves.read_text()


def test_waveform_of_unknown_format_is_refused(tmp_path: Path):
    with pytest.raises(AlpineError, match=r"end its name in \.vcd or \.fst"):
        small("one_process", waves=tmp_path / "tile.png")


def test_time_out_ends_the_simulator(tmp_path: Path):
    marker = tmp_path / "pid"
    with pytest.raises(CocotbTestError, match="took longer than 15 s and was ended"):
        small("never_return", arguments={"marker": str(marker)}, timeout_s=15)
    assert has_ended(int(marker.read_text()))


def test_interrupt_ends_the_simulator_and_leaves_nothing(tmp_path: Path):
    marker, waves = tmp_path / "pid", tmp_path / "tile.vcd"
    (tmp_path / "scratch").mkdir()
    script = (
        "import sys; from pathlib import Path; from alpine_cosim.cocotb.simulate import *\n"
        "from alpine_cosim.engines.hardware_kinds import HARDWARE_KINDS\n"
        "from alpine_models.tile import TileConfig\n"
        f"sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[2])!r}]\n"
        f"run_in_cocotb('{HERE}:never_return', {{'marker': {str(marker)!r}}}, "
        f"kind=HARDWARE_KINDS['aimc_tile'], configuration={SMALL!r}, waves=Path({str(waves)!r}))"
    )
    # A shell starts background jobs with SIGINT ignored; this one must react to it.
    child = subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(tmp_path / "scratch")},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert has_ended(int(marker.read_text()))
    assert not waves.exists()
    assert not list((tmp_path / "scratch").iterdir())


def never_answering() -> str:
    sound = ".i__valid(i__valid)"
    assert sound in tile_verilog(SMALL)
    return tile_verilog(SMALL).replace(sound, ".i__valid(1'h0)")


@pytest.mark.parametrize(
    ("make", "longer", "message"),
    [
        # In the place of a tile that integrates for a cycle more, the small one ends its products
        # early and lets go of the word lines with them.
        (lambda: tile_verilog(SMALL), 1, "its DAC codes changed during a matrix-vector"),
        (never_answering, 0, "it hung"),
    ],
    ids=["released early", "never answering"],
)
def test_faulty_rtl_is_found_out_as_by_the_native_engine(
    make: Callable[[], str], longer: int, message: str
):
    verilog = make()
    config = replace(SMALL, integrate_cycles=SMALL.integrate_cycles + longer)
    with pytest.raises(AlpineError, match=f"the tile's RTL is faulty: {message}"):
        small("one_process", config, verilog=verilog)
    tile = RtlTile(config=config, tile_period_fs=1_000_000, verilog=verilog)
    with pytest.raises(AlpineError, match=f"the tile's RTL is faulty: {message}"):
        one_process(tile)
