# SPDX-License-Identifier: Apache-2.0
"""A published detector of speech on recordings: fp32, int8 and a run with the tile's RTL.

silero-vad 6.2.3 (MIT) says for every 32 ms whether somebody speaks. Its file is fetched through
pip, the recordings, Debian's pocketsphinx-testdata, through apt-get. Needs the extras onnx and map.

python examples/13_speech_detection.py
"""

import tempfile
import wave
from pathlib import Path

import numpy as np
import onnx
from published_models import SILERO, SPEECH

from alpine_cosim import run
from alpine_sw import load_onnx, quantise

FRAME, CONTEXT, FRAMES = 512, 64, 64
"""Samples of a frame, those before it that the network reads again, frames of an inference."""

model = onnx.load(SILERO.folder() / "silero_vad/data/silero_vad_16k_sequence.onnx")
# Every recording begins without a past: the states are constants, and not handed on.
for name in ("h", "c"):
    model.graph.input.remove(next(one for one in model.graph.input if one.name == name))
    zeros = np.zeros((1, 1, 128), np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(zeros, name))
del model.graph.output[1:]


def frames_of(path: Path) -> np.ndarray:
    """Return whole blocks of frames [n, FRAMES, CONTEXT + FRAME] of a recording."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
    whole = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    before = np.concatenate([np.zeros((1, CONTEXT), np.float32), whole[:-1, -CONTEXT:]])
    framed = np.concatenate([before, whole], axis=1)
    return framed[: len(framed) // FRAMES * FRAMES].reshape(-1, FRAMES, CONTEXT + FRAME)


recordings = sorted((SPEECH.folder() / "usr/share/pocketsphinx").rglob("*.wav"))
sound = np.concatenate([frames_of(path) for path in recordings])
network = load_onnx(model)
exact = np.stack([network.run_float({"input": one})["speech_probs"].reshape(-1) for one in sound])
codes = quantise(network, {"input": sound}).run({"input": sound})["speech_probs"]
speaks = codes.reshape(exact.shape) > 0.5
print(f"{exact.size} frames, speech in {np.mean(exact > 0.5):.1%} of them by fp32")
print(f"int8 decides alike in {np.mean(speaks == (exact > 0.5)):.2%} of the frames")
try:
    import onnxruntime
except ImportError:
    print("onnxruntime is not installed: no second opinion")
else:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    other = np.stack([session.run(None, {"input": one})[0].reshape(-1) for one in sound])
    print(f"fp32 differs from onnxruntime's by {np.abs(other - exact).max():.1e} at most")

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    onnx.save(model, folder / "speech.onnx")
    np.savez(folder / "sound.npz", input=sound)
    result = run(str(folder / "speech.onnx"), data=folder / "sound.npz", engine="rtl", inferences=1)
print(
    f"2 s of sound take {result.time_s * 1e3:.2f} ms and {result.energy_j * 1e3:.2f} mJ, with "
    f"{result.cm_instructions:,} CM instructions in RTL; outputs equal golden: "
    f"{result.outputs_equal_golden}"
)
