# SPDX-License-Identifier: Apache-2.0
"""The example package of toys: each of its parts through `alpine run`, without a change to ours."""

import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from alpine_cosim import run
from alpine_cosim.cli import cli
from alpine_cosim.engines.hardware_kinds import HARDWARE_KINDS
from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.hardware.hardware_kind import HardwareKind
from alpine_models.errors import AlpineError
from alpine_platform.accelerators.peripheral_port import IoTimes, empty_accesses
from alpine_platform.accelerators.tile_port import NO_DEPENDENCY
from alpine_platform.cores.operations import WaitForEvent
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw.library.hardware_plan import HardwarePlan
from alpine_sw.library.workloads import Workload

TOYS = Path(__file__).parents[2] / "examples" / "toys"
PERIOD_FS, CORE_PERIOD_FS = 1_000_000, 434_783


@pytest.fixture(autouse=True)
def toys_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The package is on the path and has the entry points that its pyproject.toml declares."""
    project = tomllib.loads((TOYS / "pyproject.toml").read_text())["project"]
    info = tmp_path / "site" / "alpine_toys-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines: list[str] = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(TOYS)
    monkeypatch.syspath_prepend(info.parent)


def test_network_device_and_system_with_two_clocks_through_the_command(tmp_path: Path):
    told = CliRunner().invoke(
        cli,
        ["run", "toy", "--system", "toy-two-clocks", "--device", "toy-pcm", "--engine", "model"],
        catch_exceptions=False,
        standalone_mode=False,
    )
    assert not told.exception
    assert "toy on toy-two-clocks, case 1, engine model, 4 inferences" in told.output
    assert "toy-pcm, 0 s after programming" in told.output
    # One core at 2.3 GHz and four at 0.8 GHz.
    assert "; 5 cores" in " ".join(told.output.split())


def test_a_published_network_runs_on_two_clocks():
    # Case 3: layer 1 on core 0, the fast one; layer 2 on core 1, which is slow there.
    options = {"case": 3, "engine": "model", "inferences": 2, "back_door": True}
    fast, mixed, slow = (
        run("mlp", system=system, **options)
        for system in ("high-power", "toy-two-clocks", "low-power")
    )
    assert mixed.outputs_equal_golden
    assert fast.time_s < mixed.time_s < slow.time_s


def test_a_device_scatters_as_its_constants_say():
    options = {"case": 2, "engine": "model", "inferences": 2, "effects": ["programming"], "seed": 3}
    toy, pcm = (run("mlp", device=name, back_door=True, **options) for name in ("toy-pcm", "pcm"))
    # Twice the published programming error.
    assert 1.5 < toy.analog.output_error.mean / pcm.analog.output_error.mean < 2.5


@pytest.mark.parametrize("engine", ["model", "rtl", "cocotb"])
def test_the_accelerator_on_every_backend(engine: str):
    result = run("toy", case="engine", engine=engine)
    assert result.outputs_equal_golden
    # Three cycles for each of 16 bytes, in 4 inferences.
    assert result.tile_cycles == 4 * 16 * 3
    model = result if engine == "model" else run("toy", case="engine", engine="model")
    assert (result.time_s, result.stats) == (model.time_s, model.stats)
    core = result.stats["cores"]["0"]
    assert (core["io_writes"], core["io_reads"]) == (4 * 3, 0)
    # Every inference writes three registers, and 16 bytes are read and written one by one.
    assert result.stats["components"]["peripheral_0x3000000"]["counters"] == {
        "busy_cycles": 4 * 16 * 3,
        "register_accesses": 4 * 3,
        "memory_reads": 4 * 16,
        "memory_writes": 4 * 16,
        "stalled_cycles": 0,
        "events": 4,
    }


class Memory:
    """Memory that does not always grant."""

    def __init__(self, seed: int):
        self.bytes = np.random.default_rng(seed).integers(0, 256, 256).astype(np.uint8)
        self.free = np.random.default_rng(seed + 1).random(1 << 14) < 0.6

    def granted(self, edge: int) -> bool:
        return bool(self.free[edge % len(self.free)])

    def read(self, address: int, size_bytes: int) -> bytes:
        return self.bytes[address : address + size_bytes].tobytes()

    def write(self, address: int, data: bytes) -> None:
        self.bytes[address : address + len(data)] = np.frombuffer(data, np.uint8)


def random_accesses(rng: np.random.Generator, length: int):
    batch = empty_accesses(length, write=True)
    batch["write"] = rng.random(length) < 0.6
    batch["address"] = rng.choice([0, 4, 8, 12, 16], length)
    batch["data"] = rng.integers(0, 40, length)
    batch["gap_fs"] = CORE_PERIOD_FS * rng.choice([0, 1, 2, 300], length)
    waits = rng.random(length) < 0.3
    batch["response_gap_fs"] = np.where(waits, CORE_PERIOD_FS * 5, NO_DEPENDENCY)
    return batch


def test_rtl_and_twin_agree_on_every_edge_where_memory_makes_them_wait():
    kind = HARDWARE_KINDS["toy_relu"]
    accelerators = [kind.timed(None, PERIOD_FS), kind.verilated(None, kind.build(None), PERIOD_FS)]
    times = IoTimes(
        request_fs=3_000_000, response_fs=5_500_000, taken_fs=2_000_000, posted_stores=False
    )
    found: list[list[object]] = []
    for each in accelerators:
        rng, memory = np.random.default_rng(8), Memory(2)
        each.connect_memory(memory)
        values: list[object] = []
        for posted in (False, True):
            result = each.execute(
                random_accesses(rng, 60),
                start_fs=0,
                core_period_fs=CORE_PERIOD_FS,
                times=replace(times, posted_stores=posted),
            )
            values += [np.asarray(getattr(result, name)).tolist() for name in result.__slots__]
        # What was started last, if anything was, and one vector for certain.
        batch = empty_accesses(3, write=True)
        batch["address"], batch["data"] = [4, 8, 0], [100, 20, 1]
        batch["gap_fs"] = 300 * CORE_PERIOD_FS
        each.execute(batch, start_fs=0, core_period_fs=CORE_PERIOD_FS, times=times)
        event = each.next_event_fs()
        while True:
            try:
                event = each.next_event_fs()
            except AlpineError as error:
                assert "at rest" in str(error)
                break
        found.append([*values, event, each.counters, memory.bytes.tolist()])
        # 20 bytes: negative ones are 0 and others as they were.
        before = Memory(2).bytes[100:120].view(np.int8)
        assert memory.bytes[100:120].view(np.int8).tolist() == np.maximum(before, 0).tolist()
    assert found[0] == found[1]
    accelerators[1].close()


class SlowMemory(Memory):
    """Memory that grants at every third clock edge alone."""

    def granted(self, edge: int) -> bool:
        return edge % 3 == 0


def test_cycles_in_which_memory_does_not_grant_are_counted():
    twin = HARDWARE_KINDS["toy_relu"].timed(None, PERIOD_FS)
    twin.connect_memory(SlowMemory(2))
    batch = empty_accesses(3, write=True)
    batch["address"], batch["data"] = [4, 8, 0], [100, 20, 1]
    at_once = IoTimes(request_fs=0, response_fs=0, taken_fs=0, posted_stores=False)
    twin.execute(batch, start_fs=0, core_period_fs=PERIOD_FS, times=at_once)
    twin.next_event_fs()
    # An access is taken in every other cycle, the last at edge 4, so that the first read is shown
    # at edges 5 and 6. A write is shown two cycles after the grant of its read, at 3n + 2 and
    # 3n + 3, a further read one cycle after that of a write, at 3n + 1, 3n + 2 and 3n + 3.
    assert twin.counters == {
        "busy_cycles": 2 + 3 * 20 + 3 * 19,
        "register_accesses": 3,
        "memory_reads": 20,
        "memory_writes": 20,
        "stalled_cycles": 1 + 20 + 2 * 19,
        "events": 1,
    }


def test_a_wait_for_an_event_that_never_comes_is_one_line():
    twin = HARDWARE_KINDS["toy_relu"].timed(None, PERIOD_FS)
    system = System(HIGH_POWER, peripherals={0x300: twin})

    def program():
        yield WaitForEvent(0x300)

    with pytest.raises(AlpineError, match="waits for the event of an accelerator that is at rest"):
        system.run({0: program()})


def test_a_plan_for_hardware_that_nobody_has_is_one_line():
    plan = HardwarePlan(hardware="toy_rela", name="engine", configuration=None, core=0, base=0)
    workload = Workload(hardware=[plan], programs=lambda *_: (np.zeros(1), {}))
    with pytest.raises(AlpineError, match="unknown hardware 'toy_rela': did you mean toy_relu"):
        timed_pieces(workload, HIGH_POWER)


@pytest.mark.parametrize("engine", ["rtl", "cocotb"])
def test_a_tile_of_ones_own_needs_a_mapping_with_tiles(engine: str):
    with pytest.raises(
        AlpineError, match=r"tile\.v replaces nothing: this mapping has no such tile"
    ):
        run("toy", case="engine", engine=engine, tile_verilog="tile.v")


def test_names_of_toys_are_known_where_names_are_chosen_from():
    with pytest.raises(AlpineError, match="unknown system 'toy-two-clock': did you mean toy-two"):
        run("toy", system="toy-two-clock")
    with pytest.raises(AlpineError, match="unknown case '2': choose from 1, engine"):
        run("toy", case=2)
    assert isinstance(HARDWARE_KINDS["toy_relu"], HardwareKind)
    assert "alpine_toys.accelerator" in sys.modules


@pytest.mark.parametrize("case", ["1", "digital"])
def test_a_network_that_is_a_graph_and_its_data_alone(case: str):
    result = run("toy-classifier", case=case, engine="model")
    assert result.outputs_equal_golden
    # Every edge's way is found: votes of 30 * 100 for it, none for the other.
    assert (result.inferences, result.accuracy, result.accuracy_golden) == (10, 1.0, 1.0)
    assert (result.cm_instructions > 0) == (case == "1")


def test_its_data_are_scored_on_imperfect_chips_too():
    options = {"engine": "model", "inferences": 4, "back_door": True}
    result = run("toy-classifier", device="toy-pcm", effects=["programming"], chips=2, **options)
    assert [chip.accuracy for chip in result.analog.chips] == [1.0, 1.0]
    assert result.outputs_equal_golden is None


def test_its_samples_are_counted():
    with pytest.raises(AlpineError, match="inferences must be 1 to 10, the samples of the data"):
        run("toy-classifier", inferences=11, engine="model")
