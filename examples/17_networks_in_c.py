# SPDX-License-Identifier: Apache-2.0
"""A network as a program in C: compiled, executed on the simulated tile, compared with golden.

python examples/17_networks_in_c.py mlp

writes the shipped weights and some images into a file, compiles `c/mlp.c` by a cross compiler and
runs it with `alpine exec`; for lstm-256, lstm-512 and lstm-750 the inputs are symbols and the
program is `c/lstm.c`. The time of its region `roi` stands beside that of the Python program of the
same mapping, with both ways of packing codes.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from alpine_cosim import run
from alpine_models.errors import AlpineError
from alpine_sw.datasets.fashion_mnist import load_fashion_mnist
from alpine_sw.datasets.texts import encode, load_king_james_excerpt, one_hot
from alpine_sw.library.c import INCLUDE
from alpine_sw.networks.lstm import LSTM_SIZES, LstmNetwork, load_lstm
from alpine_sw.networks.mlp import MlpNetwork, load_mlp

SOURCES = Path(__file__).parent / "c"
# Values are compared bit by bit, so that products and sums must not be fused.
OPTIONS = ("-O3", "-static", "-ffp-contract=off", f"-I{INCLUDE}")
COMPILERS = (
    ("aarch64-linux-gnu-gcc",),
    (sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl"),
)


def cross_compiler() -> tuple[str, ...] | None:
    """Return the command of a compiler for AArch64, if there is one."""
    for command in COMPILERS:
        if (
            shutil.which(command[0])
            and not subprocess.run(
                [*command, "--version"], capture_output=True, check=False
            ).returncode
        ):
            return command
    return None


def write_mlp(network: MlpNetwork, images: np.ndarray, path: Path) -> str:
    """Write the file that `c/mlp.c` reads; return the tile that it needs."""
    first, second = network.weights
    sizes = [first.shape[1], len(first), len(second)]
    parts = [np.array([*sizes, len(images)], "<i4")]
    for weights, lsb in zip(network.weights, network.lsb, strict=True):
        parts += [np.ascontiguousarray(weights.T), lsb]
    path.write_bytes(b"".join(part.tobytes() for part in [*parts, images]))
    return f"{max(sizes[:2])}x{sizes[1] + sizes[2]}"


def write_lstm(network: LstmNetwork, symbols: np.ndarray, path: Path) -> str:
    """Write the file that `c/lstm.c` reads; return the tile that it needs."""
    outputs, width = len(network.dense_weights), network.cell_weights.shape[1]
    sizes = [network.hidden, width - network.hidden, outputs, len(symbols)]
    scales = np.array([network.gate_scale, network.logit_scale], np.float32)
    parts = [np.array(sizes, "<i4"), scales]
    for weights, lsb in (
        (network.cell_weights, network.cell_lsb),
        (network.dense_weights, network.dense_lsb),
    ):
        parts += [np.ascontiguousarray(weights.T), lsb]
    parts.append(symbols.astype(np.float32) / np.float32(127))
    path.write_bytes(b"".join(part.tobytes() for part in parts))
    return f"{width}x{len(network.cell_weights) + outputs}"


def compile_program(name: str, folder: Path, *options: str) -> Path:
    """Compile a program of `c` for the simulated processor."""
    command = cross_compiler()
    if command is None:
        raise AlpineError("there is no compiler for AArch64: install gcc-aarch64-linux-gnu")
    program = folder / f"{name}.elf"
    source = SOURCES / f"{name}.c"
    subprocess.run([*command, *OPTIONS, *options, source, "-lm", "-o", program], check=True)
    return program


def execute(program: Path, data: Path, tile: str, *options: str) -> tuple[bytes, dict]:
    """Run a program by `alpine exec`; return what it wrote, and the figures."""
    figures = program.with_suffix(".json")
    command = [sys.executable, "-m", "alpine_cosim", "exec", "--tile", tile, "--json", figures]
    command += [*options, "--files", data.parent, program, data.name]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return done.stdout, json.loads(figures.read_text())


def compare(network: str, figures: dict, count: int, system: str, engine: str) -> None:
    """Print a program's time per inference beside that of the Python program."""
    columns = [(figures["time_s"], figures["breakdown"])]
    for software in ("released", "tuned"):
        ours = run(
            network, system=system, engine=engine, case=2, inferences=count, software=software
        )
        columns.append((ours.time_s, ours.breakdown))
    print(f"{'us per inference':18} {'C':>9} {'released':>9} {'tuned':>9}")
    each = 1e6 / count
    for part in columns[1][1]:
        times = (f"{time * shares.get(part, 0) * each:9.2f}" for time, shares in columns)
        print(f"{part:18}", *times)
    print(f"{'all':18}", *(f"{time * each:9.2f}" for time, _ in columns))


def main() -> None:
    """Run one network both ways and print what each takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "network",
        nargs="?",
        default="mlp",
        choices=["mlp", *(f"lstm-{size}" for size in LSTM_SIZES)],
    )
    parser.add_argument("--count", type=int, default=3, help="images or symbols")
    parser.add_argument("--system", default="high-power")
    parser.add_argument("--engine", default="model", choices=["model", "rtl"])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "network.bin"
        if chosen.network == "mlp":
            source, network = "mlp", load_mlp()
            inputs = load_fashion_mnist().first(chosen.count).inputs
            tile = write_mlp(network, inputs, data)
        else:
            source, network = "lstm", load_lstm(int(chosen.network.removeprefix("lstm-")))
            inputs = one_hot(encode(load_king_james_excerpt()[: chosen.count]))
            tile = write_lstm(network, inputs, data)
        program = compile_program(source, data.parent)
        options = ("--system", chosen.system, "--engine", chosen.engine)
        written, figures = execute(program, data, tile, *options)
    golden = network.golden(inputs)
    print("equal to golden:", written == golden.tobytes())
    compare(chosen.network, figures, chosen.count, chosen.system, chosen.engine)


if __name__ == "__main__":
    try:
        main()
    except AlpineError as error:
        sys.exit(str(error))
