# SPDX-License-Identifier: Apache-2.0
"""Every numbered example runs and prints what it promises."""

import importlib
import json
import os
import pickle
import re
import runpy
import subprocess
import sys
import types
from collections import OrderedDict
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import onnx
import onnxruntime
import pytest
from tests.cosim.small_perceptron import small_perceptron_is_mlp

from alpine_cosim.spec.networks import NETWORKS

EXAMPLES = Path(__file__).parents[1] / "examples"

# 01: a queue and a dequeue take two cycles each when every answer is waited for, the product 100
#     and the answer behind it two.
# 07: 100 ns for a product, the published time.
# 08: six bits come round after 64 cycles.
# 10: the FIFO is full with 8 values, pushed at consecutive cycles.
# 11: a pulse of width 3 that starts at count 0 ends when the count has reached 3: four cycles.
PROMISED = {
    "01_tile_alone": [r"^118 cycles", r"^equal to numpy: True"],
    "03_own_network": [r"^\| layer 2 .* 256 \|$", r"^equal to the graph: True"],
    "04_own_tile_verilog": [r"(^equal to numpy: True\n){3}", r"^the new counter says 3 products"],
    "05_device_study": [r"^lstm-256, case 1, on pcm", r"1 day .* \+- "],
    "07_waveform": [r"^phase PRECHARGE for 1 ns\nphase INTEGRATE for 98 ns\nphase DIGITISE for 1 "],
    "08_counter": [r"the count is 10$", r"takes 54 more"],
    "10_two_clocks": [r"written_gray = 12", r"received \[4, 5, 6, 7, 8, 9, 10, 11\]"],
    "11_ten_files": [r"(COUNTING ){6}(PULSING ){4}WAITING", r"^1 pulse"],
    "12_sweep_tiles": [r"(^product of \d+ cycles, tiles of .*: \d+\.\d\d times as fast\n){6}"],
}

NOTEBOOK = EXAMPLES / "18_model_file.ipynb"

ELSEWHERE = {
    "02_own_program",  # tests/cosim/test_programs.py compares it with the page that shows it
    "06_fault_campaign",
    "09_picorv32",
    # `make examples` runs these: what they need is fetched, or takes minutes.
    "13_speech_detection",
    "14_voices",
    "15_photographs",
    "16_topologies",
    "17_networks_in_c",  # tests/cosim/test_networks_in_c.py runs small networks
}


def output_of(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", PROMISED)
def test_examples_do_what_they_say(name: str):
    done = output_of(name)
    assert done.returncode == 0, done.stderr
    for line in PROMISED[name]:
        assert re.search(line, done.stdout, re.MULTILINE), done.stdout


def test_the_campaign_runs_on_a_small_network(monkeypatch, capsys):
    # The tile of the network that the example names takes half a minute to build.
    with small_perceptron_is_mlp():
        monkeypatch.setitem(NETWORKS.shipped, "lstm-256", NETWORKS["mlp"])
        runpy.run_path(str(EXAMPLES / "06_fault_campaign.py"), run_name="__main__")
    told = capsys.readouterr().out
    assert re.search(r"converters.adc +22 ", told), told
    assert re.search(r"sequencer +\d+ ", told), told
    assert told.count("4 runs") == 2


def test_the_example_without_its_core_says_where_to_get_it():
    done = output_of("09_picorv32")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "github.com/YosysHQ/picorv32" in done.stderr


class _Pickler(pickle.Pickler):
    """Writes arrays as PyTorch's first format has them: their elements behind the pickles."""

    def persistent_id(self, obj: object):
        return ("storage", sys.modules["torch"].FloatStorage, obj[1], "cpu", 0, None) if (
            isinstance(obj, tuple) and obj[:1] == ("in storage",)
        ) else None  # fmt: skip

    def reducer_override(self, obj: object):
        if not isinstance(obj, np.ndarray):
            return NotImplemented
        steps = [step // obj.itemsize for step in obj.strides]
        asked = (("in storage", "7"), 2, obj.shape, tuple(steps), False, OrderedDict())
        return sys.modules["torch._utils"]._rebuild_tensor_v2, asked


def test_weights_are_read_without_pytorch_and_nothing_else_is(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    torch_weights = importlib.import_module("torch_weights").torch_weights
    for name, member in (("torch", "FloatStorage"), ("torch._utils", "_rebuild_tensor_v2")):
        module = types.ModuleType(name)
        made = type(member, (), {"__module__": name, "__qualname__": member})
        setattr(module, member, made)
        monkeypatch.setitem(sys.modules, name, module)
    stored = np.arange(8, dtype="<f4")
    shown = stored[2:].reshape(2, 3)
    path = tmp_path / "weights.pth"
    for state in ({"w": shown}, {"w": os.system}):
        with path.open("wb") as file:
            for part in (0x1950A86A20F9469CFC6C, 1001, {}):
                pickle.dump(part, file, protocol=2)
            _Pickler(file, protocol=2).dump(state)
            pickle.dump(["7"], file, protocol=2)
            file.write(np.int64(8).tobytes() + stored.tobytes())
        if state["w"] is shown:
            assert np.array_equal(torch_weights(path)["w"], [[2, 3, 4], [5, 6, 7]])
    with pytest.raises(pickle.UnpicklingError, match=r"system is no weight"):
        torch_weights(path)


@pytest.fixture(scope="module")
def executed() -> list[dict]:
    """The notebook's cells of code, with what they show."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(EXAMPLES)}}
    )
    return [cell for cell in client.execute().cells if cell.cell_type == "code"]


def shown(cells: list[dict], kind: str) -> str:
    """What cells show of one kind: text that they print, Markdown, pictures."""
    outputs = [output for cell in cells for output in cell["outputs"]]
    if kind == "text":
        return "".join(output["text"] for output in outputs if output.output_type == "stream")
    return "\n".join(output["data"][kind] for output in outputs if kind in output.get("data", {}))


def test_the_notebook_runs_and_says_what_onnxruntime_says(executed, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    garments = importlib.import_module("garments_model")
    pixels, labels = (array[garments.SEEN :][:200] for array in garments.images())
    session = onnxruntime.InferenceSession(EXAMPLES / "garments.onnx")
    (scores,) = session.run(None, {"image": pixels})
    told = shown(executed, "text")
    assert f"accuracy: {(scores.argmax(axis=1) == labels).mean():.1%} in floating point" in told
    assert re.search(r"^[\d.]+ us and [\d.]+ uJ per image$", told, re.MULTILINE), told
    assert "skipped: PyTorch is not installed" in told or "largest difference to" in told
    assert "core 1 tile 0" in shown(executed, "image/svg+xml")


def test_the_notebooks_front_is_that_of_its_table(executed):
    found = re.findall(
        r"^\| (\d cores?, [\w ]+) \| ([\d.]+) \| ([\d.]+) \| (yes)? \|$",
        shown(executed, "text/markdown"),
        re.MULTILINE,
    )
    assert len(found) == 6
    points = [(float(time), float(energy)) for _, time, energy, _ in found]
    # The front goes down: sorted by time, every point on it needs less energy than all before.
    least, front = float("inf"), set()
    for time, energy in sorted(points):
        if energy < least:
            front.add((time, energy))
            least = energy
    assert {p for p, (*_, mark) in zip(points, found, strict=True) if mark} == front


def test_the_notebook_is_kept_without_what_a_run_showed():
    cells = [c for c in json.loads(NOTEBOOK.read_text())["cells"] if c["cell_type"] == "code"]
    assert cells
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
    first = "".join(json.loads(NOTEBOOK.read_text())["cells"][0]["source"])
    assert f"\n    jupyter lab examples/{NOTEBOOK.name}\n" in first


def test_the_notebooks_model_is_what_its_program_makes(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    garments = importlib.import_module("garments_model")
    kept, made = onnx.load(EXAMPLES / "garments.onnx"), garments.fitted()
    assert kept.graph.node == made.graph.node
    for old, new in zip(kept.graph.initializer, made.graph.initializer, strict=True):
        # Other libraries of linear algebra round sums otherwise.
        arrays = onnx.numpy_helper.to_array(old), onnx.numpy_helper.to_array(new)
        assert np.allclose(*arrays, rtol=1e-3, atol=1e-4), old.name


def test_every_numbered_example_is_run_here_and_says_how_to_run_it():
    numbered = {path.stem: path.read_text() for path in EXAMPLES.glob("[0-9]*.py")}
    assert set(numbered) == {*PROMISED, *ELSEWHERE}
    for name, text in numbered.items():
        assert f"\npython examples/{name}.py" in text
    numbers = sorted(int(path.name[:2]) for path in EXAMPLES.glob("[0-9]*"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert [path.stem for path in EXAMPLES.glob("[0-9]*.ipynb")] == [NOTEBOOK.stem]
