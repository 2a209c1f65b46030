# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from alpine_sw.datasets.texts import SYMBOLS, encode, load_king_james_excerpt
from alpine_sw.graph import arithmetic
from alpine_sw.training import lstm
from alpine_sw.training.lstm_gradients import backpropagate, initial_layers


def test_help_needs_no_torch():
    script = (
        "import sys; sys.modules['torch'] = None; "
        "from alpine_sw.training.lstm import main; main(['--help'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert "--text FILE" in result.stdout
    assert "example: python -m alpine_sw.training.lstm" in result.stdout


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def any_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    base = ["--text", str(tmp_path / "verses"), "--hidden", "256", "--out", str(tmp_path / "w.npz")]
    assert lstm.main([*base, *arguments]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert not (tmp_path / "w.npz").exists()
    return message


@pytest.mark.usefixtures("no_torch")
def test_missing_torch_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "pip install 'alpine-cosim[train]'" in run(tmp_path, capsys)


@pytest.mark.usefixtures("any_torch")
def test_a_missing_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert f"text file {tmp_path / 'verses'} cannot be read" in run(tmp_path, capsys)


@pytest.mark.usefixtures("any_torch")
def test_another_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "verses").write_text("In the beginning was the Word")
    assert "is not the published one" in run(tmp_path, capsys)


@pytest.mark.usefixtures("no_torch")
def test_a_folder_that_does_not_exist_is_named_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "none" / "w.npz"
    assert f"--out {out} lies in a folder" in run(tmp_path, capsys, "--out", str(out))


@pytest.mark.usefixtures("no_torch")
def test_no_epochs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "--epochs 0 trains nothing" in run(tmp_path, capsys, "--epochs", "0")


@pytest.mark.usefixtures("no_torch")
def test_an_unpublished_size_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    message = run(tmp_path, capsys, "--hidden", "300")
    assert "--hidden 300 is no published size; choose from 256, 512, 750" in message


def test_an_interrupt_has_its_own_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lstm, "_run", interrupted)
    arguments = ["--text", str(tmp_path), "--hidden", "256", "--out", str(tmp_path / "w.npz")]
    assert lstm.main(arguments) == 130
    assert capsys.readouterr().err == "interrupted; nothing was written\n"


# Quantisation of weights that nobody trained: it needs no torch.


def random_weights(hidden: int) -> lstm.FloatWeights:
    rng = np.random.default_rng(1)
    cell = rng.normal(size=(4 * hidden, hidden + 50)).astype(np.float32)
    dense = rng.normal(size=(50, hidden)).astype(np.float32)
    return cell, dense


def test_the_int8_network_predicts_like_the_float_one():
    weights = random_weights(40)
    text = load_king_james_excerpt()[:5000]
    network = lstm.quantise(weights, text)
    assert network.hidden == 40
    assert network.gate_scale * 127 in lstm.GATE_RANGES
    assert network.logit_scale * 127 in lstm.LOGIT_RANGES
    floating = lstm.float_bits_per_character(weights, text)
    assert network.bits_per_character(text) == pytest.approx(floating, abs=0.05)
    # It is no coincidence: logits of nine tenths are elsewhere.
    other = lstm.float_bits_per_character((weights[0], weights[1] * np.float32(0.9)), text)
    assert abs(other - floating) > 0.2


def test_codes_stand_for_the_real_sums():
    weights = random_weights(40)
    network = lstm.quantise(weights, load_king_james_excerpt()[:500])
    inputs = np.random.default_rng(2).integers(-127, 128, (200, 90), np.int8)
    codes = arithmetic.dense(inputs, network.cell_weights, network.cell_lsb)
    real = inputs / 127 @ weights[0].T.astype(np.float64)
    # Half a step of the ADC, and half a weight code on every input.
    step = network.gate_scale
    weight_step = np.abs(weights[0]).max(axis=1) / 127
    bound = 0.501 * step + 0.5 * weight_step * np.abs(inputs / 127).sum(axis=1, keepdims=True)
    in_range = np.abs(codes.astype(int)) < 127
    assert in_range.mean() > 0.3
    assert np.all((np.abs(codes * step - real) <= bound)[in_range])


def test_float_bits_by_hand():
    # No weights: 50 even outputs.
    weights = np.zeros((4, 51), np.float32), np.zeros((50, 1), np.float32)
    assert lstm.float_bits_per_character(weights, "abc") == pytest.approx(np.log2(50))


# Training


def test_gradients_are_those_of_automatic_differentiation(monkeypatch: pytest.MonkeyPatch):
    torch = pytest.importorskip("torch", reason="needs the extra train")
    monkeypatch.setattr(torch, "bfloat16", torch.float32)
    torch.manual_seed(0)
    steps, streams, hidden = 7, 3, 5
    layers = initial_layers(torch, hidden)
    read = torch.randint(0, 41, (steps, streams))
    wanted = torch.randint(0, 41, (steps, streams))
    first = torch.randn(streams, hidden), torch.randn(streams, hidden)
    with torch.no_grad():
        loss, last = backpropagate(torch, layers, read, wanted, first)
    gradients = [layer.grad.clone() for layer in layers]
    for layer in layers:
        layer.grad = None
        layer.requires_grad_()
    h, c = first
    outputs = []
    for symbols in read:
        i, f, o, a = (layers[0].T[symbols] + h @ layers[1].T).split(hidden, 1)
        c = f.sigmoid() * c + i.sigmoid() * a.tanh()
        h = o.sigmoid() * c.tanh()
        outputs.append(h)
    expected = torch.nn.functional.cross_entropy(
        torch.cat(outputs) @ layers[2].T, wanted.reshape(-1)
    )
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-6)
    assert torch.allclose(last[0], h, atol=1e-6)
    assert torch.allclose(last[1], c, atol=1e-6)
    for layer, gradient in zip(layers, gradients, strict=True):
        assert gradient.abs().max() > 1e-3
        assert torch.allclose(layer.grad, gradient, atol=1e-7)


def test_a_short_training_learns_and_repeats_itself():
    pytest.importorskip("torch", reason="needs the extra train")
    text = load_king_james_excerpt()
    lines: list[str] = []
    first = lstm.train(encode(text), hidden=48, seed=1, epochs=2, report=lines.append)
    assert len(lines) == 2
    again = lstm.train(encode(text), hidden=48, seed=1, epochs=2, report=lines.append)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not first[0][:, 48 + len(SYMBOLS) :].any()
    # Symbols alone, without context, have 4.1 bits.
    network = lstm.quantise(first, text)
    assert network.bits_per_character(text[:20000]) < 3


def test_too_short_a_text_is_named():
    pytest.importorskip("torch", reason="needs the extra train")
    with pytest.raises(lstm.AlpineError, match="a text of 100 symbols is too short to train on"):
        lstm.train(np.zeros(100, np.int64), hidden=4, seed=1, epochs=1)
