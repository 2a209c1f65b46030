# SPDX-License-Identifier: Apache-2.0
"""Model files with mistakes: `python tests/sw/importing/mutated_models.py --count 100000 --seed 1`.

Every file must be read and run, or refused in one line, without a traceback, a hang (60 s of
processor time for one file) or more memory than 6 GiB. A failing file is named by seed and number.
"""

import argparse
import faulthandler
import resource
import signal
import sys
import traceback
import warnings

import numpy as np
from onnx import ModelProto, TensorProto, numpy_helper
from onnx_models import model, node, small_cnn

from alpine_models.errors import AlpineError
from alpine_sw import load_onnx
from alpine_sw.importing.operators import OPERATORS

__all__ = ["mutated", "originals", "try_file"]

SECONDS_PER_FILE = 60
MEMORY_BYTES = 6 << 30
MOST_INPUT_ELEMENTS = 1 << 16


def originals() -> list[bytes]:
    """Small files that between them have most operators."""
    rng = np.random.default_rng(7)

    def reals(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    recurrent = model(
        [
            node("LSTM", ["x", "w", "r", "b"], ["s", "h", "c"], hidden_size=3, direction="forward"),
            node("Squeeze", ["s", "one"], ["t"]),
            node("GRU", ["t", "gw", "gr"], ["g"], hidden_size=2, direction="bidirectional"),
            node("Transpose", ["g"], ["u"], perm=[0, 2, 1, 3]),
            node("Reshape", ["u", "shape"], ["v"]),
            node("ReduceMean", ["v"], ["y"], axes=[0], keepdims=0),
        ],
        {"x": [4, 1, 2]},
        {"y": [4]},
        {
            "w": reals(1, 12, 2),
            "r": reals(1, 12, 3),
            "b": reals(1, 24),
            "one": np.array([1]),
            "gw": reals(2, 6, 3),
            "gr": reals(2, 6, 2),
            "shape": np.array([-1, 4]),
        },
    )
    shaped = model(
        [
            node("Constant", [], ["k"], value_floats=[0.5, 2.0]),
            node("Pad", ["x", "pads"], ["p"], mode="reflect"),
            node("Resize", ["p", "", "scales"], ["z"], mode="nearest"),
            node("AveragePool", ["z"], ["a"], kernel_shape=[3, 2], pads=[1, 0, 0, 1]),
            node("Shape", ["a"], ["d"]),
            node("Gather", ["d", "two"], ["e"]),
            node("ConstantOfShape", ["e"], ["o"]),
            node("Slice", ["a", "low", "high"], ["l"]),
            node("Split", ["l"], ["f", "g"], axis=1),
            node("Concat", ["f", "g"], ["m"], axis=3),
            node("Pow", ["m", "k0"], ["q"]),
            node("Softmax", ["q"], ["y"], axis=1),
        ],
        {"x": [1, 2, 4, 4]},
        {"y": [1, 1, 2, 4]},
        {
            "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
            "scales": np.array([1, 1, 2, 2], np.float32),
            "two": np.array([2]),
            "low": np.array([0, 0, 0, 0]),
            "high": np.array([1, 2, 3, 4]),
            "k0": np.array([2], np.float32),
        },
    )
    codes = model(
        [
            node("QuantizeLinear", ["x", "s", "z"], ["q"]),
            node("DequantizeLinear", ["q", "s", "z"], ["d"]),
            node("Conv", ["d", "w"], ["c"], auto_pad="SAME_UPPER", strides=[2]),
            node("LRN", ["c"], ["n"], size=3),
            node("GlobalAveragePool", ["n"], ["y"]),
        ],
        {"x": [1, 2, 7]},
        {"y": [1, 3, 1]},
        {"s": np.float32([0.1]), "z": np.int8([0]), "w": reals(3, 2, 3)},
    )
    old = model(
        [node("Gemm", ["x", "w", "b"], ["g"]), node("Softmax", ["g"], ["y"])],
        {"x": [2, 3]},
        {"y": [2, 4]},
        {"w": reals(3, 4), "b": reals(4)},
        opset=9,
    )
    models = (small_cnn(rng), recurrent, shaped, codes, old)
    return [each.SerializeToString() for each in models]


def mutated(files: list[bytes], rng: np.random.Generator) -> bytes:
    """A file that is truncated, random, or changed at a few places."""
    data = bytearray(files[rng.integers(len(files))])
    kind = rng.integers(12)
    if kind > 5:
        return _edited(bytes(data), rng)
    if kind == 0:
        return rng.bytes(int(rng.integers(200)))
    if kind == 1:
        return bytes(data[: rng.integers(len(data))])
    for _ in range(1 + rng.geometric(0.5)):
        place = int(rng.integers(len(data)))
        length = int(min(rng.geometric(0.2), len(data) - place))
        match rng.integers(6):
            case 0:
                data[place] ^= 1 << int(rng.integers(8))
            case 1:
                data[place] = int(rng.integers(256))
            case 2:
                del data[place : place + length]
            case 3:
                data[place:place] = rng.bytes(length)
            case 4:
                other = files[rng.integers(len(files))]
                start = int(rng.integers(len(other)))
                data[place : place + length] = other[start : start + length]
            case _:
                # Large whole numbers, as a protocol buffer writes them.
                data[place : place + 1] = b"\xff" * int(rng.integers(1, 9)) + b"\x01"
        if not data:
            break
    return bytes(data)


NUMBERS = (-(2**63), -(2**31), -7, -1, 0, 1, 2, 3, 5, 64, 1000, 2**20, 2**31 - 1, 2**40, 2**63 - 1)


def _edited(data: bytes, rng: np.random.Generator) -> bytes:
    """A file that is still a protocol buffer, with other numbers, operators and operands in it."""
    found = ModelProto.FromString(data)
    graph = found.graph
    names = [name for each in graph.node for name in (*each.input, *each.output)]
    for _ in range(rng.geometric(0.6)):
        changed = graph.node[rng.integers(len(graph.node))]
        number = NUMBERS[rng.integers(len(NUMBERS))]
        match rng.integers(7):
            case 0 if changed.attribute:
                attribute = changed.attribute[rng.integers(len(changed.attribute))]
                if attribute.ints:
                    attribute.ints[rng.integers(len(attribute.ints))] = number
                else:
                    attribute.i = number
            case 1:
                changed.op_type = list(OPERATORS)[rng.integers(len(OPERATORS))]
            case 2 if changed.input:
                place = rng.integers(len(changed.input))
                changed.input[place] = names[rng.integers(len(names))]
            case 3:
                changed.input.append(names[rng.integers(len(names))])
            case 4:
                del changed.attribute[:]
            case 5:
                sizes = graph.input[0].type.tensor_type.shape.dim
                sizes[rng.integers(len(sizes))].dim_value = number
            case _:
                whole = [each for each in graph.initializer if each.data_type == TensorProto.INT64]
                tensor = (whole or graph.initializer)[rng.integers(len(whole or graph.initializer))]
                values = numpy_helper.to_array(tensor).copy().reshape(-1)
                values[rng.integers(values.size)] = (
                    min(number, np.float32(1e9))
                    if (values.dtype.kind == "f")
                    else number
                    if values.dtype == np.int64
                    else 1
                )
                dims = list(tensor.dims)
                tensor.CopyFrom(numpy_helper.from_array(values.reshape(dims), tensor.name))
    return found.SerializeToString()


def try_file(data: bytes) -> str:
    """Read a file and run it once; return what came of it: `read`, `run` or `refused`."""
    try:
        network = load_onnx(data)
    except AlpineError as error:
        return _refused(error)
    inputs: dict[str, np.ndarray] = {}
    for name, kind in network.inputs.items():
        shape = [size if isinstance(size, int) else 1 for size in kind.shape or ()]
        if np.prod(shape, dtype=object) > MOST_INPUT_ELEMENTS:
            return "read"
        inputs[name] = np.ones(shape, kind.dtype)
    try:
        network.run_float(inputs)
    except AlpineError as error:
        return _refused(error)
    return "run"


def _refused(error: AlpineError) -> str:
    text = str(error)
    assert "\n" not in text, text
    assert len(text) < 2000, text
    return "refused"


def main() -> None:
    """Try many files; exit status 1 at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    faulthandler.register(signal.SIGPROF, chain=True)
    files, found = originals(), dict[str, int]()
    for number in range(given.first, given.count):
        data = mutated(files, np.random.default_rng([given.seed, number]))
        # A traceback of where it hangs, and the end.
        signal.setitimer(signal.ITIMER_PROF, SECONDS_PER_FILE)
        try:
            came = try_file(data)
        except BaseException:
            traceback.print_exc()
            print(f"file {number} of seed {given.seed} failed")
            sys.exit(1)
        found[came] = found.get(came, 0) + 1
        if number % 10_000 == 9_999:
            print(f"{number + 1} files: {found}", flush=True)
    signal.setitimer(signal.ITIMER_PROF, 0)
    print(f"{given.count} files of seed {given.seed}: {found}")


if __name__ == "__main__":
    main()
