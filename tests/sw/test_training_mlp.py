# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from alpine_sw.datasets.fashion_mnist import load_fashion_mnist
from alpine_sw.training import mlp


def test_help_needs_no_torch():
    script = (
        "import sys; sys.modules['torch'] = None; "
        "from alpine_sw.training.mlp import main; main(['--help'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert "--train-data DIR" in result.stdout
    assert "example: python -m alpine_sw.training.mlp" in result.stdout


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def any_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    base = ["--train-data", str(tmp_path), "--out", str(tmp_path / "w.npz")]
    assert mlp.main([*base, *arguments]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert not (tmp_path / "w.npz").exists()
    return message


@pytest.mark.usefixtures("no_torch")
def test_missing_torch_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "pip install 'alpine-cosim[train]'" in run(tmp_path, capsys)


@pytest.mark.usefixtures("any_torch")
def test_missing_training_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "train-images-idx3-ubyte.gz is missing" in run(tmp_path, capsys)


@pytest.mark.usefixtures("no_torch")
def test_a_folder_that_does_not_exist_is_named_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "none" / "w.npz"
    assert f"--out {out} lies in a folder" in run(tmp_path, capsys, "--out", str(out))


@pytest.mark.usefixtures("no_torch")
def test_no_epochs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "--epochs 0 trains nothing" in run(tmp_path, capsys, "--epochs", "0")


def test_an_interrupt_has_its_own_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mlp, "_run", interrupted)
    assert mlp.main(["--train-data", str(tmp_path), "--out", str(tmp_path / "w.npz")]) == 130
    assert capsys.readouterr().err == "interrupted; nothing was written\n"


def test_a_short_training_learns_and_quantises():
    pytest.importorskip("torch", reason="needs the extra train")
    images = load_fashion_mnist().first(2048)
    lines: list[str] = []
    weights = mlp.train(images, seed=1, epochs=4, report=lines.append)
    assert len(lines) == 4
    again = mlp.train(images, seed=1, epochs=4, report=lines.append)
    assert all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))
    network = mlp.quantise(weights, images)
    assert network.accuracy(network.golden(images.inputs), images.labels) > 0.6
