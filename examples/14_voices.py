# SPDX-License-Identifier: Apache-2.0
"""A published encoder of voices, three LSTM layers of 256: fp32, int8 and a run through tiles.

The weights are those of Resemblyzer 0.1.4 (Apache-2.0), fetched through pip; they become an ONNX
file here, without PyTorch. The recordings, Debian's pocketsphinx-testdata, come through apt-get.
Needs the extras onnx and map.

A code's step is the same everywhere, but speech is not: its highest mel band is thousands of times
weaker than its lowest, and half of all values are below a hundred-thousandth of the largest. With
one scale for all bands most codes are zero. So every band is also divided by what 95 % of its
values do not exceed, which the first layer's weights take back, and the samples for calibration
are clipped there: larger values saturate. Both are printed, with each layer's noise.

python examples/14_voices.py
"""

import tempfile
import wave
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from published_models import RESEMBLYZER, SPEECH
from torch_weights import torch_weights

from alpine_cosim import run
from alpine_sw import load_onnx, quantise
from alpine_sw.importing.noise import layer_noise, noise_table

RATE, WINDOW, HOP, BANDS, STEPS, UNITS = 16000, 400, 160, 40, 160, 256
"""Samples per second, of a spectrum, from one to the next; mel bands; spectra of an inference."""
USUAL = 0.95
"""Fraction of a band's values that int8 codes reach; larger ones are the largest code."""


def network_of(weights: dict[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """Return the encoder; PyTorch's gates i, f, g, o are i, o, f, g in ONNX."""
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[np.generic]] = {"axis": np.array([1])}
    x = "sound"
    for layer in range(3):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            gates = np.split(weights[f"lstm.{part}_l{layer}"], 4)
            constants[f"{part}{layer}"] = np.concatenate([gates[n] for n in (0, 3, 1, 2)])[None]
        halves = constants.pop(f"bias_ih{layer}"), constants.pop(f"bias_hh{layer}")
        constants[f"bias{layer}"] = np.concatenate(halves, axis=1)
        names = [x, f"weight_ih{layer}", f"weight_hh{layer}", f"bias{layer}"]
        results = [f"all {layer}", f"last {layer}"]
        nodes.append(
            onnx.helper.make_node("LSTM", names, results, f"lstm {layer}", hidden_size=256)
        )
        x = f"h {layer}"
        nodes.append(
            onnx.helper.make_node("Squeeze", [results[0], "axis"], [x], f"squeeze {layer}")
        )
    constants |= {"w": weights["linear.weight"], "b": weights["linear.bias"]}
    nodes += [
        onnx.helper.make_node("Squeeze", ["last 2", "first"], ["state"], "squeeze"),
        onnx.helper.make_node("Gemm", ["state", "w", "b"], ["sums"], "linear", transB=1),
        onnx.helper.make_node("Relu", ["sums"], ["voice"], "relu"),
    ]
    constants["first"] = np.array([0])
    value, real = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "voices",
        [value("sound", real, [STEPS, 1, BANDS])],
        [value("voice", real, [1, UNITS])],
        [onnx.numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def mel_filters() -> NDArray[np.float64]:
    """Return the weights [BANDS, frequencies] of triangles of equal area on the mel scale.

    The scale is linear up to 1 kHz and logarithmic above (Slaney 1998, Auditory Toolbox).
    """
    step = np.log(6.4) / 27
    top = 15 + np.log(RATE / 2 / 1000) / step
    mels = np.linspace(0, top, BANDS + 2)
    corners = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
    frequencies = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    low, middle, high = (corners[n : n + BANDS, None] for n in range(3))
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)


def spectra_of(path: Path) -> NDArray[np.float32]:
    """Return whole blocks of mel spectra [n, STEPS, 1, BANDS] of a recording."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    loudness = 10 ** (-30 / 20) / np.sqrt(np.mean(sound**2))
    padded = np.pad(sound * max(loudness, 1), WINDOW // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = np.sin(np.pi * np.arange(WINDOW) / WINDOW) ** 2
    power = np.abs(np.fft.rfft(pieces * hann)) ** 2
    mels = (power @ mel_filters().T).astype(np.float32)
    return mels[: len(mels) // STEPS * STEPS].reshape(-1, STEPS, 1, BANDS)


def quantised_voices(
    model: onnx.ModelProto, sound: NDArray[np.float32], calibration: NDArray[np.float32]
) -> tuple[NDArray[np.float32], str]:
    """Return what the golden model in codes says [n, UNITS], and each layer's noise as a table."""
    found = quantise(load_onnx(model), {"sound": calibration})
    voices = found.run({"sound": sound})["voice"].reshape(len(sound), UNITS)
    return voices, noise_table(layer_noise(found, {"sound": sound[:4]}))


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines between vectors [n, UNITS] and [m, UNITS]."""
    lengths = (np.linalg.norm(each, axis=1, keepdims=True) for each in (one, other))
    first, second = lengths
    return (one / first) @ (other / second).T


folder = RESEMBLYZER.folder() / "resemblyzer"
weights = torch_weights(folder / "pretrained.pt", within="model_state")
data = SPEECH.folder() / "usr/share/pocketsphinx/test/data"
speakers = {
    name: np.concatenate([spectra_of(path) for path in sorted((data / name).glob("*.wav"))])
    for name in ("librivox", "cards")
}
sound = np.concatenate(list(speakers.values()))
plain = network_of(weights)
network = load_onnx(plain)
exact = np.concatenate([network.run_float({"sound": one})["voice"] for one in sound])
bands = np.quantile(sound, USUAL, axis=(0, 1, 2)).astype(np.float32)
first = "lstm.weight_ih_l0"
model = network_of({**weights, first: weights[first] * bands})
equal = sound / bands
clipped = np.minimum(equal, 1)
for how, one, samples, calibration in (
    ("one scale for all bands", plain, sound, sound),
    ("bands divided by their usual largest value", model, equal, clipped),
):
    codes, noise = quantised_voices(one, samples, calibration)
    close = np.diagonal(likeness(exact, codes))
    print(
        f"{len(sound)} pieces, {how}: int8 to fp32: cosine {close.mean():.2f}, "
        f"least {close.min():.2f}"
    )
    print(noise)
count = len(speakers["librivox"])
for name, voices in (("fp32", exact), ("int8", codes)):
    reader, player = voices[:count], voices[count:]
    same, apart = likeness(reader, reader), likeness(reader, player)
    print(f"{name}: mean cosine of one voice {same.mean():.2f}, of two voices {apart.mean():.2f}")
with tempfile.TemporaryDirectory() as name:
    onnx.save(model, Path(name) / "voices.onnx")
    np.savez(Path(name) / "sound.npz", sound=equal)
    np.savez(Path(name) / "clipped.npz", sound=clipped)
    result = run(
        str(Path(name) / "voices.onnx"),
        data=Path(name) / "sound.npz",
        calibration=Path(name) / "clipped.npz",
        engine="model",
        inferences=2,
        map_cores=4,
    )
print(
    f"1.6 s of sound take {result.time_s / 2 * 1e3:.2f} ms on 4 cores; outputs equal golden: "
    f"{result.outputs_equal_golden}"
)
